//! One agent's state. One state for the whole machine, whatever queues the agent serves: wrap-up holds everywhere.

use crate::base::{CallId, LegId, Moment, QueueId, TrunkId};
use smallvec::SmallVec;
use std::time::Duration;

/// After a ring that nobody answered the phone is left alone this long: it must have stopped ringing.
const AFTER_NO_ANSWER: Duration = Duration::from_secs(2);
/// A phone that is busy, refuses or can't be reached is tried again after this long (language.md: backed off).
const AFTER_REFUSAL: Duration = Duration::from_secs(5);

/// What an agent is doing, as records, metrics and the wallboard name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgentState {
    /// Free to be rung.
    Ready,
    /// The phone rings for a call, a queue's or another.
    Ringing(CallId),
    /// In conversation, or dialling.
    Talking(CallId),
    /// Finishing up after a call.
    WrapUp,
    /// Left alone for a moment after a ring that led nowhere, or until the phone we stopped has stopped.
    BackedOff,
    /// Behind a trunk that does not answer, or on a phone that is not registered.
    Unreachable,
    /// In no plan any more.
    LoggedOut,
}

impl AgentState {
    /// Every state's label.
    pub const LABELS: [&'static str; 7] =
        ["ready", "ringing", "talking", "wrap_up", "backed_off", "unreachable", "logged_out"];

    /// The label in facts and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Ringing(_) => "ringing",
            Self::Talking(_) => "talking",
            Self::WrapUp => "wrap_up",
            Self::BackedOff => "backed_off",
            Self::Unreachable => "unreachable",
            Self::LoggedOut => "logged_out",
        }
    }

    /// The call that owns the agent.
    #[must_use]
    pub const fn owner(self) -> Option<CallId> {
        match self {
            Self::Ringing(call) | Self::Talking(call) => Some(call),
            Self::Ready | Self::WrapUp | Self::BackedOff | Self::Unreachable | Self::LoggedOut => None,
        }
    }
}

/// How a ring that did not win ended, as far as the agent's next ring is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingEnd {
    /// It rang out.
    NoAnswer,
    /// Busy, declined or unreachable: backed off, no penalty.
    Refused,
    /// We stopped it: the agent is free again once the phone has stopped.
    Cancelled,
}

/// One agent.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) via: Option<TrunkId>,
    pub(super) reachable: bool,
    pub(super) queues: SmallVec<[QueueId; 2]>,
    state: Occupation,
    /// What the phone is in besides.
    engaged: SmallVec<[Engagement; 1]>,
}

/// A leg of the agent's phone that no queue brought.
#[derive(Debug, Clone, Copy)]
struct Engagement {
    leg: LegId,
    /// Somebody is there, or dials; else the phone rings.
    talks: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum Occupation {
    #[default]
    Absent,
    Idle {
        since: Moment,
    },
    Ringing {
        call: CallId,
        idle_since: Moment,
    },
    /// The phone was told to stop ringing and may not have done so.
    Stopping {
        call: CallId,
        idle_since: Moment,
    },
    Talking {
        call: CallId,
    },
    WrapUp {
        until: Moment,
    },
    BackedOff {
        until: Moment,
    },
}

impl Desk {
    pub(super) fn configure(&mut self, now: Moment, via: Option<TrunkId>) {
        if self.via.is_none() {
            self.reachable = true;
        }
        self.via = via;
        if via.is_some() && matches!(self.state, Occupation::Absent) {
            self.state = Occupation::Idle { since: now };
        }
    }

    pub(super) const fn is_present(&self) -> bool {
        self.via.is_some() && self.reachable
    }

    pub(super) fn free_since(&self) -> Option<Moment> {
        match self.state {
            Occupation::Idle { since } if self.is_present() && self.engaged.is_empty() => Some(since),
            Occupation::Absent
            | Occupation::Idle { .. }
            | Occupation::Ringing { .. }
            | Occupation::Stopping { .. }
            | Occupation::Talking { .. }
            | Occupation::WrapUp { .. }
            | Occupation::BackedOff { .. } => None,
        }
    }

    pub(super) const fn resting_until(&self) -> Option<Moment> {
        match self.state {
            Occupation::WrapUp { until } | Occupation::BackedOff { until } => Some(until),
            Occupation::Absent
            | Occupation::Idle { .. }
            | Occupation::Ringing { .. }
            | Occupation::Stopping { .. }
            | Occupation::Talking { .. } => None,
        }
    }

    pub(super) fn ring(&mut self, call: CallId) {
        let Occupation::Idle { since } = self.state else {
            unreachable!("only a free agent is matched, not one in {:?}", self.state)
        };
        self.state = Occupation::Ringing { call, idle_since: since };
    }

    /// Says whether the ring was this agent's.
    pub(super) fn ring_over(&mut self, now: Moment, of: CallId, end: RingEnd) -> bool {
        let Occupation::Ringing { call, idle_since } = self.state else { return false };
        if call != of {
            return false;
        }
        self.state = match end {
            RingEnd::NoAnswer => Occupation::BackedOff { until: now + AFTER_NO_ANSWER },
            RingEnd::Refused => Occupation::BackedOff { until: now + AFTER_REFUSAL },
            RingEnd::Cancelled => Occupation::Stopping { call, idle_since },
        };
        true
    }

