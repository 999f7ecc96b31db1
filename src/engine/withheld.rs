//! 200s to BYEs that wait for the journal: what we acknowledge is on disk first, but a slow disk holds up nobody
//! for longer than [`limits::STORED_WAIT`] (design.md, Recovery).

use super::{Engine, Observation};
use crate::base::{JournalSeq, Moment, Now, limits};
use crate::signaling::LegKey;
use std::collections::VecDeque;

/// The BYEs whose 200 waits, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Withheld {
    waiting: VecDeque<(LegKey, JournalSeq, Moment)>,
    stored: JournalSeq,
}

impl Withheld {
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.waiting.front().map(|(_, _, deadline)| *deadline)
    }

    fn take_stored(&mut self) -> Option<LegKey> {
        let (_, seq, _) = self.waiting.front()?;
        if *seq > self.stored {
            return None;
        }
        self.waiting.pop_front().map(|(key, _, _)| key)
    }

    fn take_late(&mut self, now: Moment) -> Option<LegKey> {
        let (_, _, deadline) = self.waiting.front()?;
        if *deadline > now {
            return None;
        }
        self.waiting.pop_front().map(|(key, _, _)| key)
    }
}

impl Engine {
    /// A BYE came: everything it caused is in the journal up to its last fact, and its 200 follows that to disk.
    pub(super) fn withhold(&mut self, now: Now, key: LegKey) {
        let seq = self.core.last_seq();
        self.withheld.waiting.push_back((key, seq, now.moment + limits::STORED_WAIT));
        self.release_stored(now);
    }

    pub(super) fn stored(&mut self, now: Now, seq: JournalSeq) {
        self.withheld.stored = self.withheld.stored.max(seq);
        self.release_stored(now);
    }

    fn release_stored(&mut self, now: Now) {
        while let Some(key) = self.withheld.take_stored() {
            self.stack.release_bye(now.moment, key);
        }
    }

    pub(super) fn release_late(&mut self, now: Now) {
        while let Some(key) = self.withheld.take_late(now.moment) {
            self.stack.release_bye(now.moment, key);
            let backlog = self.core.last_seq().0.saturating_sub(self.withheld.stored.0);
            self.observe(Observation::StoreLate { backlog });
        }
    }
}
