//! A trunk's peer that asks for a name and a password before it serves us, and those who only try to get them.

use super::pair::{LEFT, RIGHT, address, local, trunk};
use super::raw::{Raw, SDP, header, invite, request, response, status, to_tag};
use crate::base::{Cause, Flow, Secret, Transport, TrunkId};
use crate::signaling::{
    Caller, DiversionHeader, Invite, LegEvent, LegKey, Observation, SendOn, TrunkAccount, TrunkPeer,
};
use std::time::Duration;

const REFUSED: Observation = Observation::CredentialsRefused { trunk: TrunkId(0) };
const FOREIGN: Observation = Observation::RealmRefused { trunk: TrunkId(0) };

pub(super) fn account() -> TrunkAccount {
    TrunkAccount {
        user: "habitat70".into(),
        password: Secret::new(b"s3cret"),
        realm: Some("carrier".into()),
        register: None,
    }
}

fn peer() -> Raw {
    Raw::with(TrunkPeer { account: Some(account()), ..trunk(LEFT) })
}

fn dial(raw: &mut Raw) -> (LegKey, String) {
    let flow = Flow { transport: Transport::Udp, local: address(RIGHT), remote: address(LEFT) };
    let caller = Caller { number: "0384961370".into(), display: None, anonymous: false };
    let invite = Invite::new(flow, "201", caller, local(6_000));
    let mut leg = None;
    let sent = raw.act(|stack, now| leg = Some(stack.invite(now, invite)));
    (leg.expect("a leg"), sent[0].clone())
}

/// A 401 or 407 to a request, with `challenge`.
pub(super) fn challenged(request: &str, code: &str, challenge: &str) -> String {
    let field = if code.starts_with("407") { "Proxy-Authenticate" } else { "WWW-Authenticate" };
    let line = format!("\r\n{field}: {challenge}\r\nContent-Length");
    response(request, code, "asked", "").replacen("\r\nContent-Length", &line, 1)
}

pub(super) fn asks(realm: &str, nonce: &str) -> String {
    format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\", algorithm=SHA-256")
}

/// The methods of what was sent.
fn methods(sent: &[String]) -> Vec<&str> {
    sent.iter().map(|text| text.split(' ').next().unwrap_or_default()).collect()
}

fn digest(request: &str) -> &str {
    header(request, "Authorization")
}

/// What makes a request the same one as another.
fn identity(request: &str) -> [&str; 4] {
    [status(request), header(request, "From"), header(request, "To"), header(request, "Call-ID")]
}

fn body(message: &str) -> &str {
    message.split("\r\n\r\n").nth(1).unwrap_or_default()
}

#[test]
fn a_challenged_invite_goes_out_again_and_its_acks_carry_what_it_carried() {
    let mut raw = peer();
    let (_, first) = dial(&mut raw);
    assert!(!first.contains("Authorization"), "nothing was asked yet");
    let said = raw.say(&challenged(&first, "401 Unauthorized", &asks("carrier", "n1")));
    assert_eq!(methods(&said), ["ACK", "INVITE"]);
    let again = &said[1];
    assert_eq!(identity(again), identity(&first));
    assert_eq!((header(&first, "CSeq"), header(again, "CSeq")), ("1 INVITE", "2 INVITE"));
    assert_ne!(header(again, "Via"), header(&first, "Via"));
    assert_eq!(body(again), body(&first));
    let digest = digest(again);
    for part in ["username=\"habitat70\"", "realm=\"carrier\"", "nonce=\"n1\"", "nc=00000001", "qop=auth"] {
        assert!(digest.contains(part), "{digest}");
    }
    assert!(digest.contains(&format!("uri=\"{}\"", again.split(' ').nth(1).unwrap_or_default())), "{digest}");
    assert!(raw.events.is_empty(), "the call hears nothing of it");
    let said = raw.say(&response(again, "200 OK", "them", SDP));
    assert_eq!(methods(&said), ["ACK"]);
    assert_eq!((header(&said[0], "CSeq"), header(&said[0], "Authorization")), ("2 ACK", digest));
    assert!(matches!(raw.events[..], [LegEvent::Answered { .. }]));
}

