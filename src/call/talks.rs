//! Who talked with the caller, and how long: the talk of a record, shared out among those who had it. Must never look at
//! anything but what the timeline tells it.

use super::record::Talk;
use crate::base::Name;

/// Somebody who may have the caller.
#[derive(Clone, Debug, Default)]
pub(super) struct Talker {
    /// Their leg's number.
    pub leg: u16,
    /// Who: an agent by key, a target by name, anybody else as dialled.
    pub who: String,
    /// The agent's key.
    pub agent: Option<Name>,
}

/// The talk so far.
#[derive(Debug, Default)]
pub(super) struct Talks {
    /// Who talks when the next talk begins.
    next: Talker,
    /// Who talks, since when, and how long the call had been on hold by then, ms.
    now: Option<(Talker, u64, u64)>,
}

impl Talks {
    /// The next talk is with them.
    pub fn comes(&mut self, talker: Talker) {
        self.next = talker;
    }

    /// A talk begins.
    pub fn begin(&mut self, at: u64, held: u64) {
        self.now = Some((self.next.clone(), at, held));
    }

    /// It is over.
    pub fn end(&mut self, at: u64, held: u64) -> Option<Talk> {
        let (Talker { leg, who, agent }, at_ms, before) = self.now.take()?;
        Some(Talk { who, agent, leg, at_ms, talk_ms: at - at_ms, hold_ms: held - before })
    }
}
