//! What people do. Each act is one event, told to the core at the moment the story has reached.

use super::{Caller, Coming, Habit, Hears, Leg, Sim, Stage};
use crate::support::plan::TRUNKS;
use spillway::base::{Cause, LegId, TrunkId};
use spillway::call::Event;
use spillway::engine::core::{Arrival, Dial};
use std::time::Duration;

/// The number the first caller shows; each next one's is one higher.
const FIRST_CALLER: u32 = 601_020_304;

impl Sim {
    /// Someone dials a number of ours from the public network. The first is called « caller », the next « caller2 ».
    pub fn dial(&mut self, number: &str) -> Caller {
        let caller = self.calls(number);
        self.settle();
        self.now_happens();
        caller
    }

    pub(super) fn calls(&mut self, number: &str) -> Caller {
        self.dialled += 1;
        let who = if self.dialled == 1 { "caller".into() } else { format!("caller{}", self.dialled) };
        self.ladder.line(self.now.moment, &who, &format!("dial {number}"));
        let call = self.core.arrived(
            self.now,
            Arrival {
                trunk: TrunkId(0),
                caller: format!("{:010}", FIRST_CALLER + self.dialled - 1),
                display: None,
                dialled: number.into(),
                sip_call_id: who.clone(),
                refused: None,
                in_place_of: None,
            },
        );
        self.core.admitted(self.now, call);
        let leg = LegId::caller(call);
        self.outcomes.named(call, who.clone());
        self.legs.insert(leg, Leg::new(who, None));
        Caller(leg)
    }

    /// The caller will hang up after so many seconds, wherever the call is by then.
    pub fn patience_s(&mut self, caller: Caller, seconds: u64) {
        self.comes(Duration::from_secs(seconds), Coming::HangsUp(caller.0));
    }

    /// The caller presses a key.
    pub fn press(&mut self, caller: Caller, key: char) {
        self.did(caller.0, &format!("press {key}"), Event::KeyPressed(key));
        self.settle();
        self.now_happens();
    }

    /// The caller hangs up.
    pub fn hang_up(&mut self, caller: Caller) {
        self.hangs_up(caller.0);
        self.settle();
        self.now_happens();
    }

    /// What this person does whenever their phone rings, from now on.
    pub fn habit(&mut self, who: &str, habit: Habit) {
        self.habits.insert(who.into(), habit);
    }

    /// The one whose phone rings picks up.
    pub fn agent_answers(&mut self, who: &str) {
        let leg = self.phone(who, Stage::Calling);
        self.answers(leg);
        self.settle();
        self.now_happens();
    }

    /// A key is pressed on the phone of someone who is asked for one.
    pub fn agent_presses(&mut self, who: &str, key: char) {
        let leg = self.phone(who, Stage::Talking);
        assert_eq!(self.legs[&leg].hears, Hears::Whisper, "{who} is asked for no key");
        self.did(leg, &format!("press {key}"), Event::LegKeyPressed(leg.number, key));
        self.settle();
        self.now_happens();
    }

    /// The one whose phone rings refuses.
    pub fn agent_refuses(&mut self, who: &str, cause: Cause) {
        let leg = self.phone(who, Stage::Calling);
        self.refuses(leg, cause);
        self.settle();
        self.now_happens();
    }

    /// The one who talks hangs up.
    pub fn agent_hangs_up(&mut self, who: &str) {
        let leg = self.phone(who, Stage::Talking);
        self.hangs_up(leg);
        self.settle();
        self.now_happens();
    }

    /// The one who talks puts the caller on hold, or takes them off it.
    pub fn agent_holds(&mut self, who: &str, holds: bool) {
        let leg = self.phone(who, Stage::Talking);
        self.holds(leg, holds);
        self.settle();
    }

    /// The caller puts whoever is or will be there on hold, or takes them off it.
    pub fn caller_holds(&mut self, caller: Caller, holds: bool) {
        let event = if holds { Event::Held(0) } else { Event::Resumed(0) };
        self.did(caller.0, if holds { "hold" } else { "resume" }, event);
        self.settle();
    }

    /// A trunk stops answering.
    pub fn trunk_down(&mut self, name: &str) {
        self.trunk(trunk_called(name), false);
        self.settle();
        self.now_happens();
    }

    /// A trunk answers again.
    pub fn trunk_up(&mut self, name: &str) {
        self.trunk(trunk_called(name), true);
        self.settle();
        self.now_happens();
    }

