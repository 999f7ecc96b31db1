//! The simulation of loss: calls that would all succeed on a good network, over one that loses, doubles and reorders on
//! both legs. Knows how the plan's people behave; nothing of how the signaling gets through.

use super::super::random::instant;
use super::{IPOFFICE, Left, OPERATEUR, Weather, Wired};
use crate::support::plan::plan;
use spillway::base::{Outcome, Random};
use spillway::call::{Fact, Subject};
use spillway::dialplan::Plan;
use spillway::endpoint::{Answering, Between, Dial, Ending, Pickup, Side, Story, Voice};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Calls in one seed: as many as there are agents, so that nobody waits for anything but the network.
pub const CALLS: u64 = 20;
/// Everybody has called by then, s.
const CALLED_S: u64 = 60;
/// The longest ringing and the longest talk, s. The plan rings for longer than an INVITE can be on its way (64 × T1) and a
/// phone ring after that, so that no agent is by right given up and rung again for the same caller.
const RINGS_S: u64 = 6;
const TALKS_S: u64 = 30;
/// The shortest time a caller stays, s: they were picked up by the queue, and reaching the agent may take 64 × T1 for
/// the INVITE, the ringing, and 64 × T1 for the 200. Who left sooner would be lost by their own impatience.
const STAYS_S: u64 = 64 + RINGS_S + 5;
/// What RFC 3261 lets pass between hanging up and the far end's knowing, both legs: 64 × T1 each.
const OVER: Duration = Duration::from_secs(64);
/// What transactions and ports leave behind.
const REST: Duration = Duration::from_secs(64);

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let agents: Vec<_> = (0..CALLS).map(|n| format!("agent{n} = {}", 200 + n)).collect();
    Arc::new(plan(&format!(
        r#"
[flow.accueil]
steps = [{{ go = "technique" }}]
[queue.technique]
agents   = {{ {} }}
ring     = "60s"
wrap_up  = "0s"
overflow = [{{ after = "180s", to = "rappelez" }}]
hold     = {{ music = "attente" }}
[message.rappelez]
play = "rappelez"
[number."03 84 96 13 70"]
flow = "accueil"
[prompts]
rappelez  = "Merci de rappeler."
[music]
attente = "musique/*.wav"
"#,
        agents.join(", ")
    )))
});

/// What became of the calls of some seeds.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls placed.
    pub calls: u64,
    /// Calls that failed, each with its number, why, and its ladder.
    pub failures: Vec<String>,
    /// Datagrams the network lost.
    pub lost: u64,
}

/// Bad weather with this many of a hundred lost, a tenth doubled, and overtaking within 200 ms.
pub const fn weather(lost: u64) -> Weather {
    let doubled = if lost == 0 { 0 } else { 10 };
    Weather { lost, doubled, delay: Duration::from_millis(20), jitter: Duration::from_millis(200) }
}

/// Plays the calls of one seed to their end.
///
/// # Panics
/// When a call is doubled, an invariant breaks or something is left: these are never the network's fault.
pub fn play(seed: u64, lost: u64, tally: &mut Tally) {
    let mut chance = Random::from_number(seed);
    let mut world = Wired::new(&PLAN, weather(lost), false, seed);
    for tag in 0..CALLS {
        let after = instant(&mut chance, CALLED_S);
        let talk = Some(Duration::from_secs(STAYS_S) + instant(&mut chance, TALKS_S));
        world.will_dial(after, Dial { tag, talk, ..Wired::call("0384961370", &caller(tag)) });
    }
    let spread = |least, most| Between::new(Duration::from_secs(least), Duration::from_secs(most));
    for agent in 0..CALLS {
        // Half of the agents hang up, the others wait for the caller to.
        let answering = Answering {
            ring: spread(0, RINGS_S),
            talk: agent.is_multiple_of(2).then(|| spread(1, TALKS_S)),
            voice: Voice::Off,
        };
        world.phone(IPOFFICE, &(200 + agent).to_string(), Pickup::Answer(answering));
    }
    world.advance(Duration::from_secs(CALLED_S + STAYS_S + TALKS_S) + OVER);
    let mut rested = Duration::ZERO;
    while !world.is_at_rest() && rested < Duration::from_secs(600) {
        world.advance(REST);
        rested += REST;
    }
    assert_eq!(world.left(), Left::default(), "something is left of the calls");
    world.agrees_with_the_wire();
    tally.calls += CALLS;
    tally.lost += world.network.lost();
    for tag in 0..CALLS {
        world.is_not_doubled(tag);
        if let Some(why) = world.failure(tag) {
            let ladder = world.ladder_of(&caller(tag));
            tally.failures.push(format!("seed {seed}, {}: {why}\n{ladder}", caller(tag)));
        }
    }
}

