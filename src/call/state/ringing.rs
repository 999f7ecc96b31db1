//! Ringing: the caller is answered and waits while phones ring: agents' (still in line) or a target's (for good).

use super::{Bridged, Ending, Peer, Pickup, Queued, State, Visit};
use crate::base::{AgentId, Cause, Name, QueueId, TargetId};
use crate::call::walk::{Standing, enter};
use crate::call::{Ctx, Effect, Event, Fact, LegCommand, LegEnd, Newcomer, Out, Stands, Timer, VisitEnd};
use crate::dialplan::{Destination, WhileRinging};
use smallvec::SmallVec;

/// A call with phones ringing.
#[derive(Debug)]
pub struct Ringing {
    whom: Whom,
}

#[derive(Debug)]
enum Whom {
    Agents { visit: Visit, rings: SmallVec<[AgentRing; 2]>, then: Then },
    Target { target: TargetId, leg: u16, pickup: Pickup, standing: Standing },
}

/// One agent's phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AgentRing {
    leg: u16,
    agent: AgentId,
    pickup: Pickup,
}

/// What follows when no phone rings any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    BackInLine,
    /// The deadline came during a ring the queue lets finish (`while_ringing = "finish"`).
    Leave(Destination),
}

impl Ringing {
    pub(super) fn agents(visit: Visit, queue: QueueId, agents: &[AgentId], ctx: Ctx, out: &mut Out) -> State {
        let rings = dial_agents(queue, agents, ctx, out);
        State::Ringing(Self { whom: Whom::Agents { visit, rings, then: Then::BackInLine } })
    }

    pub(in crate::call) const fn target(
        target: TargetId,
        leg: u16,
        pickup: Pickup,
        standing: Standing,
    ) -> Self {
        Self { whom: Whom::Target { target, leg, pickup, standing } }
    }

    /// Dials a target and sets its ring timer.
    pub(in crate::call) fn dial_target(target: TargetId, standing: Standing, ctx: Ctx, out: &mut Out) -> u16 {
        let leg = out.new_leg();
        let plan = &ctx.plan.targets[target.index()];
        out.note(Fact::TargetRung {
            target: plan.name.clone(),
            dialled: plan.number.written(),
            leg,
            from_queue: standing
                .left_queue
                .and_then(|queue| ctx.plan.queue(queue))
                .map(|queue| queue.name.clone()),
        });
        out.push(Effect::Set(Timer::Ring(leg), ctx.now.moment + plan.ring));
        out.leg(leg, LegCommand::RingTarget(target));
        leg
    }

    /// Writes down how a target's ring ended without winning.
    pub(super) fn target_over(target: TargetId, leg: u16, end: LegEnd, ctx: Ctx, out: &mut Out) {
        out.push(Effect::Forget(Timer::Ring(leg)));
        out.note(Fact::TargetEnded { target: ctx.plan.targets[target.index()].name.clone(), leg, end });
    }

    /// Whether an agent's phone rings on this leg.
    #[must_use]
    pub fn rings_agent(&self, leg: u16) -> bool {
        match &self.whom {
            Whom::Agents { rings, .. } => of(rings, leg).is_some(),
            Whom::Target { .. } => false,
        }
    }

    pub(super) fn on(self, event: Event, ctx: Ctx, out: &mut Out) -> State {
        match self.whom {
            Whom::Agents { visit, rings, then } => on_agents(visit, rings, then, event, ctx, out),
            Whom::Target { target, leg, pickup, standing } => {
                on_target((target, leg, pickup), standing, event, ctx, out)
            }
        }
    }
}

