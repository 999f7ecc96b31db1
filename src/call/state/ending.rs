//! Ending: the call is over and recorded; its legs are being taken down. Nothing can revive it.

use super::State;
use crate::base::Cause;
use crate::call::{Ctx, Event, Fact, LegCommand, Out};

/// A call that is over.
#[derive(Debug)]
pub struct Ending(());

impl Ending {
    /// We end the call: the caller's leg is refused or hung up.
    pub(in crate::call) fn hang_up(cause: Cause, out: &mut Out) -> State {
        out.leg(0, LegCommand::HangUp(cause));
        Self::begin(cause, out)
    }

    /// We refuse the call before anything was done for it.
    pub(in crate::call) fn refuse(cause: Cause, out: &mut Out) -> State {
        out.note(Fact::Refused { cause });
        Self::hang_up(cause, out)
    }

    /// A leg has hung up, and nothing is left to do for the call.
    pub(in crate::call) fn after_hang_up(leg: u16, cause: Cause, out: &mut Out) -> State {
        out.note(Fact::LegHungUp { leg, cause });
        Self::begin(cause, out)
    }

    /// The call goes on as another: whom it led to has gone over, and nobody is left to be told.
    pub(super) fn given(out: &mut Out) -> State {
        Self::begin(Cause::Normal, out)
    }

    fn begin(cause: Cause, out: &mut Out) -> State {
        out.note(Fact::Ended { cause });
        State::Ending(Self(()))
    }

    pub(super) fn on(self, event: Event, _ctx: Ctx, out: &mut Out) -> State {
        match event {
            // An answer that crossed our CANCEL.
            Event::LegAnswered(leg) => out.leg(leg, LegCommand::HangUp(Cause::AnsweredElsewhere)),
            Event::Invited
            | Event::NoRoom(_)
            | Event::Referred(_)
            | Event::Replaced(_)
            | Event::GaveLeg { .. }
            | Event::CallerConfirmed
            | Event::KeyPressed(_)
            | Event::PromptEnded(_)
            | Event::LegRinging(_)
            | Event::LegProgressed(_)
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
            | Event::Unstaffed
            | Event::Stopping => {}
        }
        State::Ending(self)
    }
}
