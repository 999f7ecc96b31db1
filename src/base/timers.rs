//! Named deadlines in one ordered set. Timers have names, so setting one again moves it and forgetting one is exact.

use super::{Map, Moment, give_back};
use std::collections::BTreeSet;
use std::hash::Hash;

/// A set of deadlines by name. Equal deadlines fall due in the names' order, so replay is exact.
#[derive(Debug)]
pub struct Timers<N> {
    due: BTreeSet<(Moment, N)>,
    at: Map<N, Moment>,
}

impl<N> Default for Timers<N> {
    fn default() -> Self {
        Self { due: BTreeSet::new(), at: Map::default() }
    }
}

impl<N: Copy + Ord + Hash> Timers<N> {
    /// Sets `name` to fall due at `at`, moving it when it was set already.
    pub fn set(&mut self, name: N, at: Moment) {
        if let Some(old) = self.at.insert(name, at) {
            self.due.remove(&(old, name));
        }
        self.due.insert((at, name));
    }

    /// Forgets `name`; says whether it was set.
    pub fn cancel(&mut self, name: N) -> bool {
        let Some(at) = self.at.remove(&name) else { return false };
        give_back(&mut self.at);
        self.due.remove(&(at, name))
    }

    /// When `name` falls due, if it is set.
    #[must_use]
    pub fn deadline(&self, name: N) -> Option<Moment> {
        self.at.get(&name).copied()
    }

    /// The next to fall due.
    #[must_use]
    pub fn next(&self) -> Option<(Moment, N)> {
        self.due.first().copied()
    }

    /// Takes out the next that is due at `now`, with the moment it was due.
    pub fn pop_due(&mut self, now: Moment) -> Option<(Moment, N)> {
        let first = *self.due.first()?;
        if first.0 > now {
            return None;
        }
        self.due.remove(&first);
        self.at.remove(&first.1);
        give_back(&mut self.at);
        Some(first)
    }

    /// How many are set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_timer_falls_due_once_and_at_its_new_time() {
        let mut timers = Timers::default();
        timers.set('a', Moment::from_millis(10));
        timers.set('b', Moment::from_millis(20));
        timers.set('a', Moment::from_millis(30));
        assert_eq!(timers.pop_due(Moment::from_millis(25)), Some((Moment::from_millis(20), 'b')));
        assert_eq!(timers.pop_due(Moment::from_millis(25)), None);
        assert_eq!(timers.next(), Some((Moment::from_millis(30), 'a')));
        assert!(timers.cancel('a'));
        assert!(!timers.cancel('a'));
        assert!(timers.is_empty());
    }
}
