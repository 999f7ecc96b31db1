//! The world around `Core`, in virtual time: callers with patience, phones with habits, prompts with a length.
//! A story says what people do and lets time pass; the world does what Spillway asks, writes the ladder, and checks
//! the invariants after every event. No SIP and no audio: legs are what they are to a telephone engineer.

mod acts;
pub mod by_hand;
mod invariants;
mod ladder;
mod leg;
mod outcome;
pub mod random;
pub mod wired;

pub use leg::{Habit, Hears, Stage};

use self::invariants::Invariants;
use self::ladder::Ladder;
use self::leg::Leg;
use self::outcome::Outcomes;
use super::plan::{PROMPT, TRUNKS, plan};
use spillway::base::{CallId, Cause, JournalSeq, LegId, Map, Moment, Now, Random, TrunkId, Utc};
use spillway::call::Event;
use spillway::dialplan::Plan;
use spillway::engine::Core;
use spillway::engine::core::{Channels, Command, Dial, Output, TrunkLine};
use spillway::settings::NumberFormat;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Monday 9 March 2026, 10:00 in Paris: everything is open.
const MONDAY_MORNING: &str = "2026-03-09 10:00";

/// Someone who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller(LegId);

/// What the world will do, unless things have changed by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coming {
    /// Somebody dials a number, and hangs up after so long.
    Dials { number: &'static str, patience: Duration },
    /// A caller presses a key, or one whose phone asks for it.
    Presses(LegId, char),
    /// Someone in conversation puts the other on hold, or takes them off it.
    Holds(LegId, bool),
    /// A trunk stops answering, or answers again.
    Trunk(usize, bool),
    /// The service takes no new calls.
    StopsAccepting,
    /// The service ends the calls that are left.
    EndsAll,
    /// A dialled phone begins to ring.
    Rings(LegId),
    /// A dialled phone sends audio before its answer.
    Progresses(LegId),
    /// A ringing phone is picked up.
    Answers(LegId),
    /// A dialled phone refuses.
    Refuses(LegId, Cause),
    /// Someone hangs up, whatever they were doing.
    HangsUp(LegId),
    /// A prompt has been said to its end.
    Said(LegId, u64),
    /// The caller's ACK arrives.
    Confirms(LegId),
    /// Nothing is left of a leg.
    Gone(LegId),
}

/// The world.
pub struct Sim {
    now: Now,
    plan: Arc<Plan>,
    core: Core,
    legs: BTreeMap<LegId, Leg>,
    habits: Map<String, Habit>,
    coming: BTreeMap<(Moment, u64), Coming>,
    next_coming: u64,
    dialled: u32,
    /// In a simulation, what people do is up to chance, and so is who comes first when Spillway's clock and the world
    /// fall on the same instant. In a story it is the world.
    whims: Option<Random>,
    linger: Duration,
    last_dial: Option<Dial>,
    ladder: Ladder,
    outcomes: Outcomes,
    invariants: Invariants,
}

impl Sim {
    /// A world around a site, on a Monday morning.
    pub fn of(site: &str) -> Self {
        Self::at(MONDAY_MORNING, site)
    }

    /// The same, at another time of the site's clock: `2026-03-09 10:00`.
    pub fn at(local: &str, site: &str) -> Self {
        Self::new(local, Arc::new(plan(site)), Channels::Unlimited, 0)
    }

    /// The same, with a limit on the public trunk.
    pub fn with_channels(site: &str, channels: Channels) -> Self {
        Self::new(MONDAY_MORNING, Arc::new(plan(site)), channels, 0)
    }

    /// The same, around a plan no loader would let pass.
    pub fn of_plan(plan: Plan) -> Self {
        Self::new(MONDAY_MORNING, Arc::new(plan), Channels::Unlimited, 0)
    }

