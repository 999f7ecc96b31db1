//! Two ends that act within one message's travel of each other, the whole engine between them: the far ends must agree in
//! the end, the record with both, and nothing be left. Knows when each message is where; nothing of who wins.

use super::verdict;
use super::{IPOFFICE, Left, OPERATEUR, Weather, Wired};
use crate::support::plan::plan;
use spillway::base::{Outcome, Random};
use spillway::call::Fact;
use spillway::dialplan::Plan;
use spillway::endpoint::{Answering, Between, Dial, Ending, Pickup, Story, Voice};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Races in one seed: each caller has a number, a queue and two phones of their own.
pub const RACES: u64 = 20;
/// Everybody has called by then, ms.
const CALLED_MS: u64 = 20_000;
/// 64 × T1 and a second, the longest a far end may be left in doubt (RFC 3261 section 13.3.1.4).
const DOUBT: Duration = Duration::from_secs(33);
/// What transactions and ports leave behind.
const REST: Duration = Duration::from_secs(64);
/// How soon a phone that lost is let go.
const SOON: Duration = Duration::from_millis(100);

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let mut site = String::from(
        r#"
[message.rappelez]
play = "rappelez"
[prompts]
rappelez  = "Merci de rappeler."
[music]
attente = "musique/*.wav"
"#,
    );
    for n in 10..10 + RACES {
        site += &format!(
            r#"
[queue.file{n}]
strategy = "ring-all"
agents   = {{ a{n} = 2{n}, b{n} = 3{n} }}
ring     = "60s"
overflow = [{{ after = "90s", to = "rappelez" }}]
hold     = {{ music = "attente" }}
[flow.vers{n}]
steps = [{{ go = "file{n}" }}]
[number."03 84 96 13 {n}"]
flow = "vers{n}"
"#
        );
    }
    Arc::new(plan(&site))
});

/// Which two things meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Race {
    /// The caller gives up as the phone, or the queue, answers: CANCEL and 200 cross.
    CancelAndAnswer,
    /// Both hang up: BYE and BYE cross.
    ByeAndBye,
    /// Both phones of a queue answer: two 200 of which one wins.
    TwoAnswers,
    /// No ACK of the callers' arrives, or none at the phones.
    NoAck,
}

/// What the chances of one race are.
struct Draw {
    ring: Duration,
    other_ring: Option<Duration>,
    talk: Option<Duration>,
    patience: Option<Duration>,
}

/// Plays the races of one seed to their end; says how many were close: both messages were under way at once.
///
/// # Panics
/// When far ends and record disagree, an invariant breaks or something is left.
pub fn play(race: Race, seed: u64) -> u64 {
    let mut chance = Random::from_number(seed);
    let delay = Duration::from_millis(1 + chance.below(40));
    let jitter = if chance.one_in(2) { Duration::ZERO } else { delay };
    let mut world = Wired::new(&PLAN, Weather { delay, jitter, ..Weather::CLEAR }, false, seed);
    for tag in 10..10 + RACES {
        let Draw { ring, other_ring, talk, patience } = race.draw(delay, &mut chance);
        let answer = |ring, talk: Option<Duration>| {
            let talk = talk.map(Between::exactly);
            Pickup::Answer(Answering { ring: Between::exactly(ring), talk, voice: Voice::Off })
        };
        let other = other_ring.map_or(Pickup::RingForever, |ring| answer(ring, talk));
        world.phone(IPOFFICE, &format!("2{tag}"), answer(ring, talk));
        world.phone(IPOFFICE, &format!("3{tag}"), other);
        let after = Duration::from_millis(chance.below(CALLED_MS));
        let dial = Wired::call(&format!("03849613{tag}"), &caller(tag));
        world.will_dial(after, Dial { tag, patience, ..dial });
    }
    if race == Race::NoAck {
        world.lose_acks_of(if chance.one_in(2) { OPERATEUR } else { IPOFFICE });
    }
    world.advance(Duration::from_millis(CALLED_MS) + DOUBT + REST);
    world.advance(REST);
    assert_eq!(world.left(), Left::default(), "something is left of the calls");
    world.agrees_with_the_wire();
    (10..10 + RACES).map(|tag| u64::from(world.settled(race, tag))).sum()
}

