//! The simulation on the wire: the ten calls of `sim::random`, over a network as bad as it may be.

use super::super::random::{self as people, CALLS, instant};
use super::{IPOFFICE, Left, OPERATEUR, Weather, Wired, ears, verdict};
use spillway::base::{Outcome, Random};
use spillway::endpoint::{Answering, Between, Dial, Key, Pickup, Voice};
use std::collections::BTreeSet;
use std::time::Duration;

/// One seed in so many has voices, which cost more than all the rest.
const VOICES_ONE_IN: u64 = 25;
/// The shortest session there is, s (RFC 4028 section 5).
const SHORT_SESSION_S: u32 = 90;
/// By then every call is over.
const LONGEST: Duration = Duration::from_secs(1_200);
/// How long rest may take: a transaction's longest life, and a port's.
const REST: Duration = Duration::from_secs(64);

/// Plays one seed to its end, where nothing may be left, and gives its ladder.
pub fn play(seed: u64) -> String {
    let mut chance = Random::from_number(seed);
    let weather = Weather::drawn(&mut chance);
    let voices = chance.one_in(VOICES_ONE_IN);
    let opening = if chance.one_in(8) { instant(&mut chance, 40) } else { Duration::ZERO };
    let mut world = Wired::slow_to_open(&people::PLAN, weather, voices, seed, opening);
    if chance.one_in(4) {
        // Refreshed at half of it, so in the middle of most talks.
        world.sessions_last(SHORT_SESSION_S, &mut chance);
    }
    for tag in 0..CALLS {
        let at = instant(&mut chance, 60);
        let dial = dial(tag, voices, &mut chance);
        world.will_dial(at, dial);
    }
    if chance.one_in(8) {
        let side = if chance.one_in(2) { OPERATEUR } else { IPOFFICE };
        let from = world.now.moment + instant(&mut chance, 90);
        world.cut = Some((side, from, from + instant(&mut chance, 60)));
        world.ears.expect_a_cut();
    }
    if chance.one_in(4) {
        world.disk_takes = Duration::from_millis(chance.below(400));
    }
    world.whims = Some(chance);
    world.advance(Duration::from_secs(240));
    world.network.calms();
    let mut waited = Duration::ZERO;
    while !world.is_at_rest() && waited < LONGEST {
        world.advance(REST);
        waited += REST;
    }
    assert_eq!(world.left(), Left::default(), "something is left of the calls");
    world.agrees_with_the_wire();
    world.ladder().to_string()
}

fn dial(tag: u64, voices: bool, chance: &mut Random) -> Dial {
    let number = people::number(chance);
    let keys = (0..chance.below(4))
        .map(|_| Key { after: instant(chance, 30), digit: people::key(chance) })
        .collect();
    let longest = if chance.one_in(3) { 200 } else { 60 };
    Dial {
        tag,
        keys,
        patience: Some(instant(chance, longest)),
        voice: if voices { Voice::Tone(ears::CALLER) } else { Voice::Off },
        ..Wired::call(number, &format!("06010203{tag:02}"))
    }
}

/// How the phone rung next takes its call.
pub(super) fn pickup(chance: &mut Random, side: usize, voices: bool) -> Pickup {
    let hz = if side == IPOFFICE { ears::AGENT } else { ears::TARGET };
    match chance.below(10) {
        0 => Pickup::Refuse(486),
        1 => Pickup::Refuse(603),
        2 => Pickup::Refuse(480),
        3 => Pickup::RingForever,
        _ => Pickup::Answer(Answering {
            ring: Between::exactly(instant(chance, 22)),
            talk: Some(Between::exactly(instant(chance, 90))),
            voice: if voices { Voice::Tone(hz) } else { Voice::Off },
        }),
    }
}

impl Wired {
    /// 2, 3 and 14, as seen from outside once all is over: what the records say is what was said on the wire.
    pub(super) fn agrees_with_the_wire(&self) {
        assert_eq!(self.watch.unacknowledged(), 0, "a 2xx has had no ACK");
        let offered = self.watch.said().iter().filter(|line| !line.ours && line.is_request("INVITE"));
        let offered: BTreeSet<&str> = offered.map(|line| line.call_id.as_str()).collect();
        assert_eq!(offered.len(), self.outcomes.records.len(), "one record for each INVITE");
        for fact in &self.outcomes.facts {
            let spillway::call::Subject::Call(call) = fact.subject else { continue };
            let spillway::call::Fact::Arrived { sip_call_id, .. } = &fact.fact else { continue };
            let record = self.outcomes.records.iter().find(|record| record.call == call);
            let record = record.unwrap_or_else(|| panic!("{call} has no record"));
            let ended = fact.now.moment + Duration::from_millis(record.duration_ms + 1);
            assert!(
                verdict::all_let_go(self.watch.said(), &record.caller, ended),
                "{record:?} left somebody"
            );
            if self.cut.is_none() {
                let borne_out = verdict::bears_out(self.watch.said(), sip_call_id, record.outcome);
                assert!(borne_out, "{record:?} is not what was said");
            }
            let answer = self.watch.answer(sip_call_id);
            let picked_up = answer.is_some_and(|code| code < 300);
            assert_eq!(picked_up, record.picked_up, "{record:?} was answered {answer:?}");
            let rejected = record.outcome == Outcome::Rejected;
            assert!(!rejected || answer.is_some_and(|code| code >= 400), "{record:?} has {answer:?}");
        }
    }
}