    fn new(local: &str, plan: Arc<Plan>, public: Channels, seed: u64) -> Self {
        let now = Now { moment: Moment::ZERO, utc: in_paris(local) };
        let line = |name: &str| TrunkLine {
            name: name.into(),
            channels: if name == TRUNKS[0] { public } else { Channels::Unlimited },
            numbers: NumberFormat::National,
            callers: None,
            calls_per_second: None,
            transfer_to: Vec::new(),
            deflect: spillway::settings::Deflect::Off,
        };
        let trunks = TRUNKS.into_iter().map(line).collect();
        let core =
            Core::new(now, Arc::clone(&plan), trunks, CallId(1), JournalSeq(1), Random::from_number(seed));
        let mut sim = Self {
            now,
            core,
            legs: BTreeMap::new(),
            habits: Map::default(),
            coming: BTreeMap::new(),
            next_coming: 0,
            dialled: 0,
            whims: None,
            linger: Duration::ZERO,
            last_dial: None,
            ladder: Ladder::default(),
            outcomes: Outcomes::default(),
            invariants: Invariants::new(Arc::clone(&plan)),
            plan,
        };
        sim.settle();
        sim
    }

    /// Lets time pass.
    pub fn advance_s(&mut self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }

    /// Lets a little time pass.
    pub fn advance_ms(&mut self, millis: u64) {
        self.advance(Duration::from_millis(millis));
    }

    /// Lets next to no time pass.
    pub fn advance_us(&mut self, micros: u64) {
        self.advance(Duration::from_micros(micros));
    }

