//! The core's words: what it is told of a call that comes, and what it asks of the floors around it. Must never know how
//! either is done.

use super::Deflection;
use crate::base::{CallId, Cause, LegId, Name, TrunkId};
use crate::call::VisitEnd;
use crate::engine::Observation;

/// An initial INVITE from an accepted trunk.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Where it came in.
    pub trunk: TrunkId,
    /// The caller's number; empty when withheld.
    pub caller: String,
    /// The caller's display name.
    pub display: Option<String>,
    /// The Request-URI's user.
    pub dialled: String,
    /// The SIP Call-ID.
    pub sip_call_id: String,
    /// Set when signalling or media refuses it already; it is recorded all the same.
    pub refused: Option<Cause>,
    /// It asks for the place of this leg, an agent's, and may have it: what it dialled is of no account.
    pub in_place_of: Option<LegId>,
}

/// What is to be done with a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// 180 to the caller.
    Ring,
    /// 183 to the caller with this leg's audio.
    PassProgress {
        /// The leg that sends audio before its answer.
        from: LegId,
    },
    /// 200 to the caller.
    Answer,
    /// Dial a new leg.
    Dial(Dial),
    /// Let the caller's own side call somebody.
    Deflect(Deflection),
    /// Refuse, cancel or hang up, as the leg's stage asks.
    HangUp(Cause),
    /// Play a prompt once.
    Play {
        /// Which, in the call's plan.
        prompt: crate::base::PromptId,
        /// Comes back with its end.
        token: u64,
    },
    /// Play hold music.
    Music(crate::base::MusicId),
    /// Play a ringing tone.
    Ringback,
    /// Send silence.
    Silence,
    /// Ask whoever answered for a key, again and again: with a prompt, or with a tone.
    Whisper(Option<crate::base::PromptId>),
    /// Tell the agent on this leg what has become of the transfer.
    ReportTransfer(u16),
    /// Join the caller and this leg.
    Connect {
        /// The other leg.
        with: LegId,
    },
    /// Play music, or silence, beside what may come from the leg that holds this one.
    Held(LegId, Option<crate::base::MusicId>),
    /// Play nothing any more beside what comes from the leg that held.
    Resumed(LegId),
}

/// Whom to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Over which trunk.
    pub trunk: TrunkId,
    /// The user part to dial.
    pub user: String,
    /// Another phone sent us there (302).
    pub moved: bool,
    /// The extension of the agent who sends the caller there.
    pub referred_by: Option<String>,
    /// Where the call was diverted from, when it goes to a target.
    pub diverted: Option<Diverted>,
    /// Digits of the E.164 numbers of caller and target: what a signed identity must say to go on.
    pub signed: Option<(Box<str>, Box<str>)>,
    /// Whether it is an agent's phone.
    pub is_agent: bool,
    /// Whether it is tried whatever is known of the trunk.
    pub is_emergency: bool,
    /// The number to call from, where it is not the caller's own.
    pub caller: Option<Name>,
}

/// Where a call comes from that goes to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diverted {
    /// The number of ours that was dialled.
    pub from: String,
    /// How the caller left the last queue; nothing when there was none.
    pub after: Option<VisitEnd>,
}

/// What the core asks of the floors around it, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Do this with a leg.
    Leg {
        /// Which.
        leg: LegId,
        /// What.
        command: Command,
    },
    /// Append to the journal, or let something be seen.
    Observe(Observation),
    /// A leg goes on as another call's, as it stands.
    Moved {
        /// What it was.
        from: LegId,
        /// What it is from here on.
        to: LegId,
    },
    /// Nothing of the call is left.
    Forgotten(CallId),
}
