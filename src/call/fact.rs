//! Facts: what the journal holds, in the past tense, never rewritten. The record, the metrics, the wallboard and
//! recovery are folds over them. A fact names things by name, not by id: it must still mean the same in five years.

use crate::base::{CallId, Cause, JournalSeq, Name, Now};
use serde::{Deserialize, Serialize};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, rising by one.
    pub seq: JournalSeq,
    /// When, on both clocks.
    pub now: Now,
    /// Whom it is about.
    pub subject: Subject,
    /// What happened.
    pub fact: Fact,
}

/// Whom a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A call.
    Call(CallId),
    /// An agent, by key: `201@ipoffice`.
    Agent(Name),
    /// The service itself.
    Service,
}

/// What happened. Every variant is a row kind of the journal: `kind` in the table is the variant's snake_case name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Fact {
    /// An initial INVITE came from an accepted trunk.
    Arrived {
        /// The trunk it came in on.
        trunk: Name,
        /// The caller's number as received; empty when withheld.
        caller: String,
        /// The Request-URI's user as received.
        dialled: String,
        /// The number of ours it matched, as written in the dialplan.
        number: Option<Name>,
        /// The site it belongs to.
        site: Option<Name>,
        /// The plan it runs under.
        plan: Name,
        /// The SIP Call-ID, for those who compare with a capture.
        sip_call_id: String,
    },
    /// We answered the caller (200).
    CallerAnswered,
    /// The caller's ACK came: the answer is confirmed.
    CallerConfirmed,
    /// A flow began to be read.
    FlowEntered {
        /// Which.
        flow: Name,
    },
    /// A prompt began.
    PromptStarted {
        /// Which.
        prompt: Name,
    },
    /// The prompt was heard to its end.
    PromptEnded,
    /// A menu asked its question, for the `attempt`th time.
    MenuEntered {
        /// Which.
        menu: Name,
        /// From 1.
        attempt: u32,
    },
    /// A key was pressed.
    KeyPressed {
        /// `0`-`9`, `*`, `#`, `A`-`D`.
        key: char,
        /// Whether the menu knew it (or, outside a menu, whether it meant something).
        known: bool,
    },
    /// The caller entered a queue: a queue visit began.
    Enqueued {
        /// Which.
        queue: Name,
        /// Place in line at entry, from 1.
        position: u32,
    },
    /// Another queue's agents now count too; age and place kept.
    Widened {
        /// The queue that joined.
        queue: Name,
    },
    /// An agent's phone began to ring for the call.
    RingStarted {
        /// Who, by label.
        agent: Name,
        /// Who, by key: `201@ipoffice`.
        #[serde(default)]
        agent_key: Name,
        /// The queue it is for.
        queue: Name,
        /// The leg's number within the call.
        leg: u16,
    },
    /// The agent's phone stopped ringing.
    RingEnded {
        /// Who, by label.
        agent: Name,
        /// Who, by key.
        #[serde(default)]
        agent_key: Name,
        /// The leg's number within the call.
        leg: u16,
        /// How.
        end: LegEnd,
    },
    /// A phone answered, and whoever is there is asked to accept the call with a key.
    AcceptanceAsked {
        /// The leg's number within the call.
        leg: u16,
    },
    /// The IPBX behind a rung phone said that somebody else's rings or answers for it: forwarding, voicemail.
    Forwarded {
        /// The leg's number within the call.
        leg: u16,
    },
    /// The visit to the queue ended.
    Dequeued {
        /// The queue first entered.
        queue: Name,
        /// How.
        end: VisitEnd,
    },
    /// A target was rung: handed over.
    TargetRung {
        /// Which.
        target: Name,
        /// The number dialled.
        dialled: String,
        /// The leg's number within the call.
        leg: u16,
        /// The queue the caller came from, if any.
        from_queue: Option<Name>,
    },
    /// The target's leg ended before, or became, an answer.
    TargetEnded {
        /// Which.
        target: Name,
        /// The leg's number within the call.
        leg: u16,
        /// How.
        end: LegEnd,
    },
    /// Caller and answerer hear each other from here on.
    Bridged {
        /// The answerer's leg number.
        leg: u16,
        /// The agent who answered, by label, or nobody when a target did.
        agent: Option<Name>,
        /// The same, by key.
        agent_key: Option<Name>,
        /// The target that answered, or none when an agent did.
        target: Option<Name>,
    },
    /// An agent sent the caller on: the new phone began to ring. Or somebody took the agent's place.
    TransferStarted {
        /// Who sent them, or took the place, by label.
        agent: Name,
        /// The same, by key.
        agent_key: Name,
        /// The agent's leg number.
        leg: u16,
        /// The user part dialled.
        to: String,
        /// The new leg's number.
        to_leg: u16,
        /// The agent whose phone that is, by key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_agent: Option<Name>,
    },
    /// An agent sent the caller on to a number of ours, and is free: its flow begins.
    TransferredToNumber {
        /// Who sent them, by label.
        agent: Name,
        /// The same, by key.
        agent_key: Name,
        /// The number, as the dialplan writes it.
        number: Name,
    },
    /// The agent who sent the caller on has hung up before the new phone answered.
    TransferLeft {
        /// The agent's leg number.
        leg: u16,
    },
    /// The new phone answered, and caller and it hear each other from here on; or it stopped ringing.
    TransferEnded {
        /// The new leg's number.
        to_leg: u16,
        /// How.
        end: LegEnd,
    },
    /// A leg of another call came over to this one, as it stood.
    LegTaken {
        /// Its number from here on.
        leg: u16,
        /// The call it was part of.
        call: CallId,
        /// Its number there.
        call_leg: u16,
    },
    /// A leg of this call went over to another call, which goes on with it.
    LegGiven {
        /// Its number until then.
        leg: u16,
        /// The call it is part of from here on.
        call: CallId,
    },
    /// One side put the other on hold.
    Held {
        /// The leg that holds.
        leg: u16,
    },
    /// The hold is over.
    Resumed {
        /// The leg that held.
        leg: u16,
    },
    /// A closing message began.
    MessageStarted {
        /// Which.
        message: Name,
    },
    /// A leg hung up or was lost.
    LegHungUp {
        /// The leg's number within the call; 0 is the caller.
        leg: u16,
        /// Why.
        cause: Cause,
    },
    /// We refused the call.
    Refused {
        /// Why.
        cause: Cause,
    },
    /// A fault of ours ended the call.
    Faulted {
        /// What the fault said of itself.
        what: String,
    },
    /// Nothing further will happen to this call. Always its last fact.
    Ended {
        /// Why.
        cause: Cause,
    },
    /// An agent's state changed.
    AgentBecame {
        /// The new state's name: `ready`, `ringing`, `talking`, `wrap_up`, `backed_off`, `unreachable`, `logged_out`.
        state: Name,
        /// The call that owns the agent, if one does.
        call: Option<CallId>,
    },
    /// The service started.
    Started {
        /// The version that started.
        version: Name,
        /// The plan it serves.
        plan: Name,
    },
    /// The service stopped as asked.
    Stopped,
}

