//! The record: one per initial INVITE from an accepted trunk, immutable. What it is made of; `timeline` makes it.

use super::fact::{LegEnd, VisitEnd};
use crate::base::{CallId, Cause, Name, Outcome, Utc};
use serde::{Deserialize, Serialize};

/// One call, accounted for. Every moment is cut to whole milliseconds since the INVITE and every length is the
/// difference of two such moments, so that flow + wait + talk + after = duration exactly, ring ≤ wait and
/// hold ≤ talk (invariants.md, 4), and whoever reads the record judges the call as we did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which call.
    pub call: CallId,
    /// When its INVITE came.
    pub arrived_utc: Utc,
    /// When nothing was left of it.
    pub ended_utc: Utc,
    /// The site called.
    pub site: Option<Name>,
    /// The trunk it came in on.
    pub trunk: Name,
    /// The caller's number as received.
    pub caller: String,
    /// The Request-URI's user as received.
    pub dialled: String,
    /// The number of ours it matched; without one the call was not offered.
    pub number: Option<Name>,
    /// The plan it ran under.
    pub plan: Name,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub cause: Cause,
    /// The first queue entered.
    pub queue: Option<Name>,
    /// The agent who answered first, by label.
    pub agent: Option<Name>,
    /// The same, by key: a label may be another person's at another site.
    pub agent_key: Option<Name>,
    /// The target last rung.
    pub target: Option<Name>,
    /// The keys pressed.
    pub keys: String,
    /// Whether we answered the caller's INVITE.
    pub picked_up: bool,
    /// From the INVITE to waiting, or to the end when the caller never waited.
    pub flow_ms: u64,
    /// From entering a queue (or ringing a target without one) to an answer, the hang-up or a message.
    pub wait_ms: u64,
    /// The part of the wait with a phone ringing.
    pub ring_ms: u64,
    /// From the answer to the first hang-up; a transfer's ringing counts while the agent waits for it, and not after.
    pub talk_ms: u64,
    /// The part of the talk on hold.
    pub hold_ms: u64,
    /// From then, or from a closing message, to the end.
    pub after_ms: u64,
    /// From the INVITE to the end.
    pub duration_ms: u64,
    /// From ringing the answering (or last) target to its answer or end; what the `handover` clock judges.
    pub handover_ms: Option<u64>,
    /// From our answer to an agent's or target's, the hang-up or a message; what the `answer` clock judges.
    pub since_answer_ms: Option<u64>,
    /// The visit to the first queue: how it ended.
    pub visit: Option<VisitEnd>,
    /// Everything rung, in order.
    pub rings: Vec<Ring>,
    /// Who sent the caller on to whom, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
    /// Whom the caller talked with, in order: their talk and hold are the record's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub talks: Vec<Talk>,
}

impl Record {
    /// Whether the call was offered: requirements.md, Outcomes, a call to a number of ours. One that was not is in no
    /// figure but a counter of its own.
    #[must_use]
    pub const fn is_offered(&self) -> bool {
        self.number.is_some()
    }
}

/// A stretch of the talk, with one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Who: an agent by key, a target by name, anybody else as dialled.
    pub who: String,
    /// The agent, by key: `201@ipoffice`; nothing when it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Name>,
    /// Their leg's number.
    pub leg: u16,
    /// From arrival, ms.
    pub at_ms: u64,
    /// How long, ms.
    pub talk_ms: u64,
    /// The part of it on hold, ms.
    pub hold_ms: u64,
}

/// One transfer by an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Who sent the caller on, or took their place, by key: `201@ipoffice`.
    pub by: Name,
    /// The user part dialled, or the number of ours.
    pub to: String,
    /// The new leg's number; 0 when they were sent to a number of ours.
    pub leg: u16,
    /// From arrival, ms.
    pub at_ms: u64,
    /// How long the new phone rang, ms.
    pub for_ms: u64,
    /// How that ended.
    pub end: LegEnd,
    /// The call the agent had spoken to them in, which this one went on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
}

/// What kind of phone was rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// An agent's.
    Agent,
    /// A target's.
    Target,
}

/// One phone rung for a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// The agent or target.
    pub who: Name,
    /// Which of the two.
    pub rung: Rung,
    /// Its leg's number.
    pub leg: u16,
    /// From arrival, ms.
    pub at_ms: u64,
    /// How long, ms.
    pub for_ms: u64,
    /// How it ended.
    pub end: LegEnd,
    /// How long it had rung, ms, when it answered and was asked for a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picked_up_ms: Option<u64>,
    /// Its IPBX said that somebody else's phone rang or answered for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forwarded: bool,
}
