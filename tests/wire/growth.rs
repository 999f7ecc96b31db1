//! A message eight times as long takes about eight times as long to read, whatever it is made of.

use spillway::base::limits;
use spillway::wire::sdp::SessionDescription;
use spillway::wire::sip::{HeaderName, Message, frame, validate};
use std::hint::black_box;
use std::time::Duration;

/// Room for a slow, shared machine; quadratic reading would be eight times over linear.
const SLACK: u32 = 4;
const SHORT: usize = limits::SIP_MESSAGE_BYTES / 8;

fn read(bytes: &[u8]) {
    let message = Message::parse(bytes).expect("readable");
    let _ = black_box((validate(&message), frame(bytes)));
    for name in [HeaderName::Via, HeaderName::Contact, HeaderName::From, HeaderName::Route] {
        let _ = black_box((message.values(name).count(), message.addresses(name).count()));
    }
    let _ = black_box((message.top_via(), message.from(), message.request_uri()));
    let _ = black_box(
        message.from().map(|from| (from.display_text(), from.uri.user_unescaped(), from.param("x"))),
    );
}

#[allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "measures; decides nothing")]
fn fastest(run: impl Fn()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..15 {
        let start = std::time::Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    best
}

fn message(before: &str, filling: &str, after: &str, bytes: usize) -> Vec<u8> {
    let head = format!("INVITE sip:a@b SIP/2.0\r\n{before}");
    let tail = format!("{after}\r\n\r\n");
    let times = (bytes - head.len() - tail.len()) / filling.len();
    format!("{head}{}{tail}", filling.repeat(times)).into_bytes()
}

#[test]
fn no_filling_makes_reading_more_than_linear() {
    for (before, filling, after) in [
        ("Via: SIP/2.0/UDP a", ",SIP/2.0/UDP a", ""),
        ("Via: SIP/2.0/UDP a", ";x", ""),
        ("Via: ", ",", ""),
        ("Contact: ", "<sip:a@b>,", ""),
        ("Contact: ", "\"", ""),
        ("Contact: ", "<", ""),
        ("From: ", "\"\\", ""),
        ("From: \"", "\\\"", "\" <sip:a@b>"),
        ("From: <sip:a@b>", ";x=\"\"", ";x"),
        ("From: <sip:a@b>;x=", "\"", ""),
        ("From: <sip:", "%41", "@b>"),
        ("From: <sip:", "@", "b>"),
        ("From: <sip:", ":", "b>"),
        ("From: ", "\r\n ", "<sip:a@b>"),
        ("From: ", " ", "<sip:a@b>"),
        ("From: a", "b ", "c"),
        ("Content-Length: ", "0", ""),
        ("x", "x", ": y"),
        ("X: ", ":", ""),
    ] {
        let (short, long) =
            (message(before, filling, after, SHORT), message(before, filling, after, SHORT * 8));
        let (quick, slow) = (fastest(|| read(&short)), fastest(|| read(&long)));
        let limit = (quick * 8 * SLACK).max(Duration::from_millis(2));
        assert!(slow <= limit, "{before:?} {filling:?}: {quick:?} grew to {slow:?}");
    }
}

#[test]
fn too_long_or_too_many_is_refused_at_once() {
    let long = message("X: ", "x", "", limits::SIP_MESSAGE_BYTES + 10);
    assert!(Message::parse(&long).is_err());
    let many = message("", "X: y\r\n", "Z: z", 8 * (limits::SIP_HEADERS + 8));
    assert!(Message::parse(&many).is_err());
}

#[test]
fn a_long_session_description_is_read_in_time() {
    let offer = |times: usize| {
        let attributes = "a=rtpmap:96 PCMA/8000\r\n".repeat(times);
        format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4 RTP/AVP {}\r\n{attributes}",
            "97 ".repeat(60)
        )
    };
    let (short, long) = (offer(300), offer(2_400));
    let parse = |body: &str| drop(black_box(SessionDescription::parse(body.as_bytes())));
    let (quick, slow) = (fastest(|| parse(&short)), fastest(|| parse(&long)));
    assert!(slow <= quick * 8 * SLACK, "{quick:?} grew to {slow:?}");
}
