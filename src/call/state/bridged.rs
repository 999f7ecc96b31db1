//! Bridged: caller and answerer hear each other. The first hang-up ends both.

use super::{Ending, State, Transferring};
use crate::base::{AgentId, CallId, Cause, TargetId};
use crate::call::{Ctx, Effect, Event, Fact, LegCommand, LegEnd, Out, Stands, Timer};
use crate::dialplan::Direct;
use smallvec::SmallVec;
use std::time::Duration;

/// A conversation.
#[derive(Debug)]
pub struct Bridged {
    peer: Peer,
    /// Who holds, as far as it is written down.
    held: SmallVec<[u16; 2]>,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// An agent of a queue.
    Agent {
        /// The agent's leg.
        leg: u16,
        /// Who.
        agent: AgentId,
        /// Time left alone afterwards.
        wrap_up: Duration,
    },
    /// A target.
    Target {
        /// The target's leg.
        leg: u16,
        /// Which.
        target: TargetId,
    },
    /// Whom a phone of ours dialled.
    Direct {
        /// Their leg.
        leg: u16,
        /// Who.
        to: Direct,
    },
    /// Whom an agent sent the caller on to.
    Transferred {
        /// Their leg.
        leg: u16,
    },
}

impl Peer {
    /// The answerer's leg.
    #[must_use]
    pub const fn leg(self) -> u16 {
        match self {
            Self::Agent { leg, .. }
            | Self::Target { leg, .. }
            | Self::Direct { leg, .. }
            | Self::Transferred { leg } => leg,
        }
    }
}

impl Bridged {
    /// The answer came: both hear each other from this moment.
    pub(in crate::call) fn begin(peer: Peer, ctx: Ctx, out: &mut Out) -> State {
        let leg = peer.leg();
        let (agent, target) = match peer {
            Peer::Agent { agent, .. } => (ctx.plan.agent(agent), None),
            Peer::Target { target, .. } => (None, Some(ctx.plan.targets[target.index()].name.clone())),
            Peer::Direct { to, .. } => (None, Some(to.name().into())),
            Peer::Transferred { .. } => (None, None),
        };
        if let Some(target) = &target {
            out.push(Effect::Forget(Timer::Ring(leg)));
            out.note(Fact::TargetEnded { target: target.clone(), leg, end: LegEnd::Answered });
        }
        Self::connect(peer, out);
        out.note(Fact::Bridged {
            leg,
            agent: agent.map(|plan| plan.name.clone()),
            agent_key: agent.map(|plan| plan.key.clone()),
            target,
        });
        Self::holding(peer, out)
    }

    /// Whom an agent sent the caller to is there; the transfer's facts say so.
    pub(super) fn transferred(peer: Peer, out: &mut Out) -> State {
        Self::holding(peer, out)
    }

    /// Whom a leg hears, as far as they may go over to another call.
    pub(super) fn beyond(&self, leg: u16, holds: impl Fn(u16) -> bool) -> Option<(u16, Stands)> {
        let (other, agent) = match self.peer {
            peer if leg == peer.leg() => (0, None),
            Peer::Agent { leg: other, agent, wrap_up } if leg == 0 => (other, Some((agent, wrap_up))),
            Peer::Target { leg: other, .. }
            | Peer::Direct { leg: other, .. }
            | Peer::Transferred { leg: other }
                if leg == 0 =>
            {
                (other, None)
            }
            Peer::Agent { .. } | Peer::Target { .. } | Peer::Direct { .. } | Peer::Transferred { .. } => {
                return None;
            }
        };
        Some((other, Stands::Talks { agent, holds: holds(other) }))
    }

    /// One side has gone over to another call, at the other's wish: that is told so, and let go.
    fn gave(mut self, leg: u16, to: CallId, out: &mut Out) -> State {
        let peer = self.peer.leg();
        let other = if leg == 0 { peer } else { 0 };
        out.note(Fact::LegGiven { leg, call: to });
        self.resume(other, out);
        out.leg(other, LegCommand::ReportTransfer(200));
        out.leg(other, LegCommand::HangUp(Cause::Normal));
        if other == peer {
            self.release(out);
        }
        // An agent who goes over belongs to the other call already.
        Ending::given(out)
    }

    /// Who holds already when the conversation begins.
    fn holding(peer: Peer, out: &mut Out) -> State {
        let mut bridged = Self { peer, held: SmallVec::new() };
        for leg in [0, peer.leg()] {
            if out.is_holding(leg) {
                bridged.hold(leg, out);
                bridged.let_wait(leg, out);
            }
        }
        State::Bridged(bridged)
    }

