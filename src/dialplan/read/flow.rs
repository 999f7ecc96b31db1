//! `[flow.NAME]`, `[menu.NAME]`, `[message.NAME]`: what a caller walks through.

use super::super::graph::{Cost, Edge, Way};
use super::super::plan::{Action, Condition, Destination, Flow, Menu, Message, Step};
use super::super::wording;
use super::SiteReading;
use crate::base::finding::Located;
use crate::base::written::Section;
use std::collections::BTreeMap;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(5);
const TRIES: u64 = 2;

/// A step read, as far as it could be.
struct StepRead {
    step: Option<Step>,
    edge: Option<Edge>,
    played: Option<Duration>,
    ends: bool,
}

impl<'a> SiteReading<'a, '_, '_> {
    pub(super) fn read_flows(&mut self) {
        for (name, section) in self.root.named("flow") {
            let Some(own) = self.scope.own(&name) else { continue };
            let steps = section.sections("steps");
            let mut flow = Flow { name: name.value.into(), steps: Vec::with_capacity(steps.len()) };
            let mut edges = Vec::new();
            let mut so_far = Cost::default();
            let mut ended = false;
            for section in &steps {
                if ended {
                    self.to.findings.error(&section.place(), wording::never_read());
                    break;
                }
                let read = self.step(section, so_far);
                so_far.spent += read.played.unwrap_or_default();
                so_far.answers |= read.played.is_some();
                ended = read.ends;
                edges.extend(read.edge);
                flow.steps.extend(read.step);
            }
            let entry = section.entry("steps");
            match entry.filter(|entry| entry.is_empty_list()) {
                Some(entry) => self.to.findings.error(&entry.place(), wording::empty_flow(name.value)),
                None if !ended && !steps.is_empty() => {
                    let last = steps[steps.len() - 1].place();
                    self.to.findings.error(&last, wording::no_last_go(name.value));
                }
                None => {}
            }
            self.to.plan.flows.push(flow);
            self.node(&name, own, edges);
        }
    }

    fn step(&mut self, section: &Section<'a>, so_far: Cost) -> StepRead {
        let mut read = StepRead { step: None, edge: None, played: None, ends: false };
        let mut when = Vec::new();
        for (key, condition) in [("open", Condition::Open as fn(_) -> _), ("closed", Condition::Closed)] {
            let name = section.text(key);
            when.extend(name.and_then(|name| self.scope.hours(&name, &mut self.to.findings)).map(condition));
        }
        self.scope.hidden |= section.has_later();
        let conditional =
            ["open", "closed"].iter().any(|key| section.entry(key).is_some()) || section.has_later();
        let action = match (section.entry("play"), section.entry("go")) {
            (Some(_), None) => section.text("play").and_then(|name| {
                let (prompt, lasts) = self.prompt(&name)?;
                read.played = Some(lasts);
                Some(Action::Play(prompt))
            }),
            (None, Some(_)) => {
                read.ends = !conditional;
                self.destination(section, "go").map(|(to, place)| {
                    read.edge = Some(Edge::goes(to, &place, so_far));
                    Action::Go(to)
                })
            }
            (None, None) if section.has_later() => None,
            (_, _) => {
                self.to.findings.error(&section.place(), wording::one_action());
                None
            }
        };
        read.step = action.map(|action| Step { when, action });
        read
    }

    pub(super) fn read_menus(&mut self) {
        for (name, section) in self.root.named("menu") {
            let Some(own) = self.scope.own(&name) else { continue };
            let say = section.text("say").and_then(|say| self.prompt(&say));
            let wait = section.duration("wait").map_or(WAIT, |wait| wait.value);
            let tries = section.whole("tries").map_or(TRIES, |tries| tries.value);
            let tries = u32::try_from(tries).unwrap_or(u32::MAX);
            let asked = say.map_or(Duration::ZERO, |(_, lasts)| lasts) + wait;
            let cost = Cost { answers: true, clock: None, spent: asked.saturating_mul(tries) };
            let (keys, mut edges) = self.keys(&name, &section, cost);
            let otherwise = self.destination(&section, "else");
            edges.extend(otherwise.as_ref().map(|(to, place)| Edge::goes(*to, place, cost)));
            self.node(&name, own, edges);
            let (Some((say, _)), Some((otherwise, _))) = (say, otherwise) else { continue };
            self.to.plan.menus.push(Menu { name: name.value.into(), say, wait, tries, keys, otherwise });
        }
    }

    fn keys(
        &mut self,
        name: &Located<&'a str>,
        section: &Section<'a>,
        cost: Cost,
    ) -> (BTreeMap<char, Destination>, Vec<Edge>) {
        let mut keys = BTreeMap::new();
        let mut edges = Vec::new();
        let mut offered = false;
        for entry in section.entries() {
            let mut characters = entry.key.value.chars();
            let (Some(key), None) = (characters.next(), characters.next()) else { continue };
            offered = true;
            let Some(to) = entry.text() else { continue };
            let Some(destination) = self.scope.destination(&to, &mut self.to.findings) else { continue };
            keys.insert(key, destination);
            edges.push(Edge { to: destination, place: to.place, way: Way::Chosen, cost });
        }
        if !offered {
            self.to.findings.error(&name.place, wording::no_keys(name.value));
        }
        (keys, edges)
    }

    pub(super) fn read_messages(&mut self) {
        for (name, section) in self.root.named("message") {
            let Some(own) = self.scope.own(&name) else { continue };
            self.node(&name, own, Vec::new());
            let Some((play, _)) = section.text("play").and_then(|play| self.prompt(&play)) else { continue };
            self.to.plan.messages.push(Message { name: name.value.into(), play });
        }
    }
}
