//! A trunk that registers, in virtual time: granted, refreshed, refused, silent and back, and let go.

use super::challenges::{account, asks, challenged};
use super::pair::{LEFT, trunk};
use super::raw::{Raw, header, response, status};
use crate::base::{Transport, TrunkId};
use crate::signaling::{Observation, Peer, Stack, TrunkAccount, TrunkPeer};
use std::time::Duration;

const ID: TrunkId = TrunkId(0);
const UP: Observation = Observation::TrunkRegistered { trunk: ID };
const DOWN: Observation = Observation::TrunkUnregistered { trunk: ID };
const REFUSED: Observation = Observation::CredentialsRefused { trunk: ID };

fn registrar() -> Raw {
    let account = TrunkAccount { register: Some(Duration::from_secs(600)), ..account() };
    Raw::with(TrunkPeer { account: Some(account), ..trunk(LEFT) })
}

/// Its next REGISTER, which has to come within `millis`; no more than a tenth of a second is waited after it.
fn next(raw: &mut Raw, millis: u64) -> String {
    let mut left = millis;
    loop {
        let step = left.min(100);
        let sent = raw.wait_ms(step);
        if let Some(first) = sent.into_iter().next() {
            return first;
        }
        assert!(step > 0, "nothing within {millis} ms");
        left -= step;
    }
}

/// A 200 that grants our Contact `expires`, beside somebody else's.
fn grants(request: &str, expires: u32) -> String {
    let ours = header(request, "Contact");
    let contacts = format!("Contact: <sip:other@203.0.113.9>;expires=7, {ours};expires={expires}\r\nCSeq");
    response(request, "200 OK", "reg", "")
        .replace("Contact: <sip:192.0.2.1:5060>\r\n", "")
        .replace("CSeq", &contacts)
}

fn times(raw: &Raw, what: Observation) -> usize {
    raw.observed.iter().filter(|seen| **seen == what).count()
}

/// Registered after a challenge, with this much granted.
fn registered(expires: u32) -> Raw {
    let mut raw = registrar();
    let first = raw.wait_ms(0).remove(0);
    let again = raw.say(&challenged(&first, "401 Unauthorized", &asks("carrier", "n1"))).remove(0);
    raw.say(&grants(&again, expires));
    assert_eq!(raw.stack.registered(ID), Some(true));
    raw
}

#[test]
fn a_trunk_registers_answers_the_challenge_and_refreshes_before_its_time_is_over() {
    let mut raw = registrar();
    assert_eq!(raw.stack.registered(ID), Some(false));
    let first = raw.wait_ms(0).remove(0);
    assert_eq!(status(&first), "REGISTER sip:192.0.2.1:5060 SIP/2.0");
    assert_eq!(header(&first, "Contact"), "<sip:habitat70@192.0.2.2:5060>");
    assert_eq!(header(&first, "To"), "<sip:habitat70@192.0.2.1>");
    assert_eq!(header(&first, "Expires"), "600");
    let again = raw.say(&challenged(&first, "401 Unauthorized", &asks("carrier", "n1"))).remove(0);
    assert_eq!((header(&first, "CSeq"), header(&again, "CSeq")), ("1 REGISTER", "2 REGISTER"));
    assert_eq!(header(&again, "Call-ID"), header(&first, "Call-ID"));
    assert!(header(&again, "Authorization").contains("uri=\"sip:192.0.2.1:5060\""), "{again}");
    raw.say(&grants(&again, 300));
    assert_eq!((raw.stack.registered(ID), times(&raw, UP)), (Some(true), 1));
    assert!(raw.wait_ms(269_900).is_empty(), "90 % of 300 s");
    let refresh = next(&mut raw, 200);
    assert_eq!((header(&refresh, "CSeq"), header(&refresh, "Expires")), ("3 REGISTER", "600"));
    assert!(header(&refresh, "Authorization").contains("nc=00000002"), "{refresh}");
    raw.say(&grants(&refresh, 20));
    assert!(raw.wait_ms(14_900).is_empty(), "5 s before the end, which is earlier");
    assert!(next(&mut raw, 200).starts_with("REGISTER"));
    assert_eq!((times(&raw, UP), times(&raw, DOWN)), (1, 0), "no news");
}