    /// A transfer came to nothing: whoever held before it does so still.
    pub(super) fn again(self, out: &mut Out) -> State {
        Self::connect(self.peer, out);
        for leg in [0, self.peer.leg()] {
            if out.is_holding(leg) {
                self.let_wait(leg, out);
            }
        }
        State::Bridged(self)
    }

    fn connect(peer: Peer, out: &mut Out) {
        out.leg(0, LegCommand::Connect { with: peer.leg() });
    }

    /// Whom a leg hears, if it is one of the two.
    fn opposite(&self, leg: u16) -> Option<u16> {
        match leg {
            0 => Some(self.peer.leg()),
            leg if leg == self.peer.leg() => Some(0),
            _ => None,
        }
    }

    fn let_talk(&self, by: u16, out: &mut Out) {
        if let Some(held) = self.opposite(by) {
            out.leg(held, LegCommand::Resumed { by });
        }
    }

    /// Whoever a leg holds hears music meanwhile, or silence.
    fn let_wait(&self, by: u16, out: &mut Out) {
        if let Some(held) = self.opposite(by) {
            let music = out.hold_music(held);
            out.leg(held, LegCommand::Held { by, music });
        }
    }

    /// Who answered.
    #[must_use]
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    pub(super) fn on(mut self, event: Event, ctx: Ctx, out: &mut Out) -> State {
        match event {
            Event::HungUp(leg, cause) if leg == 0 || leg == self.peer.leg() => {
                let other = if leg == 0 { self.peer.leg() } else { 0 };
                self.release(out);
                out.leg(other, LegCommand::HangUp(cause));
                Ending::after_hang_up(leg, cause, out)
            }
            Event::Stopping => {
                self.release(out);
                out.leg(self.peer.leg(), LegCommand::HangUp(Cause::ShuttingDown));
                Ending::hang_up(Cause::ShuttingDown, out)
            }
            Event::Held(leg) => {
                self.hold(leg, out);
                self.let_wait(leg, out);
                State::Bridged(self)
            }
            Event::Resumed(leg) => {
                self.resume(leg, out);
                self.let_talk(leg, out);
                State::Bridged(self)
            }
            Event::Referred(to) => Transferring::begin(self, to, ctx, out),
            Event::Replaced(newcomer) => Transferring::replace(self, newcomer, ctx, out),
            Event::GaveLeg { leg, to } => self.gave(leg, to, out),
            Event::CallerConfirmed => {
                out.note(Fact::CallerConfirmed);
                State::Bridged(self)
            }
            // What is keyed to the other side, a card number perhaps, is none of our business.
            Event::KeyPressed(_)
            | Event::Invited
            | Event::NoRoom(_)
            | Event::PromptEnded(_)
            | Event::LegRinging(_)
            | Event::LegProgressed(_)
            | Event::LegAnswered(_)
            | Event::LegKeyPressed(..)
            | Event::LegForwarded(_)
            | Event::Deflected(_)
            | Event::LegRefused(..)
            | Event::HungUp(..)
            | Event::Due(_)
            | Event::Joined { .. }
            | Event::TurnedAway(_)
            | Event::Matched { .. }
            | Event::Unstaffed => State::Bridged(self),
        }
    }

    pub(super) fn hold(&mut self, leg: u16, out: &mut Out) {
        let is_theirs = leg == 0 || leg == self.peer.leg();
        if is_theirs && !self.held.contains(&leg) && out.hold(leg) {
            self.held.push(leg);
        }
    }

    /// The end of a hold is written down if its beginning was, or it would seem to last for ever.
    pub(super) fn resume(&mut self, leg: u16, out: &mut Out) {
        if let Some(index) = self.held.iter().position(|held| *held == leg) {
            self.held.remove(index);
            out.note(Fact::Resumed { leg });
        }
    }

    /// The agent's part is done: the transfer they asked for has come to its end.
    pub(super) fn let_go(&mut self, by: u16, out: &mut Out) {
        self.resume(by, out);
        out.leg(by, LegCommand::ReportTransfer(200));
        out.leg(by, LegCommand::HangUp(Cause::Normal));
        self.release(out);
    }

    pub(super) fn release(&self, out: &mut Out) {
        match self.peer {
            Peer::Agent { agent, wrap_up, .. } => out.push(Effect::TalkOver { agent, wrap_up }),
            Peer::Target { .. } | Peer::Direct { .. } | Peer::Transferred { .. } => {}
        }
    }
}
