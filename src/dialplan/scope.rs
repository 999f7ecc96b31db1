//! The names of one site and what they stand for. Destinations share one namespace; the rest have one each.

use super::plan::Destination;
use super::wording;
use crate::base::finding::{Findings, Located, Place};
use crate::base::written::Section;
use crate::base::{FlowId, HoursId, MenuId, MessageId, SiteId, SlaId, TargetId};
use std::collections::BTreeMap;

/// A site's names.
pub(super) struct Scope<'a> {
    /// Which site.
    pub site: SiteId,
    /// Where calls can be sent.
    pub destinations: BTreeMap<&'a str, (Destination, Place)>,
    /// Opening hours.
    pub hours: BTreeMap<&'a str, HoursId>,
    /// Service-level agreements.
    pub slas: BTreeMap<&'a str, SlaId>,
    /// Destinations of a version to come: told where they are written, not where they are named.
    later: Vec<&'a str>,
    /// The file has parts that are not read: a name that is not found may be in them.
    pub partial: bool,
    /// Some ways are not known: what rests on all of them is not said of this site.
    pub hidden: bool,
}

/// How many of each kind the plan has already: the next site's ids follow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    flows: u32,
    menus: u32,
    targets: u32,
    messages: u32,
    hours: u32,
    slas: u32,
}

fn take(counter: &mut u32) -> u32 {
    *counter += 1;
    *counter - 1
}

impl<'a> Scope<'a> {
    /// Gathers the names of a site, giving ids in written order, kind by kind.
    pub(super) fn gather(
        root: &Section<'a>,
        site: SiteId,
        partial: bool,
        queue_id: &mut dyn FnMut(&str) -> Destination,
        counts: &mut Counts,
        findings: &mut Findings,
    ) -> Self {
        let mut scope = Self {
            site,
            destinations: BTreeMap::new(),
            hours: BTreeMap::new(),
            slas: BTreeMap::new(),
            later: root.entry("rota").map(|rota| rota.keys()).unwrap_or_default(),
            partial: partial || root.entry("include").is_some(),
            hidden: root.has_later(),
        };
        for (name, _) in root.named("flow") {
            scope.add(&name, Destination::Flow(FlowId(take(&mut counts.flows))), findings);
        }
        for (name, _) in root.named("menu") {
            scope.add(&name, Destination::Menu(MenuId(take(&mut counts.menus))), findings);
        }
        for (name, _) in root.named("queue") {
            scope.add(&name, queue_id(name.value), findings);
        }
        for (name, _) in root.named("target") {
            scope.add(&name, Destination::Target(TargetId(take(&mut counts.targets))), findings);
        }
        for (name, _) in root.named("message") {
            scope.add(&name, Destination::Message(MessageId(take(&mut counts.messages))), findings);
        }
        for (name, _) in root.named("hours") {
            scope.hours.insert(name.value, HoursId(take(&mut counts.hours)));
        }
        for (name, _) in root.named("sla") {
            scope.slas.insert(name.value, SlaId(take(&mut counts.slas)));
        }
        scope
    }

    fn add(&mut self, name: &Located<&'a str>, destination: Destination, findings: &mut Findings) {
        match self.destinations.get(name.value) {
            Some((other, first)) => {
                let kinds = (kind(*other), kind(destination));
                let mut places = [(first, kinds.0), (&name.place, kinds.1)];
                places.sort_by_key(|(place, _)| place.span.start);
                let [(first, one), (second, two)] = places;
                findings.error_with(
                    second,
                    wording::duplicate_name(name.value, one, two),
                    first,
                    "first here",
                );
                self.hidden = true;
            }
            None => {
                self.destinations.insert(name.value, (destination, name.place.clone()));
            }
        }
    }

    /// The id given to the destination written at `place`; nothing for the second of two with one name.
    pub(super) fn own(&self, name: &Located<&'a str>) -> Option<Destination> {
        self.destinations.get(name.value).filter(|(_, place)| *place == name.place).map(|(own, _)| *own)
    }

    /// What a name written somewhere stands for.
    pub(super) fn destination(
        &mut self,
        name: &Located<&str>,
        findings: &mut Findings,
    ) -> Option<Destination> {
        if let Some((destination, _)) = self.destinations.get(name.value) {
            return Some(*destination);
        }
        self.hidden = true;
        if !self.partial && !self.later.contains(&name.value) {
            findings
                .error(&name.place, wording::no_destination(name.value, self.destinations.keys().copied()));
        }
        None
    }

    /// The hours of this name.
    pub(super) fn hours(&self, name: &Located<&str>, findings: &mut Findings) -> Option<HoursId> {
        let known = self.hours.get(name.value).copied();
        if known.is_none() && !self.partial {
            findings.error(&name.place, wording::no_hours(name.value, self.hours.keys().copied()));
        }
        known
    }

    /// The SLA of this name.
    pub(super) fn sla(&self, name: &Located<&str>, findings: &mut Findings) -> Option<SlaId> {
        let known = self.slas.get(name.value).copied();
        if known.is_none() && !self.partial {
            findings.error(&name.place, wording::no_sla(name.value, self.slas.keys().copied()));
        }
        known
    }
}

/// What a destination is, for a person.
pub(super) const fn kind(destination: Destination) -> &'static str {
    match destination {
        Destination::Flow(_) => "a flow",
        Destination::Menu(_) => "a menu",
        Destination::Queue(_) => "a queue",
        Destination::Target(_) => "a target",
        Destination::Message(_) => "a message",
    }
}
