//! Calls a second: as many at once as a second may have, then one for each part of it (the generic cell rate algorithm
//! of ITU-T I.371, which is a token bucket without its refilling).

use crate::base::Moment;
use std::time::Duration;

/// How fast calls may come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// The time one call takes up; nothing without a limit.
    interval: Option<Duration>,
    /// Until when the calls that came have taken up the time.
    until: Moment,
}

impl Rate {
    pub(super) fn per_second(calls: Option<u32>) -> Self {
        let interval = calls.map(|calls| Duration::from_secs(1) / calls.max(1));
        Self { interval, until: Moment::ZERO }
    }

    /// Whether one more may come now, and then it has.
    pub(super) fn take(&mut self, now: Moment) -> bool {
        let Some(interval) = self.interval else { return true };
        let from = self.until.max(now);
        if from.since(now) + interval > Duration::from_secs(1) {
            return false;
        }
        self.until = from + interval;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(rate: &mut Rate, at_ms: u64, times: usize) -> usize {
        (0..times).filter(|_| rate.take(Moment::from_millis(at_ms))).count()
    }

    #[test]
    fn a_second_has_so_many_calls_however_they_come() {
        let mut rate = Rate::per_second(Some(10));
        assert_eq!(taken(&mut rate, 5_000, 50), 10);
        assert_eq!(taken(&mut rate, 5_099, 50), 0);
        assert_eq!(taken(&mut rate, 5_100, 50), 1);
        assert_eq!(taken(&mut rate, 5_600, 50), 5);
        assert_eq!(taken(&mut rate, 9_000, 50), 10, "what was not used is not saved up beyond a second");
        assert_eq!(taken(&mut Rate::per_second(None), 0, 1_000), 1_000);
    }
}