fn dial_agents(queue: QueueId, agents: &[AgentId], ctx: Ctx, out: &mut Out) -> SmallVec<[AgentRing; 2]> {
    let plan = ctx.plan.queue(queue).expect("a match is of a queue in the call's plan");
    let mut rings = SmallVec::new();
    for agent in agents {
        let leg = out.new_leg();
        let (label, agent_key) = agent_names(*agent, ctx);
        out.note(Fact::RingStarted { agent: label, agent_key, queue: plan.name.clone(), leg });
        out.push(Effect::Set(Timer::Ring(leg), ctx.now.moment + plan.ring));
        out.leg(leg, LegCommand::RingAgent(*agent));
        rings.push(AgentRing { leg, agent: *agent, pickup: Pickup::of(plan.accept) });
    }
    rings
}

/// An agent's label and key.
fn agent_names(agent: AgentId, ctx: Ctx) -> (Name, Name) {
    let of_plan = ctx.plan.agent(agent).map(|plan| (plan.name.clone(), plan.key.clone()));
    of_plan.unwrap_or_else(|| (agent.to_string().into(), agent.to_string().into()))
}

fn note_ring_over(ring: AgentRing, end: LegEnd, ctx: Ctx, out: &mut Out) {
    let (agent, agent_key) = agent_names(ring.agent, ctx);
    out.push(Effect::Forget(Timer::Ring(ring.leg)));
    out.note(Fact::RingEnded { agent, agent_key, leg: ring.leg, end });
}

fn ring_over(ring: AgentRing, end: LegEnd, ctx: Ctx, out: &mut Out) {
    note_ring_over(ring, end, ctx, out);
    out.push(Effect::RingOver { agent: ring.agent, end });
}

/// Stops every phone that rings. The caller must be out of line first, or these agents would be matched again.
fn silence(rings: &[AgentRing], cause: Cause, ctx: Ctx, out: &mut Out) {
    for ring in rings {
        out.leg(ring.leg, LegCommand::HangUp(cause));
        ring_over(*ring, LegEnd::Cancelled, ctx, out);
    }
}

fn on_agents(
    mut visit: Visit,
    mut rings: SmallVec<[AgentRing; 2]>,
    mut then: Then,
    event: Event,
    ctx: Ctx,
    out: &mut Out,
) -> State {
    match event {
        Event::LegAnswered(leg) | Event::LegKeyPressed(leg, _) => {
            if let Some(winner) = winner(&mut rings, leg, &event, ctx, out) {
                return win(winner, &rings, visit, ctx, out);
            }
        }
        Event::LegForwarded(leg) if of(&rings, leg).is_some() => out.note(Fact::Forwarded { leg }),
        Event::LegRefused(leg, cause) | Event::HungUp(leg, cause) if leg != 0 => {
            return one_over(visit, rings, then, (leg, Some(cause)), ctx, out);
        }
        Event::Due(Timer::Ring(leg)) => {
            out.leg(leg, LegCommand::HangUp(Cause::NoAnswer));
            return one_over(visit, rings, then, (leg, None), ctx, out);
        }
        Event::Matched { queue, agents } => rings.extend(dial_agents(queue, &agents, ctx, out)),
        Event::Due(Timer::Overflow) => {
            if let Some(to) = overflow(&mut visit, &mut then, ctx, out) {
                return leave(visit, &rings, VisitEnd::Overflowed, to, ctx, out);
            }
        }
        Event::Due(Timer::Closing) => {
            if let Some(to) = visit.closing(ctx, out) {
                return leave(visit, &rings, VisitEnd::Closed, to, ctx, out);
            }
        }
        Event::HungUp(0, cause) => {
            visit.abandon(ctx, out);
            silence(&rings, Cause::Cancelled, ctx, out);
            return Ending::after_hang_up(0, cause, out);
        }
        Event::Stopping => {
            visit.end(VisitEnd::Failed, ctx, out);
            silence(&rings, Cause::ShuttingDown, ctx, out);
            return Ending::hang_up(Cause::ShuttingDown, out);
        }
        Event::Replaced(newcomer) => return picked_up(&newcomer, visit, rings, then, ctx, out),
        Event::KeyPressed(key) => out.key(key, false),
        Event::CallerConfirmed => out.note(Fact::CallerConfirmed),
        Event::Invited
        | Event::NoRoom(_)
        | Event::Referred(_)
        | Event::GaveLeg { .. }
        | Event::PromptEnded(_)
        | Event::LegRinging(_)
        | Event::LegProgressed(_)
        | Event::LegForwarded(_)
        | Event::Deflected(_)
        | Event::LegRefused(..)
        | Event::HungUp(..)
        | Event::Held(_)
        | Event::Resumed(_)
        | Event::Joined { .. }
        | Event::TurnedAway(_)
        | Event::Unstaffed
        | Event::Due(Timer::MenuKey) => {}
    }
    State::Ringing(Ringing { whom: Whom::Agents { visit, rings, then } })
}

