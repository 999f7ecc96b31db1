//! Any verb at any moment over a wire that loses, doubles and reorders: it always ends, and leaves nothing.

use super::pair::End::{Left, Right};
use super::pair::{End, Pair, local};
use crate::base::{Cause, Transport};
use crate::signaling::{Invite, LegEvent, LegKey, Rejection, SessionSettings};
use std::collections::BTreeMap;

const SEEDS: u64 = 150;

/// One end does something at random to one of its legs.
fn meddle(pair: &mut Pair, end: End, legs: &[LegKey]) {
    let Some(leg) = legs.get(usize::try_from(pair.random.below(legs.len() as u64)).expect("small")) else {
        return;
    };
    let (leg, dice) = (*leg, pair.random.below(12));
    pair.act(end, |stack, now| match dice {
        0..=2 => stack.accept(now, leg, local(6_000)),
        3 => stack.ring(now, leg),
        4 => stack.progress(now, leg, local(6_000)),
        5 => stack.reject(now, leg, Rejection::from(Cause::Busy)),
        6 => stack.cancel(now, leg, Cause::Cancelled),
        7 => stack.bye(now, leg, Cause::Normal),
        8 | 9 => stack.release_bye(now, leg),
        _ => stack.reinvite(now, leg, local(8_000)),
    });
}

fn legs(pair: &Pair, end: End, dialled: &[LegKey]) -> Vec<LegKey> {
    match end {
        Left => dialled.to_vec(),
        Right => pair.right.invited.iter().map(|(leg, _)| *leg).collect(),
    }
}

fn storm(seed: u64) {
    // Every other one has sessions so short that refreshes come in the middle of everything else.
    let interval_s =
        if seed.is_multiple_of(2) { 1_800 } else { 3 + u32::try_from(seed % 17).expect("small") };
    let session = SessionSettings { interval_s, min_interval_s: interval_s.min(90) };
    let mut pair = Pair::timed(Transport::Udp, session, seed);
    pair.faults = (pair.random.below(21), pair.random.below(11), pair.random.below(800));
    let mut dialled = Vec::new();
    for _ in 0..60 {
        if dialled.len() < 10 && pair.random.one_in(4) {
            let invite = if pair.random.one_in(4) { pair.late() } else { pair.invite() };
            let invite = Invite { max_forwards: 70 - dialled.len() as u8, ..invite };
            dialled.push(pair.left.stack.invite(pair.now, invite));
        }
        let end = if pair.random.one_in(2) { Left } else { Right };
        let legs = legs(&pair, end, &dialled);
        meddle(&mut pair, end, &legs);
        let pause = pair.random.below(1_000);
        pair.run_ms(pause);
    }
    // The storm is over: everyone hangs up and everything released ends.
    for _ in 0..4 {
        for end in [Left, Right] {
            for leg in legs(&pair, end, &dialled) {
                pair.act(end, |stack, now| {
                    stack.bye(now, leg, Cause::Normal);
                    stack.release_bye(now, leg);
                });
            }
        }
        pair.run_out();
    }
    pair.assert_idle();
    check(&pair, seed);
}

/// What holds whatever happened.
fn check(pair: &Pair, seed: u64) {
    for side in [&pair.left, &pair.right] {
        let mut last: BTreeMap<LegKey, &LegEvent> = BTreeMap::new();
        for (_, leg, event) in &side.events {
            assert_ne!(last.get(leg), Some(&&LegEvent::Ended), "{seed}: {leg} spoke after its end");
            last.insert(*leg, event);
        }
        assert!(last.values().all(|event| **event == LegEvent::Ended), "{seed}");
    }
    // One invitation for each INVITE sent, however often it arrived.
    let mut seen: Vec<&str> = pair.right.invited.iter().map(|(_, one)| one.call_id.as_str()).collect();
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), all, "{seed}");
}

#[test]
fn whatever_happens_it_ends_and_nothing_is_left() {
    for seed in 0..SEEDS {
        storm(seed);
    }
}
