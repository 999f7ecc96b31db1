//! Strangers: answered alike, seldom, and in the end not at all; never at the cost of those who are none.

use super::pair::local;
use super::raw::{Raw, SDP, invite, request, status, to_tag};
use crate::base::{Transport, limits};
use crate::signaling::{LegKey, Observation};
use std::time::Duration;

const STRANGER: &str = "203.0.113.9:40000";

fn limited(raw: &Raw, limit: &'static str) -> usize {
    raw.observed.iter().filter(|seen| **seen == Observation::Limited { limit }).count()
}

fn bans(raw: &Raw) -> usize {
    raw.observed.iter().filter(|seen| matches!(seen, Observation::Banned { .. })).count()
}

#[test]
fn a_stranger_who_asks_too_often_is_not_answered_and_counted() {
    let mut raw = Raw::new();
    raw.speak_from(STRANGER);
    let answers: usize = (0..1_000).map(|n| raw.say(&request("OPTIONS", n, 1, "", "")).len()).sum();
    assert_eq!(answers, limits::REFUSALS_PER_SOURCE as usize);
    assert_eq!(limited(&raw, "source"), 1_000 - limits::ASKED_AT_ONCE as usize);
    assert_eq!(limited(&raw, "answers"), limits::ASKED_AT_ONCE as usize - answers);
    assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
    raw.wait_ms(1_000);
    assert_eq!(raw.say(&request("OPTIONS", 2_000, 1, "", "")).len(), 1);
}

#[test]
fn a_datagram_proves_nobody_so_it_bans_nobody() {
    let mut raw = Raw::new();
    raw.speak_from(STRANGER);
    (0..10_000).for_each(|n| drop(raw.say(&invite(n))));
    assert_eq!((bans(&raw), raw.stack.bans(raw.now).len()), (0, 0));
}

#[test]
fn who_is_refused_over_a_stream_again_and_again_is_not_read_any_more() {
    let mut raw = Raw::new();
    raw.speak_over(Transport::Tcp, STRANGER);
    (0..20).for_each(|n| drop(raw.say(&request("REGISTER", n, 1, "", ""))));
    assert_eq!(bans(&raw), 0, "still forgiven");
    raw.say(&request("REGISTER", 20, 1, "", ""));
    assert_eq!(bans(&raw), 1);
    let [(source, left)] = raw.stack.bans(raw.now)[..] else { panic!("one") };
    assert_eq!((source.to_string().as_str(), left), ("203.0.113.9", Duration::from_secs(600)));
    raw.wait_ms(5_000);
    assert!(raw.say("rubbish").is_empty());
    let flow = raw.flow();
    assert!(raw.observed.contains(&Observation::FlowShut { flow }), "and its streams are closed");
    raw.speak_over(Transport::Udp, "203.0.113.9:50000");
    assert!(raw.say(&invite(1)).is_empty(), "from any port, over any transport");
    assert_eq!((limited(&raw, "ban"), raw.observed.contains(&Observation::ParseFailed)), (2, false));
    raw.wait_ms(600_000);
    assert_eq!(status(&raw.say(&invite(1))[0]), "403 Forbidden");
}

#[test]
fn bytes_nobody_can_frame_count_too() {
    let mut raw = Raw::new();
    raw.speak_over(Transport::Tcp, STRANGER);
    let flow = raw.flow();
    (0..21).for_each(|_| drop(raw.act(|stack, now| stack.unframed(now, flow, b"GET / HTTP/1.1\r\n\r\n"))));
    assert_eq!(bans(&raw), 1);
}

#[test]
fn a_trunk_is_never_banned_whatever_it_says() {
    let mut raw = Raw::new();
    let peer = raw.flow();
    raw.speak_over(Transport::Tcp, "192.0.2.1:49152");
    for n in 0..500 {
        assert_eq!(raw.say(&request("REGISTER", n, 1, "", "")).len(), 1, "answered each time");
        let flow = raw.flow();
        raw.act(|stack, now| stack.unframed(now, flow, b"rubbish\r\n\r\n"));
        raw.act(|stack, now| stack.authentication_failed(now, peer));
    }
    assert_eq!((bans(&raw), limited(&raw, "ban"), limited(&raw, "source")), (0, 0, 0));
}

