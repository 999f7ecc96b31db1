//! Floor 3: a call's life. What happened to it (facts), what it amounts to (the record), and what it does next (states).
//! Must never know of SIP, sockets or the ACD: a call's test contains no SIP header.
#![forbid(unsafe_code)]

pub mod effect;
pub mod event;
pub mod fact;
pub mod judgement;
pub mod record;
pub mod state;
mod talks;
mod timeline;
mod walk;

pub use effect::{Effect, LegCommand};
pub use event::{Event, Newcomer, Person, Phone, Referral, Stands, Timer, TransferTo, TurnedAway};
pub use fact::{Entry, Fact, LegEnd, Subject, VisitEnd};
pub use judgement::{Indicator, Judgement, Verdict, judge};
pub use record::{Record, Ring, Rung, Talk, Transfer};
pub use state::{Peer, State};
pub use timeline::fold;

use crate::base::{CallId, LegId, Moment, MusicId, Now, limits};
use crate::dialplan::{FlowStart, Plan};
use smallvec::SmallVec;
use state::Arriving;
use std::sync::Arc;

/// One call in progress. What it is doing is in its state; here is only what holds from its first to its last moment.
#[derive(Debug)]
pub struct Call {
    id: CallId,
    /// The plan it began with and ends under.
    plan: Arc<Plan>,
    state: State,
    ledger: Ledger,
}

/// What outlives a state: counters, and the caller's own clock.
#[derive(Debug)]
struct Ledger {
    arrived: Moment,
    next_leg: u16,
    next_token: u64,
    keys: u32,
    holds: u32,
    /// Legs that do not want to hear the other, bridged or not yet.
    holding: SmallVec<[u16; 2]>,
    /// What the caller heard in the queue entered last, and hears again on hold.
    music: Option<MusicId>,
    /// When the caller first entered a queue: the clock of every overflow, whichever queue the caller is in.
    waiting_since: Option<Moment>,
}

impl Ledger {
    fn remember_hold(&mut self, event: &Event) {
        if let Event::Held(leg) | Event::Resumed(leg) = *event {
            self.holding.retain(|holding| *holding != leg);
        }
        if let Event::Held(leg) = *event {
            self.holding.push(leg);
        }
    }
}

/// What a state may look at.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// Now.
    pub now: Now,
    /// The call's plan.
    pub plan: &'a Plan,
}

/// What a state asks for.
#[derive(Debug)]
pub struct Out<'a> {
    effects: Vec<Effect>,
    ledger: &'a mut Ledger,
}

impl Out<'_> {
    fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    fn note(&mut self, fact: Fact) {
        self.effects.push(Effect::Note(fact));
    }

    fn leg(&mut self, leg: u16, command: LegCommand) {
        self.effects.push(Effect::Leg(leg, command));
    }

    /// Writes a key down, as long as there is room for it.
    fn key(&mut self, key: char, known: bool) {
        if self.ledger.keys <= limits::DIGITS {
            self.note(Fact::KeyPressed { key, known });
        }
    }

    /// Whether a leg does not want to hear the other.
    fn is_holding(&self, leg: u16) -> bool {
        self.ledger.holding.contains(&leg)
    }

    /// A leg that comes over does not want to hear the other.
    fn remember_hold(&mut self, leg: u16) {
        self.ledger.holding.push(leg);
    }

    /// Writes a hold down, as long as there is room for it.
    fn hold(&mut self, leg: u16) -> bool {
        let has_room = self.ledger.holds < limits::HOLDS;
        if has_room {
            self.ledger.holds += 1;
            self.note(Fact::Held { leg });
        }
        has_room
    }

    /// The number of a leg about to be dialled.
    /// The caller waits with this music from here on, on hold too.
    fn set_music(&mut self, music: Option<MusicId>) {
        self.ledger.music = music;
    }

    /// What a leg hears while it is held: the caller the queue's music, everybody else silence.
    fn hold_music(&self, leg: u16) -> Option<MusicId> {
        self.ledger.music.filter(|_| leg == 0)
    }

    fn new_leg(&mut self) -> u16 {
        assert!(self.ledger.next_leg < limits::LEGS_PER_CALL, "a call opens no end of legs");
        self.ledger.next_leg += 1;
        self.ledger.next_leg
    }

    fn new_token(&mut self) -> u64 {
        self.ledger.next_token += 1;
        self.ledger.next_token
    }

    /// The caller's own clock: it starts at the first queue and never again.
    fn start_waiting(&mut self, now: Moment) -> Moment {
        *self.ledger.waiting_since.get_or_insert(now)
    }

    /// An agent had the caller and sent them on: what they wait from here on is another wait.
    fn forget_waiting(&mut self) {
        self.ledger.waiting_since = None;
    }

    /// What the caller's own clock shows, as the record will tell it.
    fn waited_ms(&self, now: Moment) -> u64 {
        let ms = |at| whole_ms(self.ledger.arrived, at);
        ms(now) - self.ledger.waiting_since.map_or(ms(now), ms)
    }
}

/// A moment of a call as its record counts it: whole milliseconds since the INVITE.
fn whole_ms(arrived: Moment, at: Moment) -> u64 {
    u64::try_from(at.since(arrived).as_millis()).unwrap_or(u64::MAX)
}

impl Call {
    /// A call, just arrived, to a number whose flow is `start`.
    #[must_use]
    pub fn new(id: CallId, arrived: Moment, plan: Arc<Plan>, start: FlowStart) -> Self {
        Self::arrived(id, arrived, plan, Arriving::new(start))
    }

    /// A call, just arrived, that asks for the place of an agent's leg of another one.
    #[must_use]
    pub fn replacing(id: CallId, arrived: Moment, plan: Arc<Plan>, of: LegId) -> Self {
        Self::arrived(id, arrived, plan, Arriving::replacing(of))
    }

    fn arrived(id: CallId, arrived: Moment, plan: Arc<Plan>, state: Arriving) -> Self {
        let ledger = Ledger {
            arrived,
            next_leg: 0,
            next_token: 0,
            keys: 0,
            holds: 0,
            holding: SmallVec::new(),
            music: None,
            waiting_since: None,
        };
        Self { id, plan, state: State::Arriving(state), ledger }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> CallId {
        self.id
    }

    /// Whom a leg has at the other end, and how far they are, where they may go over to another call.
    #[must_use]
    pub fn beyond(&self, leg: u16) -> Option<(u16, Stands)> {
        self.state.beyond(leg, |other| self.ledger.holding.contains(&other))
    }

    /// Its plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What it is doing.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// One step: the call moves to its next state and says what is to be done.
    #[must_use]
    pub fn on(mut self, now: Now, event: Event) -> (Self, Vec<Effect>) {
        if matches!(event, Event::KeyPressed(_)) {
            if self.ledger.keys >= limits::KEYS {
                return (self, Vec::new());
            }
            self.ledger.keys += 1;
        }
        self.ledger.remember_hold(&event);
        let plan = Arc::clone(&self.plan);
        let ctx = Ctx { now, plan: &plan };
        let mut out = Out { effects: Vec::new(), ledger: &mut self.ledger };
        let state = self.state.on(event, ctx, &mut out);
        let effects = out.effects;
        (Self { state, ..self }, effects)
    }
}
