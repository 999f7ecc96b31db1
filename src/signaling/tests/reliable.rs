//! Our reliable provisional responses (RFC 3262 section 3): when they are sent, how long, and what waits for their PRACK.

use super::pair::End::{Left, Right};
use super::pair::{LEFT, Pair, local, trunk};
use super::raw::{Raw, SDP, ack_of, header, invite, request, status, to_tag};
use crate::base::{Cause, Transport};
use crate::signaling::{LegEvent, LegKey, Rejection, TrunkPeer};

const LEG: LegKey = LegKey(0);

fn asking(how: &str) -> String {
    let others = if how == "Supported" { "path, " } else { "" };
    invite(1).replace("Contact", &format!("{how}: {others}100rel\r\nContact"))
}

/// A call that waits, whose INVITE supports or requires reliable responses.
fn called(how: &str) -> Raw {
    let mut raw = Raw::new();
    raw.say(&asking(how));
    raw
}

fn progress(raw: &mut Raw) -> Vec<String> {
    raw.act(|stack, now| stack.progress(now, LEG, local(6_000)))
}

fn accept(raw: &mut Raw) -> Vec<String> {
    raw.act(|stack, now| stack.accept(now, LEG, local(6_000)))
}

/// The PRACK of a response, with a body.
fn prack(cseq: u32, response: &str, body: &str) -> String {
    let rack = format!("RAck: {} 1 INVITE\r\nContact", header(response, "RSeq"));
    request("PRACK", 1, cseq, to_tag(response), body).replace("Contact", &rack)
}

fn codes(messages: &[String]) -> Vec<&str> {
    messages.iter().map(|text| &status(text)[..3]).collect()
}

fn nothing_is_left(raw: &mut Raw) {
    raw.act(|stack, now| {
        stack.bye(now, LEG, Cause::Normal);
        stack.release_bye(now, LEG);
    });
    raw.wait_ms(100_000);
    assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
    assert_eq!(raw.events.last(), Some(&LegEvent::Ended));
}

#[test]
fn what_carries_our_answer_is_sent_reliably_to_whoever_supports_it() {
    let mut raw = called("Supported");
    let ringing = raw.act(|stack, now| stack.ring(now, LEG));
    assert!(!ringing[0].contains("RSeq"), "a 180 need not be");
    let early = progress(&mut raw);
    assert_eq!(status(&early[0]), "183 Session Progress");
    assert_eq!(header(&early[0], "Require"), "100rel");
    assert!((1..1 << 31).contains(&header(&early[0], "RSeq").parse::<u32>().expect("a number")));
    assert!(early[0].contains("m=audio 6000"));
    let confirmed = raw.say(&prack(2, &early[0], ""));
    assert_eq!(codes(&confirmed), ["200"]);
    assert_eq!(header(&confirmed[0], "CSeq"), "2 PRACK");
    assert!(raw.wait_ms(5_000).is_empty(), "it is sent no more");
    let answer = accept(&mut raw);
    assert_eq!(codes(&answer), ["200"]);
    assert_eq!(header(&answer[0], "Content-Length"), "0", "the answer is given once");
    raw.say(&request("ACK", 1, 1, to_tag(&answer[0]), ""));
    assert_eq!(raw.events, [LegEvent::Confirmed { media: None }]);
    nothing_is_left(&mut raw);
}

#[test]
fn whoever_does_not_ask_or_may_not_gets_plain_ones() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    assert!(!progress(&mut raw)[0].contains("RSeq"));
    assert!(accept(&mut raw)[0].contains("m=audio"), "and the answer again in the 200");
    let forbidden = || Raw::with(TrunkPeer { prack: false, ..trunk(LEFT) });
    let mut raw = forbidden();
    raw.say(&asking("Supported"));
    assert!(!progress(&mut raw)[0].contains("RSeq"));
    let mut raw = forbidden();
    raw.say(&asking("Require"));
    assert_eq!(raw.invited[0].1.refusal, Some((420, Cause::BadRequest)));
    let refused = accept(&mut raw);
    assert_eq!(header(&refused[0], "Unsupported"), "100rel");
}

