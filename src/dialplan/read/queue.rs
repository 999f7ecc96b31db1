//! `[queue.NAME]`: a waiting line, its agents, and how callers leave it.

use super::super::graph::{Cost, Edge, Way};
use super::super::plan::{Agent, AtClose, Clock, Destination, Full, Overflow, Queue, Strategy, WhileRinging};
use super::super::wording;
use super::SiteReading;
use crate::base::finding::{Located, Place};
use crate::base::written::{Entry, Section};
use crate::base::{AgentId, HoursId, Name, SlaId, TrunkId};
use std::time::Duration;

const RING: Duration = Duration::from_secs(15);

/// A queue's section before those of `[defaults.queue]`.
struct Layers<'a>(Section<'a>, Option<Section<'a>>);

impl<'a> Layers<'a> {
    /// The section that has a key: the queue's own goes first.
    fn with(&self, key: &str) -> Option<&Section<'a>> {
        let own = self.0.entry(key).map(|_| &self.0);
        own.or_else(|| self.1.as_ref().filter(|defaults| defaults.entry(key).is_some()))
    }

    fn text(&self, key: &str) -> Option<Located<&'a str>> {
        self.with(key)?.text(key)
    }
}

impl<'a> SiteReading<'a, '_, '_> {
    pub(super) fn read_queues(&mut self) {
        let defaults = self.root.section("defaults").and_then(|defaults| defaults.section("queue"));
        for (name, section) in self.root.named("queue") {
            let Some(own) = self.scope.own(&name) else { continue };
            self.queue(&name, own, &Layers(section, defaults.clone()));
        }
    }

    fn queue(&mut self, name: &Located<&'a str>, own: Destination, layers: &Layers<'a>) {
        let what = format!("queue `{}`", name.value);
        let via = self.trunk(&layers.0, layers.1.as_ref(), &what);
        let agents = self.agents(name, &layers.0, via);
        let ring = layers.with("ring").and_then(|section| self.lasting(section, "ring")).unwrap_or(RING);
        let word = |key, word| layers.text(key).is_some_and(|text| text.value == word);
        let while_ringing =
            if word("while_ringing", "finish") { WhileRinging::Finish } else { WhileRinging::Cancel };
        let accept = self.acceptance(layers.text("accept"), &layers.0, layers.1.as_ref());
        let rest_of_ring = match while_ringing {
            WhileRinging::Finish => ring + accept.map_or(Duration::ZERO, |accept| accept.wait),
            WhileRinging::Cancel => Duration::ZERO,
        };
        let strategy = if word("strategy", "ring-all") { Strategy::RingAll } else { Strategy::LongestIdle };
        let mut edges = Vec::new();
        let overflow = self.overflow(name, own, &layers.0, rest_of_ring, &mut edges);
        let deadline = overflow.last().map(|last| last.after);
        let leaves = Cost { answers: true, clock: deadline, spent: rest_of_ring };
        let full = self.full(layers, &mut edges);
        let nobody = self.way_out(layers, "nobody", leaves, &mut edges);
        let at_close = self.at_close(name, layers, leaves, &mut edges);
        let music = layers.with("hold").and_then(|section| section.section("hold")?.text("music"));
        let queue = Queue {
            name: name.value.into(),
            site: self.scope.site,
            agents,
            strategy,
            ring,
            wrap_up: layers
                .with("wrap_up")
                .and_then(|section| section.duration("wrap_up"))
                .map_or(Duration::ZERO, |d| d.value),
            music: music.and_then(|music| self.music(&music)),
            overflow,
            full,
            nobody,
            at_close,
            while_ringing,
            accept,
            sla: self.queue_sla(layers.text("sla")),
        };
        self.node(name, own, edges);
        if let Destination::Queue(id) = own {
            let queues = &mut self.to.plan.queues;
            queues.resize_with(queues.len().max(id.index() + 1), || None);
            queues[id.index()] = Some(queue);
        }
    }

