//! How durations are spread: counts in buckets that widen with what they hold, so that millions of samples fit in a
//! few kilobytes and a quantile is good to 1.6 %. Must never know what was measured.

use std::time::Duration;

/// Buckets per doubling, as a power of two.
const FINENESS: u32 = 6;
/// Samples of this many nanoseconds and more share the last bucket: 18 minutes.
const LONGEST: u64 = 1 << 40;

/// A distribution of durations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    counts: Vec<u64>,
    total: u64,
}

impl Spread {
    /// Counts one duration.
    pub fn record(&mut self, duration: Duration) {
        let bucket = bucket(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.total += 1;
    }

    /// Counts all that `other` counted.
    pub fn absorb(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
    }

    /// How many were counted.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.total
    }

    /// Whether nothing was counted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The duration that `percent` of a hundred samples do not exceed, at its bucket's upper edge; `None` when nothing
    /// was counted.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        let rank = (self.total * u64::from(percent.min(100))).div_ceil(100).max(1);
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(Duration::from_nanos(upper_edge(place)))
    }
}

/// Below two to the fineness each nanosecond has its bucket; above, each doubling is cut into that many.
fn bucket(nanos: u64) -> usize {
    let nanos = nanos.min(LONGEST);
    let doublings = nanos.checked_ilog2().unwrap_or(0).saturating_sub(FINENESS);
    let index = (u64::from(doublings) << FINENESS) + (nanos >> doublings);
    usize::try_from(index).expect("34 doublings of 64 buckets")
}

fn upper_edge(bucket: usize) -> u64 {
    let width = 1_usize << FINENESS;
    let doublings = (bucket / width).saturating_sub(1);
    (((bucket - doublings * width) as u64 + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let mut spread = Spread::default();
        assert_eq!(spread.percentile(50), None);
        (1..=1_000).for_each(|ms| spread.record(Duration::from_millis(ms)));
        for (percent, exact_ms) in [(50, 500.0), (99, 990.0), (100, 1_000.0)] {
            let measured = spread.percentile(percent).expect("samples").as_secs_f64() * 1_000.0;
            assert!((measured / exact_ms - 1.0).abs() < 0.016, "p{percent} is {measured} ms");
        }
    }

    #[test]
    fn two_spreads_together_are_the_spread_of_all() {
        let [mut all, mut low, mut high] = [(); 3].map(|()| Spread::default());
        for n in 0..1_000 {
            all.record(Duration::from_micros(n * n));
            if n % 3 == 0 { &mut low } else { &mut high }.record(Duration::from_micros(n * n));
        }
        low.absorb(&high);
        assert_eq!((low.len(), &low), (1_000, &all));
    }

    proptest! {
        #[test]
        fn a_bucket_ends_at_or_just_above_what_it_holds(nanos in 0..LONGEST) {
            let edge = upper_edge(bucket(nanos));
            prop_assert!(edge >= nanos && edge - nanos <= nanos >> FINENESS);
            prop_assert!(edge == 0 || bucket(edge) == bucket(nanos));
        }
    }
}