#[test]
fn wrong_passwords_ban_over_any_transport_but_not_where_a_phone_is_registered() {
    let mut raw = Raw::new();
    raw.speak_from(STRANGER);
    let flow = raw.flow();
    let until = raw.now + Duration::from_secs(3_600);
    raw.act(|stack, now| stack.vouch_for(now, flow.remote.ip(), until));
    (0..100).for_each(|_| drop(raw.act(|stack, now| stack.authentication_failed(now, flow))));
    assert_eq!(bans(&raw), 0);
    raw.wait_ms(3_700_000);
    (0..21).for_each(|_| drop(raw.act(|stack, now| stack.authentication_failed(now, flow))));
    assert_eq!((bans(&raw), raw.say(&invite(1)).len()), (1, 0));
}

#[test]
fn who_knows_our_tag_is_no_stranger_wherever_they_speak_from() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let answer = raw.act(|stack, now| stack.accept(now, LegKey(0), local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.speak_from(STRANGER);
    (2..1_000).for_each(|n| drop(raw.say(&invite(n))));
    raw.say(&request("ACK", 1, 1, &tag, ""));
    assert_eq!(status(&raw.say(&request("INFO", 1, 2, &tag, ""))[0]), "200 OK", "not limited");
}

/// Whatever a stranger asks of whatever is here or not, the answer is one and the same but for what it repeats.
#[test]
fn strangers_are_answered_alike_whatever_exists() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let answer = raw.act(|stack, now| stack.accept(now, LegKey(0), local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", 1, 1, &tag, ""));
    let guessed = format!("{}{}", &tag[..23], if tag.ends_with('0') { '1' } else { '0' });
    let (legs, transactions) = (raw.stack.legs(), raw.stack.transactions());
    let timers = raw.stack.timers();
    raw.speak_from(STRANGER);
    let mut heard = Vec::new();
    for method in ["INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "SUBSCRIBE", "MESSAGE", "REFER", "DANCE"]
    {
        for number in ["0385421000", "0385421999", "201", "root"] {
            // Whoever overheard the live call knows its Call-ID and the caller's tag; ours they have to guess.
            for to in ["", guessed.as_str(), "x"] {
                for body in ["", SDP] {
                    let text = request(method, 1, 7, to, body)
                        .replace("0385421000@192.0.2.2 SIP", &format!("{number}@192.0.2.2 SIP"));
                    let said = raw.say(&text);
                    assert_eq!(said.len(), 1, "{text}");
                    assert!(said[0].len() <= text.len() * 3 / 2, "{} for {}", said[0].len(), text.len());
                    heard.push(without_echoes(&said[0], &text));
                    raw.wait_ms(1_000);
                }
            }
        }
    }
    heard.dedup();
    assert_eq!(heard.len(), 1, "{heard:#?}");
    assert_eq!((raw.stack.legs(), raw.stack.transactions() <= transactions), (legs, true));
    assert!(raw.stack.timers() <= timers);
    assert_eq!(raw.invited.len(), 1);
}

/// An answer without what it repeats of its request (RFC 3261 section 8.2.6.2), and without the tag derived from it.
fn without_echoes(answer: &str, request: &str) -> String {
    let copied = ["From: ", "Call-ID: ", "CSeq: "];
    let echo = |line: &str| {
        let is_copy = copied.iter().any(|name| line.starts_with(name));
        assert!(!is_copy || request.lines().any(|asked| asked == line), "{line}");
        is_copy || line.starts_with("Via: ") || line.starts_with("To: ")
    };
    answer.lines().filter(|line| !echo(line)).collect::<Vec<_>>().join("\n")
}