    fn agents(
        &mut self,
        name: &Located<&str>,
        section: &Section<'a>,
        via: Option<(TrunkId, Name)>,
    ) -> Vec<AgentId> {
        let Some(agents) = section.section("agents") else { return Vec::new() };
        let entries = agents.entries();
        if entries.is_empty() {
            self.to.findings.error(&agents.place(), wording::no_agents(name.value));
        }
        let mut seen: Vec<(String, Place)> = Vec::new();
        let mut ids = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(extension) = entry.extension() else { continue };
            let diallable = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+*#".contains(&byte);
            if extension.value.is_empty() || !extension.value.bytes().all(diallable) {
                self.to.findings.error(&extension.place, wording::bad_extension(&extension.value));
                continue;
            }
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == extension.value) {
                let words = wording::agent_twice(&extension.value, name.value);
                self.to.findings.error_with(&extension.place, words, first, "first here");
                continue;
            }
            seen.push((extension.value.clone(), extension.place.clone()));
            if let Some((via, trunk)) = &via {
                ids.push(self.agent(&entry, *via, trunk, &extension));
            }
        }
        ids
    }

    fn agent(
        &mut self,
        entry: &Entry<'a>,
        via: TrunkId,
        trunk: &Name,
        extension: &Located<String>,
    ) -> AgentId {
        let extension_name = Name::from(extension.value.as_str());
        let id = self.to.ids.agent(trunk, &extension_name);
        let agents = &mut self.to.plan.agents;
        agents.resize_with(agents.len().max(id.index() + 1), || None);
        let label = entry.key.value;
        match &agents[id.index()] {
            Some(first) if &*first.name != label => {
                let words = wording::agent_renamed(&extension.value, &first.name, label);
                self.to.findings.warning(&entry.key.place, words);
            }
            Some(_) => {}
            None => {
                let key = format!("{extension_name}@{trunk}").into();
                agents[id.index()] = Some(Agent { name: label.into(), via, extension: extension_name, key });
            }
        }
        id
    }

    fn overflow(
        &mut self,
        name: &Located<&'a str>,
        own: Destination,
        section: &Section<'a>,
        rest_of_ring: Duration,
        edges: &mut Vec<Edge>,
    ) -> Vec<Overflow> {
        if let Some(entry) = section.entry("overflow").filter(Entry::is_empty_list) {
            self.to.findings.error(&entry.place(), wording::no_overflow(name.value));
        }
        let mut entries: Vec<Overflow> = Vec::new();
        let mut before: Option<Duration> = None;
        let mut left: Option<Located<&'a str>> = None;
        let mut widened: Option<Located<&'a str>> = None;
        for entry in section.sections("overflow") {
            let after = entry.duration("after");
            if let (Some(after), Some(before)) = (&after, before)
                && after.value <= before
            {
                self.to.findings.error(&after.place, wording::not_rising(after.value, before));
            }
            before = after.as_ref().map(|after| after.value).or(before);
            if let Some(left) = &left {
                self.to.findings.error(&entry.place(), wording::after_leaving(left.value));
            }
            let Some(to_name) = entry.text("to") else { continue };
            let Some(to) = self.scope.destination(&to_name, &mut self.to.findings) else {
                left = None;
                widened = None;
                continue;
            };
            let widens = matches!(to, Destination::Queue(_));
            if to == own {
                self.to.findings.error(&to_name.place, wording::widens_itself(name.value));
            }
            let place = if widens { &mut widened } else { &mut left };
            *place = Some(to_name.clone());
            let Some(after) = after else { continue };
            let cost = Cost { answers: true, clock: Some(after.value), spent: rest_of_ring };
            let way = if widens { Way::Widens } else { Way::Goes };
            edges.push(Edge { to, place: to_name.place, way, cost });
            entries.push(Overflow { after: after.value, to });
        }
        if let Some(widened) = widened.filter(|_| left.is_none()) {
            self.to.findings.error(&widened.place, wording::never_leaves(name.value, widened.value));
        }
        entries
    }

    fn full(&mut self, layers: &Layers<'a>, edges: &mut Vec<Edge>) -> Option<Full> {
        let section = layers.with("full")?.section("full")?;
        let (to, place) = self.destination(&section, "to")?;
        edges.push(Edge::goes(to, &place, Cost { answers: true, clock: None, spent: Duration::ZERO }));
        Some(Full { length: u32::try_from(section.whole("length")?.value).ok()?, to })
    }

    fn way_out(
        &mut self,
        layers: &Layers<'a>,
        key: &str,
        cost: Cost,
        edges: &mut Vec<Edge>,
    ) -> Option<Destination> {
        let (to, place) = self.destination(layers.with(key)?, key)?;
        edges.push(Edge::goes(to, &place, cost));
        Some(to)
    }

    fn at_close(
        &mut self,
        name: &Located<&'a str>,
        layers: &Layers<'a>,
        cost: Cost,
        edges: &mut Vec<Edge>,
    ) -> AtClose {
        let hours = layers.text("hours").map(|hours| self.scope.hours(&hours, &mut self.to.findings));
        let Some(text) = layers.text("at_close").filter(|text| text.value != "serve") else {
            return hours.flatten().map_or(AtClose::Open, AtClose::Serve);
        };
        let only = || {
            let mut all = self.scope.hours.values();
            all.next().filter(|_| all.next().is_none()).copied()
        };
        let hours: Option<HoursId> = match hours {
            Some(named) => named,
            None => only().or_else(|| {
                self.to.findings.error(&text.place, wording::which_hours(name.value));
                None
            }),
        };
        let to = self.way_out(layers, "at_close", cost, edges);
        hours.zip(to).map_or(AtClose::Open, |(hours, to)| AtClose::Leave(hours, to))
    }

    fn queue_sla(&mut self, name: Option<Located<&str>>) -> Option<SlaId> {
        let name = name?;
        let id = self.scope.sla(&name, &mut self.to.findings)?;
        if self.to.plan.slas[id.index()].clock == Clock::Handover {
            self.to.findings.error(&name.place, wording::clock_on_queue(name.value));
        }
        Some(id)
    }
}