#[test]
fn a_refused_invite_s_ack_carries_its_credentials_and_a_cancel_none() {
    let mut raw = peer();
    let (leg, first) = dial(&mut raw);
    let again =
        raw.say(&challenged(&first, "407 Proxy Authentication Required", &asks("carrier", "n1"))).remove(1);
    let digest = header(&again, "Proxy-Authorization").to_owned();
    raw.act(|stack, now| stack.cancel(now, leg, Cause::Cancelled));
    let cancel = raw.say(&response(&again, "180 Ringing", "them", "")).remove(0);
    assert!(cancel.starts_with("CANCEL") && !cancel.contains("Authorization"), "{cancel}");
    assert_eq!(header(&cancel, "CSeq"), "2 CANCEL");
    raw.say(&challenged(&cancel, "401 Unauthorized", &asks("carrier", "n2")));
    let ack = raw.say(&response(&again, "487 Request Terminated", "them", ""));
    assert_eq!((methods(&ack), header(&ack[0], "Proxy-Authorization")), (vec!["ACK"], &*digest));
}

#[test]
fn an_invite_given_up_is_not_asked_again() {
    let mut raw = peer();
    let (leg, first) = dial(&mut raw);
    raw.act(|stack, now| stack.cancel(now, leg, Cause::Cancelled));
    let said = raw.say(&challenged(&first, "401 Unauthorized", &asks("carrier", "n1")));
    assert_eq!((methods(&said), raw.stack.legs()), (vec!["ACK"], 0));
}

#[test]
fn whoever_challenges_for_ever_gets_two_tries_and_one_more_for_a_stale_nonce() {
    let mut raw = peer();
    let (_, mut sent) = dial(&mut raw);
    sent = raw.say(&challenged(&sent, "401 Unauthorized", &asks("carrier", "n1"))).remove(1);
    let said = raw.say(&challenged(&sent, "401 Unauthorized", &asks("carrier", "n2")));
    assert_eq!(methods(&said), ["ACK"]);
    assert_eq!(
        raw.events,
        [LegEvent::Refused { code: 401, cause: Cause::from_sip_code(401) }, LegEvent::Ended]
    );
    assert_eq!(raw.observed.iter().filter(|seen| **seen == REFUSED).count(), 1);

    let mut raw = peer();
    let (_, mut sent) = dial(&mut raw);
    let mut tries = 1;
    for nonce in ["n1", "n2", "n3", "n4", "n5"] {
        let stale = format!("{}, stale=true", asks("carrier", nonce));
        let said = raw.say(&challenged(&sent, "401 Unauthorized", &stale));
        let Some(again) = said.into_iter().find(|text| text.starts_with("INVITE")) else { break };
        (sent, tries) = (again, tries + 1);
    }
    assert_eq!(tries, 3);
    assert!(raw.observed.contains(&REFUSED));
    raw.wait_ms(70_000);
    assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
}

#[test]
fn another_realm_gets_no_digest() {
    let mut raw = peer();
    let (_, sent) = dial(&mut raw);
    let said = raw.say(&challenged(&sent, "401 Unauthorized", &asks("thief", "n1")));
    assert_eq!(methods(&said), ["ACK"]);
    assert!(raw.observed.contains(&FOREIGN));
    assert!(raw.sent.iter().all(|text| !text.contains("Authorization")));
}

#[test]
fn without_a_realm_the_first_one_heard_is_kept() {
    let account = TrunkAccount { realm: None, ..account() };
    let mut raw = Raw::with(TrunkPeer { account: Some(account), ..trunk(LEFT) });
    let (_, sent) = dial(&mut raw);
    let again = raw.say(&challenged(&sent, "401 Unauthorized", &asks("first", "n1"))).remove(1);
    raw.say(&response(&again, "486 Busy Here", "them", ""));
    let (_, sent) = dial(&mut raw);
    let said = raw.say(&challenged(&sent, "401 Unauthorized", &asks("second", "n2")));
    assert_eq!(methods(&said), ["ACK"]);
    assert!(raw.observed.contains(&FOREIGN));
}

#[test]
fn a_challenge_from_another_address_gets_no_digest() {
    for from in ["192.0.2.66:5060", "192.0.2.1:5061"] {
        let mut raw = peer();
        let (_, sent) = dial(&mut raw);
        raw.speak_from(from);
        let said = raw.say(&challenged(&sent, "401 Unauthorized", &asks("carrier", "n1")));
        assert_eq!(methods(&said), ["ACK"], "{from}");
        assert!(said.iter().all(|text| !text.contains("Authorization")));
        assert!(matches!(raw.events[0], LegEvent::Refused { code: 401, .. }));
    }
}

#[test]
fn a_trunk_without_an_account_takes_a_challenge_for_a_refusal() {
    let mut raw = Raw::new();
    let (_, sent) = dial(&mut raw);
    assert_eq!(methods(&raw.say(&challenged(&sent, "401 Unauthorized", &asks("carrier", "n1")))), ["ACK"]);
    assert!(matches!(raw.events[0], LegEvent::Refused { code: 401, cause: Cause::Forbidden }));
}

