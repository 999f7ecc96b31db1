//! Who is on the other leg when something crosses: what crosses, `signaling`'s list says. Must never read a header.

use super::Engine;
use super::legs::Stage;
use crate::base::LegId;
use crate::signaling::{Carried, LegKey};
use smallvec::SmallVec;

impl Engine {
    /// What a leg's answer or farewell says to the other side goes with what that side is told because of it.
    pub(super) fn pass_on(&mut self, from: LegId, carried: Carried) {
        for key in self.others(from) {
            self.stack.pass_on(key, carried.clone());
        }
    }

    /// An unanswered caller speaks to every phone that rings, and whoever answers first to them; afterwards those speak
    /// to each other who hear each other.
    fn others(&self, from: LegId) -> SmallVec<[LegKey; 2]> {
        let Some(leg) = self.legs.get(from) else { return SmallVec::new() };
        let peer = leg.heard.peer();
        let in_stage = |stage| {
            let legs = self.core.legs(from.call).filter(move |other| *other != from);
            legs.filter_map(|other| self.legs.get(other)).filter(move |other| other.stage == stage)
        };
        match leg.stage {
            Stage::Calling => in_stage(Stage::Called)
                .flat_map(|other| std::iter::once(other.key).chain(other.others.iter().copied()))
                .collect(),
            Stage::Called => in_stage(Stage::Calling).map(|other| other.key).collect(),
            Stage::Up => {
                peer.and_then(|peer| self.legs.get(peer)).map(|other| other.key).into_iter().collect()
            }
            Stage::Over => SmallVec::new(),
        }
    }
}
