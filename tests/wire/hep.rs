//! HEPv3 packets read back by a decoder of their own, written from the specification's table of chunks.

use spillway::base::{Transport, Utc};
use spillway::wire::hep::{Captured, write};
use std::collections::BTreeMap;

/// Chunks by type.
fn decoded(packet: &[u8]) -> BTreeMap<u16, Vec<u8>> {
    let word = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
    assert_eq!(&packet[..4], b"HEP3");
    assert_eq!(usize::from(word(4)), packet.len(), "the length counts itself and all chunks");
    let (mut at, mut chunks) = (6, BTreeMap::new());
    while at < packet.len() {
        assert_eq!(word(at), 0, "the generic vendor");
        let length = usize::from(word(at + 4));
        let before = chunks.insert(word(at + 2), packet[at + 6..at + length].to_vec());
        assert_eq!(before, None, "each chunk once");
        at += length;
    }
    chunks
}

fn captured<'a>(transport: Transport, from: &str, to: &str, message: &'a [u8]) -> Captured<'a> {
    Captured {
        transport,
        from: from.parse().expect("an address"),
        to: to.parse().expect("an address"),
        at: Utc::from_micros(1_800_000_000_000_042),
        correlation: b"",
        message,
    }
}

#[test]
fn a_message_over_udp_and_ipv4_is_read_back() {
    let message = b"OPTIONS sip:192.0.2.7 SIP/2.0\r\n\r\n";
    let mut packet = b"left over".to_vec();
    assert!(write(
        &captured(Transport::Udp, "192.0.2.1:5060", "192.0.2.7:5080", message),
        2_001,
        &mut packet
    ));
    let expected: [(u16, &[u8]); 11] = [
        (1, &[2]),
        (2, &[17]),
        (3, &[192, 0, 2, 1]),
        (4, &[192, 0, 2, 7]),
        (7, &[0x13, 0xc4]),
        (8, &[0x13, 0xd8]),
        (9, &1_800_000_000_u32.to_be_bytes()),
        (10, &[0, 0, 0, 42]),
        (11, &[1]),
        (12, &[0, 0, 0x07, 0xd1]),
        (15, message),
    ];
    assert_eq!(decoded(&packet), expected.map(|(kind, value)| (kind, value.to_vec())).into());
}

#[test]
fn a_message_over_tcp_and_ipv6_has_ipv6_chunks_only() {
    let mut packet = Vec::new();
    assert!(write(
        &captured(Transport::Tcp, "[2001:db8::1]:5060", "[2001:db8::7]:5060", b"x"),
        1,
        &mut packet
    ));
    let chunks = decoded(&packet);
    assert_eq!((&chunks[&1], &chunks[&2]), (&vec![10], &vec![6]));
    assert_eq!(chunks[&5], [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(chunks[&6][15], 7);
    assert!(!chunks.contains_key(&3) && !chunks.contains_key(&4));
}

#[test]
fn a_message_of_a_call_says_which_other_messages_are_its() {
    let mut packet = Vec::new();
    let plain = captured(Transport::Udp, "192.0.2.1:5060", "192.0.2.7:5060", b"x");
    assert!(write(&Captured { correlation: b"a84b@caller", ..plain }, 1, &mut packet));
    let chunks = decoded(&packet);
    assert_eq!((&*chunks[&15], &*chunks[&17]), (&b"x"[..], &b"a84b@caller"[..]));
    assert!(write(&plain, 1, &mut packet));
    assert!(!decoded(&packet).contains_key(&17));
}

#[test]
fn a_message_that_fits_no_packet_is_refused_and_the_longest_that_does_is_whole() {
    let mut packet = Vec::new();
    let mut fits = |length: usize| {
        let message = vec![b'x'; length];
        write(&captured(Transport::Udp, "192.0.2.1:5060", "192.0.2.7:5060", &message), 1, &mut packet)
            .then(|| decoded(&packet)[&15].len())
    };
    // The packet's head, eleven chunk heads, and what the ten chunks before the message hold.
    let longest = 65_535 - 6 - 11 * 6 - (1 + 1 + 4 + 4 + 2 + 2 + 4 + 4 + 1 + 4);
    assert_eq!(fits(longest), Some(longest));
    assert_eq!(fits(longest + 1), None);
    assert_eq!(fits(100_000), None);
}
