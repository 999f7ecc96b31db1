//! Random calls, seed by seed, with every invariant checked after every event. `SPILLWAY_SEEDS` says how many seeds to
//! play, `SPILLWAY_SEED` which one, whose ladder is then printed.
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a story looks at what it is about and at nothing else, and a failing one is printed"
)]

mod support;

use support::sim::{random, wired};
use wired::lossy::{self, Tally};
use wired::races::{self, Race};

/// Seeds played when nobody says otherwise.
const SEEDS: u64 = 500;
/// Calls played over a network that loses so many of a hundred datagrams, when nobody says otherwise.
const LOSSY_CALLS: u64 = 500;
/// Races of each kind, when nobody says otherwise.
const RACES: u64 = 200;

/// Says which seed failed.
struct Playing(u64);

impl Drop for Playing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("\nseed {0} failed: SPILLWAY_SEED={0} plays it again", self.0);
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

#[test]
fn calls_at_leg_level_keep_every_invariant() {
    if let Some(seed) = number("SPILLWAY_SEED") {
        println!("{}", random::play(seed));
        return;
    }
    for seed in 0..number("SPILLWAY_SEEDS").unwrap_or(SEEDS) {
        let _playing = Playing(seed);
        random::play(seed);
    }
}

#[test]
fn calls_on_the_wire_keep_every_invariant() {
    if let Some(seed) = number("SPILLWAY_SEED") {
        println!("{}", wired::random::play(seed));
        return;
    }
    for seed in 0..number("SPILLWAY_SEEDS").unwrap_or(SEEDS) {
        let _playing = Playing(seed);
        wired::random::play(seed);
    }
}

#[test]
fn the_same_seed_gives_the_same_log_to_the_byte() {
    for seed in 0..20 {
        assert_eq!(random::play(seed), random::play(seed), "seed {seed}");
        assert_eq!(wired::random::play(seed), wired::random::play(seed), "seed {seed} on the wire");
    }
}

/// Plays calls over a network that loses so many of a hundred datagrams; of 10,000 at most `allowed` may fail. Fewer calls
/// are held to the same rate, rounded up.
fn calls_get_through(lost: u64, allowed: u64) {
    if let Some(seed) = number("SPILLWAY_SEED") {
        lossy::play(seed, lost, &mut Tally::default());
        return;
    }
    let calls = number("SPILLWAY_SEEDS").unwrap_or(LOSSY_CALLS);
    let mut tally = Tally::default();
    for seed in 0..calls.div_ceil(lossy::CALLS) {
        let _playing = Playing(seed);
        lossy::play(seed, lost, &mut tally);
    }
    let failed = u64::try_from(tally.failures.len()).expect("fewer than calls");
    println!("{lost} % lost: {} calls, {} datagrams lost, {failed} calls failed", tally.calls, tally.lost);
    println!("{}", tally.failures.join("\n"));
    assert_eq!(tally.lost > 0, lost > 0, "the network did as it was told");
    let allowed = (allowed * calls).div_ceil(10_000);
    assert!(failed <= allowed, "{failed} of {} calls failed, {allowed} may", tally.calls);
}

#[test]
fn every_call_succeeds_where_nothing_is_lost() {
    calls_get_through(0, 0);
}

#[test]
fn every_call_survives_the_loss_of_5_percent() {
    calls_get_through(5, 0);
}

#[test]
fn calls_survive_the_loss_of_10_percent() {
    calls_get_through(10, 2);
}

#[test]
fn calls_survive_the_loss_of_20_percent() {
    calls_get_through(20, 25);
}

#[test]
fn every_call_fails_where_everything_is_lost() {
    let mut tally = Tally::default();
    lossy::play(0, 100, &mut tally);
    assert_eq!(tally.failures.len(), 20, "the count of failures can count");
}

/// Plays races; so many of a hundred at least must have been close, or the window was missed.
fn race_is_settled(race: Race, close: u64) {
    if let Some(seed) = number("SPILLWAY_SEED") {
        races::play(race, seed);
        return;
    }
    let count = number("SPILLWAY_SEEDS").unwrap_or(RACES);
    let mut were_close = 0;
    for seed in 0..count.div_ceil(races::RACES) {
        let _playing = Playing(seed);
        were_close += races::play(race, seed);
    }
    println!("{race:?}: {count} races, {were_close} close");
    assert!(were_close * 100 >= count * close, "{were_close} of {count} {race:?} were close");
}

#[test]
fn a_cancel_and_an_answer_that_cross_leave_both_ends_agreed() {
    race_is_settled(Race::CancelAndAnswer, 20);
}

#[test]
fn two_hang_ups_that_cross_leave_both_ends_agreed() {
    race_is_settled(Race::ByeAndBye, 20);
}

#[test]
fn two_phones_that_answer_at_once_have_one_winner() {
    race_is_settled(Race::TwoAnswers, 20);
}

#[test]
fn an_ack_that_never_comes_ends_both_legs_after_32_s() {
    race_is_settled(Race::NoAck, 100);
}