#[test]
fn whoever_requires_it_gets_every_one_reliably_and_one_at_a_time() {
    let mut raw = called("Require");
    assert_eq!(raw.invited[0].1.refusal, None, "no 420");
    let ringing = raw.act(|stack, now| stack.ring(now, LEG));
    assert_eq!(codes(&ringing), ["180"]);
    assert!(progress(&mut raw).is_empty(), "not before the first is confirmed");
    let said = raw.say(&prack(2, &ringing[0], ""));
    assert_eq!(codes(&said), ["200", "183"]);
    let number = |text: &str| header(text, "RSeq").parse::<u32>().expect("a number");
    assert_eq!(number(&said[1]), number(&ringing[0]) + 1);
    assert_eq!(codes(&raw.say(&prack(3, &said[1], ""))), ["200"]);
    nothing_is_left(&mut raw);
}

#[test]
fn a_late_offer_gets_no_reliable_response_for_ours_comes_with_the_answer() {
    let late = |how: &str| {
        let asking = asking(how).replace(SDP, "").replace("Content-Type: application/sdp\r\n", "");
        let length = format!("Content-Length: {}", SDP.len());
        asking.replace(&length, "Content-Length: 0")
    };
    let mut raw = Raw::new();
    raw.say(&late("Supported"));
    assert!(!raw.act(|stack, now| stack.ring(now, LEG))[0].contains("RSeq"));
    let mut raw = Raw::new();
    raw.say(&late("Require"));
    assert!(raw.act(|stack, now| stack.ring(now, LEG)).is_empty(), "RFC 3261 section 13.2.1");
    assert!(accept(&mut raw)[0].contains("m=audio"));
}

#[test]
fn without_a_prack_it_is_sent_again_at_doubling_intervals_and_the_call_refused() {
    for transport in Transport::ALL {
        let mut raw = Raw::with(TrunkPeer { transport, ..trunk(LEFT) });
        raw.speak_over(transport, LEFT);
        raw.say(&asking("Supported"));
        let early = progress(&mut raw);
        for millis in [500, 1_000, 2_000, 4_000, 8_000] {
            assert!(raw.wait_ms(millis - 1).is_empty());
            assert_eq!(raw.wait_ms(1), early, "after {millis} ms");
        }
        raw.wait_ms(16_400);
        assert!(raw.events.is_empty());
        let refused = raw.wait_ms(200);
        assert_eq!(status(&refused[0]), "504 Server Time-out");
        assert_eq!(raw.events, [LegEvent::Failed { cause: Cause::Lost }, LegEvent::Ended]);
        let late = raw.say(&prack(2, &early[0], ""));
        assert_eq!(codes(&late), ["481"]);
        raw.say(&ack_of(&asking("Supported"), &refused[0]));
        nothing_is_left(&mut raw);
    }
}

#[test]
fn a_copy_of_the_invite_gets_the_reliable_response_again() {
    let mut raw = called("Supported");
    let early = progress(&mut raw);
    assert_eq!(raw.say(&asking("Supported")), early);
}

#[test]
fn a_prack_of_something_else_is_refused_and_a_copy_answered_alike() {
    let mut raw = called("Supported");
    let early = progress(&mut raw);
    let sequence: u32 = header(&early[0], "RSeq").parse().expect("a number");
    let right = format!("RAck: {sequence} 1 INVITE");
    for (cseq, wrong, code) in [
        (2, format!("RAck: {sequence} 2 INVITE"), "481"),
        (3, format!("RAck: {sequence} 1 UPDATE"), "481"),
        (4, format!("RAck: {} 1 INVITE", sequence + 1), "481"),
        (5, format!("RAck: {sequence} INVITE"), "400"),
        (6, "X-RAck: 1 1 INVITE".to_owned(), "400"),
    ] {
        let said = raw.say(&prack(cseq, &early[0], "").replace(&right, &wrong));
        assert_eq!(codes(&said), [code], "{wrong}");
    }
    assert_eq!(raw.wait_ms(500), early, "none of these confirmed it");
    let good = prack(9, &early[0], "");
    let confirmed = raw.say(&good);
    assert_eq!(raw.say(&good), confirmed, "a copy gets the same bytes");
    assert_eq!(codes(&raw.say(&prack(10, &early[0], ""))), ["481"], "once is enough");
    assert_eq!(
        codes(&raw.say(&prack(11, &early[0], "").replace("call-1", "call-2"))),
        ["481"],
        "no such call"
    );
    nothing_is_left(&mut raw);
}

