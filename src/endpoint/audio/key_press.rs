//! One key as telephone-events (RFC 4733 section 2.5): updates while it is held, then its end three times.
//! Must never know of headers.

/// How many packets a key is held for: 100 ms.
const HELD: u16 = 5;
/// RFC 4733 section 2.5.1.4: the end is sent three times.
const ENDS: u16 = 3;
/// Packets of silence after a key, so that two in a row are two.
const PAUSE: u16 = 3;
/// RFC 4733 section 2.3: about −10 dBm0.
const VOLUME: u8 = 10;

/// A key being pressed.
#[derive(Clone, Copy, Debug)]
pub struct KeyPress {
    event: u8,
    packets: u16,
}

/// What a key puts into the next packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPacket {
    /// A telephone-event.
    Event {
        /// The four bytes of RFC 4733 section 2.3.
        payload: [u8; 4],
        /// Whether it is the first.
        first: bool,
        /// How many packets ago the key went down: its timestamp stays there.
        held: u16,
    },
    /// Nothing: the key is up, the next may not yet go down.
    Pause,
}

impl KeyPress {
    /// The press of `digit`; `None` when it is no key.
    pub fn new(digit: char) -> Option<Self> {
        let place = "0123456789*#ABCD".chars().position(|key| key == digit.to_ascii_uppercase())?;
        Some(Self { event: u8::try_from(place).ok()?, packets: 0 })
    }

    /// What the next packet carries; `None` when the press is over.
    pub fn next(&mut self) -> Option<KeyPacket> {
        let held = self.packets;
        self.packets += 1;
        if held >= HELD + ENDS {
            return (held < HELD + ENDS + PAUSE).then_some(KeyPacket::Pause);
        }
        let end = u8::from(held >= HELD) << 7;
        let duration = (held.min(HELD - 1) + 1) * 160;
        let [high, low] = duration.to_be_bytes();
        let payload = [self.event, end | VOLUME, high, low];
        Some(KeyPacket::Event { payload, first: held == 0, held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_grows_for_100_ms_and_ends_three_times() {
        let mut press = KeyPress::new('#').expect("a key");
        let packets: Vec<KeyPacket> = std::iter::from_fn(|| press.next()).collect();
        let events: Vec<[u8; 4]> = packets
            .iter()
            .filter_map(|packet| match packet {
                KeyPacket::Event { payload, .. } => Some(*payload),
                KeyPacket::Pause => None,
            })
            .collect();
        assert_eq!((packets.len(), events.len()), (11, 8));
        assert_eq!(events[0], [11, 10, 0, 160]);
        assert_eq!(events[4], [11, 10, 3, 32]);
        assert_eq!(events[5..], [[11, 0x8a, 3, 32]; 3]);
        assert!(KeyPress::new('x').is_none());
    }
}
