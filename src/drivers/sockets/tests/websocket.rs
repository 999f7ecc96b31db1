//! WebSocket over loopback, spoken by clients that write each byte themselves: who is let in, what is heard, and what ends a
//! connection.

use super::super::connection::Broken;
use super::super::websocket::{Heard, WebSocket};
use super::tls::{ANSWER, Authority, NAME, name, secured_over};
use super::*;
use proptest::prelude::*;
use rustls::{ClientConnection, StreamOwned};
use std::thread;

/// The example of RFC 6455 section 1.3, but for the subprotocol.
const HANDSHAKE: &str = "GET /sip HTTP/1.1\r\nHost: spillway\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const SIP: &str = "Sec-WebSocket-Protocol: sip\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: sip\r\n\r\n";

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const FIRST_PART: u8 = 0x01;
const NEXT_PART: u8 = 0x00;
const LAST_PART: u8 = 0x80;

fn handshake(more: &str) -> Vec<u8> {
    format!("{HANDSHAKE}{more}\r\n").into_bytes()
}

/// A frame of a client's: masked (RFC 6455 section 5.3).
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = head(kind, payload.len(), 0x80);
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A frame of the server's.
fn said(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(kind, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

fn head(kind: u8, length: usize, masked: u8) -> Vec<u8> {
    match u16::try_from(length) {
        Ok(length @ 0..126) => vec![kind, masked | length as u8],
        Ok(length) => [&[kind, masked | 126][..], &length.to_be_bytes()].concat(),
        Err(_) => [&[kind, masked | 127][..], &(length as u64).to_be_bytes()].concat(),
    }
}

fn close(code: u16, why: &str) -> Vec<u8> {
    said(CLOSE, &[&code.to_be_bytes()[..], why.as_bytes()].concat())
}

/// A service with room for so many.
fn doorstep(most: usize) -> Doorstep {
    Doorstep::listening(Transport::Ws, most)
}

impl Doorstep {
    /// A phone, from where no trunk is, that was let in.
    fn browser(&mut self) -> TcpStream {
        let mut browser = self.connect_from(STRANGER);
        self.exchange(&mut browser, &handshake(SIP), SWITCHED.as_bytes(), self.start);
        browser
    }

    /// Sends frames until the service heard something more; what that is.
    fn hear(&mut self, from: &mut TcpStream, bytes: &[u8], now: Instant) -> (Brought, Vec<u8>) {
        let before = self.heard.len();
        from.write_all(bytes).expect("taken");
        self.until(now, |doorstep| doorstep.heard.len() > before);
        self.heard[before].clone()
    }

    /// Waits until the service closed it; what it said before.
    fn last_words(&mut self, of: &mut TcpStream) -> Vec<u8> {
        let mut words = Vec::new();
        let mut some = [0; 4_096];
        self.until(self.start, |_| match of.read(&mut some) {
            Ok(0) => true,
            Ok(length) => {
                words.extend_from_slice(&some[..length]);
                false
            }
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        });
        words
    }
}

#[test]
fn a_request_in_a_frame_is_answered_in_a_frame_on_its_connection() {
    let mut doorstep = doorstep(3);
    let mut browser = doorstep.browser();
    let now = doorstep.start;
    for kind in [TEXT, BINARY] {
        let heard = doorstep.hear(&mut browser, &frame(kind, OPTIONS), now);
        assert_eq!(heard, (Brought::Message(OPTIONS.len()), OPTIONS.to_vec()));
        let flow = *doorstep.messages.last().expect("heard");
        assert_eq!(flow.transport, Transport::Ws);
        doorstep.streams.send(flow, ANSWER, doorstep.poll.registry(), now, &mut doorstep.lost);
        doorstep.exchange(&mut browser, b"", &said(TEXT, ANSWER), now);
        let no_text = b"SIP/2.0 200 OK\r\n\r\n\xff";
        doorstep.streams.send(flow, no_text, doorstep.poll.registry(), now, &mut doorstep.lost);
        doorstep.exchange(&mut browser, b"", &said(BINARY, no_text), now);
    }
    let counted = Connections { now: 1, accepted: 1 };
    assert_eq!(doorstep.streams.count(Transport::Ws), counted);
    assert_eq!(doorstep.streams.count(Transport::Tcp), Connections::default());
}

#[test]
fn a_handshake_is_for_sip_and_whole_or_refused_and_counted() {
    let mut doorstep = doorstep(3);
    let long = format!("{SIP}Cookie: {}\r\n", "x".repeat(limits::WEBSOCKET_HANDSHAKE_BYTES));
    let whole = |more: &str| String::from_utf8(handshake(more)).expect("text");
    for (request, status) in [
        (whole(""), "400 Bad Request"),
        (whole("Sec-WebSocket-Protocol: xmpp, sips\r\n"), "400 Bad Request"),
        (whole(&long), "431 Request Header Fields Too Large"),
        (whole(SIP).replace("Version: 13", "Version: 8"), "400 Bad Request"),
        (whole(SIP).replace("Upgrade: websocket", "Upgrade: h2c"), "400 Bad Request"),
        (whole(SIP).replace("GET", "POST"), "400 Bad Request"),
        (String::from_utf8(OPTIONS.to_vec()).expect("text"), "400 Bad Request"),
        ("\u{1}\u{2}\u{3}".into(), "400 Bad Request"),
    ] {
        let mut peer = doorstep.connect();
        peer.write_all(request.as_bytes()).expect("taken");
        let words = String::from_utf8(doorstep.last_words(&mut peer)).expect("text");
        let head = format!("HTTP/1.1 {status}\r\nsec-websocket-version: 13\r\n");
        assert!(words.starts_with(&head), "{request}\n{words}");
    }
    let refused = RefusedWebSockets { malformed: 5, subprotocol: 2, page: 0, too_long: 1 };
    assert_eq!(doorstep.streams.websockets, refused);
    assert_eq!(doorstep.heard, []);
    // One among others, in a second field.
    let mut peer = doorstep.connect();
    let several = format!("Sec-WebSocket-Protocol: xmpp\r\n{}", SIP.replace("sip", "v2, sip"));
    doorstep.exchange(&mut peer, &handshake(&several), SWITCHED.as_bytes(), doorstep.start);
}

#[test]
fn only_pages_that_may_connect_do() {
    let mut doorstep = doorstep(3);
    doorstep.streams.origins = [Name::from("https://phones.example.com")].into();
    let from = |origin: &str| handshake(&format!("{SIP}Origin: {origin}\r\n"));
    for request in [
        handshake(SIP),
        from("https://phones.example.com.evil.example"),
        from("http://phones.example.com"),
        from("null"),
        from("https://phones.example.com\r\nOrigin: https://evil.example"),
    ] {
        let mut peer = doorstep.connect();
        peer.write_all(&request).expect("taken");
        let words = doorstep.last_words(&mut peer);
        assert!(words.starts_with(b"HTTP/1.1 403 Forbidden\r\n"), "{}", String::from_utf8_lossy(&words));
    }
    assert_eq!(doorstep.streams.websockets, RefusedWebSockets { page: 5, ..RefusedWebSockets::default() });
    let mut phone = doorstep.connect();
    let own = from("https://phones.example.com");
    doorstep.exchange(&mut phone, &own, SWITCHED.as_bytes(), doorstep.start);
}

#[test]
fn a_message_in_parts_is_one_message_and_pings_between_them_are_answered() {
    let mut doorstep = doorstep(3);
    let mut browser = doorstep.browser();
    let (one, rest) = OPTIONS.split_at(10);
    let (two, three) = rest.split_at(10);
    let now = doorstep.start;
    let begun = [frame(FIRST_PART, one), frame(PING, b"there?"), frame(NEXT_PART, two)].concat();
    doorstep.exchange(&mut browser, &begun, &said(PONG, b"there?"), now);
    assert_eq!(doorstep.heard, []);
    let last = [frame(LAST_PART, three), frame(TEXT, OPTIONS)].concat();
    doorstep.hear(&mut browser, &last, now);
    doorstep.until(now, |doorstep| doorstep.heard.len() == 2);
    let whole = (Brought::Message(OPTIONS.len()), OPTIONS.to_vec());
    assert_eq!(doorstep.heard, [whole.clone(), whole]);
}

#[test]
fn one_message_of_websocket_is_one_of_sip_whatever_length_it_says() {
    let mut doorstep = doorstep(3);
    let mut browser = doorstep.browser();
    // RFC 7118 section 5.1: Content-Length may be absent.
    for message in [&b"OPTIONS sip:a SIP/2.0\r\n\r\n"[..], &b"OPTIONS sip:a SIP/2.0\r\nl: 9\r\n\r\n"[..]] {
        let heard = doorstep.hear(&mut browser, &frame(TEXT, message), doorstep.start);
        assert_eq!(heard, (Brought::Message(message.len()), message.to_vec()));
    }
}

#[test]
fn a_phone_that_says_goodbye_is_answered_and_lost() {
    let mut doorstep = doorstep(3);
    let mut browser = doorstep.browser();
    doorstep.hear(&mut browser, &frame(TEXT, OPTIONS), doorstep.start);
    let flow = doorstep.messages[0];
    browser.write_all(&frame(CLOSE, &1_000_u16.to_be_bytes())).expect("taken");
    assert_eq!(doorstep.last_words(&mut browser), close(1_000, ""));
    assert_eq!(doorstep.lost, [flow]);
    let (start, registry) = (doorstep.start, doorstep.poll.registry());
    doorstep.streams.send(flow, OPTIONS, registry, start, &mut doorstep.lost);
    assert_eq!(doorstep.lost, [flow, flow], "nobody but the phone opens it");
}

#[test]
fn what_is_too_long_or_against_the_rules_ends_it_and_says_why() {
    let too_long = "a message longer than any of SIP";
    let rules = "frames against the rules of WebSocket";
    let large = vec![b'x'; limits::SIP_MESSAGE_BYTES];
    let in_parts = [frame(FIRST_PART, &large[..40_000]), frame(LAST_PART, &large[..40_000])].concat();
    for (bytes, code, why) in [
        (head(TEXT, limits::SIP_MESSAGE_BYTES + 1, 0x80), 1_009, too_long),
        ([&[TEXT, 0xff][..], &u64::MAX.to_be_bytes()].concat(), 1_009, too_long),
        (in_parts, 1_009, too_long),
        (said(TEXT, OPTIONS), 1_002, rules),
        (frame(LAST_PART, OPTIONS), 1_002, rules),
        (frame(TEXT | 0x40, OPTIONS), 1_002, rules),
        (frame(0x83, OPTIONS), 1_002, rules),
        (frame(PING, &[0; 126]), 1_002, rules),
        (frame(TEXT, b"\xff"), 1_007, "text that is none"),
    ] {
        let mut doorstep = doorstep(3);
        let mut browser = doorstep.browser();
        // A length alone is judged once its mask came.
        let heard = doorstep.hear(&mut browser, &[&bytes[..], &[0; 4]].concat(), doorstep.start);
        assert_eq!(heard, (Brought::Unframed(0, Broken::WebSocket(why)), Vec::new()));
        assert_eq!(doorstep.last_words(&mut browser), close(code, why), "{why}");
        assert_eq!(doorstep.lost.len(), 1);
    }
    let mut doorstep = doorstep(3);
    let mut browser = doorstep.browser();
    let heard = doorstep.hear(&mut browser, &frame(BINARY, &large), doorstep.start);
    assert_eq!(heard.0, Brought::Message(large.len()), "as long as a message may be");
}

#[test]
fn a_handshake_that_does_not_end_and_one_nothing_follows_end_in_time() {
    let mut doorstep = doorstep(3);
    let mut slow = doorstep.connect();
    slow.write_all(HANDSHAKE.as_bytes()).expect("taken");
    let mut silent = doorstep.browser();
    // Pings and line ends are no first message.
    doorstep.exchange(&mut silent, &frame(PING, b""), &said(PONG, b""), doorstep.at(20));
    doorstep.exchange(&mut silent, &frame(TEXT, b"\r\n\r\n"), &said(TEXT, b"\r\n"), doorstep.at(20));
    assert_eq!(doorstep.closed_by(doorstep.at(29)), 0);
    assert_eq!(doorstep.closed_by(doorstep.at(30)), 2);
    assert_eq!(doorstep.streams.limited.idle, 2);
}

#[test]
fn a_trusted_phone_s_websocket_lasts_and_half_a_message_ends_it_in_time() {
    let mut doorstep = doorstep(3);
    let mut phone = doorstep.browser();
    doorstep.hear(&mut phone, &frame(TEXT, OPTIONS), doorstep.start);
    let flow = doorstep.messages[0];
    doorstep.streams.of(flow).expect("connected").trust();
    for (minute, ping, pong) in [
        (10, frame(TEXT, b"\r\n\r\n"), said(TEXT, b"\r\n")),
        (20, frame(PING, b"x"), said(PONG, b"x")),
        (30, frame(BINARY, b"\r\n\r\n"), said(TEXT, b"\r\n")),
    ] {
        doorstep.exchange(&mut phone, &ping, &pong, doorstep.at(60 * minute));
        assert_eq!(doorstep.closed_by(doorstep.at(60 * minute + 59)), 0, "minute {minute}");
    }
    // A part of a message, and pings that buy it no time.
    let begun = [frame(FIRST_PART, b"OPTIONS"), frame(PING, b"")].concat();
    doorstep.exchange(&mut phone, &begun, &said(PONG, b""), doorstep.at(3_600));
    doorstep.exchange(&mut phone, &frame(PING, b""), &said(PONG, b""), doorstep.at(3_620));
    assert_eq!(doorstep.closed_by(doorstep.at(3_629)), 0);
    assert_eq!(doorstep.closed_by(doorstep.at(3_630)), 1);
}

#[test]
fn half_a_frame_ends_a_trusted_phone_s_websocket_in_time() {
    let mut doorstep = doorstep(3);
    let mut phone = doorstep.browser();
    let half = [frame(TEXT, OPTIONS), frame(TEXT, OPTIONS)[..20].to_vec()].concat();
    doorstep.hear(&mut phone, &half, doorstep.at(60));
    let flow = doorstep.messages[0];
    doorstep.streams.of(flow).expect("connected").trust();
    assert_eq!(doorstep.closed_by(doorstep.at(89)), 0);
    assert_eq!(doorstep.closed_by(doorstep.at(90)), 1);
}

#[test]
fn a_phone_that_reads_nothing_is_lost() {
    let mut doorstep = doorstep(3);
    let mut phone = doorstep.browser();
    doorstep.hear(&mut phone, &frame(TEXT, OPTIONS), doorstep.start);
    let (flow, start) = (doorstep.messages[0], doorstep.start);
    let long = vec![b'x'; 60_000];
    for _ in 0..1_000 {
        doorstep.streams.send(flow, &long, doorstep.poll.registry(), start, &mut doorstep.lost);
        if !doorstep.lost.is_empty() {
            break;
        }
    }
    assert_eq!(doorstep.lost, [flow]);
    assert_eq!(doorstep.streams.count(Transport::Ws).now, 0);
}

#[test]
fn pings_without_end_are_no_keep_alives() {
    let mut doorstep = doorstep(3);
    let mut peer = doorstep.browser();
    let flood = frame(PING, b"").repeat(20_000);
    doorstep.until(doorstep.start, |doorstep| {
        while peer.write(&flood).is_ok() {}
        !doorstep.lost.is_empty()
    });
}

#[test]
fn one_source_opens_a_hundred_websockets_and_no_more() {
    let mut doorstep = doorstep(2 * limits::STREAMS_PER_SOURCE);
    let taken: Vec<_> = (0..limits::STREAMS_PER_SOURCE).map(|_| doorstep.browser()).collect();
    let mut refused = doorstep.connect_from(STRANGER);
    assert_eq!(doorstep.last_words(&mut refused), b"");
    let counted = Connections { now: 100, accepted: 100 };
    assert_eq!(doorstep.streams.count(Transport::Ws), counted);
    assert_eq!(doorstep.streams.limited.crowded_out, 1);
    drop(taken);
}

#[test]
fn over_tls_it_is_the_same_within_it() {
    let authority = Authority::new();
    let (mut doorstep, _) = secured_over(Transport::Wss, authority.server(NAME));
    let (address, config) = (doorstep.address, authority.client(false));
    let client = thread::spawn(move || {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let tls = ClientConnection::new(config, name()).expect("a client");
        let mut client = StreamOwned::new(tls, stream);
        let mut expect = |sent: &[u8], expected: &[u8]| {
            client.write_all(sent)?;
            let mut heard = vec![0; expected.len()];
            client.read_exact(&mut heard)?;
            assert_eq!(heard, expected);
            Ok::<(), io::Error>(())
        };
        expect(&handshake(SIP), SWITCHED.as_bytes())?;
        expect(&frame(PING, b"x"), &said(PONG, b"x"))?;
        expect(&frame(TEXT, OPTIONS), &said(TEXT, ANSWER))
    });
    doorstep.serve(client).expect("answered");
    assert_eq!(doorstep.messages[0].transport, Transport::Wss);
    assert_eq!(doorstep.streams.count(Transport::Wss).accepted, 1);
}

/// Everything heard of these bytes, given in pieces of such lengths.
fn heard(bytes: &[u8], lengths: &[usize]) -> (Vec<Heard>, Vec<u8>) {
    let (mut socket, now) = (WebSocket::new([].into()), Instant::now());
    let (mut out, mut half_since) = (VecDeque::new(), None);
    let mut heard = Vec::new();
    let mut lengths = lengths.iter().cycle();
    let mut left = bytes;
    while !left.is_empty() {
        let (some, rest) = left.split_at(lengths.next().map_or(left.len(), |length| left.len().min(*length)));
        left = rest;
        socket.take(some);
        loop {
            match socket.next(&mut out, &mut half_since, now) {
                Heard::Nothing => break,
                message @ Heard::Message(_) => heard.push(message),
                end @ (Heard::Broken(_) | Heard::Over) => {
                    heard.push(end);
                    return (heard, out.into());
                }
            }
        }
    }
    (heard, out.into())
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![
        Just(TEXT),
        Just(BINARY),
        Just(FIRST_PART),
        Just(NEXT_PART),
        Just(LAST_PART),
        Just(PING),
        Just(PONG),
        any::<u8>()
    ];
    let payload = prop_oneof![
        Just(b"\r\n\r\n".to_vec()),
        Just(OPTIONS.to_vec()),
        prop::collection::vec(any::<u8>(), 0..200),
    ];
    let length = any::<prop::sample::Index>();
    (kind, payload, any::<bool>(), length).prop_map(|(kind, payload, cut, length)| {
        let mut frame = frame(kind, &payload);
        if cut && payload.len() > 190 {
            frame.truncate(length.index(frame.len()));
        }
        frame
    })
}

proptest! {
    #[test]
    fn bytes_in_whatever_pieces_say_the_same(
        frames in prop::collection::vec(any_frame(), 0..8),
        lengths in prop::collection::vec(1..300_usize, 1..5),
        greeting in prop_oneof![4 => Just(handshake(SIP)), 1 => prop::collection::vec(any::<u8>(), 0..100)],
    ) {
        let bytes = [&greeting[..], &frames.concat()].concat();
        let whole = heard(&bytes, &[]);
        prop_assert_eq!(&heard(&bytes, &lengths), &whole);
        prop_assert_eq!(&heard(&bytes, &[1]), &whole);
    }
}