fn caller(tag: u64) -> String {
    format!("06010203{tag:02}")
}

impl Wired {
    fn of(&self, side: usize, tag: u64) -> Vec<&Story> {
        let who = caller(tag);
        let stories = self.stories.iter().filter(|(told, story)| *told == side && story.caller == who);
        stories.map(|(_, story)| story).collect()
    }

    /// A caller has one call and at most one bridge, and no phone is rung for it while it still rings or talks for it. A
    /// second phone may be: when nothing came back for 64 × T1 the first is lost to us, whatever it heard. That is a
    /// failure of the network's making, and counted as one.
    fn is_not_doubled(&self, tag: u64) {
        let (placed, taken) = (self.of(OPERATEUR, tag), self.of(IPOFFICE, tag));
        assert_eq!(placed.len(), 1, "{} placed {placed:?}", caller(tag));
        assert!(placed.iter().all(|story| story.side == Side::Placed), "{placed:?}");
        for (place, later) in taken.iter().enumerate() {
            let mut earlier = taken[..place].iter().filter(|earlier| earlier.user == later.user);
            let at_once = |earlier: &&&Story| earlier.begun <= later.ended && later.begun <= earlier.ended;
            assert!(earlier.find(at_once).is_none(), "{} rang twice for {}", later.user, caller(tag));
        }
        let records = self.outcomes.records.iter().filter(|record| record.caller == caller(tag));
        let records: Vec<_> = records.collect();
        assert!(records.len() <= 1, "{} has {records:?}", caller(tag));
        let call = records.first().map(|record| Subject::Call(record.call));
        let mine = self.outcomes.facts.iter().filter(|entry| Some(&entry.subject) == call.as_ref());
        let bridges = mine.filter(|entry| matches!(entry.fact, Fact::Bridged { .. })).count();
        assert!(bridges <= 1, "{} is bridged {bridges} times", caller(tag));
    }

    /// Why a call failed. One succeeds when both far ends talked, one of them hung up because the talk was over, the
    /// other learnt of it by a BYE, and the record says answered. All of them do where nothing is lost.
    fn failure(&self, tag: u64) -> Option<String> {
        let (placed, taken) = (self.of(OPERATEUR, tag), self.of(IPOFFICE, tag));
        let [placed] = placed[..] else { return Some("no call".into()) };
        let [taken] = taken[..] else { return Some(format!("{} phones were rung: {placed:?}", taken.len())) };
        let fair = |story: &Story| {
            story.answered.is_some() && matches!(story.ending, Ending::HungUp | Ending::FarHungUp(_))
        };
        let somebody_left = [placed, taken].iter().any(|story| story.ending == Ending::HungUp);
        let record = self.outcomes.records.iter().find(|record| record.caller == caller(tag));
        let answered = record.is_some_and(|record| record.outcome == Outcome::Answered);
        let succeeded = fair(placed) && fair(taken) && somebody_left && answered;
        (!succeeded).then(|| format!("{placed:?}\n{taken:?}\n{record:?}"))
    }

    /// What was said in the dialogs of one caller.
    pub fn ladder_of(&self, who: &str) -> String {
        let mut ladder = String::new();
        for line in self.watch.said_for(who) {
            let arrow = if line.ours { "->" } else { "<-" };
            let code = line.code.map_or_else(String::new, |code| format!("{code} "));
            writeln!(ladder, "{} {arrow} {} {code}{}", line.at, line.peer, line.method)
                .expect("a string takes every line");
        }
        ladder
    }
}
