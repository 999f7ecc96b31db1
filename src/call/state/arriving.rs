//! Arriving: the INVITE is not answered. Either the plan is about to be read, or a target rings unanswered,
//! its 180 and 183 passing, its 200 answering the caller (language.md, Before and after answer).

use super::{Bridged, Ending, Peer, Pickup, Ringing, State};
use crate::base::{Cause, LegId, TargetId};
use crate::call::walk::{Standing, enter};
use crate::call::{Ctx, Effect, Event, Fact, LegCommand, LegEnd, Out, Stands, Timer};
use crate::dialplan::{Destination, Direct, FlowStart};

/// An unanswered call.
#[derive(Debug)]
pub struct Arriving {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Unread(FlowStart),
    Rings {
        callee: Callee,
        leg: u16,
        pickup: Pickup,
    },
    /// It asks for the place of an agent's leg of another call.
    Replaces(LegId),
}

/// Who is rung, unanswered.
#[derive(Debug, Clone, Copy)]
enum Callee {
    /// A target of the plan.
    Target(TargetId),
    /// Whom a phone of ours dialled.
    Direct(Direct),
}

impl Callee {
    const fn peer(self, leg: u16) -> Peer {
        match self {
            Self::Target(target) => Peer::Target { leg, target },
            Self::Direct(to) => Peer::Direct { leg, to },
        }
    }

    /// The answer of whoever was rung answers the caller.
    fn put_through(self, leg: u16, ctx: Ctx, out: &mut Out) -> State {
        let mut standing = Standing::NEW;
        standing.answer(out);
        Bridged::begin(self.peer(leg), ctx, out)
    }

    /// Nobody waits for them any more.
    fn give_up(self, leg: u16, cause: Cause, ctx: Ctx, out: &mut Out) {
        out.leg(leg, LegCommand::HangUp(cause));
        self.over(leg, LegEnd::Cancelled, ctx, out);
    }

    /// Writes down how a ring ended without winning.
    fn over(self, leg: u16, end: LegEnd, ctx: Ctx, out: &mut Out) {
        match self {
            Self::Target(target) => Ringing::target_over(target, leg, end, ctx, out),
            Self::Direct(to) => {
                out.push(Effect::Forget(Timer::Ring(leg)));
                out.note(Fact::TargetEnded { target: to.name().into(), leg, end });
            }
        }
    }

    /// Where the caller goes then: for whom no plan says where, the caller is told why.
    fn otherwise(self, cause: Cause, ctx: Ctx, out: &mut Out) -> State {
        match self {
            Self::Target(target) => {
                enter(ctx.plan.targets[target.index()].otherwise, Standing::NEW, ctx, out)
            }
            Self::Direct(_) => Ending::hang_up(cause, out),
        }
    }
}

impl Arriving {
    /// A call whose plan is still to be read.
    #[must_use]
    pub const fn new(start: FlowStart) -> Self {
        Self { stage: Stage::Unread(start) }
    }

    pub(super) const fn is_to_be_refused(&self) -> bool {
        matches!(self.stage, Stage::Unread(FlowStart::Refused(_)))
    }

    pub(in crate::call) const fn ringing(target: TargetId, leg: u16, pickup: Pickup) -> Self {
        Self { stage: Stage::Rings { callee: Callee::Target(target), leg, pickup } }
    }

    /// A call that asks for the place of an agent's leg of another one.
    pub(in crate::call) const fn replacing(of: LegId) -> Self {
        Self { stage: Stage::Replaces(of) }
    }

    /// Whom the caller's leg waits for, as far as they may go over to another call. A target's ring is judged where it began.
    pub(super) fn beyond(&self, of: u16) -> Option<(u16, Stands)> {
        match self.stage {
            Stage::Rings { leg, callee: Callee::Direct(_), .. } if of == 0 => Some((leg, Stands::Rings)),
            Stage::Rings { .. } | Stage::Unread(_) | Stage::Replaces(_) => None,
        }
    }

    /// Rings whom a phone of ours dialled.
    fn dial(to: Direct, dialled: &str, ctx: Ctx, out: &mut Out) -> State {
        let leg = out.new_leg();
        out.note(Fact::TargetRung {
            target: to.name().into(),
            dialled: dialled.into(),
            leg,
            from_queue: None,
        });
        out.push(Effect::Set(Timer::Ring(leg), ctx.now.moment + to.ring()));
        out.leg(leg, LegCommand::RingDirect(to));
        State::Arriving(Self {
            stage: Stage::Rings { callee: Callee::Direct(to), leg, pickup: Pickup::Connects },
        })
    }

