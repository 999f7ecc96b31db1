//! The RTP header (RFC 3550 section 5.1), read and written. Must never know what the payload means.

use rtp_rs::RtpReader;

/// Bytes of a header without contributing sources or extension.
pub const HEADER_BYTES: usize = 12;

/// A received packet's header, and where in the datagram its payload lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub payload_type: u8,
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload_start: usize,
    pub payload_end: usize,
}

/// Reads the header of a datagram; `None` when it is no RTP. RTCP that strayed onto the RTP port (RFC 5761
/// section 4: what would be payload types 64 to 95) is none either.
pub fn read(datagram: &[u8]) -> Option<Header> {
    let reader = RtpReader::new(datagram).ok()?;
    let payload_type = reader.payload_type();
    if (64..96).contains(&payload_type) {
        return None;
    }
    let payload_start = reader.payload_offset();
    Some(Header {
        payload_type,
        marker: reader.mark(),
        sequence: reader.sequence_number().into(),
        timestamp: reader.timestamp(),
        ssrc: reader.ssrc(),
        payload_start,
        payload_end: payload_start + reader.payload().len(),
    })
}

/// Writes a plain header, version 2, into the 12 bytes of `into`.
pub fn write(
    into: &mut [u8; HEADER_BYTES],
    payload_type: u8,
    marker: bool,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) {
    into[0] = 2 << 6;
    into[1] = u8::from(marker) << 7 | payload_type & 0x7f;
    into[2..4].copy_from_slice(&sequence.to_be_bytes());
    into[4..8].copy_from_slice(&timestamp.to_be_bytes());
    into[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_foreign_datagrams_are_not_rtp() {
        let mut packet = [0; 172];
        write(packet.first_chunk_mut().expect("172 bytes"), 8, true, 65_535, 0xdead_beef, 0x0102_0304);
        let header = read(&packet).expect("RTP");
        assert_eq!((header.payload_type, header.marker, header.sequence), (8, true, 65_535));
        assert_eq!((header.timestamp, header.ssrc), (0xdead_beef, 0x0102_0304));
        assert_eq!((header.payload_start, header.payload_end), (12, 172));
        assert_eq!(read(&[0x80, 200, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(read(b"OPTIONS sip:x SIP/2.0"), None);
        assert_eq!(read(&[]), None);
    }
}
