//! Session timers (RFC 4028): what two sides agree on, and what becomes of intervals too short.

use super::pair::{LEFT, RIGHT, address, local};
use super::raw::{Raw, SDP, ack_of, header, invite, request, response, status, to_tag};
use crate::base::{Cause, Flow, Transport};
use crate::signaling::{Caller, Invite, LegEvent, LegKey, Observation};

/// A message with these lines more.
pub(super) fn with(message: &str, lines: &str) -> String {
    message.replacen("Contact:", &format!("{lines}Contact:"), 1)
}

/// The peer calls with these lines in its INVITE, and is answered: the leg, our 200.
pub(super) fn answered(raw: &mut Raw, lines: &str) -> (LegKey, String) {
    raw.say(&with(&invite(1), lines));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000))).remove(0);
    raw.say(&request("ACK", 1, 1, to_tag(&answer), ""));
    (leg, answer)
}

/// We call: the leg, our INVITE.
pub(super) fn dial(raw: &mut Raw) -> (LegKey, String) {
    let caller = Caller { number: "0384961370".into(), display: None, anonymous: false };
    let flow = Flow { transport: Transport::Udp, local: address(RIGHT), remote: address(LEFT) };
    let mut leg = None;
    let invite = Invite::new(flow, "201", caller, local(6_000));
    let sent = raw.act(|stack, now| leg = Some(stack.invite(now, invite)));
    (leg.expect("a leg"), sent[0].clone())
}

/// We call, and the peer's 200 has these lines: the leg, our INVITE.
pub(super) fn called(raw: &mut Raw, lines: &str) -> (LegKey, String) {
    let (leg, invite) = dial(raw);
    raw.say(&with(&response(&invite, "200 OK", "b", SDP), lines));
    (leg, invite)
}

/// What a message says of the session, or nothing.
fn said<'a>(message: &'a str, name: &str) -> &'a str {
    if message.contains(&format!("\r\n{name}: ")) { header(message, name) } else { "" }
}

#[test]
fn who_calls_us_is_told_how_long_the_session_lasts_and_who_refreshes_it() {
    let table = [
        ("", "", ""),
        ("Supported: timer\r\n", "1800;refresher=uac", "timer"),
        ("Supported: 100rel, timer\r\nSession-Expires: 600\r\n", "600;refresher=uac", "timer"),
        ("k: Timer\r\nx: 600;refresher=uas\r\n", "600;refresher=uas", "timer"),
        ("Require: timer\r\nSession-Expires: 90 ; refresher=uac\r\n", "90;refresher=uac", "timer"),
        // A proxy asks; the caller knows nothing of it, so we refresh.
        ("Session-Expires: 600\r\n", "600;refresher=uas", ""),
        ("Session-Expires: 600;refresher=uac\r\n", "600;refresher=uas", ""),
        // We may lower it, though not below their minimum.
        ("Supported: timer\r\nSession-Expires: 7200\r\n", "1800;refresher=uac", "timer"),
        ("Supported: timer\r\nSession-Expires: 7200\r\nMin-SE: 3600\r\n", "3600;refresher=uac", "timer"),
        ("Supported: timer\r\nMin-SE: 3600\r\n", "3600;refresher=uac", "timer"),
        // What can't be read is passed over (RFC 3261 section 8.2.2); the same twice is once.
        ("Supported: timer\r\nSession-Expires: soon\r\n", "1800;refresher=uac", "timer"),
        ("Supported: timer\r\nSession-Expires: 600, 600\r\n", "1800;refresher=uac", "timer"),
        ("Supported: timer\r\nSession-Expires: 600\r\nx: 700\r\n", "1800;refresher=uac", "timer"),
        ("Supported: timer\r\nSession-Expires: 600\r\nx: 600\r\n", "600;refresher=uac", "timer"),
        // Too short, and nobody who would know a 422.
        ("Session-Expires: 60\r\n", "", ""),
    ];
    for (lines, expires, require) in table {
        let (_, answer) = answered(&mut Raw::new(), lines);
        assert_eq!(said(&answer, "Session-Expires"), expires, "{lines}");
        assert_eq!(said(&answer, "Require"), require, "{lines}");
        assert_eq!(said(&answer, "Supported"), "timer, norefersub, replaces", "{lines}");
    }
}