#[test]
fn an_answer_that_says_nothing_of_our_contact_grants_what_its_expires_says_or_what_was_asked() {
    let mut raw = registrar();
    let first = raw.wait_ms(0).remove(0);
    let plain = response(&first, "200 OK", "reg", "");
    raw.say(&plain.replace("\r\nCSeq", "\r\nExpires: 100\r\nCSeq"));
    assert!(raw.wait_ms(89_900).is_empty());
    let second = next(&mut raw, 200);
    raw.say(&response(&second, "200 OK", "reg", ""));
    assert!(raw.wait_ms(539_900).is_empty());
    next(&mut raw, 200);
}

#[test]
fn too_brief_an_interval_is_asked_for_again_as_long_as_wanted() {
    let mut raw = registrar();
    let first = raw.wait_ms(0).remove(0);
    let brief = |request: &str, least: u32| {
        let line = format!("\r\nMin-Expires: {least}\r\nCSeq");
        response(request, "423 Interval Too Brief", "reg", "").replace("\r\nCSeq", &line)
    };
    raw.say(&brief(&first, 3_600));
    let second = next(&mut raw, 0);
    assert_eq!(header(&second, "Expires"), "3600");
    raw.say(&brief(&second, 3_600));
    assert!(raw.wait_ms(400).is_empty(), "who wants no more than was asked is in trouble");
    assert_eq!(header(&next(&mut raw, 700), "Expires"), "3600");
}

#[test]
fn a_refused_password_raises_an_alarm_and_is_tried_for_ever_at_a_slow_pace() {
    let mut raw = registrar();
    let mut sent = raw.wait_ms(0).remove(0);
    for round in 1..=8 {
        let said = raw.say(&challenged(&sent, "401 Unauthorized", &asks("carrier", "n")));
        if let Some(again) = said.first() {
            raw.say(&challenged(again, "401 Unauthorized", &asks("carrier", "n")));
        }
        assert_eq!(times(&raw, REFUSED), round);
        assert!(raw.wait_ms(59_000).is_empty(), "not within a minute");
        sent = next(&mut raw, 242_000);
    }
    assert_eq!((raw.stack.registered(ID), times(&raw, UP)), (Some(false), 0));
    raw.say(&response(&sent, "403 Forbidden", "reg", ""));
    assert_eq!(times(&raw, REFUSED), 9);
}

#[test]
fn a_refused_refresh_ends_the_registration() {
    let mut raw = registered(100);
    let refresh = next(&mut raw, 90_000);
    raw.say(&response(&refresh, "403 Forbidden", "reg", ""));
    assert_eq!((raw.stack.registered(ID), times(&raw, DOWN), times(&raw, REFUSED)), (Some(false), 1, 1));
}

#[test]
fn a_registrar_with_trouble_is_asked_at_a_growing_pace_and_the_registration_lasts_as_granted() {
    let mut raw = registered(100);
    let mut refresh = next(&mut raw, 90_000);
    for (least, most) in [(500, 1_001), (1_000, 2_001), (2_000, 4_001)] {
        raw.say(&response(&refresh, "503 Service Unavailable", "reg", ""));
        assert_eq!(raw.stack.registered(ID), Some(true), "it knows us yet");
        assert!(raw.wait_ms(least - 1).is_empty());
        refresh = next(&mut raw, most - least + 1);
    }
    raw.wait_ms(10_000);
    assert_eq!((raw.stack.registered(ID), times(&raw, DOWN)), (Some(false), 1));
    raw.say(&grants(&refresh, 600));
    assert_eq!((raw.stack.registered(ID), times(&raw, UP)), (Some(true), 2));
}

#[test]
fn a_silent_registrar_is_asked_for_ever_and_found_when_it_is_back() {
    let mut raw = registrar();
    raw.wait_ms(3_600_000);
    let firsts = raw.sent.iter().map(|text| header(text, "CSeq").to_owned());
    let mut numbers: Vec<String> = firsts.collect();
    numbers.dedup();
    // 32 s of timer F (RFC 3261 section 17.1.2.2) and a minute at most between two.
    assert!((39..=60).contains(&numbers.len()), "{}", numbers.len());
    assert_eq!((times(&raw, UP), times(&raw, DOWN)), (0, 0));
    let sent = next(&mut raw, 93_000);
    raw.say(&grants(&sent, 600));
    assert_eq!((raw.stack.registered(ID), raw.stack.transactions()), (Some(true), 1), "nothing piled up");
}

