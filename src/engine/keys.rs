//! The keys of one leg, whichever way they come: a far end that sends each both in its audio (RFC 4733) and by INFO has
//! pressed it once. Must never know what a key means.

use crate::base::{Moment, limits};
use smallvec::SmallVec;

/// Which way a key came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// In the audio stream.
    Audio,
    /// By INFO.
    Info,
}

/// The presses of the last [`limits::KEY_COPY`].
#[derive(Debug, Default)]
pub(super) struct Keys {
    told: SmallVec<[Press; 2]>,
}

#[derive(Clone, Copy, Debug)]
struct Press {
    at: Moment,
    key: char,
    way: Way,
    /// The other way's copy of it came.
    copied: bool,
}

impl Keys {
    /// Whether a key is a press of its own: no copy of one that came the other way, and not one too many.
    pub fn is_press(&mut self, now: Moment, key: char, way: Way) -> bool {
        self.told.retain(|press| now.since(press.at) < limits::KEY_COPY);
        // Each press has one copy: who presses a key twice in a second and sends it both ways has pressed it twice.
        let copy_of =
            self.told.iter_mut().find(|press| press.key == key && press.way != way && !press.copied);
        if let Some(press) = copy_of {
            press.copied = true;
            return false;
        }
        if self.told.len() >= limits::DIGITS_PER_SECOND as usize {
            return false;
        }
        self.told.push(Press { at: now, key, way, copied: false });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Way::{Audio, Info};
    use super::*;

    fn told(keys: &[(u64, char, Way)]) -> String {
        let mut presses = Keys::default();
        let heard =
            keys.iter().filter(|(at, key, way)| presses.is_press(Moment::from_millis(*at), *key, *way));
        heard.map(|(_, key, _)| *key).collect()
    }

    #[test]
    fn a_key_that_comes_both_ways_counts_once() {
        assert_eq!(told(&[(0, '1', Audio), (160, '1', Info)]), "1");
        assert_eq!(told(&[(0, '1', Info), (20, '1', Audio)]), "1");
        assert_eq!(told(&[(0, '1', Audio), (50, '2', Audio), (200, '1', Info), (250, '2', Info)]), "12");
    }

    #[test]
    fn the_same_key_twice_is_two_presses_by_one_way_or_both() {
        assert_eq!(told(&[(0, '1', Info), (200, '1', Info)]), "11");
        let both = [(0, '1', Audio), (150, '1', Info), (300, '1', Audio), (450, '1', Info)];
        assert_eq!(told(&both), "11");
        assert_eq!(told(&[(0, '1', Audio), (1_000, '1', Info)]), "11", "too late for a copy");
    }

    #[test]
    fn a_flood_is_cut_off() {
        let flood: Vec<_> = (0..500).map(|at| (at, '1', Info)).collect();
        assert_eq!(told(&flood).len(), limits::DIGITS_PER_SECOND as usize);
    }
}
