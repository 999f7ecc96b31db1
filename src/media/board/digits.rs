//! Keys out of telephone-events (RFC 4733): each press once, whatever is lost, repeated or reordered. Must never know
//! what a key means to the caller.

use crate::base::{Moment, limits};
use crate::wire::rtp::TelephoneEvent;
use std::time::Duration;

/// An older timestamp within this many samples (10 s) is a straggler of a press already told; further back, the
/// source began anew.
const STRAGGLER: u32 = 80_000;

/// The presses of one stream.
#[derive(Debug, Default)]
pub struct Digits {
    last: Option<Press>,
    /// When the second began that the limit counts in, and the presses in it.
    window: (Moment, u32),
}

/// One event as far as its packets have told.
#[derive(Clone, Copy, Debug)]
struct Press {
    ssrc: u32,
    timestamp: u32,
    event: u8,
    /// The longest told so far, in samples.
    duration: u16,
    ended: bool,
}

impl Press {
    /// Whether `self` tells of the press `before` did, or of an older one.
    fn repeats(&self, before: &Self) -> bool {
        let after = self.timestamp.wrapping_sub(before.timestamp);
        // RFC 4733 section 2.5.1.3: a press over 8 s long goes on in a new segment.
        let segment = !before.ended && self.event == before.event && after == u32::from(before.duration);
        self.ssrc == before.ssrc && (after == 0 || segment || after.wrapping_neg() < STRAGGLER)
    }
}

impl Digits {
    /// Takes one event packet; the key when this is the first heard of it.
    pub fn heard(&mut self, now: Moment, ssrc: u32, timestamp: u32, payload: &[u8]) -> Option<char> {
        let event = TelephoneEvent::read(payload)?;
        let press = Press { ssrc, timestamp, event: event.event, duration: event.duration, ended: event.end };
        if let Some(before) = &mut self.last
            && press.repeats(before)
        {
            if press.timestamp == before.timestamp {
                before.duration = before.duration.max(press.duration);
                before.ended |= press.ended;
            } else if press.timestamp.wrapping_sub(before.timestamp) < STRAGGLER {
                *before = press;
            }
            return None;
        }
        self.last = Some(press);
        let key = event.key()?;
        self.within_limit(now).then_some(key)
    }

    fn within_limit(&mut self, now: Moment) -> bool {
        if self.window.1 == 0 || now.since(self.window.0) >= Duration::from_secs(1) {
            self.window = (now, 0);
        }
        self.window.1 += 1;
        self.window.1 <= limits::DIGITS_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(packets: &[(u32, u8, bool, u16)]) -> String {
        let mut digits = Digits::default();
        packets
            .iter()
            .filter_map(|&(timestamp, event, end, duration)| {
                let [high, low] = duration.to_be_bytes();
                digits.heard(Moment::ZERO, 1, timestamp, &[event, u8::from(end) << 7 | 10, high, low])
            })
            .collect()
    }

    #[test]
    fn a_press_is_told_once_at_its_first_packet_whichever_that_is() {
        let press =
            [(0, 5, false, 160), (0, 5, false, 320), (0, 5, true, 480), (0, 5, true, 480), (0, 5, true, 480)];
        assert_eq!(told(&press), "5");
        assert_eq!(told(&press[1..]), "5");
        assert_eq!(told(&press[4..]), "5");
    }

    #[test]
    fn the_same_key_twice_is_two_presses_and_stragglers_are_none() {
        assert_eq!(
            told(&[(0, 1, true, 400), (1_600, 1, false, 160), (0, 1, true, 400), (1_600, 1, true, 400)]),
            "11"
        );
        assert_eq!(told(&[(u32::MAX - 99, 10, true, 400), (1_500, 11, true, 400)]), "*#");
    }

    #[test]
    fn a_press_of_over_8_seconds_goes_on_in_its_next_segment() {
        let long =
            [(0, 9, false, 0xff60), (0, 9, false, 0xffff), (0xffff, 9, false, 160), (0xffff, 9, true, 320)];
        assert_eq!(told(&long), "9");
    }

    #[test]
    fn flashes_fragments_and_floods_are_no_keys() {
        assert_eq!(told(&[(0, 16, false, 160), (1_000, 200, false, 160)]), "");
        assert_eq!(Digits::default().heard(Moment::ZERO, 1, 0, &[1, 2]), None);
        let flood: Vec<_> = (0..1_000).map(|n| (n * 800, 1, true, 400)).collect();
        assert_eq!(told(&flood).len(), limits::DIGITS_PER_SECOND as usize);
    }
}