#[test]
fn the_strongest_challenge_of_several_is_answered() {
    let mut raw = peer();
    let (_, sent) = dial(&mut raw);
    let both = "Digest realm=\"carrier\", nonce=\"weak\"\r\nWWW-Authenticate: Digest realm=\"carrier\", \
        nonce=\"strong\", algorithm=SHA-256\r\nWWW-Authenticate: Digest realm=\"carrier\", nonce=\"new\", \
        algorithm=SHA-512";
    let again = raw.say(&challenged(&sent, "401 Unauthorized", both)).remove(1);
    assert!(digest(&again).contains("nonce=\"strong\""), "{again}");
    assert!(digest(&again).contains("algorithm=SHA-256") && !digest(&again).contains("nc="));
}

/// A call of ours, answered after a challenge.
fn connected(raw: &mut Raw) -> LegKey {
    let (leg, first) = dial(raw);
    let again = raw.say(&challenged(&first, "401 Unauthorized", &asks("carrier", "n1"))).remove(1);
    raw.say(&response(&again, "200 OK", "them", SDP));
    leg
}

#[test]
fn later_requests_carry_the_digest_unasked_with_the_count_going_up() {
    let mut raw = peer();
    let leg = connected(&mut raw);
    let probe = raw.act(|stack, now| stack.probe(now, leg)).remove(0);
    assert!(digest(&probe).contains("nonce=\"n1\"") && digest(&probe).contains("nc=00000002"), "{probe}");
    raw.say(&response(&probe, "200 OK", "", ""));
    let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal)).remove(0);
    assert!(digest(&bye).contains("nc=00000003"), "{bye}");
    raw.say(&response(&bye, "200 OK", "", ""));
    let (_, next) = dial(&mut raw);
    assert!(digest(&next).contains("nc=00000004"), "another call of the trunk");
    let again = raw.say(&challenged(&next, "401 Unauthorized", &asks("carrier", "n2"))).remove(1);
    assert!(digest(&again).contains("nonce=\"n2\"") && digest(&again).contains("nc=00000001"), "{again}");
}

#[test]
fn a_change_and_a_bye_may_be_challenged() {
    let mut raw = peer();
    let leg = connected(&mut raw);
    let change = raw.act(|stack, now| stack.reinvite(now, leg, local(6_002))).remove(0);
    let said = raw.say(&challenged(&change, "401 Unauthorized", &asks("carrier", "n2")));
    assert_eq!(methods(&said), ["ACK", "INVITE"]);
    assert_eq!(identity(&said[1]), identity(&change));
    assert_eq!((header(&change, "CSeq"), header(&said[1], "CSeq")), ("3 INVITE", "4 INVITE"));
    let ack = raw.say(&response(&said[1], "200 OK", "", SDP));
    assert_eq!((methods(&ack), header(&ack[0], "CSeq")), (vec!["ACK"], "4 ACK"));
    assert_eq!(digest(&ack[0]), digest(&said[1]));
    let probe = raw.act(|stack, now| stack.probe(now, leg)).remove(0);
    let probe = raw.say(&challenged(&probe, "401 Unauthorized", &asks("carrier", "n3"))).remove(0);
    assert_eq!(header(&probe, "CSeq"), "6 OPTIONS");
    raw.say(&response(&probe, "200 OK", "", ""));
    let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal)).remove(0);
    let bye = raw.say(&challenged(&bye, "401 Unauthorized", &asks("carrier", "n4"))).remove(0);
    assert_eq!((methods(std::slice::from_ref(&bye)), header(&bye, "CSeq")), (vec!["BYE"], "8 BYE"));
    assert_eq!(raw.stack.legs(), 1, "the leg waits for the answer");
    raw.say(&response(&bye, "200 OK", "", ""));
    assert_eq!((raw.stack.legs(), raw.events.last()), (0, Some(&LegEvent::Ended)));
}

