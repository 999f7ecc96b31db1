//! Any bytes as RTP and as a telephone event: the payload lies within the packet, and a header or event that was read
//! is written as it was.

use spillway::wire::rtp::{RtpHeader, RtpPacket, TelephoneEvent, is_rtcp};
use std::hint::black_box;

pub fn run(bytes: &[u8]) {
    let _ = is_rtcp(bytes);
    let Some(RtpPacket { header, payload }) = RtpPacket::read(bytes) else { return };
    let mut written = [0; RtpHeader::BYTES];
    header.write(&mut written);
    assert_eq!(RtpPacket::read(&written).map(|packet| packet.header), Some(header));
    let Some(event) = TelephoneEvent::read(&bytes[payload]) else { return };
    assert_eq!(TelephoneEvent::read(&event.write()), Some(event));
    if let Some(key) = event.key() {
        assert_eq!(TelephoneEvent::code(key), Some(event.event));
    }
}

pub fn read(bytes: &[u8]) {
    let _ = black_box((is_rtcp(bytes), RtpPacket::read(bytes), TelephoneEvent::read(bytes)));
}
