//! A packet's moment of sending, inside its payload: G.711 passes a relay unchanged, so the far station reads how long
//! it travelled. Must never know of calls.

use crate::base::Moment;

const MARK: [u8; 8] = *b"\x55spillw\x55";

/// What a stamped packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The measurement it belongs to; 0: none.
    pub run: u32,
    /// When it was sent.
    pub sent: Moment,
}

/// Bytes of a stamp.
pub const STAMP_BYTES: usize = 20;

impl Stamp {
    /// Writes it.
    pub fn write(self, into: &mut [u8; STAMP_BYTES]) {
        into[..8].copy_from_slice(&MARK);
        into[8..12].copy_from_slice(&self.run.to_be_bytes());
        into[12..].copy_from_slice(&self.sent.as_nanos().to_be_bytes());
    }

    /// Reads it, if the payload carries one.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (mark, rest) = payload.split_first_chunk::<8>()?;
        let (run, rest) = rest.split_first_chunk::<4>()?;
        let (sent, _) = rest.split_first_chunk::<8>()?;
        let stamp =
            Self { run: u32::from_be_bytes(*run), sent: Moment::from_nanos(u64::from_be_bytes(*sent)) };
        (*mark == MARK).then_some(stamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stamped_is_read_and_plain_audio_bears_no_stamp() {
        let stamp = Stamp { run: 7, sent: Moment::from_nanos(u64::MAX - 1) };
        let mut payload = [0; STAMP_BYTES];
        stamp.write(&mut payload);
        assert_eq!(Stamp::read(&payload), Some(stamp));
        assert_eq!(Stamp::read(&[0xd5; 160]), None);
        assert_eq!(Stamp::read(&payload[..STAMP_BYTES - 1]), None);
    }
}
