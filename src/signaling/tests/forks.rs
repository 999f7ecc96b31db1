//! One INVITE of ours, several phones behind it, told apart by their To tags: the first to answer has the call, every
//! other one is let go at once, and what one says of media is never taken for another's. And calls given up at every stage.

use super::pair::{LEFT, RIGHT, address, local};
use super::raw::{Raw, SDP, header, invite, request, response, status, to_tag};
use crate::base::{Cause, Flow, Transport, TrunkId};
use crate::signaling::{Caller, Invite, LegEvent, LegKey};

/// Our INVITE, forked somewhere on its way.
struct Fork {
    raw: Raw,
    leg: LegKey,
    sent: String,
}

impl Fork {
    fn new() -> Self {
        let mut raw = Raw::new();
        let flow = Flow { transport: Transport::Udp, local: address(RIGHT), remote: address(LEFT) };
        let caller = Caller { number: "+33384961370".into(), display: None, anonymous: false };
        let invite = Invite { trunk: Some(TrunkId(0)), ..Invite::new(flow, "201", caller, local(4_000)) };
        let mut leg = None;
        let sent = raw.act(|stack, now| leg = Some(stack.invite(now, invite)));
        Self { raw, leg: leg.expect("a leg"), sent: sent[0].clone() }
    }

    /// A phone says something; what we said back, each message as method and To tag.
    fn says(&mut self, code: &str, tag: &str, body: &str) -> Vec<String> {
        words(&self.raw.say(&response(&self.sent, code, tag, body)))
    }

    /// The same, to be confirmed.
    fn says_reliably(&mut self, code: &str, tag: &str, body: &str) -> Vec<String> {
        let said = response(&self.sent, code, tag, body);
        words(&self.raw.say(&said.replace("Contact", "Require: 100rel\r\nRSeq: 1\r\nContact")))
    }

    fn answers(&self) -> usize {
        let answered = |event: &&LegEvent| matches!(event, LegEvent::Answered { .. });
        self.raw.events.iter().filter(answered).count()
    }

    /// The port the answer told of.
    fn media_port(&self) -> Option<u16> {
        self.raw.events.iter().find_map(|event| {
            if let LegEvent::Answered { media } = event { Some(media.rtp.port()) } else { None }
        })
    }

    fn nothing_is_left(mut self) {
        let leg = self.leg;
        self.raw.act(|stack, now| {
            stack.bye(now, leg, Cause::Normal);
            stack.release_bye(now, leg);
        });
        self.raw.wait_ms(100_000);
        let stack = &self.raw.stack;
        assert_eq!((stack.legs(), stack.transactions(), stack.timers()), (0, 0, 0));
    }
}

fn words(sent: &[String]) -> Vec<String> {
    let word = |text: &String| {
        let method = text.split(' ').next().unwrap_or_default();
        format!("{method} {}", to_tag(text))
    };
    sent.iter().map(word).collect()
}

fn sdp(port: u16) -> String {
    SDP.replace("4000", &port.to_string())
}

#[test]
fn of_two_answers_in_one_step_the_first_has_the_call() {
    let mut fork = Fork::new();
    let (one, two) = (response(&fork.sent, "200 OK", "one", SDP), response(&fork.sent, "200 OK", "two", SDP));
    let (now, flow) = (fork.raw.now, fork.raw.flow());
    fork.raw.stack.receive(now, flow, one.as_bytes());
    fork.raw.stack.receive(now, flow, two.as_bytes());
    let said = fork.raw.act(|_, _| {});
    assert_eq!(words(&said), ["ACK one", "ACK two", "BYE two"]);
    assert_eq!(fork.answers(), 1);
    fork.nothing_is_left();
}

#[test]
fn three_phones_answer_and_two_are_let_go_once_each() {
    let mut fork = Fork::new();
    assert_eq!(fork.says("200 OK", "one", SDP), ["ACK one"]);
    for tag in ["two", "three"] {
        assert_eq!(fork.says("200 OK", tag, SDP), [format!("ACK {tag}"), format!("BYE {tag}")]);
        assert_eq!(
            fork.says("200 OK", tag, SDP),
            [format!("ACK {tag}")],
            "a copy gets its ACK and no second BYE"
        );
    }
    assert_eq!(fork.answers(), 1);
    fork.nothing_is_left();
}

#[test]
fn a_phone_that_never_rang_may_answer() {
    let mut fork = Fork::new();
    fork.says("180 Ringing", "one", "");
    fork.says("180 Ringing", "two", "");
    assert_eq!(fork.says("200 OK", "three", &sdp(4_300)), ["ACK three"]);
    assert_eq!((fork.answers(), fork.media_port()), (1, Some(4_300)));
    fork.nothing_is_left();
}

#[test]
fn a_phone_that_rings_after_the_answer_is_not_heard() {
    let mut fork = Fork::new();
    fork.says("200 OK", "one", SDP);
    let before = fork.raw.events.len();
    for (code, body) in [("180 Ringing", ""), ("183 Session Progress", SDP)] {
        assert!(fork.says(code, "two", body).is_empty());
        assert!(fork.says_reliably(code, "two", body).is_empty(), "its far end gives it up by itself");
    }
    assert_eq!(fork.raw.events.len(), before);
    fork.nothing_is_left();
}

