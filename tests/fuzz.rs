//! The fuzz targets on the stable toolchain: the committed corpus again, then as much of what can be made of it as time
//! allows, `SPILLWAY_FUZZ_SECONDS` a target that reads what strangers write (2 unless said). `tests/fuzz/README.md` says how to look longer.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "measures; what is tried depends on a seed alone"
)]

#[path = "fuzz/bodies/mod.rs"]
mod bodies;
#[path = "fuzz/corpus.rs"]
mod corpus;
#[path = "fuzz/mutation.rs"]
mod mutation;

use bodies::{TARGETS, Target};
use corpus::corpus;
use mutation::Mutator;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// Whatever 64 KB a stranger sends, reading them takes no longer.
const READ_WITHIN: Duration = Duration::from_millis(1);
/// The seed of a run: another one finds other things, the same one the same.
const SEED: u64 = 0x5b11;

/// What every target gets.
const BRIEFLY: Duration = Duration::from_secs(2);

fn how_long(target: &Target) -> Duration {
    if target.is_brief {
        return BRIEFLY;
    }
    let seconds = std::env::var("SPILLWAY_FUZZ_SECONDS").map(|seconds| seconds.parse());
    let seconds = seconds.map(|seconds| seconds.expect("SPILLWAY_FUZZ_SECONDS is a number"));
    seconds.map_or(BRIEFLY, Duration::from_secs_f64)
}

/// Gives it the input; one that fails is written down where it can be tried again.
fn try_one(target: &Target, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        keep(target, input);
        resume_unwind(panic);
    }
    if let Some(read) = target.read.filter(|_| !cfg!(debug_assertions))
        && let Some(best) = slow(read, input)
    {
        keep(target, input);
        panic!("{}: {} bytes take {best:?}", target.name, input.len());
    }
}

/// Writes an input down.
fn keep(target: &Target, input: &[u8]) {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
    std::fs::write(&path, input).expect("the folder is writable");
    eprintln!("{}: {} bytes, kept in {}", target.name, input.len(), path.display());
}

/// How long reading takes, where that is too long every time: a machine that was busy meanwhile says nothing.
fn slow(read: fn(&[u8]), input: &[u8]) -> Option<Duration> {
    const TIMES: usize = 20;
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        let start = Instant::now();
        read(input);
        best = best.min(start.elapsed());
        if best <= READ_WITHIN {
            return None;
        }
    }
    Some(best)
}

fn play(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let corpus = corpus(name);
    for input in &corpus {
        try_one(target, input);
    }
    let mut mutator = Mutator::new(SEED, &corpus, target.is_text);
    let how_long = how_long(target);
    let (until, mut tried) = (Instant::now() + how_long, 0_u64);
    while Instant::now() < until {
        try_one(target, &mutator.next());
        tried += 1;
    }
    assert!(tried > 0 || how_long.is_zero());
    println!("{name}: {} of the corpus, {tried} made of it", corpus.len());
}

/// A test of its own for each target, so that they share the processors.
macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            play(stringify!($name));
        })*

        #[test]
        fn every_target_has_its_test_and_its_binary() {
            let tests = [$(stringify!($name)),*];
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, tests);
            let manifest = include_str!("fuzz/Cargo.toml");
            let binaries = manifest.split("[[bin]]\nname = \"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
            assert_eq!(binaries.collect::<Vec<_>>(), tests);
        }
    };
}

targets! {
    message stream uri via name_addr cseq contact session_expires rack reason diversion challenge sdp rtp rtcp settings
    dialplan engine stack wav board phone
}

#[test]
fn the_corpus_stays_small_enough_to_keep() {
    let bytes: usize = TARGETS.iter().flat_map(|target| corpus(target.name)).map(|input| input.len()).sum();
    assert!(bytes < 1_500_000, "{bytes} bytes");
}
