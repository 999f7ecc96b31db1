//! `[sla.NAME]`: how quickly calls must be answered, and by whose clock.

use super::super::plan::{Clock, Qs1, Sla};
use super::SiteReading;
use crate::base::written::Section;
use std::time::Duration;

/// The contract's: hang-ups within it count nowhere.
const IGNORED: Duration = Duration::from_secs(5);

impl SiteReading<'_, '_, '_> {
    pub(super) fn read_slas(&mut self) {
        for (name, section) in self.root.named("sla") {
            let ignored = section.section("ignore").and_then(|ignore| ignore.duration("hangup_under"));
            self.to.plan.slas.push(Sla {
                name: name.value.into(),
                clock: clock(&section),
                qs1: section.section("qs1").and_then(|qs1| {
                    Some(Qs1 {
                        under: qs1.duration("answered_under")?.value,
                        above: qs1.percent("above")?.value,
                    })
                }),
                qs2_above: section
                    .section("qs2")
                    .and_then(|qs2| qs2.percent("above"))
                    .map(|above| above.value),
                ignore_hangup_under: ignored.map_or(IGNORED, |ignored| ignored.value),
            });
        }
    }
}

fn clock(section: &Section<'_>) -> Clock {
    match section.text("clock").map(|clock| clock.value) {
        Some("arrival") => Clock::Arrival,
        Some("answer") => Clock::Answer,
        Some("handover") => Clock::Handover,
        Some(_) | None => Clock::Queue,
    }
}