/// How a rung leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegEnd {
    /// It was answered and won.
    Answered,
    /// It rang to the end of its time.
    NoAnswer,
    /// It was busy.
    Busy,
    /// It refused.
    Declined,
    /// It could not be reached.
    Unreachable,
    /// We stopped it: the caller hung up, left, or another answered first.
    Cancelled,
    /// The caller's own side called there instead of us: whether anybody answered is not known here.
    Deflected,
}

impl LegEnd {
    /// What a far end's cause means for the ring.
    #[must_use]
    pub const fn from_cause(cause: Cause) -> Self {
        match cause {
            Cause::Busy => Self::Busy,
            // A far end that gives up unasked has refused: only what we stop is `Cancelled`.
            Cause::Declined | Cause::Cancelled | Cause::AnsweredElsewhere => Self::Declined,
            Cause::NoAnswer => Self::NoAnswer,
            Cause::Normal
            | Cause::Unreachable
            | Cause::NotFound
            | Cause::Forbidden
            | Cause::NoChannel
            | Cause::RateLimited
            | Cause::Overload
            | Cause::MediaRefused
            | Cause::BadRequest
            | Cause::Loop
            | Cause::Lost
            | Cause::NothingLeft
            | Cause::ShuttingDown
            | Cause::Internal
            | Cause::Interrupted => Self::Unreachable,
        }
    }
}

/// How a queue visit ended. Queue figures count visits, a ledger of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitEnd {
    /// An agent answered.
    Answered,
    /// The caller's deadline came and the caller left.
    Overflowed,
    /// The caller hung up.
    Abandoned,
    /// The caller hung up within the immediate hang-up limit.
    AbandonedShort,
    /// The queue was full at entry.
    Full,
    /// No agent was logged in.
    Nobody,
    /// Closing time.
    Closed,
    /// A fault of ours or a shutdown.
    Failed,
}

impl VisitEnd {
    /// Every end.
    pub const ALL: [Self; 8] = [
        Self::Answered,
        Self::Overflowed,
        Self::Abandoned,
        Self::AbandonedShort,
        Self::Full,
        Self::Nobody,
        Self::Closed,
        Self::Failed,
    ];

    /// The name in records and metric labels.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Overflowed => "overflowed",
            Self::Abandoned => "abandoned",
            Self::AbandonedShort => "abandoned_short",
            Self::Full => "full",
            Self::Nobody => "nobody",
            Self::Closed => "closed",
            Self::Failed => "failed",
        }
    }
}
