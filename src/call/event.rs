//! What can happen to a call, in the past tense.

use crate::base::{AgentId, CallId, Cause, FlowId, LegId, Name, QueueId, TrunkId};
use crate::dialplan::Destination;
use smallvec::SmallVec;
use std::time::Duration;

/// Everything a call's states react to. A leg is named by its number within the call; 0 is the caller.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The call begins: its INVITE was accepted, and there is room for it.
    Invited,
    /// The call is refused before it began: a limit of the machine is reached.
    NoRoom(Cause),
    /// The caller's ACK confirmed our answer.
    CallerConfirmed,
    /// A key was pressed by the caller.
    KeyPressed(char),
    /// The sound started with this token was played to its end.
    PromptEnded(u64),
    /// A rung leg rings (180).
    LegRinging(u16),
    /// A rung leg sends audio before its answer (183 with SDP).
    LegProgressed(u16),
    /// A rung leg answered.
    LegAnswered(u16),
    /// A key was pressed on a phone that is asked for one.
    LegKeyPressed(u16, char),
    /// A rung leg's IPBX says that somebody else's phone rings or answers for it.
    LegForwarded(u16),
    /// Whom this leg was to reach is called by the caller's own side: the caller is gone there.
    Deflected(u16),
    /// A rung leg was refused, or could not be reached.
    LegRefused(u16, Cause),
    /// A leg hung up: BYE, CANCEL, or loss.
    HungUp(u16, Cause),
    /// The agent in conversation sends the caller on; they may.
    Referred(Referral),
    /// A leg of another call takes the place of the agent in conversation; they may.
    Replaced(Newcomer),
    /// A leg of this call has gone over to another call.
    GaveLeg {
        /// Which.
        leg: u16,
        /// To which call.
        to: CallId,
    },
    /// A leg put the other on hold.
    Held(u16),
    /// A leg took the other off hold.
    Resumed(u16),
    /// A timer set earlier is due.
    Due(Timer),
    /// In line, at this place.
    Joined {
        /// From 1.
        position: u32,
    },
    /// The queue took no more.
    TurnedAway(TurnedAway),
    /// The line and these free agents have met: ring them.
    Matched {
        /// The queue that matched.
        queue: QueueId,
        /// Already reserved for this call.
        agents: SmallVec<[AgentId; 2]>,
    },
    /// The last agent of the caller's queue is gone, and the queue has somewhere else to send its callers.
    Unstaffed,
    /// The service ends the calls that are left.
    Stopping,
}

/// An agent's wish to send the caller on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// Whose.
    pub by: AgentId,
    /// Where.
    pub to: TransferTo,
}

/// Somebody as facts name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// By label.
    pub name: Name,
    /// By key: `201@ipoffice`.
    pub key: Name,
}

/// A leg of another call that takes an agent's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// The leg, as its own call knows it.
    pub leg: LegId,
    /// Who is there, as dialled.
    pub to: String,
    /// The agent that is, by key.
    pub agent: Option<Name>,
    /// Who brings it about: the agent who is replaced, or whoever takes their place.
    pub by: Person,
    /// How far they are.
    pub stands: Stands,
}

/// How far a leg is that goes over to another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It rings.
    Rings,
    /// Somebody is there.
    Talks {
        /// An agent of a queue, and how long they are left alone afterwards.
        agent: Option<(AgentId, Duration)>,
        /// They do not want to hear the other.
        holds: bool,
    },
}

/// Where an agent sends a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferTo {
    /// To a phone.
    Phone(Phone),
    /// To a number of ours: its flow begins, and the agent is free at once.
    Number {
        /// The number, as the dialplan writes it.
        name: Name,
        /// Its flow.
        flow: FlowId,
    },
}

/// A phone to dial that is no agent's and no target's of the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Over which trunk.
    pub trunk: TrunkId,
    /// The user part to dial.
    pub user: String,
    /// The agent whose phone it is, by key.
    pub agent: Option<Name>,
}

/// Why a queue took no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// It is as long as it may be; the queue says where to go.
    Full(Destination),
    /// Nobody staffs it.
    Nobody,
}

/// A call's timers. Setting one again moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// No key was pressed after the menu's question.
    MenuKey,
    /// The caller's own overflow clock.
    Overflow,
    /// The hours of `at_close` end.
    Closing,
    /// This leg has rung long enough.
    Ring(u16),
}
