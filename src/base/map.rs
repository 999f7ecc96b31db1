//! The one hash map. A fixed hasher, so that the same events give the same iteration order in every run.
#![expect(clippy::disallowed_types, reason = "the one alias, with a fixed hasher")]

use foldhash::fast::FixedState;
use std::collections::{HashMap, HashSet};

/// A hash map whose order depends on its contents alone.
pub type Map<K, V> = HashMap<K, V, FixedState>;

/// A hash set whose order depends on its contents alone.
pub type Set<K> = HashSet<K, FixedState>;

/// A map for keys chosen by the outside (Call-IDs, branches): seeded, so that nobody can aim at one bucket.
#[must_use]
pub fn seeded_map<K, V>(seed: u64) -> Map<K, V> {
    Map::with_hasher(FixedState::with_seed(seed))
}
