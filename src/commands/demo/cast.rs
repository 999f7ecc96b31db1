//! The demo's players: what each caller does and which endings are right for them, how each phone takes its calls.
//! The opening is fixed, so that at any size somebody hangs up in the menu and somebody while waiting.

use crate::base::Outcome;
use crate::endpoint::{Answering, Between, Dial, Ending, Key, Pickup, Side, Story, Voice};
use std::net::SocketAddr;
use std::time::Duration;

/// The number dialled, of `dialplans/demo`.
const NUMBER: &str = "+33384961370";
/// The provider's number calls overflow to.
pub const PROVIDER: &str = "+33384000001";
/// Extensions of both queues.
pub const TECHNICIANS: [&str; 4] = ["201", "202", "203", "204"];
/// Their talks are longer than the opening, so that its third caller finds both taken.
pub const CLERKS: [&str; 2] = ["205", "206"];
/// Calls of the opening.
pub const OPENING: u64 = 4;
/// Between the calls of the opening.
pub const OPENING_STEP: Duration = Duration::from_millis(300);

/// What a caller plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Asks for the technicians; an agent answers, or after 6 s the provider.
    Technical,
    /// Asks for the office; waits for an agent, or is asked to call again.
    Office,
    /// Hangs up in the menu.
    LeavesMenu,
    /// Hangs up in the queue.
    LeavesQueue,
}

impl Part {
    /// The part of the `number`th caller, from 0.
    pub const fn of(number: u64) -> Self {
        match number {
            0 | 1 => Self::Office,
            2 => Self::LeavesMenu,
            3 => Self::LeavesQueue,
            later if later % 8 == 7 => Self::Office,
            _ => Self::Technical,
        }
    }

    /// The call of the `number`th caller.
    pub fn dial(self, number: u64, server: SocketAddr) -> Dial {
        let key = |digit| vec![Key { after: Duration::from_millis(1_200), digit }];
        let (keys, talk) = match self {
            Self::Technical => (key('1'), None),
            Self::Office => (key('2'), None),
            Self::LeavesMenu => (Vec::new(), Some(Duration::from_secs(2))),
            Self::LeavesQueue => (key('2'), Some(Duration::from_secs(8))),
        };
        let voice = Voice::Tone(440);
        Dial { tag: number, keys, talk, voice, ..Dial::new(server, NUMBER, &caller(number)) }
    }

    /// The outcomes that are right for it.
    pub const fn outcomes(self) -> &'static [Outcome] {
        match self {
            Self::Technical => &[Outcome::Answered, Outcome::OverflowedAnswered],
            Self::Office => &[Outcome::Answered, Outcome::Message],
            Self::LeavesMenu => &[Outcome::AbandonedMenu],
            Self::LeavesQueue => &[Outcome::AbandonedWaiting],
        }
    }

    /// Whether the caller's own side of it went as it should.
    pub fn went_well(self, story: &Story) -> bool {
        let ended = match self {
            Self::Technical | Self::Office => matches!(story.ending, Ending::FarHungUp(_)),
            Self::LeavesMenu | Self::LeavesQueue => story.ending == Ending::HungUp,
        };
        ended && story.side == Side::Placed && story.first_audio.is_some()
    }
}

/// The number of the `number`th caller.
pub fn caller(number: u64) -> String {
    format!("+336{:08}", number % 100_000_000)
}

/// How agents take calls: the technicians' talks are short, the clerks' long.
pub const fn agent(is_clerk: bool) -> Pickup {
    let talk = if is_clerk { between(12_000, 14_000) } else { between(4_000, 8_000) };
    answer(between(600, 1_400), talk)
}

/// How the provider takes calls.
pub const fn provider() -> Pickup {
    answer(between(500, 2_000), between(3_000, 6_000))
}

const fn answer(ring: Between, talk: Between) -> Pickup {
    Pickup::Answer(Answering { ring, talk: Some(talk), voice: Voice::Tone(660) })
}

const fn between(least_ms: u64, most_ms: u64) -> Between {
    Between::new(Duration::from_millis(least_ms), Duration::from_millis(most_ms))
}
