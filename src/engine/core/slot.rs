//! What the core holds of one call beside its state. Must never know what the call is doing.

use crate::base::phone::PhoneNumber;
use crate::base::{AgentId, TargetId, TrunkId};
use crate::call::{Call, Entry, Timer};
use smallvec::SmallVec;
use std::sync::Arc;

/// A call and what it holds. The ledger lies outside the state, so that a fault can release everything.
#[derive(Debug)]
pub(super) struct Slot {
    /// Taken out for its step.
    pub(super) call: Option<Call>,
    /// The number of ours that was dialled.
    pub(super) dialled: String,
    /// Who is calling, as far as that tells one caller from another.
    pub(super) caller: Option<PhoneNumber>,
    pub(super) facts: Vec<Arc<Entry>>,
    pub(super) legs: SmallVec<[HeldLeg; 2]>,
    pub(super) agents: SmallVec<[AgentId; 2]>,
    /// The leg, and the target, that the caller's own side is asked to call.
    pub(super) deflecting: Option<(u16, TargetId)>,
    pub(super) timers: SmallVec<[Timer; 2]>,
    pub(super) over: bool,
}

/// A leg that is not gone, and the channel it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldLeg {
    pub(super) number: u16,
    pub(super) trunk: TrunkId,
    /// It came in over it; else it went out.
    pub(super) came_in: bool,
    /// Whose phone it rang.
    pub(super) agent: Option<AgentId>,
    /// Whose phone it is, though no queue rang it.
    pub(super) phone: Option<AgentId>,
    /// It sends the caller on: nobody has answered it, or given it up.
    pub(super) sends_on: bool,
}

impl HeldLeg {
    /// The leg a call came in on.
    pub(super) const fn caller(trunk: TrunkId) -> Self {
        Self { number: 0, trunk, came_in: true, agent: None, phone: None, sends_on: false }
    }
}
