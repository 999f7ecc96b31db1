//! Changes that cross each other, or a hang-up, at random within the time a message travels.

use super::pair::End::{self, Left, Right};
use super::pair::{Pair, local};
use crate::base::Cause;
use crate::signaling::{LegEvent, LegKey};

/// Crossings of each kind, unless `SPILLWAY_SEEDS` said another number when the tests were built.
const CROSSINGS: u64 = 200;
/// Between them a message takes 5 ms and up to so much more, ms.
const SLOWEST: u64 = 40;

/// Plays the crossings; at least one in five must have been close.
fn cross(play: impl Fn(u64) -> bool) {
    let count = option_env!("SPILLWAY_SEEDS").and_then(|text| text.parse().ok()).unwrap_or(CROSSINGS);
    let close = (0..count).filter(|seed| play(*seed)).count() as u64;
    assert!(close * 5 >= count, "{close} of {count} were close");
}

/// A call whose messages take their time.
fn talking(seed: u64) -> (Pair, LegKey, LegKey) {
    let mut pair = Pair::new(seed);
    let (caller, called) = pair.connect();
    pair.faults.2 = pair.random.below(SLOWEST + 1);
    (pair, caller, called)
}

/// A time within which a message may still be under way, ms.
fn travel(pair: &mut Pair) -> u64 {
    let slowest = pair.faults.2;
    pair.random.below(5 + slowest)
}

/// The port an end was last told the other listens at.
fn port(pair: &mut Pair, end: End, leg: LegKey) -> Option<u16> {
    let events = pair.side(end).of(leg);
    events
        .iter()
        .rev()
        .find_map(|event| if let LegEvent::Remote { media } = event { Some(media.rtp.port()) } else { None })
}

/// Each hung up or was hung up on, once, and nothing is left of either.
fn both_are_over(pair: &mut Pair, seed: u64, legs: [(End, LegKey); 2]) {
    for (end, leg) in legs {
        pair.act(end, |stack, now| stack.release_bye(now, leg));
    }
    pair.run_out();
    for (end, leg) in legs {
        let events = pair.side(end).of(leg);
        assert_eq!(events.last(), Some(&LegEvent::Ended), "{seed}: {events:?}\n{:#?}", pair.words());
        let broke = events.iter().any(|event| matches!(event, LegEvent::Failed { .. }));
        assert!(!broke, "{seed}: {events:?}\n{:#?}", pair.words());
    }
    pair.assert_idle();
}

/// Whether one was refused for the other's sake.
fn changes_cross(seed: u64) -> bool {
    let (mut pair, caller, called) = talking(seed);
    let apart = travel(&mut pair);
    let (first, second) = if pair.random.one_in(2) { (Left, Right) } else { (Right, Left) };
    let change = |pair: &mut Pair, end| {
        let (leg, moved) = if end == Left { (caller, local(4_100)) } else { (called, local(6_100)) };
        pair.act(end, |stack, now| stack.reinvite(now, leg, moved));
    };
    change(&mut pair, first);
    pair.run_ms(apart);
    change(&mut pair, second);
    // Glare is tried again within 4 s (RFC 3261 section 14.1), and may meet again.
    pair.run_ms(60_000);
    let words = pair.words();
    assert_eq!(port(&mut pair, Left, caller), Some(6_100), "{seed}: {words:#?}");
    assert_eq!(port(&mut pair, Right, called), Some(4_100), "{seed}: {words:#?}");
    for end in [Left, Right] {
        let leg = if end == Left { caller } else { called };
        let over = pair.side(end).of(leg).contains(&LegEvent::Ended);
        assert!(!over, "{seed}: the call goes on\n{words:#?}");
    }
    pair.act(Left, |stack, now| stack.bye(now, caller, Cause::Normal));
    pair.run_ms(2_000);
    both_are_over(&mut pair, seed, [(Left, caller), (Right, called)]);
    words.iter().any(|word| word.ends_with("491 Request Pending"))
}

/// Whether the change was asked for.
fn hang_up_crosses_change(seed: u64) -> bool {
    let (mut pair, caller, called) = talking(seed);
    let apart = travel(&mut pair);
    let change_first = pair.random.one_in(2);
    let same_end = pair.random.one_in(4);
    let hang_up = |pair: &mut Pair| pair.act(Left, |stack, now| stack.bye(now, caller, Cause::Normal));
    let change = |pair: &mut Pair| {
        let (end, leg) = if same_end { (Left, caller) } else { (Right, called) };
        pair.act(end, |stack, now| stack.reinvite(now, leg, local(6_100)));
    };
    if change_first {
        change(&mut pair);
        pair.run_ms(apart);
        hang_up(&mut pair);
    } else {
        hang_up(&mut pair);
        pair.run_ms(apart);
        change(&mut pair);
    }
    pair.run_ms(2_000);
    both_are_over(&mut pair, seed, [(Left, caller), (Right, called)]);
    let hung_up = pair.right.of(called).iter().any(|event| matches!(event, LegEvent::HungUp { .. }));
    assert!(hung_up, "{seed}: {:#?}", pair.words());
    let said = pair.words();
    let invites = said.iter().filter(|word| word.ends_with("INVITE")).count();
    invites > 1
}

/// Whether both said BYE.
fn hang_ups_cross(seed: u64) -> bool {
    let (mut pair, caller, called) = talking(seed);
    let apart = travel(&mut pair);
    pair.act(Left, |stack, now| stack.bye(now, caller, Cause::Normal));
    pair.run_ms(apart);
    pair.act(Right, |stack, now| stack.bye(now, called, Cause::Normal));
    pair.run_ms(2_000);
    both_are_over(&mut pair, seed, [(Left, caller), (Right, called)]);
    pair.words().iter().filter(|word| word.ends_with("BYE")).count() > 1
}

#[test]
fn changes_that_cross_are_both_made() {
    cross(changes_cross);
}

#[test]
fn a_hang_up_that_crosses_a_change_ends_both_ends() {
    cross(hang_up_crosses_change);
}

#[test]
fn hang_ups_that_cross_end_both_ends() {
    cross(hang_ups_cross);
}
