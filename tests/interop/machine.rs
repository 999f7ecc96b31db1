//! What the machine does to stories told in real time: two cores serve one story that works at a time, and a host that takes them
//! away in the middle says so in /proc/stat. Must never excuse a failure on a machine that was left alone.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Share of the processors' time taken by the host above which a failed story says nothing of the service.
const DISTURBED: f64 = 0.02;
/// How often a story is told at the most.
const TELLINGS: usize = 3;

/// Alone on the machine, as far as these stories go.
pub fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    turn(&TURN)
}

/// For a story that mostly waits: beside one of the others, which notice nothing of it.
pub fn aside() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    turn(&TURN)
}

fn turn(turn: &'static Mutex<()>) -> MutexGuard<'static, ()> {
    // A story that failed has left nothing behind.
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells a story that measures time; one that failed while the host took the processors away is told again.
pub fn in_real_time(story: impl Fn()) {
    for telling in 1.. {
        let before = Processors::now();
        let Err(panic) = catch_unwind(AssertUnwindSafe(&story)) else { return };
        let stolen = Processors::now().stolen_since(&before);
        if telling == TELLINGS || stolen < DISTURBED {
            resume_unwind(panic);
        }
        eprintln!("told again: the host took {:.0} % of the processors' time", stolen * 100.0);
    }
}

/// Ticks of all processors together (proc_stat(5)).
struct Processors {
    stolen: u64,
    all: u64,
}

impl Processors {
    fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").expect("Linux");
        let first = stat.lines().next().unwrap_or_default();
        // user nice system idle iowait irq softirq steal; guest time is in user's already.
        let ticks: Vec<u64> = first.split_whitespace().skip(1).take(8).flat_map(str::parse).collect();
        Self { stolen: ticks.get(7).copied().unwrap_or(0), all: ticks.iter().sum() }
    }

    fn stolen_since(&self, before: &Self) -> f64 {
        (self.stolen - before.stolen) as f64 / (self.all - before.all).max(1) as f64
    }
}