    /// The service takes no new calls.
    pub fn stop_accepting(&mut self) {
        self.ladder.line(self.now.moment, "service", "stops accepting");
        self.core.stop_accepting();
    }

    /// The disk refuses so long that little more fits in memory; or has caught up.
    pub fn store_strained(&mut self, strained: bool) {
        self.ladder.line(self.now.moment, "store", if strained { "strained" } else { "caught up" });
        self.core.store_strained(strained);
    }

    /// The service ends the calls that are left.
    pub fn end_all(&mut self) {
        self.ladder.line(self.now.moment, "service", "ends all");
        self.core.end_all(self.now);
        self.settle();
        self.now_happens();
    }

    /// Legs linger this long after their end, as transactions do.
    pub const fn legs_linger(&mut self, linger: Duration) {
        self.linger = linger;
    }

    /// Whether somebody's phone rings.
    pub fn rings(&self, who: &str) -> bool {
        self.legs.values().any(|leg| leg.who == who && leg.stage == Stage::Calling)
    }

    /// Whether two people hear each other.
    pub fn talk(&self, caller: Caller, who: &str) -> bool {
        let heard = |leg: LegId| self.legs.get(&leg).map_or(Hears::Nothing, |leg| leg.hears);
        match heard(caller.0) {
            Hears::Voice(other) => self.legs[&other].who == who && heard(other) == Hears::Voice(caller.0),
            Hears::Nothing
            | Hears::Prompt(_)
            | Hears::Music
            | Hears::Ringback
            | Hears::Whisper
            | Hears::Silence => false,
        }
    }

    /// What the caller hears.
    pub fn hears(&self, caller: Caller) -> Hears {
        self.legs.get(&caller.0).map_or(Hears::Nothing, |leg| leg.hears)
    }

    /// The last number dialled, and in whose name.
    pub fn last_dial(&self) -> &Dial {
        self.last_dial.as_ref().expect("somebody was dialled")
    }

    pub(super) fn did(&mut self, leg: LegId, what: &str, event: Event) {
        let who = self.legs[&leg].who.clone();
        self.ladder.line(self.now.moment, &who, what);
        self.tell(leg, event);
    }

    pub(super) fn holds(&mut self, leg: LegId, holds: bool) {
        if matches!(self.legs.get(&leg).map(|leg| leg.hears), Some(Hears::Voice(_))) {
            let event = if holds { Event::Held(leg.number) } else { Event::Resumed(leg.number) };
            self.did(leg, if holds { "hold" } else { "resume" }, event);
        }
    }

    fn phone(&self, who: &str, stage: Stage) -> LegId {
        let found = self.legs.iter().find(|(_, leg)| leg.who == who && leg.stage == stage);
        *found.unwrap_or_else(|| panic!("{who}'s phone is not {stage:?} at {}", self.now.moment)).0
    }

    pub(super) fn answers(&mut self, leg: LegId) {
        let Some(phone) = self.legs.get_mut(&leg).filter(|phone| phone.stage == Stage::Calling) else {
            return;
        };
        phone.stage = Stage::Talking;
        let (who, talks) = (phone.who.clone(), phone.talks);
        self.ladder.line(self.now.moment, &who, "answer");
        if let Some(talks) = talks {
            self.comes(talks, Coming::HangsUp(leg));
        }
        self.perhaps_holds(leg);
        self.tell(leg, Event::LegAnswered(leg.number));
    }

    pub(super) fn refuses(&mut self, leg: LegId, cause: Cause) {
        let Some(phone) = self.legs.get_mut(&leg).filter(|phone| phone.stage == Stage::Calling) else {
            return;
        };
        phone.leave();
        let who = phone.who.clone();
        self.ladder.line(self.now.moment, &who, cause.label());
        self.tell(leg, Event::LegRefused(leg.number, cause));
        self.vanishes(leg);
    }

    pub(super) fn hangs_up(&mut self, leg: LegId) {
        let Some(end) = self.legs.get_mut(&leg).filter(|end| end.stage != Stage::Leaving) else { return };
        let cause = if end.stage == Stage::Calling { Cause::Cancelled } else { Cause::Normal };
        end.leave();
        let who = end.who.clone();
        self.ladder.line(self.now.moment, &who, "hang up");
        self.tell(leg, Event::HungUp(leg.number, cause));
        self.vanishes(leg);
    }
}

fn trunk_called(name: &str) -> usize {
    TRUNKS.iter().position(|trunk| *trunk == name).expect("a trunk of every story")
}
