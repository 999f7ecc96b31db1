//! The simulation: ten calls to a site that has everything, by people who do anything at any instant. Half of all
//! instants fall on whole seconds, so that clocks, answers and hang-ups keep meeting.

use super::{Caller, Coming, Habit, MONDAY_MORNING, Sim};
use crate::support::plan::plan;
use spillway::base::{Cause, LegId, Random};
use spillway::dialplan::Plan;
use spillway::engine::core::Channels;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Calls in one seed.
pub const CALLS: u64 = 10;
/// By then every call is over: the longest patience, and what a leg leaves behind.
const LONGEST: Duration = Duration::from_secs(1_800);

/// The numbers people dial; the last is not ours.
const NUMBERS: [&str; 7] =
    ["0384961370", "0384961371", "0384961372", "0384961373", "0384961374", "0384961375", "0399999999"];

const SITE: &str = r#"
[flow.accueil]
steps = [{ play = "bienvenue" }, { go = "motif" }]

[menu.motif]
say  = "choix"
1    = "technique"
2    = "agence"
3    = "rappelez"
else = "technique"

[queue.technique]
agents   = { nadia = 201, marc = 202, sophie = 203 }
wrap_up  = "4s"
overflow = [{ after = "30s", to = "prestataire" }]
hold     = { music = "attente" }
full     = { length = 4, to = "excuses" }
sla      = "accueil"

[queue.agence]
strategy = "ring-all"
agents   = { sophie = 203, ali = 204, claire = 205 }
overflow = [{ after = "20s", to = "voisine" }, { after = "60s", to = "prestataire" }]

[queue.voisine]
strategy = "ring-all"
agents   = { hugo = 206, ali = 204 }
overflow = [{ after = "45s", to = "rappelez" }]
while_ringing = "finish"
nobody   = "prestataire"

[queue.vide]
agents   = { nadia = 201 }
ring     = "5s"
overflow = [{ after = "10s", to = "technique" }, { after = "25s", to = "excuses" }]
while_ringing = "finish"
hold     = { music = "attente" }

[flow.excuses]
steps = [{ play = "excuses" }, { go = "prestataire" }]

[target.prestataire]
number = "03 84 00 00 01"
ring   = "20s"
else   = "secours"
sla    = "contrat"

[target.secours]
number = "03 84 00 00 09"
ring   = "15s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.agence_directe]
steps = [{ go = "agence" }]
[flow.voisine_directe]
steps = [{ go = "voisine" }]
[flow.vide_directe]
steps = [{ go = "vide" }]
[flow.astreinte]
steps = [{ go = "prestataire" }]
[flow.technique_directe]
steps = [{ go = "technique" }]

[number."03 84 96 13 70"]
flow = "accueil"
[number."03 84 96 13 71"]
flow = "agence_directe"
[number."03 84 96 13 72"]
flow = "voisine_directe"
[number."03 84 96 13 73"]
flow = "vide_directe"
[number."03 84 96 13 74"]
flow = "astreinte"
[number."03 84 96 13 75"]
flow = "technique_directe"

[prompts]
bienvenue = "Bonjour."
choix     = "Tapez 1, 2 ou 3."
excuses   = "Toutes nos lignes sont occupées."
rappelez  = "Merci de rappeler."

[music]
attente = "musique/*.wav"

[sla.accueil]
clock = "queue"
qs1   = { answered_under = "40s", above = 85 }
qs2   = { above = 85 }

[sla.contrat]
clock = "handover"
qs1   = { answered_under = "40s", above = 85 }
qs2   = { above = 85 }
"#;

pub(super) static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| Arc::new(plan(SITE)));

/// The same site, where phones that may answer by themselves are asked for a key.
static ASKING: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let site = SITE.replace("[queue.technique]\n", "[queue.technique]\naccept = \"1\"\n");
    let site = site.replace("[queue.voisine]\n", "[queue.voisine]\naccept = \"2\"\n");
    Arc::new(plan(&site.replace("[target.secours]\n", "[target.secours]\nanswer = \"key\"\n")))
});

