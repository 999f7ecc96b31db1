//! What a process uses, from /proc. Must never know which process it is.

use std::time::Duration;

/// A process seen through /proc.
#[derive(Clone, Copy, Debug)]
pub struct Process(pub u32);

impl Process {
    /// The harness itself.
    pub fn own() -> Self {
        Self(std::process::id())
    }

    /// Processor time used so far, all threads, user and system.
    pub fn cpu(self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        // The name, in parentheses, may hold spaces; utime and stime are fields 14 and 15 (proc_pid_stat(5)).
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks: u64 =
            after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        // USER_HZ is 100 on every Linux we measure on.
        Duration::from_millis(ticks * 10)
    }

    /// Memory resident now, KiB.
    pub fn resident_kib(self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most that was ever resident, KiB.
    pub fn peak_kib(self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }
}
