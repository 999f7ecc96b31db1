//! `[target.NAME]`: a number rung over a trunk.

use super::super::graph::{Cost, Edge};
use super::super::plan::{Clock, Target};
use super::super::wording;
use super::SiteReading;
use crate::base::SlaId;
use crate::base::finding::Located;
use std::time::Duration;

const RING: Duration = Duration::from_secs(30);
/// The key of `answer = "key"`.
const ACCEPT: &str = "1";

impl<'a> SiteReading<'a, '_, '_> {
    pub(super) fn read_targets(&mut self) {
        let defaults = self.root.section("defaults").and_then(|defaults| defaults.section("target"));
        for (name, section) in self.root.named("target") {
            let Some(own) = self.scope.own(&name) else { continue };
            let written = section.entry("number").and_then(|entry| entry.extension());
            let number = written.and_then(|written| {
                let text = Located { value: written.value.as_str(), place: written.place };
                let number = self.phone_number(&text)?;
                self.to.rung.push((number.clone(), name.value.into(), text.place));
                Some(number)
            });
            let what = format!("target `{}`", name.value);
            let via = self.trunk(&section, defaults.as_ref(), &what);
            let layer = if section.entry("ring").is_some() { Some(&section) } else { defaults.as_ref() };
            let ring = layer.and_then(|layer| self.lasting(layer, "ring")).unwrap_or(RING);
            let text = |key| section.text(key).or_else(|| defaults.as_ref()?.text(key));
            let key = text("answer").filter(|answer| answer.value == "key");
            let key = key.map(|answer| Located { value: ACCEPT, place: answer.place });
            let accept = self.acceptance(key, &section, defaults.as_ref());
            let sla = self.target_sla(text("sla"));
            let otherwise = self.destination(&section, "else");
            let asked = accept.map_or(Duration::ZERO, |accept| accept.wait);
            let cost = Cost { answers: false, clock: None, spent: ring + asked };
            let edges = otherwise.as_ref().map(|(to, place)| Edge::goes(*to, place, cost));
            self.node(&name, own, edges.into_iter().collect());
            let (Some(number), Some((via, _)), Some((otherwise, _))) = (number, via, otherwise) else {
                continue;
            };
            let (site, name) = (self.scope.site, name.value.into());
            self.to.plan.targets.push(Target { name, site, number, via, ring, otherwise, accept, sla });
        }
    }

    fn target_sla(&mut self, name: Option<Located<&str>>) -> Option<SlaId> {
        let name = name?;
        let id = self.scope.sla(&name, &mut self.to.findings)?;
        if self.to.plan.slas[id.index()].clock == Clock::Queue {
            self.to.findings.warning(&name.place, wording::clock_on_target(name.value));
        }
        Some(id)
    }
}
