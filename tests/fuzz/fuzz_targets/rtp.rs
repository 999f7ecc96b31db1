//! Any bytes as RTP, RTCP and a telephone event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spillway::wire::rtp::{RtpPacket, TelephoneEvent, is_rtcp, read_rtcp};

fuzz_target!(|bytes: &[u8]| {
    if let Some(packet) = RtpPacket::read(bytes) {
        let _ = TelephoneEvent::read(&bytes[packet.payload]);
    }
    let _ = (is_rtcp(bytes), read_rtcp(bytes, |_| {}));
});
