//! Transferring: an agent has sent the caller on, and the new phone rings. Until it answers the agent may stay, and has
//! the caller back when it does not; the caller hears a ringing tone. Must never know how the agent asked for it.

use super::bridged::{Bridged, Peer};
use super::{Ending, State};
use crate::base::{Cause, limits};
use crate::call::walk::{Standing, enter};
use crate::call::{
    Ctx, Effect, Event, Fact, LegCommand, LegEnd, Newcomer, Out, Referral, Stands, Timer, TransferTo,
};
use crate::dialplan::Destination;

/// A caller on the way from an agent to somebody else.
#[derive(Debug)]
pub struct Transferring {
    agent: Agent,
    /// The phone that rings.
    leg: u16,
}

/// Who sent the caller on.
#[derive(Debug)]
enum Agent {
    /// Still there: their conversation goes on if nobody answers.
    Waits(Bridged),
    /// Hung up.
    Left,
}

impl Transferring {
    pub(super) fn begin(mut bridged: Bridged, referral: Referral, ctx: Ctx, out: &mut Out) -> State {
        let (by, Referral { by: agent, to }) = (bridged.peer().leg(), referral);
        let Some(plan) = ctx.plan.agent(agent) else { return State::Bridged(bridged) };
        let to = match to {
            TransferTo::Phone(phone) => phone,
            TransferTo::Number { name: number, flow } => {
                let (agent, agent_key) = (plan.name.clone(), plan.key.clone());
                out.note(Fact::TransferredToNumber { agent, agent_key, number });
                bridged.let_go(by, out);
                out.forget_waiting();
                return enter(
                    Destination::Flow(flow),
                    Standing { answered: true, ..Standing::NEW },
                    ctx,
                    out,
                );
            }
        };
        let leg = out.new_leg();
        out.note(Fact::TransferStarted {
            agent: plan.name.clone(),
            agent_key: plan.key.clone(),
            leg: by,
            to: to.user.clone(),
            to_leg: leg,
            to_agent: to.agent.clone(),
        });
        out.leg(0, LegCommand::Ringback);
        out.leg(by, LegCommand::Silence);
        out.push(Effect::Set(Timer::Ring(leg), ctx.now.moment + limits::TRANSFER_RING));
        out.push(Effect::DialTransfer { leg, to, by: agent });
        State::Transferring(Self { agent: Agent::Waits(bridged), leg })
    }

    /// Somebody the agent has called takes the agent's place: at once, or when they answer.
    pub(super) fn replace(mut bridged: Bridged, newcomer: Newcomer, ctx: Ctx, out: &mut Out) -> State {
        let Newcomer { leg: from, to, agent: to_agent, by: person, stands } = newcomer;
        let by = bridged.peer().leg();
        let leg = out.new_leg();
        let (agent, agent_key) = (person.name, person.key);
        out.note(Fact::TransferStarted { agent, agent_key, leg: by, to, to_leg: leg, to_agent });
        out.note(Fact::LegTaken { leg, call: from.call, call_leg: from.number });
        out.push(Effect::TakeLeg { leg, from });
        match stands {
            Stands::Rings => {
                out.leg(0, LegCommand::Ringback);
                out.leg(by, LegCommand::Silence);
                out.push(Effect::Set(Timer::Ring(leg), ctx.now.moment + limits::TRANSFER_RING));
                State::Transferring(Self { agent: Agent::Waits(bridged), leg })
            }
            Stands::Talks { agent, holds } => {
                if holds {
                    out.remember_hold(leg);
                }
                out.note(Fact::TransferEnded { to_leg: leg, end: LegEnd::Answered });
                bridged.let_go(by, out);
                out.leg(0, LegCommand::Connect { with: leg });
                let peer = match agent {
                    Some((agent, wrap_up)) => Peer::Agent { leg, agent, wrap_up },
                    None => Peer::Transferred { leg },
                };
                Bridged::transferred(peer, out)
            }
        }
    }

