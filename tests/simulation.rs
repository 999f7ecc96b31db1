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

/// Seeds played when nobody says otherwise.
const SEEDS: u64 = 500;

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