#[test]
fn the_answer_waits_for_the_prack_of_what_carried_our_media() {
    let mut raw = called("Supported");
    let early = progress(&mut raw);
    assert!(accept(&mut raw).is_empty());
    assert_eq!(raw.wait_ms(600), early, "still asking");
    let said = raw.say(&prack(2, &early[0], ""));
    assert_eq!(codes(&said), ["200", "200"]);
    assert_eq!([0, 1].map(|n| header(&said[n], "CSeq")), ["2 PRACK", "1 INVITE"]);
    raw.say(&request("ACK", 1, 1, to_tag(&said[1]), ""));
    assert_eq!(raw.events, [LegEvent::Confirmed { media: None }]);
    nothing_is_left(&mut raw);
}

#[test]
fn the_answer_does_not_wait_for_one_without_media_whose_prack_may_come_late() {
    let mut raw = called("Require");
    let ringing = raw.act(|stack, now| stack.ring(now, LEG));
    let answer = accept(&mut raw);
    assert_eq!(codes(&answer), ["200"]);
    assert!(answer[0].contains("m=audio 6000"), "nothing else carried it");
    assert_eq!(codes(&raw.say(&prack(2, &ringing[0], ""))), ["200"]);
    raw.say(&request("ACK", 1, 1, to_tag(&answer[0]), ""));
    assert!(raw.wait_ms(33_000).is_empty() && raw.events == [LegEvent::Confirmed { media: None }]);
    nothing_is_left(&mut raw);
}

#[test]
fn a_caller_who_leaves_meanwhile_is_let_go_at_once() {
    for (method, cseq) in [("CANCEL", 1), ("BYE", 2)] {
        let mut raw = called("Supported");
        let early = progress(&mut raw);
        assert!(accept(&mut raw).is_empty());
        let tag = if method == "BYE" { to_tag(&early[0]) } else { "" };
        let text = request(method, 1, cseq, tag, "");
        let text = if method == "CANCEL" { text.replace("1-1-CANCEL", "1-1-INVITE") } else { text };
        let mut said = codes(&raw.say(&text)).iter().map(ToString::to_string).collect::<Vec<_>>();
        said.sort_unstable();
        assert_eq!(said, ["200", "487"], "{method}");
        assert_eq!(raw.events, [LegEvent::Cancelled, LegEvent::Ended]);
        assert_eq!(codes(&raw.say(&prack(3, &early[0], ""))), ["481"], "too late");
        nothing_is_left(&mut raw);
    }
}

#[test]
fn hanging_up_or_refusing_before_the_prack_refuses() {
    let mut raw = called("Supported");
    progress(&mut raw);
    accept(&mut raw);
    let refused = raw.act(|stack, now| stack.bye(now, LEG, Cause::Normal));
    assert_eq!(status(&refused[0]), "480 Temporarily Unavailable");
    assert!(raw.wait_ms(400).is_empty());
    nothing_is_left(&mut raw);
    let mut raw = called("Supported");
    progress(&mut raw);
    let refused = raw.act(|stack, now| stack.reject(now, LEG, Rejection::code(486)));
    assert_eq!(codes(&refused), ["486"], "a refusal waits for nothing");
    nothing_is_left(&mut raw);
}