#[test]
fn each_phones_reliable_ringing_is_confirmed_in_its_own_dialog() {
    let mut fork = Fork::new();
    assert_eq!(fork.says_reliably("180 Ringing", "one", ""), ["PRACK one"]);
    assert_eq!(fork.says_reliably("180 Ringing", "two", ""), ["PRACK two"]);
    assert_eq!(fork.says("200 OK", "two", SDP), ["ACK two"]);
    let late = fork.raw.say(&response(&fork.sent, "200 OK", "one", SDP));
    assert_eq!(words(&late), ["ACK one", "BYE one"]);
    let number: u32 =
        header(&late[1], "CSeq").split(' ').next().and_then(|text| text.parse().ok()).expect("one");
    assert!(number > 2, "the BYE comes after the PRACK it does not remember: {number}");
    fork.nothing_is_left();
}

#[test]
fn one_phones_early_media_is_not_anothers_answer() {
    let mut fork = Fork::new();
    fork.says("183 Session Progress", "one", &sdp(4_100));
    assert_eq!(fork.says("200 OK", "two", ""), ["ACK two", "BYE two"], "it never said where to send audio");
    assert_eq!(fork.raw.events.last(), Some(&LegEvent::Failed { cause: Cause::MediaRefused }));
    fork.nothing_is_left();
    let mut fork = Fork::new();
    fork.says("183 Session Progress", "two", &sdp(4_200));
    fork.says("183 Session Progress", "one", &sdp(4_100));
    assert_eq!(fork.says("200 OK", "one", ""), ["ACK one"]);
    assert_eq!(fork.media_port(), Some(4_100));
    fork.nothing_is_left();
}

#[test]
fn whoever_answers_a_call_given_up_is_let_go_and_so_is_the_next() {
    let mut fork = Fork::new();
    fork.says("180 Ringing", "one", "");
    let leg = fork.leg;
    fork.raw.act(|stack, now| stack.cancel(now, leg, Cause::Cancelled));
    assert_eq!(fork.says("200 OK", "one", SDP), ["ACK one", "BYE one"]);
    assert_eq!(fork.says("200 OK", "two", SDP), ["ACK two", "BYE two"]);
    assert_eq!(fork.answers(), 0);
    fork.nothing_is_left();
}

#[test]
fn a_phone_that_answers_while_we_hang_up_is_let_go() {
    let mut fork = Fork::new();
    fork.says("200 OK", "one", SDP);
    let leg = fork.leg;
    fork.raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert_eq!(fork.says("200 OK", "two", SDP), ["ACK two", "BYE two"]);
    fork.nothing_is_left();
}

#[test]
fn a_phone_that_answers_after_everything_ended_is_let_go() {
    let mut fork = Fork::new();
    fork.says("200 OK", "one", SDP);
    let leg = fork.leg;
    let bye = fork.raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    fork.raw.say(&response(&bye[0], "200 OK", "", ""));
    assert_eq!(fork.raw.events.last(), Some(&LegEvent::Ended));
    assert_eq!(fork.says("200 OK", "two", SDP), ["ACK two", "BYE two"]);
    fork.nothing_is_left();
}

#[test]
fn the_answer_that_lost_says_why_it_is_let_go() {
    let mut fork = Fork::new();
    fork.says("200 OK", "one", SDP);
    let said = fork.raw.say(&response(&fork.sent, "200 OK", "two", SDP));
    assert_eq!(header(&said[1], "Reason"), "Q.850;cause=26");
    fork.nothing_is_left();
}

#[test]
fn a_call_given_up_before_anything_came_back_is_cancelled_once_something_does() {
    let mut fork = Fork::new();
    let leg = fork.leg;
    assert!(fork.raw.act(|stack, now| stack.cancel(now, leg, Cause::Cancelled)).is_empty());
    let cancel = fork.raw.say(&response(&fork.sent, "100 Trying", "", ""));
    assert!(cancel[0].starts_with("CANCEL "));
    fork.raw.say(&response(&cancel[0], "200 OK", "", ""));
    assert_eq!(fork.says("487 Request Terminated", "one", ""), ["ACK one"]);
    assert_eq!(fork.raw.events, [LegEvent::Ended]);
    fork.nothing_is_left();
}

#[test]
fn a_caller_who_hangs_up_in_early_media_is_told_both_are_over() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let early = raw.act(|stack, now| stack.progress(now, leg, local(6_000)));
    assert_eq!(status(&early[0]), "183 Session Progress");
    // BYE in the early dialog (RFC 3261 section 15).
    let said = raw.say(&request("BYE", 1, 2, to_tag(&early[0]), ""));
    let codes: Vec<_> = said.iter().map(|text| status(text)).collect();
    assert_eq!(codes, ["487 Request Terminated", "200 OK"]);
    assert_eq!(raw.events, [LegEvent::Cancelled, LegEvent::Ended]);
}

#[test]
fn a_caller_who_hangs_up_instead_of_confirming_is_heard() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    raw.say(&request("BYE", 1, 2, to_tag(&answer[0]), ""));
    assert!(matches!(raw.events[..], [LegEvent::HungUp { cause: Cause::Normal, .. }]));
    let said = raw.act(|stack, now| stack.release_bye(now, leg));
    assert_eq!(status(&said[0]), "200 OK");
    assert!(raw.wait_ms(64_000).is_empty(), "the answer is not sent again");
    assert_eq!((raw.stack.legs(), raw.stack.timers()), (0, 0));
}