/// Plays one seed to its end, where nothing may be left, and gives its log.
pub fn play(seed: u64) -> String {
    let mut chance = Random::from_number(seed);
    let channels =
        if chance.one_in(4) { Channels::Limited { total: 6, keep_out: 2 } } else { Channels::Unlimited };
    let plan = if seed.is_multiple_of(3) { &ASKING } else { &PLAN };
    let mut sim = Sim::new(MONDAY_MORNING, Arc::clone(plan), channels, seed);
    for _ in 0..CALLS {
        let number = number(&mut chance);
        let longest = if chance.one_in(3) { 600 } else { 60 };
        let patience = instant(&mut chance, longest);
        let at = instant(&mut chance, 90);
        sim.comes(at, Coming::Dials { number, patience });
    }
    if chance.one_in(4) {
        let trunk = usize::try_from(chance.below(2)).expect("a small number");
        let down = instant(&mut chance, 90);
        sim.comes(down, Coming::Trunk(trunk, false));
        sim.comes(down + instant(&mut chance, 60), Coming::Trunk(trunk, true));
    }
    if chance.one_in(10) {
        let stops = instant(&mut chance, 120);
        sim.comes(stops, Coming::StopsAccepting);
        sim.comes(stops + instant(&mut chance, 60), Coming::EndsAll);
    }
    sim.whims = Some(chance);
    sim.advance(LONGEST);
    sim.is_at_rest();
    sim.log()
}

impl Sim {
    pub(super) fn dials(&mut self, number: &str, patience: Duration) {
        let Caller(leg) = self.calls(number);
        let chance = self.whims.as_mut().expect("only chance dials by itself");
        let keys: Vec<_> = (0..chance.below(4)).map(|_| (instant(chance, 30), key(chance))).collect();
        for (after, key) in keys {
            self.comes(after, Coming::Presses(leg, key));
        }
        self.comes(patience, Coming::HangsUp(leg));
    }

    /// In a simulation a phone that asks for a key may be anybody's, or a voicemail's.
    pub(super) fn perhaps_presses(&mut self, leg: LegId) {
        let Some(chance) = self.whims.as_mut() else { return };
        let presses: Vec<_> = (0..chance.below(7)).map(|_| (instant(chance, 11), key(chance))).collect();
        for (after, key) in presses {
            self.comes(after, Coming::Presses(leg, key));
        }
    }

    /// In a simulation some put the other on hold, once.
    pub(super) fn perhaps_holds(&mut self, leg: LegId) {
        let Some(chance) = self.whims.as_mut().filter(|_| !leg.is_caller()) else { return };
        if chance.one_in(4) {
            let (held, resumed) = (instant(chance, 20), instant(chance, 20));
            self.comes(held, Coming::Holds(leg, true));
            self.comes(held + resumed, Coming::Holds(leg, false));
        }
    }
}

/// What somebody whose phone rings does this time.
pub(super) fn habit(chance: &mut Random) -> Habit {
    let after = instant(chance, 22);
    let talks = instant(chance, 90);
    match chance.below(12) {
        0 => Habit::BUSY,
        1 => Habit::SILENT,
        2 => Habit::RINGS,
        3 => Habit::refuses(after, Cause::Declined),
        4 => Habit::refuses(after, Cause::Cancelled),
        5 => Habit::refuses(Duration::ZERO, Cause::Unreachable),
        6 => Habit::plays_then_answers(after).talks(talks),
        _ => Habit::answers(after).talks(talks),
    }
}

/// How long what is left of a leg takes to disappear: RFC 3261's longest is 64 × T1.
pub(super) fn linger(chance: &mut Random) -> Duration {
    if chance.one_in(2) { Duration::ZERO } else { instant(chance, 32) }
}

pub(super) fn key(chance: &mut Random) -> char {
    ['1', '2', '3', '7'][usize::try_from(chance.below(4)).expect("a small number")]
}

/// The number somebody dials.
pub(super) fn number(chance: &mut Random) -> &'static str {
    NUMBERS[usize::try_from(chance.below(NUMBERS.len() as u64)).expect("a small number")]
}

/// An instant within so many seconds.
pub(super) fn instant(chance: &mut Random, seconds: u64) -> Duration {
    if chance.one_in(2) {
        Duration::from_secs(chance.below(seconds + 1))
    } else {
        Duration::from_millis(chance.below(seconds * 1_000 + 1))
    }
}