#[test]
fn an_offer_in_a_prack_is_answered_in_its_200() {
    let mut raw = called("Supported");
    let early = progress(&mut raw);
    let moved = SDP.replace("4000", "9000").replace("o=- 1 1", "o=- 1 2");
    let said = raw.say(&prack(2, &early[0], &moved));
    assert_eq!(codes(&said), ["200"]);
    assert!(said[0].contains("m=audio 6000"));
    let Some(LegEvent::Remote { media }) = raw.events.last() else { panic!("{:?}", raw.events) };
    assert_eq!(media.rtp.port(), 9_000);
    assert_eq!(codes(&accept(&mut raw)), ["200"]);
    nothing_is_left(&mut raw);
}

#[test]
fn an_offer_in_a_prack_that_does_not_fit_is_refused_and_the_response_confirmed_all_the_same() {
    for (how, body, code) in [
        ("Supported", SDP.replace("8 0 96", "18"), "488"),
        ("Supported", "v=?".to_owned(), "400"),
        ("Require", SDP.to_owned(), "491"),
    ] {
        let mut raw = called(how);
        let provisional = match how {
            "Require" => raw.act(|stack, now| stack.ring(now, LEG)),
            _ => progress(&mut raw),
        };
        assert_eq!(codes(&raw.say(&prack(2, &provisional[0], &body))), [code], "{how}");
        assert!(raw.wait_ms(5_000).is_empty(), "{how}");
        assert_eq!(codes(&accept(&mut raw)), ["200"], "{how}");
        nothing_is_left(&mut raw);
    }
}

#[test]
fn two_of_us_confirm_each_other_whatever_is_lost() {
    for lost in ["", "183 Session Progress", "PRACK", "200 OK", "ACK"] {
        let mut pair = Pair::new(61);
        let mut left = u32::from(!lost.is_empty());
        pair.lose(move |_, line| {
            let hit = line == lost && left > 0;
            left -= u32::from(hit);
            hit
        });
        let (caller, called) = pair.call();
        pair.act(Right, |stack, now| stack.progress(now, called, local(6_000)));
        pair.act(Right, |stack, now| stack.accept(now, called, local(6_000)));
        pair.run_ms(5_000);
        let events = pair.left.of(caller);
        let LegEvent::Progressed { code: 183, media: Some(early) } = &events[0] else { panic!("{events:?}") };
        assert_eq!(events[1..], [LegEvent::Answered { media: early.clone() }], "{lost}");
        assert_eq!(pair.right.of(called), [LegEvent::Confirmed { media: None }], "{lost}");
        if lost.is_empty() {
            let words =
                [">INVITE", "<100 Trying", "<183 Session Progress", ">PRACK", "<200 OK", "<200 OK", ">ACK"];
            assert_eq!(pair.words(), words);
        }
        pair.act(Left, |stack, now| stack.bye(now, caller, Cause::Normal));
        pair.run_ms(2_000);
        pair.act(Right, |stack, now| stack.release_bye(now, called));
        pair.run_out();
        pair.assert_idle();
    }
}

#[test]
fn cancel_and_prack_cross() {
    let mut pair = Pair::new(62);
    let (caller, called) = pair.call();
    pair.act(Right, |stack, now| stack.progress(now, called, local(6_000)));
    pair.act(Right, |stack, now| stack.accept(now, called, local(6_000)));
    pair.act(Left, |stack, now| stack.cancel(now, caller, Cause::Cancelled));
    pair.run_ms(200);
    assert_eq!(pair.left.of(caller), [LegEvent::Ended]);
    assert_eq!(pair.right.of(called), [LegEvent::Cancelled, LegEvent::Ended]);
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn a_caller_whose_pracks_never_arrive_is_refused_and_told() {
    let mut pair = Pair::new(63);
    pair.lose(|_, line| line == "PRACK");
    let (caller, called) = pair.call();
    pair.act(Right, |stack, now| stack.progress(now, called, local(6_000)));
    pair.run_ms(33_000);
    assert_eq!(pair.right.of(called), [LegEvent::Failed { cause: Cause::Lost }, LegEvent::Ended]);
    let refused = LegEvent::Refused { code: 504, cause: Cause::from_sip_code(504) };
    assert_eq!(pair.left.of(caller)[1..], [refused, LegEvent::Ended]);
    pair.run_out();
    pair.assert_idle();
}
