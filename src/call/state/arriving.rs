//! Arriving: the INVITE is not answered. Either the plan is about to be read, or a target rings unanswered,
//! its 180 and 183 passing, its 200 answering the caller (language.md, Before and after answer).

use super::{Bridged, Ending, Peer, Ringing, State};
use crate::base::{Cause, TargetId};
use crate::call::walk::{Standing, enter};
use crate::call::{Ctx, Event, LegCommand, LegEnd, Out, Timer};
use crate::dialplan::{Destination, FlowStart};

/// An unanswered call.
#[derive(Debug)]
pub struct Arriving {
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Unread(FlowStart),
    TargetRings { target: TargetId, leg: u16 },
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

    pub(in crate::call) const fn ringing(target: TargetId, leg: u16) -> Self {
        Self { stage: Stage::TargetRings { target, leg } }
    }

    pub(super) fn on(self, event: Event, ctx: Ctx, out: &mut Out) -> State {
        match self.stage {
            Stage::Unread(start) => match event {
                Event::Invited => match start {
                    FlowStart::Flow(flow) => enter(Destination::Flow(flow), Standing::NEW, ctx, out),
                    FlowStart::Refused(cause) => Ending::refuse(cause, out),
                },
                Event::NoRoom(cause) => Ending::refuse(cause, out),
                Event::HungUp(0, cause) => Ending::after_hang_up(0, cause, out),
                Event::Stopping => Ending::hang_up(Cause::ShuttingDown, out),
                Event::CallerConfirmed
                | Event::Referred(_)
                | Event::KeyPressed(_)
                | Event::PromptEnded(_)
                | Event::LegRinging(_)
                | Event::LegProgressed(_)
                | Event::LegAnswered(_)
                | Event::LegRefused(..)
                | Event::HungUp(..)
                | Event::Held(_)
                | Event::Resumed(_)
                | Event::Due(_)
                | Event::Joined { .. }
                | Event::TurnedAway(_)
                | Event::Matched { .. }
                | Event::Unstaffed => State::Arriving(self),
            },
            Stage::TargetRings { target, leg } => self.on_target(target, leg, event, ctx, out),
        }
    }

    fn on_target(self, target: TargetId, leg: u16, event: Event, ctx: Ctx, out: &mut Out) -> State {
        match event {
            Event::LegRinging(_) => {
                out.leg(0, LegCommand::Ring);
                State::Arriving(self)
            }
            Event::LegProgressed(from) => {
                out.leg(0, LegCommand::PassProgress { from });
                State::Arriving(self)
            }
            Event::LegAnswered(answered) if answered == leg => {
                let mut standing = Standing::NEW;
                standing.answer(out);
                Bridged::begin(Peer::Target { leg, target }, ctx, out)
            }
            Event::LegRefused(ended, cause) | Event::HungUp(ended, cause) if ended == leg => {
                Ringing::target_over(target, leg, LegEnd::from_cause(cause), ctx, out);
                enter(ctx.plan.targets[target.index()].otherwise, Standing::NEW, ctx, out)
            }
            Event::Due(Timer::Ring(due)) if due == leg => {
                out.leg(leg, LegCommand::HangUp(Cause::NoAnswer));
                Ringing::target_over(target, leg, LegEnd::NoAnswer, ctx, out);
                enter(ctx.plan.targets[target.index()].otherwise, Standing::NEW, ctx, out)
            }
            Event::HungUp(0, cause) => {
                out.leg(leg, LegCommand::HangUp(Cause::Cancelled));
                Ringing::target_over(target, leg, LegEnd::Cancelled, ctx, out);
                Ending::after_hang_up(0, cause, out)
            }
            Event::Stopping => {
                out.leg(leg, LegCommand::HangUp(Cause::ShuttingDown));
                Ringing::target_over(target, leg, LegEnd::Cancelled, ctx, out);
                Ending::hang_up(Cause::ShuttingDown, out)
            }
            Event::Invited
            | Event::NoRoom(_)
            | Event::Referred(_)
            | Event::CallerConfirmed
            | Event::KeyPressed(_)
            | Event::PromptEnded(_)
            | Event::LegAnswered(_)
            | Event::LegRefused(..)
            | Event::HungUp(..)
            | Event::Held(_)
            | Event::Resumed(_)
            | Event::Due(_)
            | Event::Joined { .. }
            | Event::TurnedAway(_)
            | Event::Matched { .. }
            | Event::Unstaffed => State::Arriving(self),
        }
    }
}