    fn advance(&mut self, by: Duration) {
        let until = self.now.moment + by;
        self.now_happens();
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            self.move_to(next);
            self.one_step();
        }
        self.move_to(until);
    }

    /// Everything that is due at this very moment.
    fn now_happens(&mut self) {
        while self.next_moment().is_some_and(|next| next <= self.now.moment) {
            self.one_step();
        }
    }

    fn next_moment(&self) -> Option<Moment> {
        let world = self.coming.first_key_value().map(|((at, _), _)| *at);
        world.into_iter().chain(self.core.poll_timeout()).min()
    }

    fn move_to(&mut self, moment: Moment) {
        self.now = self.now.later(moment.since(self.now.moment));
    }

    fn one_step(&mut self) {
        let clock_due = self.core.poll_timeout().is_some_and(|at| at <= self.now.moment);
        let world_due = self.coming.first_key_value().is_some_and(|((at, _), _)| *at <= self.now.moment);
        let world_first = self.whims.as_mut().is_none_or(|chance| chance.one_in(2));
        if world_due && (world_first || !clock_due) {
            let (_, coming) = self.coming.pop_first().expect("something is coming");
            self.happens(coming);
        } else {
            self.core.handle_timeout(self.now);
        }
        self.settle();
    }

    fn comes(&mut self, after: Duration, coming: Coming) {
        self.coming.insert((self.now.moment + after, self.next_coming), coming);
        self.next_coming += 1;
    }

    /// Something comes true, if it still can.
    fn happens(&mut self, coming: Coming) {
        match coming {
            Coming::Dials { number, patience } => self.dials(number, patience),
            Coming::Presses(leg, key) => {
                let is_asked = self.legs.get(&leg).is_some_and(|leg| leg.hears == Hears::Whisper);
                if is_asked {
                    self.did(leg, &format!("press {key}"), Event::LegKeyPressed(leg.number, key));
                } else if leg.is_caller() && self.stage(leg) == Some(Stage::Talking) {
                    self.did(leg, &format!("press {key}"), Event::KeyPressed(key));
                }
            }
            Coming::Holds(leg, holds) => self.holds(leg, holds),
            Coming::Trunk(trunk, up) => self.trunk(trunk, up),
            Coming::StopsAccepting => self.core.stop_accepting(),
            Coming::EndsAll => self.core.end_all(self.now),
            Coming::Rings(leg) => {
                if self.stage(leg) == Some(Stage::Calling) {
                    self.tell(leg, Event::LegRinging(leg.number));
                }
            }
            Coming::Progresses(leg) => {
                if self.stage(leg) == Some(Stage::Calling) {
                    self.tell(leg, Event::LegProgressed(leg.number));
                }
            }
            Coming::Answers(leg) => self.answers(leg),
            Coming::Refuses(leg, cause) => self.refuses(leg, cause),
            Coming::HangsUp(leg) => self.hangs_up(leg),
            Coming::Said(leg, token) => {
                if self.legs.get(&leg).is_some_and(|leg| leg.hears == Hears::Prompt(token)) {
                    self.legs.get_mut(&leg).expect("it was just there").hears = Hears::Nothing;
                    self.tell(leg, Event::PromptEnded(token));
                }
            }
            Coming::Confirms(leg) => {
                if self.stage(leg) == Some(Stage::Talking) {
                    self.tell(leg, Event::CallerConfirmed);
                }
            }
            Coming::Gone(leg) => {
                self.legs.remove(&leg);
                self.core.leg_gone(self.now, leg);
            }
        }
    }

    fn tell(&mut self, leg: LegId, event: Event) {
        self.core.happened(self.now, leg.call, event);
    }

    fn stage(&self, leg: LegId) -> Option<Stage> {
        self.legs.get(&leg).map(|leg| leg.stage)
    }

    /// Does what the core asks, until it asks for nothing, then looks whether everything is as it must be.
    fn settle(&mut self) {
        while let Some(output) = self.core.poll() {
            if let Output::Observe(seen) = &output {
                self.invariants.saw(&self.core, seen);
            }
            match output {
                Output::Leg { leg, command } => self.obey(leg, command),
                Output::Observe(seen) => self.outcomes.observe(self.now, seen, &mut self.ladder),
                Output::Moved { from, to } => {
                    if let Some(leg) = self.legs.remove(&from) {
                        self.legs.insert(to, leg);
                    }
                }
                Output::Forgotten(call) => {
                    assert!(
                        self.legs.keys().all(|leg| leg.call != call),
                        "{call} was forgotten with a leg left"
                    );
                }
            }
        }
        self.invariants.check(self.now, &self.core, &self.outcomes);
        leg::check(&self.core, &self.legs);
    }

    fn obey(&mut self, leg: LegId, command: Command) {
        if let Command::Dial(dial) = command {
            return self.dialled(leg, &dial);
        }
        let subject =
            self.legs.get_mut(&leg).unwrap_or_else(|| panic!("{leg} does not exist for {command:?}"));
        assert!(subject.stage != Stage::Leaving, "{} has left and is told {command:?}", subject.who);
        let who = subject.who.clone();
        let did = match command {
            Command::Ring => "ringing".into(),
            Command::PassProgress { from } => format!("progress {}", self.legs[&from].who),
            Command::Answer => {
                subject.stage = Stage::Talking;
                self.comes(Duration::ZERO, Coming::Confirms(leg));
                "answered".into()
            }
            Command::HangUp(cause) => self.let_go(leg, cause),
            Command::Play { prompt, token } => {
                subject.hears = Hears::Prompt(token);
                self.comes(PROMPT, Coming::Said(leg, token));
                format!("hears {}", self.plan.prompts[prompt.index()].name)
            }
            Command::Music(music) => {
                subject.hears = Hears::Music;
                format!("hears {}", self.plan.music[music.index()].name)
            }
            Command::Ringback => {
                subject.hears = Hears::Ringback;
                "hears ringback".into()
            }
            Command::Silence => {
                subject.hears = Hears::Silence;
                "hears silence".into()
            }
            Command::Whisper(whisper) => {
                subject.hears = Hears::Whisper;
                self.perhaps_presses(leg);
                let what = whisper.map(|prompt| &*self.plan.prompts[prompt.index()].name);
                format!("hears {}, a key is asked for", what.unwrap_or("a tone"))
            }
            Command::Connect { with } => self.connect(leg, with),
            Command::Held(by, music) => {
                assert_eq!(
                    subject.hears,
                    Hears::Voice(by),
                    "{} is held by whom it does not hear",
                    subject.who
                );
                let name = music.map(|music| &*self.plan.music[music.index()].name);
                format!("hears {} on hold", name.unwrap_or("silence"))
            }
            Command::Resumed(_) => "hears no more of the hold".into(),
            Command::ReportTransfer(code) => format!("hears of the transfer: {code}"),
            Command::Dial(_) => unreachable!("dialled above"),
            Command::Deflect(_) => unreachable!("no trunk here takes its callers back"),
        };
        self.ladder.line(self.now.moment, &who, &did);
    }

    fn connect(&mut self, leg: LegId, with: LegId) -> String {
        for (one, other) in [(leg, with), (with, leg)] {
            let one = self.legs.get_mut(&one).expect("both ends of a bridge exist");
            assert_eq!(one.stage, Stage::Talking, "{} is bridged before being answered", one.who);
            one.hears = Hears::Voice(other);
        }
        format!("connect {}", self.legs[&with].who)
    }

    /// The core ends a leg. What is left of it disappears a moment later.
    fn let_go(&mut self, leg: LegId, cause: Cause) -> String {
        let subject = self.legs.get_mut(&leg).expect("looked up by the caller");
        let did = match (subject.stage, leg.is_caller()) {
            (Stage::Calling, true) => format!("refused {}", cause.row().sip_code),
            (Stage::Calling, false) => "cancel".into(),
            (Stage::Talking | Stage::Leaving, _) => "bye".into(),
        };
        subject.stopped = subject.stage == Stage::Calling && cause != Cause::NoAnswer;
        subject.leave();
        self.vanishes(leg);
        did
    }

    /// A phone is dialled: its owner's habit decides what follows.
    fn dialled(&mut self, leg: LegId, dial: &Dial) {
        let who = self.whose(dial);
        // 10: an agent is free only once the phone has stopped ringing for somebody else.
        let is_agent = dial.diverted.is_none();
        let may_still_ring = self.legs.values().any(|leg| leg.who == who && leg.stopped);
        assert!(!(is_agent && may_still_ring), "{who} is rung while the phone is being stopped");
        self.last_dial = Some(dial.clone());
        self.ladder.line(self.now.moment, &who, "ring");
        let whim = self.whims.as_mut().map(random::habit);
        let habit = self.habits.get(&who).copied().or(whim).unwrap_or(Habit::RINGS);
        let talks = habit.talks;
        self.legs.insert(leg, Leg::new(who, talks));
        for (after, coming) in habit.reaction(leg) {
            self.comes(after, coming);
        }
    }

    /// The name behind a number dialled.
    fn whose(&self, dial: &Dial) -> String {
        let agent = self.plan.agents.iter().flatten();
        let mut agent = agent.filter(|agent| agent.via == dial.trunk && *agent.extension == *dial.user);
        let country = &self.plan.sites[0].country;
        let mut target =
            self.plan.targets.iter().filter(|target| country.national(&target.number) == dial.user);
        let name = agent.next().map(|agent| &agent.name).or_else(|| target.next().map(|target| &target.name));
        name.unwrap_or_else(|| panic!("nobody has the number {}", dial.user)).to_string()
    }

    fn trunk(&mut self, index: usize, up: bool) {
        self.ladder.line(self.now.moment, TRUNKS[index], if up { "up" } else { "down" });
        let trunk = TrunkId(u16::try_from(index).expect("two trunks"));
        self.core.trunk(self.now, trunk, up);
    }

    /// What is left of a leg disappears when its transactions are over.
    fn vanishes(&mut self, leg: LegId) {
        let linger = self.whims.as_mut().map_or(self.linger, random::linger);
        self.comes(linger, Coming::Gone(leg));
    }
}

/// A point on the calendar, as a clock in Paris shows it.
fn in_paris(local: &str) -> Utc {
    let civil: jiff::civil::DateTime = local.parse().expect("a story's time reads 2026-03-09 10:00");
    Utc::from_micros(civil.in_tz("Europe/Paris").expect("Paris is known").timestamp().as_microsecond())
}
