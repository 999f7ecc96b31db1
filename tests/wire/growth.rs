//! A message eight times as long takes about eight times as long to read, whatever it is made of.

use spillway::base::limits;
use spillway::wire::sdp::SessionDescription;
use spillway::wire::sip::{HeaderName, Message, ParseErrorKind, frame, validate};
use std::hint::black_box;
use std::time::Duration;

/// How much longer the long one is.
const TIMES: usize = 8;
/// Room for noise; quadratic reading would take `TIMES` as long.
const SLACK: u32 = 3;
const ROUNDS: usize = 100;
const SHORT: usize = limits::SIP_MESSAGE_BYTES / TIMES;

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
fn taken(run: impl FnOnce()) -> Duration {
    let start = std::time::Instant::now();
    run();
    start.elapsed()
}

/// Times `TIMES` short readings against one long one, so that a busy machine slows both alike; what is linear is
/// seen to be so in one round or another.
fn assert_linear(name: &str, short: impl Fn(), long: impl Fn()) {
    let (mut quick, mut slow) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        quick = quick.min(taken(|| (0..TIMES).for_each(|_| short())));
        slow = slow.min(taken(&long));
        if slow <= (quick * SLACK).max(Duration::from_millis(2)) {
            return;
        }
    }
    panic!("{name}: {quick:?} in pieces, {slow:?} in one");
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
            (message(before, filling, after, SHORT), message(before, filling, after, SHORT * TIMES));
        assert_linear(&format!("{before:?} {filling:?}"), || read(&short), || read(&long));
    }
}

#[test]
fn too_long_or_too_many_is_refused_at_once() {
    let long = message("X: ", "x", "", limits::SIP_MESSAGE_BYTES + 10);
    assert!(Message::parse(&long).is_err());
    let many = message("", "X: y\r\n", "Z: z", 8 * (limits::SIP_HEADERS + 8));
    let kind = Message::parse(&many).map(|message| validate(&message).map_err(|refusal| refusal.why.kind));
    assert_eq!(kind, Ok(Err(ParseErrorKind::TooManyHeaders)));
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
    let most = limits::SDP_LINES - 5;
    let (short, long) = (offer(most / TIMES), offer(most));
    let parse = |body: &str| drop(black_box(SessionDescription::parse(body.as_bytes()).expect("an offer")));
    assert_linear("rtpmap", || parse(&short), || parse(&long));
}
