//! Nonces of ours: signed, so that nothing need be kept of those that were only given; short-lived; and counted once
//! used, so that nothing heard on the way can be said again (RFC 7616 section 3.3). Must never know whose they are.

use crate::base::{Map, Moment, limits};
use crate::signaling::guard::Source;
use crate::signaling::mark::MarkKey;
use std::collections::VecDeque;
use std::time::Duration;

/// How long a nonce can be answered with. Phones register at most once a minute, so each time costs a challenge; what was
/// overheard is worth nothing a minute later.
const LIFE: Duration = Duration::from_secs(60);
/// Time, number and mark, sixteen digits each.
const DIGITS: usize = 48;

/// Nonces in use.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    /// The highest count each was used with.
    used: Map<u64, u32>,
    /// The same, first used first.
    order: VecDeque<(u64, Moment)>,
    /// What was given up to here is too old, whatever its age: its count is forgotten.
    floor: Option<Moment>,
}

/// What a nonce that came back is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is ours, of late, and the count is new.
    Live,
    /// It is not ours, too old, or was used with this count or a higher one.
    Stale,
}

/// A nonce for `realm`, of use to whoever is where it is sent: so an answer to it shows that somebody there read it.
pub(super) fn issue(marks: &MarkKey, realm: &str, to: Source, now: Moment, number: u64) -> String {
    let time = now.as_nanos();
    format!("{time:016x}{number:016x}{:016x}", signature(marks, realm, to, time, number))
}

fn signature(marks: &MarkKey, realm: &str, to: Source, time: u64, number: u64) -> u64 {
    marks.derived(&[b"nonce", realm.as_bytes(), &to.bytes(), &time.to_be_bytes(), &number.to_be_bytes()])
}

/// When a nonce of ours was given, and its number.
fn read(marks: &MarkKey, realm: &str, from: Source, nonce: &[u8]) -> Option<(Moment, u64)> {
    let text = std::str::from_utf8(nonce).ok().filter(|text| text.len() == DIGITS)?;
    let number = |at: usize| u64::from_str_radix(text.get(at..at + 16)?, 16).ok();
    let (time, id, mark) = (number(0)?, number(16)?, number(32)?);
    (mark == signature(marks, realm, from, time, id)).then_some((Moment::from_nanos(time), id))
}

/// Whether a nonce that came back is one of ours, of late, and was sent to where it comes from: whatever else is wrong,
/// nobody else can have sent it who did not read it there.
pub(super) fn was_read_at(marks: &MarkKey, realm: &str, from: Source, now: Moment, nonce: &[u8]) -> bool {
    read(marks, realm, from, nonce).is_some_and(|(given, _)| given <= now && now.since(given) < LIFE)
}

impl Nonces {
    /// Takes a nonce that came back with a right answer, used for the `count`th time.
    pub(super) fn take(
        &mut self,
        marks: &MarkKey,
        (realm, from): (&str, Source),
        now: Moment,
        nonce: &[u8],
        count: u32,
    ) -> Standing {
        let Some((given, id)) = read(marks, realm, from, nonce) else { return Standing::Stale };
        self.forget_old(now);
        if given > now || now.since(given) >= LIFE || self.floor.is_some_and(|floor| given <= floor) {
            return Standing::Stale;
        }
        if let Some(highest) = self.used.get_mut(&id) {
            if count <= *highest {
                return Standing::Stale;
            }
            *highest = count;
            return Standing::Live;
        }
        if self.used.len() >= limits::NONCES
            && let Some((oldest, since)) = self.order.pop_front()
        {
            self.used.remove(&oldest);
            self.floor = self.floor.max(Some(since));
            if given <= since {
                return Standing::Stale;
            }
        }
        self.used.insert(id, count);
        self.order.push_back((id, given));
        Standing::Live
    }

    /// Nonces counted.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.used.len()
    }

    fn forget_old(&mut self, now: Moment) {
        while let Some((id, given)) = self.order.front().copied() {
            if now.since(given) < LIFE {
                break;
            }
            self.order.pop_front();
            self.used.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Source {
        Source::of("198.51.100.7".parse().expect("an address"))
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_nonce_is_taken_once_a_count_while_it_lives() {
        let marks = MarkKey::new([7; 32]);
        let mut nonces = Nonces::default();
        let mut take =
            |nonce: &str, now, count| nonces.take(&marks, ("r", home()), now, nonce.as_bytes(), count);
        let nonce = issue(&marks, "r", home(), at(100), 1);
        assert_eq!(take(&nonce, at(100), 1), Standing::Live);
        assert_eq!(take(&nonce, at(101), 1), Standing::Stale, "a replay");
        assert_eq!(take(&nonce, at(101), 3), Standing::Live);
        assert_eq!(take(&nonce, at(101), 2), Standing::Stale);
        assert_eq!(take(&nonce, at(160), 4), Standing::Stale, "too old");
        for strange in ["", "0", &nonce.replace('0', "1"), &issue(&marks, "other", home(), at(100), 2)] {
            assert_eq!(take(strange, at(100), 1), Standing::Stale, "{strange}");
        }
        assert_eq!(
            take(&issue(&marks, "r", home(), at(300), 3), at(299), 1),
            Standing::Stale,
            "from the future"
        );
    }

    #[test]
    fn the_table_is_bounded_and_forgets_no_replay() {
        let marks = MarkKey::new([7; 32]);
        let mut nonces = Nonces::default();
        let count = u64::try_from(limits::NONCES).expect("few") + 10;
        let given: Vec<String> =
            (0..count).map(|n| issue(&marks, "r", home(), Moment::from_nanos(1_000_000 + n), n)).collect();
        for nonce in &given {
            assert_eq!(nonces.take(&marks, ("r", home()), at(1), nonce.as_bytes(), 1), Standing::Live);
        }
        assert_eq!(nonces.len(), limits::NONCES);
        for nonce in &given {
            assert_eq!(nonces.take(&marks, ("r", home()), at(1), nonce.as_bytes(), 1), Standing::Stale);
        }
        let late = issue(&marks, "r", home(), at(100), 0);
        assert_eq!(nonces.take(&marks, ("r", home()), at(100), late.as_bytes(), 1), Standing::Live);
        assert_eq!(nonces.len(), 1);
    }

    #[test]
    fn a_nonce_says_where_it_was_read() {
        let marks = MarkKey::new([7; 32]);
        let source = |text: &str| Source::of(text.parse().expect("an address"));
        let nonce = issue(&marks, "r", source("2001:db8::1"), at(100), 1);
        let was_read = |from: &str, now| was_read_at(&marks, "r", source(from), now, nonce.as_bytes());
        assert!(was_read("2001:db8::1", at(101)) && was_read("2001:db8::ffff", at(101)), "one network");
        for elsewhere in ["2001:db8:0:1::1", "198.51.100.7"] {
            assert!(!was_read(elsewhere, at(101)), "{elsewhere}");
        }
        assert!(!was_read("2001:db8::1", at(99)) && !was_read("2001:db8::1", at(160)));
    }
}