    /// The agent's leg, while they wait.
    fn by(&self) -> Option<u16> {
        match &self.agent {
            Agent::Waits(bridged) => Some(bridged.peer().leg()),
            Agent::Left => None,
        }
    }

    pub(super) fn on(self, event: Event, _ctx: Ctx, out: &mut Out) -> State {
        match event {
            Event::LegRinging(leg) | Event::LegProgressed(leg) if leg == self.leg => {
                if let Some(by) = self.by() {
                    out.leg(by, LegCommand::ReportTransfer(180));
                }
                State::Transferring(self)
            }
            Event::LegAnswered(leg) if leg == self.leg => self.succeed(out),
            Event::LegRefused(leg, cause) | Event::HungUp(leg, cause) if leg == self.leg => {
                self.fail(cause, out)
            }
            Event::Due(Timer::Ring(leg)) if leg == self.leg => {
                out.leg(leg, LegCommand::HangUp(Cause::NoAnswer));
                self.fail(Cause::NoAnswer, out)
            }
            Event::HungUp(0, cause) => {
                self.give_up(cause, out);
                Ending::after_hang_up(0, cause, out)
            }
            Event::HungUp(leg, _) if Some(leg) == self.by() => self.agent_left(leg, out),
            Event::Stopping => {
                self.give_up(Cause::ShuttingDown, out);
                Ending::hang_up(Cause::ShuttingDown, out)
            }
            Event::Held(leg) => self.with_bridge(|bridged| bridged.hold(leg, out)),
            Event::Resumed(leg) => self.with_bridge(|bridged| bridged.resume(leg, out)),
            Event::CallerConfirmed
            | Event::KeyPressed(_)
            | Event::Invited
            | Event::NoRoom(_)
            | Event::Referred(_)
            | Event::Replaced(_)
            | Event::GaveLeg { .. }
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
            | Event::Unstaffed => State::Transferring(self),
        }
    }

    fn with_bridge(mut self, act: impl FnOnce(&mut Bridged)) -> State {
        if let Agent::Waits(bridged) = &mut self.agent {
            act(bridged);
        }
        State::Transferring(self)
    }

    fn ring_over(&self, end: LegEnd, out: &mut Out) {
        out.push(Effect::Forget(Timer::Ring(self.leg)));
        out.note(Fact::TransferEnded { to_leg: self.leg, end });
    }

    fn succeed(mut self, out: &mut Out) -> State {
        self.ring_over(LegEnd::Answered, out);
        if let Agent::Waits(bridged) = &mut self.agent {
            bridged.let_go(bridged.peer().leg(), out);
        }
        out.leg(0, LegCommand::Connect { with: self.leg });
        Bridged::transferred(Peer::Transferred { leg: self.leg }, out)
    }

    /// The agent has the caller back, if they are still there.
    fn fail(self, cause: Cause, out: &mut Out) -> State {
        self.ring_over(LegEnd::from_cause(cause), out);
        match self.agent {
            Agent::Waits(bridged) => {
                let by = bridged.peer().leg();
                out.leg(by, LegCommand::ReportTransfer(cause.refusal_code()));
                bridged.again(out)
            }
            Agent::Left => Ending::hang_up(cause, out),
        }
    }

    fn agent_left(self, leg: u16, out: &mut Out) -> State {
        if let Agent::Waits(bridged) = &self.agent {
            bridged.release(out);
        }
        out.note(Fact::TransferLeft { leg });
        State::Transferring(Self { agent: Agent::Left, ..self })
    }

    /// The caller is gone, or we are: nobody waits for anybody any more.
    fn give_up(&self, cause: Cause, out: &mut Out) {
        out.leg(
            self.leg,
            LegCommand::HangUp(if cause == Cause::ShuttingDown { cause } else { Cause::Cancelled }),
        );
        self.ring_over(LegEnd::Cancelled, out);
        if let Agent::Waits(bridged) = &self.agent {
            let by = bridged.peer().leg();
            out.leg(by, LegCommand::ReportTransfer(487));
            out.leg(by, LegCommand::HangUp(cause));
            bridged.release(out);
        }
    }
}
