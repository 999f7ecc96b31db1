//! From a checked form to the plan: one file per kind of section. What is wrong is told and left out; reading goes on.

mod acceptance;
mod flow;
mod hours;
mod number;
mod queue;
mod sla;
mod sounds;
mod target;

pub(super) use number::own_numbers_as_targets;
pub(super) use sounds::Sounds;

use super::files::Files;
use super::graph::{Edge, Graph, Node};
use super::ids::Ids;
use super::load::Known;
use super::plan::{Destination, Language, Plan, Site};
use super::scope::Scope;
use super::wording;
use crate::base::finding::{Findings, Located, Place, Source};
use crate::base::phone::{Country, PhoneNumber};
use crate::base::written::Section;
use crate::base::{Name, TrunkId};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::collections::BTreeMap;

/// What all sites are read into.
pub(super) struct Reading<'f> {
    /// The plan so far.
    pub plan: Plan,
    /// Its ways.
    pub graph: Graph,
    /// What lies beside the sites.
    pub files: &'f dyn Files,
    /// The machine.
    pub known: &'f Known,
    /// Ids that outlive plans.
    pub ids: Ids,
    /// What is wrong so far.
    pub findings: Findings,
    /// Where each number of ours was written.
    pub numbers: BTreeMap<PhoneNumber, Place>,
    /// Where each target's number was written.
    pub rung: Vec<(PhoneNumber, Name, Place)>,
}

/// One site being read.
pub(super) struct SiteReading<'a, 'r, 'f> {
    /// Where it goes.
    pub to: &'r mut Reading<'f>,
    /// Its file.
    pub source: &'a Source,
    /// All of it.
    pub root: Section<'a>,
    /// Its names.
    pub scope: Scope<'a>,
    /// How numbers are read here.
    pub country: Country,
    /// Where its clock hangs.
    pub zone: TimeZone,
    /// Its sounds so far.
    pub sounds: Sounds<'a>,
}

/// `[site]`: what of it is wrong is told, and read as France.
pub(super) fn site(root: &Section<'_>, id: &str, findings: &mut Findings) -> (Site, TimeZone) {
    let section = root.section("site");
    let text = |key: &str| section.as_ref().and_then(|section| section.text(key));
    let zone = text("timezone").and_then(|name| {
        let database = TimeZoneDatabase::bundled();
        let zone = database.get(name.value).ok();
        if zone.is_none() {
            let known: Vec<String> = database.available().map(|known| known.to_string()).collect();
            findings.error(&name.place, wording::no_timezone(name.value, known.iter().map(String::as_str)));
        }
        zone
    });
    let country = text("country").and_then(|code| {
        let country = Country::by_id(code.value);
        if country.is_none() {
            findings.error(&code.place, wording::no_country(code.value));
        }
        country
    });
    let france = || Country { id: "FR".into(), calling_code: "33".into(), trunk_prefix: Some("0".into()) };
    let english = text("language").is_some_and(|language| language.value == "en");
    let site = Site {
        id: id.into(),
        name: text("name").map_or_else(Name::default, |name| name.value.into()),
        country: country.unwrap_or_else(france),
        language: if english { Language::English } else { Language::French },
    };
    (site, zone.unwrap_or(TimeZone::UTC))
}

impl<'a> SiteReading<'a, '_, '_> {
    /// Reads everything but `[site]`.
    pub(super) fn read(&mut self) {
        self.read_hours();
        self.read_slas();
        self.read_numbers();
        self.read_flows();
        self.read_menus();
        self.read_queues();
        self.read_targets();
        self.read_messages();
    }

    /// The destination a key of `section` names.
    fn destination(&mut self, section: &Section<'a>, key: &str) -> Option<(Destination, Place)> {
        let name = section.text(key)?;
        Some((self.scope.destination(&name, &mut self.to.findings)?, name.place))
    }

    /// The trunk `via` names, in `section` or in its defaults.
    fn trunk(
        &mut self,
        section: &Section<'a>,
        defaults: Option<&Section<'a>>,
        what: &str,
    ) -> Option<(TrunkId, Name)> {
        let Some(name) = section.text("via").or_else(|| defaults?.text("via")) else {
            self.to.findings.error(&section.place(), wording::no_via(what));
            return None;
        };
        let trunks = &self.to.known.trunks;
        let trunk = trunks.iter().find(|(known, _)| &**known == name.value);
        if trunk.is_none() {
            let known = trunks.iter().map(|(known, _)| known.as_str());
            self.to.findings.error(&name.place, wording::no_trunk(name.value, known));
        }
        trunk.map(|(name, id)| (*id, name.clone()))
    }

    /// A duration that must not be zero.
    fn lasting(&mut self, section: &Section<'a>, key: &str) -> Option<std::time::Duration> {
        let duration = section.duration(key)?;
        if duration.value.is_zero() {
            self.to.findings.error(&duration.place, wording::no_time(key));
        }
        Some(duration.value)
    }

    /// Adds a destination and its ways on to the graph.
    fn node(&mut self, name: &Located<&'a str>, destination: Destination, edges: Vec<Edge>) {
        let node = Node { name: name.value.into(), site: self.scope.site, place: name.place.clone(), edges };
        self.to.graph.nodes.insert(destination, node);
    }
}
