//! What each call in progress is doing, folded from its facts: the gauge of calls by state, and since when a caller
//! waits. Must never count an outcome: the record says it.

use crate::base::{Moment, Name};
use crate::call::{Fact, LegEnd};

/// What a call is doing: an index into `names::CALL_STATES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Its INVITE came.
    Arriving,
    /// It hears prompts and menus.
    InFlow,
    /// It waits in a queue.
    Queued,
    /// A phone rings for it.
    Ringing,
    /// It talks.
    Bridged,
    /// It is being taken down.
    Ending,
}

impl Doing {
    /// Its label.
    pub const fn label(self) -> &'static str {
        super::names::CALL_STATES[self as usize]
    }
}

/// One call in progress.
#[derive(Debug)]
pub(super) struct Progress {
    /// The site called.
    pub site: Name,
    /// What it is doing.
    pub doing: Doing,
    /// When its visit to a queue began.
    pub entered: Option<Moment>,
    ringing: Vec<(u16, Option<Name>)>,
    forwarded: Vec<u16>,
}

impl Progress {
    /// A call that just arrived.
    pub const fn arrived(site: Name) -> Self {
        Self { site, doing: Doing::Arriving, entered: None, ringing: Vec::new(), forwarded: Vec::new() }
    }

    /// The queue whose agent's phone is rung on this leg.
    pub fn rung_for(&self, leg: u16) -> Option<&Name> {
        self.ringing.iter().find(|(ringing, _)| *ringing == leg).and_then(|(_, queue)| queue.as_ref())
    }

    /// Whether somebody else than the one dialled on this leg rings or answered.
    pub fn is_forwarded(&self, leg: u16) -> bool {
        self.forwarded.contains(&leg)
    }

    /// Moves on by `fact`.
    pub fn take(&mut self, fact: &Fact, at: Moment) {
        self.doing = match fact {
            Fact::FlowEntered { .. } | Fact::PromptStarted { .. } | Fact::MenuEntered { .. } => Doing::InFlow,
            Fact::Enqueued { .. } => {
                self.entered = Some(at);
                Doing::Queued
            }
            Fact::Dequeued { .. } => {
                self.entered = None;
                self.rest()
            }
            Fact::RingStarted { queue, leg, .. } => {
                self.ringing.push((*leg, Some(queue.clone())));
                Doing::Ringing
            }
            Fact::TargetRung { leg, .. } => {
                self.ringing.push((*leg, None));
                Doing::Ringing
            }
            Fact::RingEnded { leg, end, .. } | Fact::TargetEnded { leg, end, .. } => {
                self.ringing.retain(|(ringing, _)| ringing != leg);
                if *end == LegEnd::Answered { self.doing } else { self.rest() }
            }
            Fact::Forwarded { leg } => {
                self.forwarded.push(*leg);
                self.doing
            }
            Fact::Bridged { .. } => Doing::Bridged,
            Fact::TransferredToNumber { .. } => Doing::InFlow,
            Fact::LegHungUp { leg, .. } if *leg == 0 || self.doing == Doing::Bridged => Doing::Ending,
            Fact::MessageStarted { .. }
            | Fact::Refused { .. }
            | Fact::Faulted { .. }
            | Fact::Ended { .. } => Doing::Ending,
            Fact::Arrived { .. }
            | Fact::CallerAnswered
            | Fact::CallerConfirmed
            | Fact::PromptEnded
            | Fact::KeyPressed { .. }
            | Fact::Widened { .. }
            | Fact::TransferStarted { .. }
            | Fact::TransferLeft { .. }
            | Fact::LegTaken { .. }
            | Fact::LegGiven { .. }
            | Fact::TransferEnded { .. }
            | Fact::AcceptanceAsked { .. }
            | Fact::Held { .. }
            | Fact::Resumed { .. }
            | Fact::LegHungUp { .. }
            | Fact::AgentBecame { .. }
            | Fact::Started { .. }
            | Fact::Stopped => self.doing,
        };
    }

    /// What is left to do when something stopped.
    fn rest(&self) -> Doing {
        match self.doing {
            Doing::Bridged | Doing::Ending => self.doing,
            Doing::Arriving | Doing::InFlow | Doing::Queued | Doing::Ringing if !self.ringing.is_empty() => {
                Doing::Ringing
            }
            Doing::Arriving | Doing::InFlow | Doing::Queued | Doing::Ringing if self.entered.is_some() => {
                Doing::Queued
            }
            Doing::Arriving | Doing::InFlow | Doing::Queued | Doing::Ringing => Doing::InFlow,
        }
    }
}
