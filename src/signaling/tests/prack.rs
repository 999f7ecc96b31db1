//! Their reliable provisional responses to INVITEs of ours (RFC 3262 section 4): confirmed once, in order, and what they
//! say of media stands.

use super::pair::{LEFT, RIGHT, address, local, trunk};
use super::raw::{Raw, SDP, header, response, status};
use crate::base::{Cause, Flow, Transport, TrunkId};
use crate::signaling::{Caller, Invite, LegEvent, LegKey, MediaOffer, TrunkPeer};

fn invite() -> Invite {
    let flow = Flow { transport: Transport::Udp, local: address(RIGHT), remote: address(LEFT) };
    let caller = Caller { number: "+33384961370".into(), display: None, anonymous: false };
    Invite { trunk: Some(TrunkId(0)), ..Invite::new(flow, "201", caller, local(4_000)) }
}

/// Our INVITE, trying.
fn dial(raw: &mut Raw) -> (LegKey, String) {
    let mut leg = None;
    let sent = raw.act(|stack, now| leg = Some(stack.invite(now, invite())));
    raw.say(&response(&sent[0], "100 Trying", "", ""));
    (leg.expect("a leg"), sent[0].clone())
}

/// A reliable provisional response of theirs.
fn reliable(invite: &str, code: &str, tag: &str, rseq: u32, body: &str) -> String {
    let extra = format!("Require: 100rel\r\nRSeq: {rseq}\r\nContact");
    response(invite, code, tag, body).replace("Contact", &extra)
}

fn method(message: &str) -> &str {
    message.split(' ').next().unwrap_or_default()
}

fn nothing_is_left(raw: &mut Raw, leg: LegKey) {
    raw.act(|stack, now| {
        stack.bye(now, leg, Cause::Normal);
        stack.release_bye(now, leg);
    });
    raw.wait_ms(100_000);
    assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
}

#[test]
fn an_invite_of_ours_says_that_we_confirm_where_the_trunk_allows_it() {
    for allowed in [true, false] {
        let mut raw = Raw::with(TrunkPeer { prack: allowed, ..trunk(LEFT) });
        let (_, sent) = dial(&mut raw);
        assert_eq!(sent.contains("Supported: 100rel\r\n"), allowed);
        assert!(header(&sent, "Allow").contains("PRACK"));
        let said = raw.say(&reliable(&sent, "180 Ringing", "one", 1, ""));
        assert_eq!(said.len(), usize::from(allowed), "who was not told may not ask for it");
        assert_eq!(raw.events, [LegEvent::Ringing]);
    }
    let mut raw = Raw::new();
    let late = Invite { offer: MediaOffer::Late(local(4_000)), ..invite() };
    let sent = raw.act(|stack, now| {
        stack.invite(now, late);
    });
    assert!(!sent[0].contains("100rel"), "an offer in a 1xx would want its answer in a PRACK");
}

#[test]
fn a_reliable_response_is_confirmed_once_however_often_it_comes() {
    let mut raw = Raw::new();
    let (leg, sent) = dial(&mut raw);
    let ringing = reliable(&sent, "180 Ringing", "one", 776_656, "");
    let prack = raw.say(&ringing);
    assert_eq!(prack.len(), 1);
    assert!(prack[0].starts_with("PRACK sip:192.0.2.1:5060 SIP/2.0"), "{}", prack[0]);
    assert_eq!(header(&prack[0], "RAck"), "776656 1 INVITE");
    assert_eq!(header(&prack[0], "CSeq"), "2 PRACK");
    assert!(header(&prack[0], "To").ends_with(";tag=one"));
    assert!(raw.say(&ringing).is_empty(), "a copy");
    assert_eq!(raw.wait_ms(600), prack, "the PRACK is a transaction of its own");
    raw.say(&response(&prack[0], "200 OK", "one", ""));
    assert!(raw.wait_ms(5_000).is_empty());
    assert_eq!(raw.events, [LegEvent::Ringing]);
    nothing_is_left(&mut raw, leg);
}

#[test]
fn what_comes_out_of_order_counts_for_nothing() {
    let mut raw = Raw::new();
    let (leg, sent) = dial(&mut raw);
    raw.say(&reliable(&sent, "183 Session Progress", "one", 10, ""));
    assert!(raw.say(&reliable(&sent, "180 Ringing", "one", 12, "")).is_empty(), "11 is missing");
    assert!(raw.say(&reliable(&sent, "180 Ringing", "one", 9, "")).is_empty(), "an old one");
    assert_eq!(raw.events, [LegEvent::Progressed { code: 183, media: None }]);
    let next = raw.say(&reliable(&sent, "180 Ringing", "one", 11, ""));
    assert_eq!((header(&next[0], "RAck"), header(&next[0], "CSeq")), ("11 1 INVITE", "3 PRACK"));
    assert_eq!(raw.events.last(), Some(&LegEvent::Ringing));
    let unreliable = raw.say(&response(&sent, "180 Ringing", "one", ""));
    assert!(unreliable.is_empty() && raw.events.len() == 3, "plain ones are heard as ever");
    nothing_is_left(&mut raw, leg);
}

