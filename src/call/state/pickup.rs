//! Pickup: what it takes for a phone that answers to be put through. Where an IPBX may answer for its user (voicemail,
//! forwarding, twinning), whoever is there presses a key first; until then nobody has answered, and the caller hears none
//! of it. Must never know whose phone it is.

use crate::base::Cause;
use crate::call::{Ctx, Effect, Fact, LegCommand, LegEnd, Out, Timer};
use crate::dialplan::Acceptance;

/// How far a rung phone is from being put through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pickup {
    /// Its answer is enough.
    Connects,
    /// It will be asked for a key when it answers.
    WillAsk(Acceptance),
    /// It has answered and is being asked.
    Asks(Acceptance),
}

impl Pickup {
    /// For a phone about to ring.
    pub const fn of(acceptance: Option<Acceptance>) -> Self {
        match acceptance {
            Some(acceptance) => Self::WillAsk(acceptance),
            None => Self::Connects,
        }
    }

    /// The phone on this leg answers: whether it is put through. One that has to be asked is, for so long as the whisper and
    /// the wait for the key last, whatever was left of its ring.
    pub fn answered(&mut self, leg: u16, ctx: Ctx, out: &mut Out) -> bool {
        match *self {
            Self::Connects => true,
            Self::Asks(_) => false,
            Self::WillAsk(acceptance) => {
                *self = Self::Asks(acceptance);
                out.push(Effect::Set(Timer::Ring(leg), ctx.now.moment + acceptance.wait));
                out.leg(leg, LegCommand::Whisper(acceptance.whisper));
                out.note(Fact::AcceptanceAsked { leg });
                false
            }
        }
    }

    /// Whether this key, pressed on the phone itself, accepts the call. Another one changes nothing: it may be pressed by
    /// mistake, or be heard in a greeting.
    pub const fn accepts(self, key: char) -> bool {
        match self {
            Self::Asks(acceptance) => acceptance.key == key,
            Self::Connects | Self::WillAsk(_) => false,
        }
    }

    /// Whether the phone's audio before its answer may reach the caller: it may be the greeting of a voicemail.
    pub const fn passes_early_audio(self) -> bool {
        matches!(self, Self::Connects)
    }

    /// What it means that the phone refuses or hangs up. One that has answered and goes without the key has not been
    /// answered by anybody.
    pub const fn end(self, cause: Cause) -> LegEnd {
        match self {
            Self::Asks(_) => LegEnd::NoAnswer,
            Self::Connects | Self::WillAsk(_) => LegEnd::from_cause(cause),
        }
    }
}
