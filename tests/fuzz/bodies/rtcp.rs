//! Any bytes as RTCP: reports that were read are written and read again unchanged.

use spillway::wire::rtp::{RtcpItem, read_rtcp, write_rtcp};
use std::hint::black_box;

pub fn run(bytes: &[u8]) {
    let mut items = Vec::new();
    read_rtcp(bytes, |item| items.push(item));
    assert!(items.len() <= bytes.len() / 4, "an item takes four bytes");
    for item in items {
        let (ssrc, sender, reception, bye) = match item {
            RtcpItem::Sender { ssrc, info } => (ssrc, Some(info), None, false),
            RtcpItem::Reception { from, reception } => (from, None, Some(reception), false),
            RtcpItem::Bye { ssrc } => (ssrc, None, None, true),
        };
        let mut buffer = [0; 128];
        let length = write_rtcp(&mut buffer, ssrc, "a@b", sender, reception, bye).expect("room");
        let mut again = Vec::new();
        assert!(read_rtcp(&buffer[..length], |item| again.push(item)));
        assert_eq!(again, [item]);
    }
}

pub fn read(bytes: &[u8]) {
    read_rtcp(bytes, |item| {
        black_box(item);
    });
}