    /// Says whether the phone that stopped ringing was this agent's. Being stopped was not the agent's doing: the place
    /// among the idle is kept.
    pub(super) fn stopped(&mut self, of: CallId) -> bool {
        match self.state {
            Occupation::Stopping { call, idle_since } if call == of => {
                self.state = Occupation::Idle { since: idle_since };
                true
            }
            Occupation::Absent
            | Occupation::Idle { .. }
            | Occupation::Ringing { .. }
            | Occupation::Stopping { .. }
            | Occupation::Talking { .. }
            | Occupation::WrapUp { .. }
            | Occupation::BackedOff { .. } => false,
        }
    }

    pub(super) fn answered(&mut self, call: CallId) {
        self.state = Occupation::Talking { call };
    }

    /// Says whether the conversation that goes on as another call's is this agent's.
    pub(super) fn hand_over(&mut self, from: CallId, to: CallId) -> bool {
        let is_theirs = matches!(self.state, Occupation::Talking { call } if call == from);
        if is_theirs {
            self.state = Occupation::Talking { call: to };
        }
        is_theirs
    }

    /// Says whether the conversation was this agent's.
    pub(super) fn talk_over(&mut self, now: Moment, of: CallId, wrap_up: Duration) -> bool {
        match self.state {
            Occupation::Talking { call } if call == of => {
                self.state = if wrap_up.is_zero() {
                    Occupation::Idle { since: now }
                } else {
                    Occupation::WrapUp { until: now + wrap_up }
                };
                true
            }
            Occupation::Absent
            | Occupation::Idle { .. }
            | Occupation::Ringing { .. }
            | Occupation::Stopping { .. }
            | Occupation::Talking { .. }
            | Occupation::WrapUp { .. }
            | Occupation::BackedOff { .. } => false,
        }
    }

    /// The phone rings on this leg, or somebody is there on it.
    pub(super) fn engage(&mut self, leg: LegId, talks: bool) {
        match self.engaged.iter_mut().find(|engaged| engaged.leg == leg) {
            Some(engaged) => engaged.talks = talks,
            None => self.engaged.push(Engagement { leg, talks }),
        }
    }

    /// The leg is another call's from here on.
    pub(super) fn engaged_as(&mut self, from: LegId, to: LegId) {
        for engaged in self.engaged.iter_mut().filter(|engaged| engaged.leg == from) {
            engaged.leg = to;
        }
    }

    /// Whether somebody is there on this leg, or dials.
    pub(super) fn talks_on(&self, leg: LegId) -> bool {
        self.engaged.iter().any(|engaged| engaged.leg == leg && engaged.talks)
    }

    /// The leg has ended. Whoever was in a call has been idle since; one whose phone only rang keeps the place.
    pub(super) fn disengage(&mut self, now: Moment, leg: LegId) {
        let talked = self.talks_on(leg);
        self.engaged.retain(|engaged| engaged.leg != leg);
        if talked && let Occupation::Idle { since } = &mut self.state {
            *since = now;
        }
    }

    /// What the phone is in besides a queue's call: a conversation first.
    fn engagement(&self) -> Option<AgentState> {
        let engaged = self.engaged.iter().find(|engaged| engaged.talks).or_else(|| self.engaged.first())?;
        let call = engaged.leg.call;
        Some(if engaged.talks { AgentState::Talking(call) } else { AgentState::Ringing(call) })
    }

    pub(super) fn rested(&mut self, now: Moment) {
        if self.resting_until().is_some_and(|until| until <= now) {
            self.state = Occupation::Idle { since: now };
        }
    }

    pub(super) fn shown_state(&self) -> AgentState {
        match self.state {
            Occupation::Ringing { call, .. } => AgentState::Ringing(call),
            Occupation::Talking { call } => AgentState::Talking(call),
            Occupation::Absent => AgentState::LoggedOut,
            Occupation::Idle { .. }
            | Occupation::Stopping { .. }
            | Occupation::WrapUp { .. }
            | Occupation::BackedOff { .. }
                if self.via.is_none() =>
            {
                AgentState::LoggedOut
            }
            Occupation::Idle { .. }
            | Occupation::Stopping { .. }
            | Occupation::WrapUp { .. }
            | Occupation::BackedOff { .. }
                if let Some(busy) = self.engagement() =>
            {
                busy
            }
            Occupation::Idle { .. }
            | Occupation::Stopping { .. }
            | Occupation::WrapUp { .. }
            | Occupation::BackedOff { .. }
                if !self.reachable =>
            {
                AgentState::Unreachable
            }
            Occupation::Idle { .. } => AgentState::Ready,
            Occupation::WrapUp { .. } => AgentState::WrapUp,
            Occupation::Stopping { .. } | Occupation::BackedOff { .. } => AgentState::BackedOff,
        }
    }
}
