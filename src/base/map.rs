//! The one hash map. A fixed hasher, so that the same events give the same iteration order in every run.
#![expect(clippy::disallowed_types, reason = "the one alias, with a fixed hasher")]

use foldhash::fast::FixedState;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// A hash map whose order depends on its contents alone.
pub type Map<K, V> = HashMap<K, V, FixedState>;

/// A hash set whose order depends on its contents alone.
pub type Set<K> = HashSet<K, FixedState>;

/// A map for keys chosen by the outside (Call-IDs, branches): seeded, so that nobody can aim at one bucket.
#[must_use]
pub fn seeded_map<K, V>(seed: u64) -> Map<K, V> {
    Map::with_hasher(FixedState::with_seed(seed))
}

/// Entries a table has room for whatever becomes of it: below, there is nothing worth giving back.
const KEPT: usize = 1_024;
/// A table with room for so many times what is in it gives most of it back. Growing doubles it, so that one on the way up
/// and one on the way down never take turns.
const SPARSE: usize = 8;

/// Gives back what a peak left behind, after a removal: a table keeps its room for ever otherwise, and a flood of a minute
/// would be paid for until the service stops. Costs no more than the removals that led here.
pub fn give_back<K: Eq + Hash, V>(map: &mut Map<K, V>) {
    if map.capacity() > KEPT && map.capacity() / SPARSE > map.len() {
        map.shrink_to((map.len() * 2).max(KEPT / 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_given_back_on_the_way_down_and_what_is_left_stays() {
        let mut map: Map<u32, u32> = (0..100_000).map(|number| (number, number)).collect();
        let peak = map.capacity();
        for number in 0..99_990 {
            map.remove(&number);
            give_back(&mut map);
            assert!(map.capacity() <= KEPT || map.capacity() <= map.len() * 2 * SPARSE);
        }
        assert!(peak > 50 * KEPT && map.capacity() <= KEPT);
        let mut left: Vec<_> = map.into_keys().collect();
        left.sort_unstable();
        assert_eq!(left, (99_990..100_000).collect::<Vec<_>>());
    }
}