#[test]
fn an_interval_too_short_is_asked_for_again_and_no_call_until_then() {
    let mut raw = Raw::new();
    let short = with(&invite(1), "Supported: timer\r\nSession-Expires: 89\r\n");
    let refused = raw.say(&short);
    assert_eq!(status(&refused[0]), "422 Session Interval Too Small");
    assert_eq!(header(&refused[0], "Min-SE"), "90");
    assert_eq!(raw.say(&short), refused, "a copy gets the same bytes");
    assert!(raw.say(&ack_of(&short, &refused[0])).is_empty());
    assert!(raw.invited.is_empty() && !raw.observed.contains(&Observation::Strayed));
    let longer =
        with(&request("INVITE", 1, 2, "", SDP), "Supported: timer\r\nSession-Expires: 90\r\nMin-SE: 90\r\n");
    assert_eq!(status(&raw.say(&longer)[0]), "100 Trying");
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    assert_eq!(header(&answer[0], "Session-Expires"), "90;refresher=uac");
}

#[test]
fn who_requires_a_timer_and_says_none_that_can_be_read_is_refused() {
    for lines in [
        "Session-Expires: 1 hour\r\n",
        "Session-Expires: 600\r\nMin-SE: -1\r\n",
        "Min-SE: 90\r\nMin-SE: 91\r\n",
    ] {
        let mut raw = Raw::new();
        raw.say(&with(&invite(1), &format!("Require: timer\r\n{lines}")));
        let (leg, invitation) = raw.invited[0].clone();
        assert_eq!(invitation.refusal, Some((400, Cause::BadRequest)), "{lines}");
        let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
        assert_eq!(status(&answer[0]), "400 Bad Request", "{lines}");
    }
}

#[test]
fn an_interval_too_short_is_refused_in_a_call_too_and_changes_nothing() {
    let mut raw = Raw::new();
    let (_, answer) = answered(&mut raw, "Supported: timer\r\nSession-Expires: 90\r\n");
    raw.wait_ms(30_000);
    for (cseq, method) in [(2, "UPDATE"), (3, "INVITE")] {
        let body = if method == "INVITE" { SDP } else { "" };
        let short = request(method, 1, cseq, to_tag(&answer), body);
        let short = with(&short, "Supported: timer\r\nSession-Expires: 60\r\n");
        let refused = raw.say(&short);
        assert_eq!(status(&refused[0]), "422 Session Interval Too Small");
        assert_eq!(header(&refused[0], "Min-SE"), "90");
        if method == "INVITE" {
            raw.say(&ack_of(&short, &refused[0]));
        }
    }
    assert!(raw.wait_ms(29_900).is_empty());
    assert!(raw.wait_ms(200)[0].starts_with("BYE "), "only a 2xx makes the session longer");
}

#[test]
fn our_invite_proposes_a_timer_and_takes_what_the_answer_says() {
    let mut raw = Raw::new();
    let (_, invite) = called(&mut raw, "Require: timer\r\nSession-Expires: 600;refresher=uac\r\n");
    assert_eq!(header(&invite, "Session-Expires"), "1800");
    assert_eq!(header(&invite, "Min-SE"), "90");
    assert_eq!(header(&invite, "Supported"), "timer, norefersub, replaces");
    assert!(raw.wait_ms(299_000).is_empty());
    assert_eq!(
        raw.wait_ms(2_000).iter().filter(|text| text.starts_with("INVITE ")).count(),
        2,
        "sent, sent again"
    );
    // Below what we take, which no answer may be.
    let mut raw = Raw::new();
    called(&mut raw, "Session-Expires: 1\r\n");
    assert!(raw.wait_ms(44_900).is_empty(), "refreshes would have no end");
    assert!(raw.wait_ms(200)[0].starts_with("INVITE "));
}

#[test]
fn who_knows_no_session_timers_gets_none() {
    let mut raw = Raw::new();
    called(&mut raw, "");
    assert!(raw.wait_ms(4 * 3_600_000).is_empty());
    let mut raw = Raw::new();
    answered(&mut raw, "");
    assert!(raw.wait_ms(4 * 3_600_000).is_empty());
    assert_eq!(raw.stack.timers(), 0);
}

