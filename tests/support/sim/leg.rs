//! One end of a call as its person knows it: calling, talking or leaving, and what is heard.

use super::Coming;
use spillway::base::{CallId, Cause, LegId, Set};
use spillway::call::State;
use spillway::engine::Core;
use std::collections::BTreeMap;
use std::time::Duration;

/// How far a leg is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The caller's INVITE, or a phone's ringing, has no final answer yet.
    Calling,
    /// Answered.
    Talking,
    /// Refused, cancelled or hung up; a trace of it may remain.
    Leaving,
}

/// What comes out of the earpiece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hears {
    /// Nothing at all, not even silence: a fault when it lasts.
    Nothing,
    /// The prompt started with this token.
    Prompt(u64),
    /// Hold music.
    Music,
    /// A ringing tone.
    Ringback,
    /// Somebody or a tone asking for a key.
    Whisper,
    /// Silence sent on purpose.
    Silence,
    /// The person on this leg.
    Voice(LegId),
}

/// A leg.
#[derive(Debug)]
pub struct Leg {
    /// Whose.
    pub who: String,
    /// How far.
    pub stage: Stage,
    /// What is heard.
    pub hears: Hears,
    /// How long this person talks before hanging up.
    pub talks: Option<Duration>,
    /// Told to stop ringing for another reason than that nobody answered.
    pub stopped: bool,
}

impl Leg {
    pub(super) const fn new(who: String, talks: Option<Duration>) -> Self {
        Self { who, stage: Stage::Calling, hears: Hears::Nothing, talks, stopped: false }
    }

    pub(super) const fn leave(&mut self) {
        self.stage = Stage::Leaving;
        self.hears = Hears::Nothing;
    }
}

/// What someone does when the phone rings.
#[derive(Clone, Copy, Debug)]
pub struct Habit {
    does: Does,
    /// How long they talk before hanging up; for ever when `None`.
    pub(super) talks: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
enum Does {
    Rings,
    Answers(Duration),
    Refuses(Duration, Cause),
    Plays(Duration),
    Nothing,
}

impl Habit {
    /// The phone rings until the story says otherwise.
    pub const RINGS: Self = Self { does: Does::Rings, talks: None };
    /// The phone is busy.
    pub const BUSY: Self = Self { does: Does::Refuses(Duration::ZERO, Cause::Busy), talks: None };
    /// The far end never says a word, not even that it rings.
    pub const SILENT: Self = Self { does: Does::Nothing, talks: None };

    /// Picks up after this long.
    pub const fn answers(after: Duration) -> Self {
        Self { does: Does::Answers(after), talks: None }
    }

    /// Picks up after so many seconds.
    pub const fn answers_after_s(seconds: u64) -> Self {
        Self::answers(Duration::from_secs(seconds))
    }

    /// Refuses after this long.
    pub const fn refuses(after: Duration, cause: Cause) -> Self {
        Self { does: Does::Refuses(after, cause), talks: None }
    }

    /// Sends audio before the answer, and picks up after this long.
    pub const fn plays_then_answers(after: Duration) -> Self {
        Self { does: Does::Plays(after), talks: None }
    }

    /// Hangs up after this long.
    pub const fn talks(self, talks: Duration) -> Self {
        Self { talks: Some(talks), ..self }
    }

    /// Hangs up after so many seconds.
    pub const fn talks_s(self, seconds: u64) -> Self {
        self.talks(Duration::from_secs(seconds))
    }

    /// What will come of dialling this person's phone as `leg`.
    pub(super) fn reaction(self, leg: LegId) -> Vec<(Duration, Coming)> {
        let rings = (Duration::ZERO, Coming::Rings(leg));
        match self.does {
            Does::Rings => vec![rings],
            Does::Answers(after) => vec![rings, (after, Coming::Answers(leg))],
            Does::Refuses(after, cause) => vec![(after, Coming::Refuses(leg, cause))],
            Does::Plays(after) => {
                vec![(Duration::ZERO, Coming::Progresses(leg)), (after, Coming::Answers(leg))]
            }
            Does::Nothing => Vec::new(),
        }
    }
}

/// 6, 7 and 16, as far as signalling goes: nobody rings for a call that is over, one phone at most is in conversation,
/// and whoever is answered hears something.
pub(super) fn check(core: &Core, legs: &BTreeMap<LegId, Leg>) {
    let views = core.calls();
    let live = |call: CallId| views.iter().find(|view| view.id == call).map(|view| view.state);
    let mut talking: Set<CallId> = Set::default();
    for (id, leg) in legs {
        match (leg.stage, id.is_caller()) {
            (Stage::Leaving, _) | (Stage::Calling, true) => {}
            (Stage::Calling, false) => {
                let state = live(id.call);
                assert!(
                    matches!(state, Some(State::Ringing(_) | State::Arriving(_))),
                    "{} rings for {state:?}",
                    leg.who
                );
            }
            (Stage::Talking, caller) => {
                assert!(leg.hears != Hears::Nothing, "{} is answered and hears nothing", leg.who);
                let is_asked = leg.hears == Hears::Whisper;
                assert!(caller || is_asked || talking.insert(id.call), "{} talk in one call", leg.who);
                let state = live(id.call);
                assert!(
                    !matches!(state, None | Some(State::Ending(_))),
                    "{} is left in a call that is over",
                    leg.who
                );
            }
        }
    }
}