#[test]
fn a_service_that_stops_asks_to_be_forgotten() {
    let mut raw = registered(600);
    let sent = raw.act(Stack::stop_accepting);
    assert_eq!((sent.len(), header(&sent[0], "Expires")), (1, "0"));
    assert!(header(&sent[0], "Authorization").contains("nc=00000002"));
    assert_eq!((raw.stack.registered(ID), raw.stack.is_unregistering()), (Some(false), true));
    let again = raw.say(&challenged(&sent[0], "401 Unauthorized", &asks("carrier", "n2"))).remove(0);
    assert_eq!(header(&again, "Expires"), "0");
    raw.say(&response(&again, "200 OK", "reg", ""));
    assert!(!raw.stack.is_unregistering());
    assert!(raw.wait_ms(3_600_000).is_empty(), "and asks no more");
    assert_eq!((raw.stack.transactions(), raw.stack.timers()), (0, 0));
}

#[test]
fn a_registration_under_way_when_the_service_stops_is_taken_back() {
    let mut raw = registrar();
    let first = raw.wait_ms(0).remove(0);
    let last = raw.act(Stack::stop_accepting).remove(0);
    assert_eq!((header(&last, "CSeq"), header(&last, "Expires")), ("2 REGISTER", "0"));
    raw.say(&grants(&first, 600));
    assert_eq!(raw.stack.registered(ID), Some(false), "what was granted is being taken back");
    raw.say(&response(&last, "200 OK", "reg", ""));
    assert!(raw.wait_ms(3_600_000).is_empty());
}

#[test]
fn a_trunk_that_does_not_register_sends_nothing() {
    let mut raw = Raw::with(TrunkPeer { account: Some(account()), ..trunk(LEFT) });
    assert!(raw.wait_ms(3_600_000).is_empty());
    assert_eq!((raw.stack.registered(ID), raw.act(Stack::stop_accepting).len()), (None, 0));
}

#[test]
fn a_registrar_is_named_by_its_domain_where_it_has_one() {
    let account = TrunkAccount { register: Some(Duration::from_secs(600)), ..account() };
    let mut raw =
        Raw::with(TrunkPeer { account: Some(account), domain: Some("sip.carrier.fr".into()), ..trunk(LEFT) });
    let first = raw.wait_ms(0).remove(0);
    assert!(first.starts_with("REGISTER sip:sip.carrier.fr SIP/2.0"), "{first}");
    assert!(header(&first, "To").ends_with("@sip.carrier.fr>"), "{first}");
    assert_eq!(raw.flows[0].remote.to_string(), LEFT);
}

#[test]
fn a_registrar_that_says_when_to_come_back_is_asked_then() {
    let mut raw = registrar();
    let first = raw.wait_ms(0).remove(0);
    let busy =
        response(&first, "503 Service Unavailable", "r", "").replace("CSeq", "Retry-After: 40\r\nCSeq");
    raw.say(&busy);
    assert!(raw.wait_ms(39_900).is_empty());
    next(&mut raw, 200);
}

#[test]
fn a_registrar_that_is_silent_is_followed_by_the_trunks_next_peer() {
    let account = TrunkAccount { register: Some(Duration::from_secs(600)), ..account() };
    let peer = |address: &str, priority| Peer {
        transport: Transport::Udp,
        address: address.parse().expect("an address"),
        priority,
        weight: 1,
    };
    let peers = vec![peer("192.0.2.7:5060", 2), peer(LEFT, 1)];
    let mut raw = Raw::with(TrunkPeer { account: Some(account), peers, ..trunk(LEFT) });
    raw.wait_ms(0);
    raw.wait_ms(34_000);
    let asked: Vec<String> = raw.flows.iter().map(|flow| flow.remote.to_string()).collect();
    assert_eq!(
        (asked.first().map(String::as_str), asked.last().map(String::as_str)),
        (Some(LEFT), Some("192.0.2.7:5060"))
    );
    let last = raw.sent.last().expect("a REGISTER").clone();
    raw.speak_from("192.0.2.7:5060");
    raw.say(&grants(&last, 600));
    assert_eq!(raw.stack.registered(ID), Some(true));
    let refresh = next(&mut raw, 541_000);
    assert!(refresh.starts_with("REGISTER sip:192.0.2.7:5060 "), "where it was granted: {refresh}");
}