#[test]
fn an_invite_refused_as_too_short_goes_out_again_with_a_longer_interval() {
    let mut raw = Raw::new();
    let (leg, first) = dial(&mut raw);
    raw.say(&response(&first, "180 Ringing", "a", ""));
    raw.events.clear();
    let refusal = with(&response(&first, "422 Session Interval Too Small", "a", ""), "Min-SE: 3600\r\n");
    let sent = raw.say(&refusal);
    let [ack, second] = &sent[..] else { panic!("an ACK and another INVITE") };
    assert!(ack.starts_with("ACK "));
    assert_eq!((header(second, "Session-Expires"), header(second, "Min-SE")), ("3600", "3600"));
    assert_eq!(header(second, "CSeq"), "2 INVITE");
    for name in
        ["From", "To", "Call-ID", "Max-Forwards", "Contact", "Content-Type", "Content-Length", "Supported"]
    {
        assert_eq!(header(second, name), header(&first, name), "{name}");
        assert_eq!(second.matches(&format!("\r\n{name}: ")).count(), 1, "{name}");
    }
    assert_ne!(header(second, "Via"), header(&first, "Via"));
    assert_eq!(second.split("\r\n\r\n").nth(1), first.split("\r\n\r\n").nth(1), "the same offer");
    let ack =
        raw.say(&with(&response(second, "200 OK", "b", SDP), "Session-Expires: 3600;refresher=uac\r\n"));
    assert_eq!(header(&ack[0], "CSeq"), "2 ACK");
    assert!(matches!(raw.events[..], [LegEvent::Answered { .. }]), "{:?}", raw.events);
    assert!(raw.wait_ms(1_799_000).is_empty());
    let refresh = raw.wait_ms(1_100);
    assert_eq!(header(&refresh[0], "Session-Expires"), "3600;refresher=uac");
    assert_eq!(header(&refresh[0], "Min-SE"), "3600");
    raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
}

#[test]
fn a_call_refused_as_too_short_again_and_again_is_refused() {
    let refuse = |raw: &mut Raw, invite: &str, least: &str| {
        raw.say(&with(&response(invite, "422 Session Interval Too Small", "a", ""), least))
    };
    let mut raw = Raw::new();
    let (_, first) = dial(&mut raw);
    let second = refuse(&mut raw, &first, "Min-SE: 2000\r\n").remove(1);
    let third = refuse(&mut raw, &second, "Min-SE: 3000\r\n").remove(1);
    assert_eq!(header(&third, "CSeq"), "3 INVITE");
    assert_eq!(refuse(&mut raw, &third, "Min-SE: 4000\r\n").len(), 1, "the ACK alone");
    assert_eq!(
        raw.events,
        [LegEvent::Refused { code: 422, cause: Cause::from_sip_code(422) }, LegEvent::Ended]
    );
    // A minimum we were above already, or none at all, asks for the same for ever.
    for least in ["Min-SE: 1800\r\n", "Min-SE: x\r\n", ""] {
        let mut raw = Raw::new();
        let (_, first) = dial(&mut raw);
        assert_eq!(refuse(&mut raw, &first, least).len(), 1, "{least}");
        assert_eq!(raw.events.last(), Some(&LegEvent::Ended), "{least}");
    }
}

#[test]
fn giving_up_while_the_longer_interval_is_proposed_cancels_the_invite_it_is_in() {
    let mut raw = Raw::new();
    let (leg, first) = dial(&mut raw);
    raw.say(&response(&first, "100 Trying", "", ""));
    let refusal = with(&response(&first, "422 Session Interval Too Small", "a", ""), "Min-SE: 3600\r\n");
    let second = raw.say(&refusal).remove(1);
    assert!(raw.act(|stack, now| stack.cancel(now, leg, Cause::Cancelled)).is_empty());
    let cancel = raw.say(&response(&second, "180 Ringing", "b", ""));
    assert_eq!(header(&cancel[0], "CSeq"), "2 CANCEL");
    assert_eq!(header(&cancel[0], "Via"), header(&second, "Via"));
    raw.say(&response(&second, "487 Request Terminated", "b", ""));
    assert_eq!(raw.events.last(), Some(&LegEvent::Ended));
    raw.wait_ms(33_000);
    assert_eq!((raw.stack.transactions(), raw.stack.timers()), (0, 0));
}