#[test]
fn a_refer_may_be_challenged_and_not_for_ever() {
    let mut raw = peer();
    let leg = connected(&mut raw);
    let to = SendOn {
        target_user: "0384000002".into(),
        target_host: "192.0.2.1:5060".into(),
        our_host: None,
        diversions: Vec::new(),
        diversion: DiversionHeader::Off,
    };
    let refer = raw.act(|stack, now| stack.send_on(now, leg, to.clone())).remove(0);
    assert_eq!((methods(std::slice::from_ref(&refer)), header(&refer, "CSeq")), (vec!["REFER"], "3 REFER"));
    let again = raw.say(&challenged(&refer, "401 Unauthorized", &asks("carrier", "n2"))).remove(0);
    assert_eq!((header(&again, "CSeq"), header(&again, "Refer-To")), ("4 REFER", header(&refer, "Refer-To")));
    assert!(digest(&again).contains("nonce=\"n2\""), "{again}");
    raw.say(&response(&again, "202 Accepted", "", ""));
    assert_eq!(raw.events.last(), Some(&LegEvent::SendingOn));
    let mut raw = peer();
    let leg = connected(&mut raw);
    let mut refer = raw.act(|stack, now| stack.send_on(now, leg, to)).remove(0);
    let mut tries = 1;
    loop {
        let nonce = format!("m{tries}");
        let said = raw.say(&challenged(&refer, "401 Unauthorized", &asks("carrier", &nonce)));
        match said.into_iter().next() {
            Some(next) => (refer, tries) = (next, tries + 1),
            None => break,
        }
    }
    assert_eq!((tries, raw.events.last()), (2, Some(&LegEvent::NotSentOn)));
    assert_eq!(raw.stack.legs(), 1, "the call goes on");
}

#[test]
fn a_call_that_came_in_carries_no_digest_to_another_address() {
    let mut raw = peer();
    connected(&mut raw);
    let elsewhere = invite(9).replace("<sip:192.0.2.1:5060>", "<sip:192.0.2.66:5060>");
    raw.say(&elsewhere);
    let (leg, _) = raw.invited[0].clone();
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000))).remove(0);
    raw.say(&request("ACK", 9, 1, to_tag(&answer), ""));
    let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal)).remove(0);
    assert_eq!(raw.flows.last().map(|flow| flow.remote), Some(address("192.0.2.66:5060")));
    assert!(!bye.contains("Authorization"), "{bye}");
    raw.speak_from("192.0.2.66:5060");
    let said = raw.say(&challenged(&bye, "401 Unauthorized", &asks("carrier", "n9")));
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn a_challenged_ping_is_answered() {
    let ping = Some(Duration::from_secs(30));
    let mut raw = Raw::with(TrunkPeer { ping, account: Some(account()), ..trunk(LEFT) });
    let first = raw.wait_ms(0).remove(0);
    let again = raw.say(&challenged(&first, "401 Unauthorized", &asks("carrier", "n1"))).remove(0);
    assert_eq!((identity(&again), header(&again, "CSeq")), (identity(&first), "2 OPTIONS"));
    raw.say(&response(&again, "200 OK", "x", ""));
    assert!(raw.observed.contains(&Observation::TrunkUp { trunk: TrunkId(0) }));
    let next = raw.wait_ms(30_000).remove(0);
    assert!(digest(&next).contains("nc=00000002"));
}

#[test]
fn over_a_stream_a_challenge_is_answered_too() {
    let mut raw = Raw::with(TrunkPeer { transport: Transport::Tcp, account: Some(account()), ..trunk(LEFT) });
    raw.speak_over(Transport::Tcp, LEFT);
    let flow = raw.flow();
    let caller = Caller { number: "0384961370".into(), display: None, anonymous: false };
    let mut leg = None;
    let invite = Invite::new(flow, "201", caller, local(6_000));
    let first = raw.act(|stack, now| leg = Some(stack.invite(now, invite))).remove(0);
    let again = raw.say(&challenged(&first, "401 Unauthorized", &asks("carrier", "n1"))).remove(1);
    raw.say(&response(&again, "200 OK", "them", SDP));
    let bye = raw.act(|stack, now| stack.bye(now, leg.expect("a leg"), Cause::Normal)).remove(0);
    let again = raw.say(&challenged(&bye, "401 Unauthorized", &asks("carrier", "n2"))).remove(0);
    assert!(again.starts_with("BYE") && digest(&again).contains("nonce=\"n2\""), "{again}");
}

#[test]
fn a_proxy_and_the_server_behind_it_are_both_answered_once() {
    let mut raw = Raw::with(TrunkPeer { account: Some(account()), ..trunk(LEFT) });
    let (_, first) = dial(&mut raw);
    let asked = |raw: &mut Raw, request: &str, code: &str, challenge: &str| {
        let said = raw.say(&challenged(request, code, challenge));
        said.into_iter().find(|text| text.starts_with("INVITE"))
    };
    let second = asked(&mut raw, &first, "407 Proxy Authentication Required", &asks("carrier", "p1"))
        .expect("answered");
    let third = asked(&mut raw, &second, "401 Unauthorized", &asks("carrier", "s1")).expect("answered");
    assert!(
        header(&third, "Proxy-Authorization").contains("p1")
            && header(&third, "Authorization").contains("s1")
    );
    assert!(asked(&mut raw, &third, "401 Unauthorized", &asks("carrier", "s2")).is_none(), "once each");
    assert!(raw.observed.contains(&REFUSED));
}