#[test]
fn an_answer_that_came_reliably_need_not_come_again_and_does_not_change() {
    for body in ["", &SDP.replace("4000", "9000")] {
        let mut raw = Raw::new();
        let (leg, sent) = dial(&mut raw);
        let prack = raw.say(&reliable(&sent, "183 Session Progress", "one", 1, SDP));
        raw.say(&response(&prack[0], "200 OK", "one", ""));
        let LegEvent::Progressed { code: 183, media: Some(early) } = raw.events[0].clone() else {
            panic!("{:?}", raw.events)
        };
        assert_eq!(early.rtp.port(), 4_000);
        let ack = raw.say(&response(&sent, "200 OK", "one", body));
        assert_eq!((method(&ack[0]), header(&ack[0], "CSeq")), ("ACK", "1 ACK"));
        assert_eq!(raw.events[1], LegEvent::Answered { media: early });
        let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
        assert_eq!(header(&bye[0], "CSeq"), "3 BYE", "after the PRACK");
        raw.say(&response(&bye[0], "200 OK", "one", ""));
        nothing_is_left(&mut raw, leg);
    }
}

#[test]
fn each_phone_of_a_fork_is_confirmed_by_itself_and_the_one_that_answers_counts() {
    let mut raw = Raw::new();
    let (leg, sent) = dial(&mut raw);
    let other = SDP.replace("4000", "9000");
    let one = raw.say(&reliable(&sent, "183 Session Progress", "one", 5, SDP));
    let two = raw.say(&reliable(&sent, "183 Session Progress", "two", 5, &other));
    let numbers = [&one[0], &two[0]].map(|prack| (header(prack, "RAck"), header(prack, "CSeq")));
    assert_eq!(numbers, [("5 1 INVITE", "2 PRACK"); 2]);
    assert!(header(&two[0], "To").ends_with(";tag=two"));
    raw.say(&response(&sent, "200 OK", "two", ""));
    let Some(LegEvent::Answered { media }) = raw.events.last() else { panic!("{:?}", raw.events) };
    assert_eq!(media.rtp.port(), 9_000);
    nothing_is_left(&mut raw, leg);
}

#[test]
fn a_phone_nobody_confirmed_answers_with_media_of_its_own() {
    let mut raw = Raw::new();
    let (leg, sent) = dial(&mut raw);
    raw.say(&reliable(&sent, "183 Session Progress", "one", 5, SDP));
    raw.say(&response(&sent, "200 OK", "three", &SDP.replace("4000", "9000")));
    let Some(LegEvent::Answered { media }) = raw.events.last() else { panic!("{:?}", raw.events) };
    assert_eq!(media.rtp.port(), 9_000);
    nothing_is_left(&mut raw, leg);
}

#[test]
fn a_fork_to_very_many_is_not_remembered_without_end() {
    let mut raw = Raw::new();
    let (leg, sent) = dial(&mut raw);
    let confirmed = (0..100).map(|n| raw.say(&reliable(&sent, "180 Ringing", &format!("t{n}"), 1, "")).len());
    assert_eq!(confirmed.sum::<usize>(), crate::base::limits::EARLY_DIALOGS);
    nothing_is_left(&mut raw, leg);
}

#[test]
fn giving_up_confirms_what_still_comes_and_an_answer_all_the_same_gets_ack_and_bye() {
    let mut raw = Raw::new();
    let mut leg = None;
    let sent = raw.act(|stack, now| leg = Some(stack.invite(now, invite())));
    let (leg, sent) = (leg.expect("a leg"), sent[0].clone());
    raw.act(|stack, now| stack.cancel(now, leg, Cause::Cancelled));
    let said = raw.say(&reliable(&sent, "180 Ringing", "one", 1, ""));
    assert_eq!(said.iter().map(|text| method(text)).collect::<Vec<_>>(), ["PRACK", "CANCEL"]);
    assert!(raw.events.is_empty());
    let said = raw.say(&response(&sent, "200 OK", "one", SDP));
    assert_eq!(said.iter().map(|text| header(text, "CSeq")).collect::<Vec<_>>(), ["1 ACK", "3 BYE"]);
    raw.wait_ms(100_000);
    assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
}

#[test]
fn a_prack_that_nobody_answers_leaves_the_call_to_its_invite() {
    let mut raw = Raw::new();
    let (leg, sent) = dial(&mut raw);
    raw.say(&reliable(&sent, "183 Session Progress", "one", 1, SDP));
    raw.wait_ms(40_000);
    raw.say(&response(&sent, "504 Server Time-out", "one", ""));
    let refused = LegEvent::Refused { code: 504, cause: Cause::from_sip_code(504) };
    assert_eq!(raw.events[1..], [refused, LegEvent::Ended]);
    nothing_is_left(&mut raw, leg);
}

#[test]
fn without_a_number_or_a_tag_a_response_is_as_any_other() {
    let mut raw = Raw::new();
    let (leg, sent) = dial(&mut raw);
    let numberless = reliable(&sent, "180 Ringing", "one", 1, "").replace("RSeq", "X-RSeq");
    let tagless = reliable(&sent, "180 Ringing", "", 1, "");
    assert!(raw.say(&numberless).is_empty() && raw.say(&tagless).is_empty());
    assert_eq!(raw.events, [LegEvent::Ringing, LegEvent::Ringing]);
    assert!(raw.sent.iter().all(|text| status(text) != "PRACK"));
    nothing_is_left(&mut raw, leg);
}
