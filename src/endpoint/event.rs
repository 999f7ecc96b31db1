//! What a station says of its calls: each step as it happens, and the whole story at the end. Data only.

use crate::base::{Cause, Moment};
use crate::signaling::LegKey;
use std::time::Duration;

/// Something happened to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// To which.
    pub call: LegKey,
    /// What.
    pub happened: Happened,
}

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// An INVITE came in for this user.
    Invited {
        /// The user dialled.
        user: String,
        /// The caller's number.
        caller: String,
    },
    /// The called side rings.
    Ringing,
    /// It was answered, by them or by us.
    Answered,
    /// The first audio packet came.
    FirstAudio,
    /// It is over for whoever talked; transactions may still be closing.
    Ended(Box<Story>),
}

/// Who began a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This station placed it.
    Placed,
    /// This station took it.
    Taken,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// We hung up after the answer.
    HungUp,
    /// They hung up after the answer.
    FarHungUp(Cause),
    /// We gave up before the answer.
    GaveUp,
    /// They gave up before the answer.
    FarGaveUp,
    /// We refused.
    Refused(u16),
    /// They refused.
    FarRefused(u16),
    /// The leg broke.
    Failed(Cause),
}

/// One call from its first message to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The [`super::Dial`]'s tag; 0 for a call taken.
    pub tag: u64,
    /// Who began it.
    pub side: Side,
    /// The user dialled.
    pub user: String,
    /// The caller's number.
    pub caller: String,
    /// The number first dialled, when a Diversion header said so (RFC 5806).
    pub diverted_by: Option<String>,
    /// When the INVITE went out or came in.
    pub begun: Moment,
    /// When it rang.
    pub ringing: Option<Moment>,
    /// When it was answered.
    pub answered: Option<Moment>,
    /// When the first audio packet came.
    pub first_audio: Option<Moment>,
    /// When it ended.
    pub ended: Moment,
    /// How it ended.
    pub ending: Ending,
}

impl Story {
    /// From the INVITE to the answer.
    #[must_use]
    pub fn setup(&self) -> Option<Duration> {
        self.answered.map(|answered| answered.since(self.begun))
    }

    /// From the answer to the end.
    #[must_use]
    pub fn talked(&self) -> Option<Duration> {
        self.answered.map(|answered| self.ended.since(answered))
    }
}