    pub(super) fn on(self, event: Event, ctx: Ctx, out: &mut Out) -> State {
        match self.stage {
            Stage::Unread(start) => match event {
                Event::Invited => match start {
                    FlowStart::Flow(flow) => enter(Destination::Flow(flow), Standing::NEW, ctx, out),
                    FlowStart::Direct { to, dialled } => Self::dial(to, &dialled, ctx, out),
                    FlowStart::Refused(cause) => Ending::refuse(cause, out),
                },
                Event::NoRoom(cause) => Ending::refuse(cause, out),
                Event::HungUp(0, cause) => Ending::after_hang_up(0, cause, out),
                Event::Stopping => Ending::hang_up(Cause::ShuttingDown, out),
                Event::CallerConfirmed
                | Event::Referred(_)
                | Event::Replaced(_)
                | Event::GaveLeg { .. }
                | Event::KeyPressed(_)
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
                | Event::Unstaffed => State::Arriving(Self { stage: Stage::Unread(start) }),
            },
            Stage::Rings { callee, leg, pickup } => Self::on_ring((callee, leg, pickup), event, ctx, out),
            Stage::Replaces(of) => Self::on_place(of, event, out),
        }
    }

    /// The place is there or it is not; both are said in the turn it is asked for.
    fn on_place(of: LegId, event: Event, out: &mut Out) -> State {
        match event {
            Event::Invited => out.push(Effect::TakePlace(of)),
            Event::NoRoom(cause) => return Ending::refuse(cause, out),
            Event::GaveLeg { leg, to } => {
                out.note(Fact::LegGiven { leg, call: to });
                return Ending::given(out);
            }
            Event::HungUp(0, cause) => return Ending::after_hang_up(0, cause, out),
            Event::Stopping => return Ending::hang_up(Cause::ShuttingDown, out),
            Event::CallerConfirmed
            | Event::Referred(_)
            | Event::Replaced(_)
            | Event::KeyPressed(_)
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
        State::Arriving(Self::replacing(of))
    }

    fn on_ring(
        (callee, leg, mut pickup): (Callee, u16, Pickup),
        event: Event,
        ctx: Ctx,
        out: &mut Out,
    ) -> State {
        match event {
            Event::LegProgressed(from) if pickup.passes_early_audio() => {
                out.leg(0, LegCommand::PassProgress { from });
            }
            Event::LegRinging(_) | Event::LegProgressed(_) => out.leg(0, LegCommand::Ring),
            Event::LegAnswered(answered) if answered == leg => {
                if pickup.answered(leg, ctx, out) {
                    return callee.put_through(leg, ctx, out);
                }
            }
            Event::LegKeyPressed(pressed, key) if pressed == leg && pickup.accepts(key) => {
                return callee.put_through(leg, ctx, out);
            }
            Event::LegForwarded(forwarded) if forwarded == leg => out.note(Fact::Forwarded { leg }),
            Event::Deflected(sent) if sent == leg => {
                callee.over(leg, LegEnd::Deflected, ctx, out);
                return Ending::hang_up(Cause::Normal, out);
            }
            Event::LegRefused(ended, cause) | Event::HungUp(ended, cause) if ended == leg => {
                callee.over(leg, pickup.end(cause), ctx, out);
                return callee.otherwise(cause, ctx, out);
            }
            Event::Due(Timer::Ring(due)) if due == leg => {
                out.leg(leg, LegCommand::HangUp(Cause::NoAnswer));
                callee.over(leg, LegEnd::NoAnswer, ctx, out);
                return callee.otherwise(Cause::NoAnswer, ctx, out);
            }
            Event::HungUp(0, cause) => {
                callee.give_up(leg, Cause::Cancelled, ctx, out);
                return Ending::after_hang_up(0, cause, out);
            }
            Event::Stopping => {
                callee.give_up(leg, Cause::ShuttingDown, ctx, out);
                return Ending::hang_up(Cause::ShuttingDown, out);
            }
            Event::GaveLeg { leg, to } => {
                callee.over(leg, LegEnd::Cancelled, ctx, out);
                out.note(Fact::LegGiven { leg, call: to });
                out.leg(0, LegCommand::HangUp(Cause::Cancelled));
                return Ending::given(out);
            }
            Event::Invited
            | Event::NoRoom(_)
            | Event::Referred(_)
            | Event::Replaced(_)
            | Event::CallerConfirmed
            | Event::KeyPressed(_)
            | Event::PromptEnded(_)
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
        State::Arriving(Self { stage: Stage::Rings { callee, leg, pickup } })
    }
}