/// The caller's deadline: where to go at once, if not after the rest of this ring.
fn overflow(visit: &mut Visit, then: &mut Then, ctx: Ctx, out: &mut Out) -> Option<Destination> {
    let to = visit.overflow(ctx, out)?;
    match visit.plan(ctx).while_ringing {
        WhileRinging::Cancel => Some(to),
        WhileRinging::Finish => {
            out.push(Effect::LastRing);
            *then = Then::Leave(to);
            None
        }
    }
}

/// One phone stopped ringing without winning: for what it said, or because its time was over.
fn one_over(
    visit: Visit,
    mut rings: SmallVec<[AgentRing; 2]>,
    then: Then,
    (leg, said): (u16, Option<Cause>),
    ctx: Ctx,
    out: &mut Out,
) -> State {
    let over = of(&rings, leg);
    let end = said.map_or(LegEnd::NoAnswer, |cause| {
        over.map_or(LegEnd::from_cause(cause), |ring| ring.pickup.end(cause))
    });
    rings.retain(|ring| ring.leg != leg);
    if rings.is_empty()
        && let Then::Leave(to) = then
    {
        visit.end(VisitEnd::Overflowed, ctx, out);
        if let Some(ring) = over {
            ring_over(ring, end, ctx, out);
        }
        return visit.go(to, ctx, out);
    }
    if let Some(ring) = over {
        ring_over(ring, end, ctx, out);
    }
    if rings.is_empty() {
        return Queued::back_in_line(visit);
    }
    State::Ringing(Ringing { whom: Whom::Agents { visit, rings, then } })
}

fn of(rings: &[AgentRing], leg: u16) -> Option<AgentRing> {
    rings.iter().copied().find(|ring| ring.leg == leg)
}

/// The phone that is put through, if its answer or this key on it does that.
fn winner(
    rings: &mut SmallVec<[AgentRing; 2]>,
    leg: u16,
    event: &Event,
    ctx: Ctx,
    out: &mut Out,
) -> Option<AgentRing> {
    let index = rings.iter().position(|ring| ring.leg == leg)?;
    let pickup = &mut rings[index].pickup;
    let wins = if let Event::LegKeyPressed(_, key) = event {
        pickup.accepts(*key)
    } else {
        pickup.answered(leg, ctx, out)
    };
    wins.then(|| rings.remove(index))
}

fn win(winner: AgentRing, losers: &[AgentRing], visit: Visit, ctx: Ctx, out: &mut Out) -> State {
    out.push(Effect::AgentAnswered(winner.agent));
    note_ring_over(winner, LegEnd::Answered, ctx, out);
    visit.end(VisitEnd::Answered, ctx, out);
    silence(losers, Cause::AnsweredElsewhere, ctx, out);
    let wrap_up = visit.plan(ctx).wrap_up;
    Bridged::begin(Peer::Agent { leg: winner.leg, agent: winner.agent, wrap_up }, ctx, out)
}

