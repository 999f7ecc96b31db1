//! Keys by INFO: what is taken, what is refused, and how.

use super::pair::local;
use super::raw::{Raw, SDP, header, invite, request, status, to_tag};
use crate::signaling::LegEvent;

/// A call in conversation, and our tag in it.
fn talking() -> (Raw, String) {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", 1, 1, &tag, ""));
    raw.events.clear();
    (raw, tag)
}

/// An INFO with a body of this type.
fn info(cseq: u32, tag: &str, kind: &str, body: &str) -> String {
    request("INFO", 1, cseq, tag, body).replace("application/sdp", kind)
}

#[test]
fn a_key_by_info_is_told_once_and_answered() {
    let (mut raw, tag) = talking();
    let relay = info(2, &tag, "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n");
    let answer = raw.say(&relay);
    assert_eq!(status(&answer[0]), "200 OK");
    assert_eq!(raw.say(&relay), answer, "a copy gets the same bytes");
    let plain = info(3, &tag, "application/dtmf", "#");
    assert_eq!(status(&raw.say(&plain)[0]), "200 OK");
    let shouted = info(4, &tag, "Application/DTMF-Relay; charset=utf-8", "Signal= 10\r\nDuration= 250\r\n");
    assert_eq!(status(&raw.say(&shouted)[0]), "200 OK");
    let keys = ['5', '#', '*'].map(|key| LegEvent::KeyPressed { key });
    assert_eq!(raw.events, keys);
}

#[test]
fn an_info_that_says_nothing_is_a_sign_of_life() {
    let (mut raw, tag) = talking();
    assert_eq!(status(&raw.say(&request("INFO", 1, 2, &tag, ""))[0]), "200 OK");
    assert!(raw.events.is_empty());
}

#[test]
fn what_is_no_key_is_refused_and_told_to_nobody() {
    let (mut raw, tag) = talking();
    let malformed = raw.say(&info(2, &tag, "application/dtmf-relay", "Signal=ring\r\n"));
    assert_eq!(status(&malformed[0]), "400 Bad Request");
    let foreign = raw.say(&info(3, &tag, "application/media_control+xml", "<picture_fast_update/>"));
    assert_eq!(status(&foreign[0]), "415 Unsupported Media Type");
    assert_eq!(header(&foreign[0], "Accept"), "application/dtmf-relay, application/dtmf");
    let sdp = raw.say(&request("INFO", 1, 4, &tag, SDP));
    assert_eq!(status(&sdp[0]), "415 Unsupported Media Type");
    let packed =
        info(5, &tag, "application/dtmf", "5").replace("Contact", "Content-Encoding: gzip\r\nContact");
    assert_eq!(status(&raw.say(&packed)[0]), "415 Unsupported Media Type");
    let package = info(6, &tag, "application/foo", "x").replace("Contact", "Info-Package: foo\r\nContact");
    let package = raw.say(&package);
    assert_eq!(status(&package[0]), "469 Bad Info Package");
    assert!(package[0].contains("Recv-Info:"), "RFC 6086 section 4.2.2");
    assert!(raw.events.is_empty());
}

#[test]
fn a_key_before_the_answer_chooses_nothing() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let ringing = raw.act(|stack, now| stack.ring(now, leg));
    let early = raw.say(&info(2, to_tag(&ringing[0]), "application/dtmf", "5"));
    assert_eq!(status(&early[0]), "200 OK");
    assert!(raw.events.is_empty());
}
