//! The RTP header, read through rtp-rs and written by hand: twelve bytes.

use rtp_rs::RtpReader;
use std::ops::Range;

/// What every packet says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpHeader {
    /// What the payload is, up to 127.
    pub payload_type: u8,
    /// The first packet of a talk spurt or of an event.
    pub marker: bool,
    /// Rises by one with each packet, and wraps.
    pub sequence: u16,
    /// When the first sample was taken, in clock ticks.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
}

/// A packet: its header and where its payload lies, extension, CSRCs and padding left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpPacket {
    /// The header.
    pub header: RtpHeader,
    /// The payload's place in the packet.
    pub payload: Range<usize>,
}

impl RtpPacket {
    /// Reads a packet; nothing when it is not RTP version 2 or says it is longer than it is.
    #[must_use]
    pub fn read(packet: &[u8]) -> Option<Self> {
        let reader = RtpReader::new(packet).ok()?;
        let start = reader.payload_offset();
        let header = RtpHeader {
            payload_type: reader.payload_type(),
            marker: reader.mark(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
        };
        Some(Self { header, payload: start..start + reader.payload().len() })
    }
}

impl RtpHeader {
    /// Bytes of a header without CSRCs and extension.
    pub const BYTES: usize = RtpReader::MIN_HEADER_LEN;

    /// Writes the header over the first [`Self::BYTES`] bytes of a packet: version 2, nothing optional.
    pub fn write(&self, packet: &mut [u8; Self::BYTES]) {
        packet[0] = 2 << 6;
        packet[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7f;
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
    }
}

/// Whether bytes on a shared port are RTCP rather than RTP (RFC 5761 section 4).
#[must_use]
pub fn is_rtcp(packet: &[u8]) -> bool {
    matches!(packet, [first, 192..=223, _, _, ..] if first >> 6 == 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn csrcs_extension_and_padding_are_left_out() {
        let mut packet = vec![0xb1, 0x88, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend([9; 4]); // one CSRC
        packet.extend([0xbe, 0xde, 0, 1, 7, 7, 7, 7]); // an extension of one word
        packet.extend(b"voice");
        packet.extend([0, 0, 3]); // padding
        let read = RtpPacket::read(&packet).expect("valid");
        assert_eq!(&packet[read.payload], b"voice");
        assert_eq!((read.header.payload_type, read.header.marker), (8, true));
        packet.truncate(20);
        assert_eq!(RtpPacket::read(&packet), None);
    }

    #[test]
    fn rtcp_is_told_from_rtp() {
        assert!(is_rtcp(&[0x80, 200, 0, 6]));
        assert!(is_rtcp(&[0x81, 201, 0, 7]));
        assert!(!is_rtcp(&[0x80, 8, 0, 6]));
        assert!(!is_rtcp(&[0x80, 0x80 | 101, 0, 6]));
        assert!(!is_rtcp(&[0x00, 200, 0, 6]) && !is_rtcp(&[0x80, 200]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            payload_type in 0_u8..128, marker: bool, sequence: u16, timestamp: u32, ssrc: u32, payload: Vec<u8>,
        ) {
            let header = RtpHeader { payload_type, marker, sequence, timestamp, ssrc };
            let mut start = [0xff; RtpHeader::BYTES];
            header.write(&mut start);
            let packet = [&start[..], &payload].concat();
            prop_assert_eq!(RtpPacket::read(&packet), Some(RtpPacket { header, payload: 12..packet.len() }));
        }

        #[test]
        fn no_bytes_panic(packet in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(read) = RtpPacket::read(&packet) {
                prop_assert!(packet.get(read.payload).is_some());
            }
        }
    }
}