/// An agent has taken the call from another's ringing phone.
fn picked_up(
    newcomer: &Newcomer,
    visit: Visit,
    rings: SmallVec<[AgentRing; 2]>,
    then: Then,
    ctx: Ctx,
    out: &mut Out,
) -> State {
    let Stands::Talks { agent: Some((agent, _)), .. } = newcomer.stands else {
        return State::Ringing(Ringing { whom: Whom::Agents { visit, rings, then } });
    };
    let (leg, from) = (out.new_leg(), newcomer.leg);
    let (label, agent_key) = agent_names(agent, ctx);
    let queue = visit.plan(ctx).name.clone();
    out.note(Fact::RingStarted { agent: label, agent_key, queue, leg });
    out.note(Fact::LegTaken { leg, call: from.call, call_leg: from.number });
    out.push(Effect::TakeLeg { leg, from });
    win(AgentRing { leg, agent, pickup: Pickup::Connects }, &rings, visit, ctx, out)
}

fn leave(
    visit: Visit,
    rings: &[AgentRing],
    end: VisitEnd,
    to: Destination,
    ctx: Ctx,
    out: &mut Out,
) -> State {
    visit.end(end, ctx, out);
    silence(rings, Cause::Cancelled, ctx, out);
    visit.go(to, ctx, out)
}

/// The caller is with the target without us, as far as we know.
fn sent_on(target: TargetId, leg: u16, ctx: Ctx, out: &mut Out) -> State {
    // It is there only where the caller's side was given up on.
    out.leg(leg, LegCommand::HangUp(Cause::AnsweredElsewhere));
    Ringing::target_over(target, leg, LegEnd::Deflected, ctx, out);
    Ending::hang_up(Cause::Normal, out)
}

fn on_target(
    (target, leg, mut pickup): (TargetId, u16, Pickup),
    standing: Standing,
    event: Event,
    ctx: Ctx,
    out: &mut Out,
) -> State {
    match event {
        Event::LegAnswered(answered) if answered == leg => {
            if pickup.answered(leg, ctx, out) {
                return Bridged::begin(Peer::Target { leg, target }, ctx, out);
            }
        }
        Event::LegKeyPressed(pressed, key) if pressed == leg && pickup.accepts(key) => {
            return Bridged::begin(Peer::Target { leg, target }, ctx, out);
        }
        Event::LegForwarded(forwarded) if forwarded == leg => out.note(Fact::Forwarded { leg }),
        Event::Deflected(sent) if sent == leg => return sent_on(target, leg, ctx, out),
        Event::LegRefused(ended, cause) | Event::HungUp(ended, cause) if ended == leg => {
            Ringing::target_over(target, leg, pickup.end(cause), ctx, out);
            return enter(ctx.plan.targets[target.index()].otherwise, standing, ctx, out);
        }
        Event::Due(Timer::Ring(due)) if due == leg => {
            out.leg(leg, LegCommand::HangUp(Cause::NoAnswer));
            Ringing::target_over(target, leg, LegEnd::NoAnswer, ctx, out);
            return enter(ctx.plan.targets[target.index()].otherwise, standing, ctx, out);
        }
        Event::HungUp(0, cause) => {
            out.leg(leg, LegCommand::HangUp(Cause::Cancelled));
            Ringing::target_over(target, leg, LegEnd::Cancelled, ctx, out);
            return Ending::after_hang_up(0, cause, out);
        }
        Event::Stopping => {
            out.leg(leg, LegCommand::HangUp(Cause::ShuttingDown));
            Ringing::target_over(target, leg, LegEnd::Cancelled, ctx, out);
            return Ending::hang_up(Cause::ShuttingDown, out);
        }
        Event::KeyPressed(key) => out.key(key, false),
        Event::CallerConfirmed => out.note(Fact::CallerConfirmed),
        Event::Invited
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
        | Event::Held(_)
        | Event::Resumed(_)
        | Event::Due(_)
        | Event::Joined { .. }
        | Event::TurnedAway(_)
        | Event::Matched { .. }
        | Event::Unstaffed => {}
    }
    State::Ringing(Ringing::target(target, leg, pickup, standing))
}
