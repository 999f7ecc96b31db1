//! What each extension's lamp shows, from the legs that lead to it or come from it. Must never say with whom.

use super::Engine;
use super::legs::{Leg, Stage};
use crate::base::{LegId, Name, Now};
use crate::signaling::Lamp;

impl Engine {
    /// Legs of an extension have changed: its lamp shows what most occupies it.
    pub(super) fn show_lamp(&mut self, now: Now, extension: &Name) {
        if self.config.phones.is_none() {
            return;
        }
        let legs = self.legs.of(extension);
        let lamp = legs.into_iter().map(|(id, leg)| lamp_of(id, leg)).max_by_key(|lamp| rank(*lamp));
        self.stack.light(now.moment, extension, lamp.unwrap_or(Lamp::Dark));
    }
}

fn lamp_of(id: LegId, leg: &Leg) -> Lamp {
    let caller = id.is_caller();
    match leg.stage {
        // A caller's phone that hears a ringing tone is no more than trying, as far as others care.
        Stage::Calling => Lamp::Trying { caller },
        Stage::Called if leg.rings => Lamp::Early { caller },
        Stage::Called => Lamp::Trying { caller },
        Stage::Up => Lamp::Confirmed { caller },
        Stage::Over => Lamp::Dark,
    }
}

const fn rank(lamp: Lamp) -> u8 {
    match lamp {
        Lamp::Dark => 0,
        Lamp::Trying { .. } => 1,
        Lamp::Early { .. } => 2,
        Lamp::Confirmed { .. } => 3,
    }
}
