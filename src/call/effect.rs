//! What a call asks for, in the imperative. Effects are data: they apply after the state has returned.

use super::event::{Phone, Timer};
use super::fact::{Fact, LegEnd};
use crate::base::{AgentId, Cause, LegId, Moment, MusicId, PromptId, QueueId, TargetId};
use crate::dialplan::Direct;
use std::time::Duration;

/// Something to be done for a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Write this down.
    Note(Fact),
    /// Do this with a leg.
    Leg(u16, LegCommand),
    /// Stand in line. Answered by `Joined` or `TurnedAway`.
    Enqueue {
        /// Where.
        queue: QueueId,
        /// On whose clock.
        since: Moment,
    },
    /// Let another queue's agents count too.
    Widen(QueueId),
    /// Keep the place in every line, but meet nobody more: what rings now is the last.
    LastRing,
    /// Leave every line.
    LeaveQueues,
    /// An agent's phone has stopped ringing for this call.
    RingOver {
        /// Whose.
        agent: AgentId,
        /// How.
        end: LegEnd,
    },
    /// An agent answered this call.
    AgentAnswered(AgentId),
    /// An agent's conversation in this call is over.
    TalkOver {
        /// Whose.
        agent: AgentId,
        /// Time left alone afterwards.
        wrap_up: Duration,
    },
    /// Dial whom an agent sends the caller to.
    DialTransfer {
        /// The new leg.
        leg: u16,
        /// Whom.
        to: Phone,
        /// The agent.
        by: AgentId,
    },
    /// Take a leg over from another call, with all that belongs to it.
    TakeLeg {
        /// Its number from here on.
        leg: u16,
        /// As its call knew it.
        from: LegId,
    },
    /// Take the place of an agent's leg of another call, if that can still be had; this call's caller then goes over to it.
    TakePlace(LegId),
    /// Set a timer.
    Set(Timer, Moment),
    /// Forget a timer.
    Forget(Timer),
}

/// Something to be done with one leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegCommand {
    /// Tell the caller that a phone rings (180).
    Ring,
    /// Let the caller hear another leg's audio before its answer (183).
    PassProgress {
        /// The leg that sends it.
        from: u16,
    },
    /// Answer the caller.
    Answer,
    /// Dial an agent's phone.
    RingAgent(AgentId),
    /// Dial a target.
    RingTarget(TargetId),
    /// Dial what a phone of ours dialled.
    RingDirect(Direct),
    /// End the leg, whatever its stage: refuse, cancel or hang up.
    HangUp(Cause),
    /// Play a prompt once.
    Play {
        /// Which.
        prompt: PromptId,
        /// Comes back in `PromptEnded`.
        token: u64,
    },
    /// Play hold music for ever.
    Music(MusicId),
    /// Play a ringing tone.
    Ringback,
    /// Send silence.
    Silence,
    /// Ask whoever answered this leg for a key, again and again: with a prompt, or with a tone.
    Whisper(Option<PromptId>),
    /// Tell the agent on this leg what has become of the transfer, as a SIP status code; from 200 on it is the last.
    ReportTransfer(u16),
    /// Let the caller and this leg hear each other.
    Connect {
        /// The other leg.
        with: u16,
    },
    /// The leg it is connected with holds it: play music beside what may come from there, or silence.
    Held {
        /// The leg that holds.
        by: u16,
        /// What to play; silence when `None`.
        music: Option<MusicId>,
    },
    /// It is on hold no more.
    Resumed {
        /// The leg that held.
        by: u16,
    },
}
