//! Overload, as the engine sees it: it began with the first call turned away and is over when none was for a while.
//! Must never turn anybody away by itself: how far behind it is, its driver knows.

use super::{Engine, Observation};
use crate::base::{Flow, Now, limits};
use crate::signaling::Patience;

impl Engine {
    /// How long a message may be kept in the [`super::Lobby`] before it is handled.
    #[must_use]
    pub fn patience(&self, flow: &Flow, bytes: &[u8]) -> Patience {
        self.stack.patience(flow, bytes)
    }

    /// Whether calls were turned away just now, because the engine is behind.
    #[must_use]
    pub const fn is_overloaded(&self) -> bool {
        self.turned_away.is_some()
    }

    pub(super) fn refuse_unserved(&mut self, now: Now, flow: Flow, bytes: &[u8]) {
        self.stack.turn_away(now.moment, flow, bytes);
        if self.turned_away.replace(now.moment).is_none() {
            self.observe(Observation::Overload { overloaded: true });
        }
    }

    pub(super) fn calm_down(&mut self, now: Now) {
        if self.turned_away.take_if(|at| now.moment.since(*at) >= limits::OVERLOAD_CALM).is_some() {
            self.observe(Observation::Overload { overloaded: false });
        }
    }
}
