//! RFC 4733 telephone events: a pressed key as a payload.

/// One event payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Which; 0 to 15 are keys (RFC 4733 section 3.2).
    pub event: u8,
    /// Whether the key is up again.
    pub end: bool,
    /// How loud, in dB below full scale, up to 63.
    pub volume: u8,
    /// How long so far, in clock ticks.
    pub duration: u16,
}

/// Keys in the order of their event codes.
const KEYS: &[u8; 16] = b"0123456789*#ABCD";

impl TelephoneEvent {
    /// Bytes of an event.
    pub const BYTES: usize = 4;

    /// Reads a payload; bytes after the first event are redundancy and are left out.
    #[must_use]
    pub const fn read(payload: &[u8]) -> Option<Self> {
        match payload {
            [event, flags, high, low, ..] => Some(Self {
                event: *event,
                end: *flags & 0x80 != 0,
                volume: *flags & 0x3f,
                duration: u16::from_be_bytes([*high, *low]),
            }),
            _ => None,
        }
    }

    /// The payload.
    #[must_use]
    pub const fn write(self) -> [u8; Self::BYTES] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, (self.end as u8) << 7 | self.volume & 0x3f, high, low]
    }

    /// The key: `0` to `9`, `*`, `#`, `A` to `D`.
    #[must_use]
    pub fn key(self) -> Option<char> {
        KEYS.get(usize::from(self.event)).map(|key| char::from(*key))
    }

    /// The event code of a key, small letters allowed.
    #[must_use]
    pub fn code(key: char) -> Option<u8> {
        let key = u8::try_from(key).ok()?.to_ascii_uppercase();
        KEYS.iter().position(|known| *known == key).and_then(|code| u8::try_from(code).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payload_is_read_as_it_was_written() {
        for (code, key) in (0..16).zip("0123456789*#ABCD".chars()) {
            let event = TelephoneEvent {
                event: code,
                end: code % 2 == 0,
                volume: 10,
                duration: 160 * u16::from(code),
            };
            assert_eq!(TelephoneEvent::read(&event.write()), Some(event));
            assert_eq!((event.key(), TelephoneEvent::code(key)), (Some(key), Some(code)));
        }
        assert_eq!(TelephoneEvent::read(&[1, 2, 3]), None);
        assert_eq!(
            TelephoneEvent::read(&[16, 0xff, 0, 1]).map(|event| (event.key(), event.volume)),
            Some((None, 63))
        );
        assert_eq!(
            (TelephoneEvent::code('d'), TelephoneEvent::code('é'), TelephoneEvent::code('e')),
            (Some(15), None, None)
        );
    }
}