impl Race {
    /// Timings within the window: from the dialling, a caller's INVITE is at the phone after two delays, its 200 back at
    /// Spillway after three, and what the caller does at Spillway after one.
    fn draw(self, delay: Duration, chance: &mut Random) -> Draw {
        let ring = Duration::from_millis(chance.below(2_000));
        let mut within = |delays: u32| {
            let most = u64::try_from((delay * delays).as_micros()).expect("less than seconds");
            Duration::from_micros(chance.below(most + 1))
        };
        match self {
            Self::CancelAndAnswer => {
                // Half of them while the phone answers, half while the queue does.
                let patience = if within(1) * 2 < delay { ring + within(3) } else { within(3) };
                Draw { ring, other_ring: None, talk: None, patience: Some(patience) }
            }
            Self::ByeAndBye => {
                let talk = Duration::from_secs(1) + within(20);
                let patience = ring + talk + within(4);
                Draw { ring, other_ring: None, talk: Some(talk), patience: Some(patience) }
            }
            Self::TwoAnswers => {
                let other_ring = Some(ring + within(3));
                Draw { ring, other_ring, talk: Some(Duration::from_secs(5)), patience: None }
            }
            Self::NoAck => {
                let ring = Duration::from_millis(100) + within(20);
                Draw { ring, other_ring: None, talk: None, patience: None }
            }
        }
    }
}

fn caller(tag: u64) -> String {
    format!("06010203{tag:02}")
}

impl Wired {
    /// What must be true of every race once it is over; whether it was close.
    fn settled(&self, race: Race, tag: u64) -> bool {
        let who = caller(tag);
        let of = |side| {
            let stories = self.stories.iter().filter(|(told, story)| *told == side && story.caller == who);
            stories.map(|(_, story)| story).collect::<Vec<&Story>>()
        };
        let (placed, taken) = (of(OPERATEUR), of(IPOFFICE));
        let told = || format!("{placed:?}\n{taken:?}\n{}", self.ladder_of(&who));
        assert_eq!(placed.len(), 1, "{}", told());
        assert!(taken.len() <= 2, "{}", told());
        // A far end's leg breaks where its ACK does; nowhere else.
        for story in placed.iter().chain(&taken) {
            let broke =
                matches!(story.ending, Ending::Failed(_) | Ending::Refused(_) | Ending::FarRefused(_));
            assert!(!broke || race == Race::NoAck, "{}", told());
        }
        let record = self.outcomes.records.iter().find(|record| record.caller == who);
        let Some(record) = record else {
            assert!(taken.is_empty() && placed[0].answered.is_none(), "{}", told());
            return false;
        };
        let mine = |fact: &&Arc<spillway::call::Entry>| {
            fact.subject == spillway::call::Subject::Call(record.call)
                && matches!(fact.fact, Fact::Bridged { .. })
        };
        let bridges = self.outcomes.facts.iter().filter(mine).count();
        let answered = usize::from(record.outcome == Outcome::Answered);
        assert_eq!(bridges, answered, "{record:?}\n{}", told());
        let rungs = verdict::rungs(self.watch.said(), &who);
        assert!(rungs.losers_let_go_within(SOON), "{}", told());
        match race {
            Race::CancelAndAnswer => rungs.cancelled_and_answered() || self.cancelled_by_caller(&who),
            Race::ByeAndBye => {
                assert!(placed[0].answered.is_some() && answered == 1, "{}", told());
                self.byes_crossed(&who)
            }
            Race::TwoAnswers => {
                assert_eq!(answered, 1, "{}", told());
                let talked = taken.iter().filter(|story| story.ending == Ending::HungUp).count();
                assert_eq!(talked, 1, "one phone talked to the end\n{}", told());
                rungs.answers() == 2
            }
            Race::NoAck => {
                self.gave_up_on_the_ack(&who, &told());
                true
            }
        }
    }

    /// Whether a caller's own CANCEL was sent.
    fn cancelled_by_caller(&self, who: &str) -> bool {
        self.watch.said_for(who).iter().any(|line| !line.ours && line.is_request("CANCEL"))
    }

    /// Whether, in one dialog, both sides hung up.
    fn byes_crossed(&self, who: &str) -> bool {
        let said = self.watch.said_for(who);
        let mut byes = said.iter().filter(|line| !line.ours && line.is_request("BYE"));
        byes.any(|bye| {
            said.iter().any(|line| line.ours && line.is_request("BYE") && line.call_id == bye.call_id)
        })
    }

    /// Whoever waited for an ACK in vain said BYE after 64 × T1; that was the first anybody said.
    fn gave_up_on_the_ack(&self, who: &str, told: &str) {
        let said = self.watch.said_for(who);
        let waits = self.acks_lost == Some(OPERATEUR);
        let is_answer = |code| code == Some(200);
        let mut answers = said.iter().filter(|line| line.method == "INVITE" && is_answer(line.code));
        let first = answers.find(|line| line.ours == waits);
        let bye = said.iter().find(|line| line.is_request("BYE"));
        let (Some(first), Some(bye)) = (first, bye) else { panic!("no answer or no BYE\n{told}") };
        assert_eq!(bye.ours, waits, "{told}");
        let after = bye.at.since(first.at);
        let expected = Duration::from_secs(31)..=Duration::from_secs(33);
        assert!(expected.contains(&after), "BYE {after:?} after the answer\n{told}");
    }
}
