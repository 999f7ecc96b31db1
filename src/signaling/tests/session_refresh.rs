//! Sessions that are refreshed and sessions that are not (RFC 4028 section 10); and that a refresh changes nothing else.

use super::pair::End::{Left, Right};
use super::pair::{LEFT, Pair, address, local, trunk};
use super::raw::{Raw, SDP, ack_of, header, invite, request, response, status, to_tag};
use super::session::{answered, called, with};
use crate::base::{Cause, Transport};
use crate::signaling::{Direction, LegEvent, LocalMedia, SessionSettings, TrunkPeer};

/// We refresh, by re-INVITE.
const WE: &str = "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n";
/// We refresh, by UPDATE.
const WE_UPDATE: &str =
    "Allow: INVITE, ACK, BYE, UPDATE\r\nSupported: timer\r\nSession-Expires: 90;refresher=uas\r\n";
/// What a 2xx to our refresh says.
const AGAIN: &str = "Require: timer\r\nSession-Expires: 90;refresher=uac\r\n";
const LOST: LegEvent = LegEvent::Failed { cause: Cause::Lost };

fn body(message: &str) -> &str {
    message.split("\r\n\r\n").nth(1).unwrap_or_default()
}

fn methods(sent: &[String]) -> Vec<&str> {
    sent.iter().map(|text| text.split(' ').next().unwrap_or_default()).collect()
}

/// An answered call, 45 s later: our refresh.
fn refreshing(raw: &mut Raw, lines: &str) -> String {
    answered(raw, lines);
    assert!(raw.wait_ms(44_900).is_empty());
    raw.events.clear();
    raw.wait_ms(100).remove(0)
}

#[test]
fn a_long_call_is_refreshed_by_update_and_nobody_notices() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let session = SessionSettings { interval_s: 90, ..SessionSettings::default() };
        let mut pair = Pair::timed(transport, session, 61);
        let (caller, called) = pair.connect();
        let before = pair.words().len();
        let (left, right) = (pair.left.of(caller), pair.right.of(called));
        pair.run_ms(600_000);
        let refreshes = pair.words()[before..].to_vec();
        assert_eq!(refreshes.len(), 2 * 13, "one in 45 s: {refreshes:?}");
        assert!(refreshes.chunks(2).all(|one| one == [">UPDATE", "<200 OK"]), "{refreshes:?}");
        assert_eq!((pair.left.of(caller), pair.right.of(called)), (left, right), "nobody is told of it");
        pair.act(Right, |stack, now| stack.bye(now, called, Cause::Normal));
        pair.run_ms(50);
        pair.act(Left, |stack, now| stack.release_bye(now, caller));
        pair.run_out();
        pair.assert_idle();
    }
}

#[test]
fn each_side_lets_go_of_one_that_vanished() {
    for gone in [Left, Right] {
        let session = SessionSettings { interval_s: 90, ..SessionSettings::default() };
        let mut pair = Pair::timed(Transport::Udp, session, 62);
        let (caller, called) = pair.connect();
        pair.lose(move |from, _| from == gone);
        pair.run_ms(59_000);
        assert!(!pair.left.of(caller).contains(&LOST) && !pair.right.of(called).contains(&LOST));
        pair.run_ms(19_000);
        // The caller refreshes and hears nothing, or is not heard refreshing: 90 s less a third.
        let (end, leg) = if gone == Left { (Right, called) } else { (Left, caller) };
        assert!(pair.side(end).of(leg).contains(&LOST), "{gone:?} is gone");
        pair.run_out();
        pair.run_out();
        assert!(pair.side(end).is_idle());
    }
}

#[test]
fn their_refreshes_keep_the_session_and_their_silence_ends_it() {
    let mut raw = Raw::new();
    let (_, answer) = answered(&mut raw, "Supported: timer\r\nSession-Expires: 90\r\n");
    raw.events.clear();
    for cseq in 2..10 {
        assert!(raw.wait_ms(50_000).is_empty());
        let (method, description) = if cseq % 2 == 0 { ("UPDATE", "") } else { ("INVITE", SDP) };
        let refresh = request(method, 1, cseq, to_tag(&answer), description);
        let refresh = with(&refresh, "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n");
        let said = raw.say(&refresh);
        assert_eq!(status(&said[0]), "200 OK");
        assert_eq!(header(&said[0], "Session-Expires"), "90;refresher=uac");
        assert_eq!(header(&said[0], "Require"), "timer");
        if method == "INVITE" {
            assert_eq!(body(&said[0]), body(&answer), "the same to the version of its origin");
            raw.say(&request("ACK", 1, cseq, to_tag(&answer), ""));
        }
    }
    assert!(raw.events.is_empty(), "{:?}", raw.events);
    assert!(raw.wait_ms(59_900).is_empty());
    let bye = raw.wait_ms(200);
    assert!(bye[0].starts_with("BYE "));
    assert_eq!(header(&bye[0], "Reason"), "Q.850;cause=102");
    assert_eq!(raw.events, [LOST]);
    raw.say(&response(&bye[0], "200 OK", "", ""));
    assert_eq!(raw.events, [LOST, LegEvent::Ended]);
}

#[test]
fn without_update_a_refresh_is_the_same_offer_again() {
    let mut raw = Raw::new();
    let (_, answer) = answered(&mut raw, WE);
    raw.events.clear();
    for _ in 0..3 {
        assert!(raw.wait_ms(44_900).is_empty());
        let refresh = raw.wait_ms(100).remove(0);
        assert!(refresh.starts_with("INVITE "));
        assert_eq!(body(&refresh), body(&answer), "the same to the version of its origin");
        assert_eq!(header(&refresh, "Session-Expires"), "90;refresher=uac");
        assert_eq!(header(&refresh, "Min-SE"), "90");
        let ack = raw.say(&with(&response(&refresh, "200 OK", "", SDP), AGAIN));
        assert_eq!(methods(&ack), ["ACK"]);
    }
    assert!(raw.events.is_empty(), "{:?}", raw.events);
}

#[test]
fn a_call_of_ours_is_refreshed_with_the_offer_it_began_with() {
    let mut raw = Raw::new();
    let (_, invite) = called(&mut raw, AGAIN);
    raw.events.clear();
    raw.wait_ms(44_900);
    let refresh = raw.wait_ms(200).remove(0);
    assert_eq!(body(&refresh), body(&invite));
    raw.say(&with(&response(&refresh, "200 OK", "", SDP), AGAIN));
    assert!(raw.events.is_empty(), "{:?}", raw.events);
}

#[test]
fn an_unusable_answer_to_a_refresh_leaves_media_alone() {
    for wrong in ["", "v=0\r\n"] {
        let mut raw = Raw::new();
        let refresh = refreshing(&mut raw, WE);
        assert_eq!(methods(&raw.say(&with(&response(&refresh, "200 OK", "", wrong), AGAIN))), ["ACK"]);
        assert!(raw.events.is_empty(), "{:?}", raw.events);
        let next = raw.wait_ms(45_000);
        assert_eq!(body(&next[0]), body(&refresh));
    }
}

#[test]
fn a_refresh_disturbs_no_hold() {
    let mut raw = Raw::new();
    let (_, answer) = answered(&mut raw, WE);
    let hold = format!("{SDP}a=sendonly\r\n");
    let held = with(
        &request("INVITE", 1, 2, to_tag(&answer), &hold),
        "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n",
    );
    let held = raw.say(&held).remove(0);
    raw.say(&request("ACK", 1, 2, to_tag(&answer), ""));
    assert!(body(&held).contains("a=recvonly"));
    raw.events.clear();
    let refresh = raw.wait_ms(45_000).remove(0);
    assert_eq!(body(&refresh), body(&held));
    raw.say(&with(&response(&refresh, "200 OK", "", &hold), AGAIN));
    assert!(raw.events.is_empty(), "{:?}", raw.events);
}

#[test]
fn a_refresh_to_who_takes_updates_has_no_body() {
    let mut raw = Raw::new();
    let update = refreshing(&mut raw, WE_UPDATE);
    assert!(update.starts_with("UPDATE "));
    assert_eq!(body(&update), "");
    assert_eq!(header(&update, "Session-Expires"), "90;refresher=uac");
    raw.say(&with(&response(&update, "200 OK", "", ""), AGAIN));
    assert!(raw.wait_ms(44_900).is_empty());
    assert_eq!(methods(&raw.wait_ms(200)), ["UPDATE"]);
}

#[test]
fn who_refuses_update_after_all_gets_a_re_invite_at_once() {
    for code in ["405 Method Not Allowed", "501 Not Implemented"] {
        let mut raw = Raw::new();
        let update = refreshing(&mut raw, WE_UPDATE);
        let again = raw.say(&response(&update, code, "", ""));
        assert_eq!(methods(&again), ["INVITE"], "{code}");
        raw.say(&with(&response(&again[0], "200 OK", "", SDP), AGAIN));
        assert_eq!(methods(&raw.wait_ms(45_000)), ["INVITE"], "{code}");
    }
}

#[test]
fn an_answer_without_an_interval_turns_the_timer_off() {
    let mut raw = Raw::new();
    let update = refreshing(&mut raw, WE_UPDATE);
    raw.say(&response(&update, "200 OK", "", ""));
    assert!(raw.wait_ms(600_000).is_empty());
    assert!(raw.events.is_empty());
}

#[test]
fn a_refresh_that_finds_nobody_ends_the_leg() {
    for lines in [WE, WE_UPDATE] {
        for code in ["481 Call/Transaction Does Not Exist", "408 Request Timeout", ""] {
            let mut raw = Raw::new();
            let refresh = refreshing(&mut raw, lines);
            let said = if code.is_empty() {
                raw.wait_ms(32_500)
            } else {
                raw.say(&response(&refresh, code, "", ""))
            };
            assert!(methods(&said).contains(&"BYE"), "{code}: {said:?}");
            assert_eq!(raw.events, [LOST], "{code}");
        }
    }
}

#[test]
fn a_refresh_that_is_refused_is_tried_thrice_and_the_session_lasts_until_it_expires() {
    for lines in [WE, WE_UPDATE] {
        let mut raw = Raw::new();
        let mut refresh = refreshing(&mut raw, lines);
        // 45 s are left, then 22.5, then 11.25.
        for half_ms in [22_500, 11_250] {
            raw.say(&response(&refresh, "503 Service Unavailable", "", ""));
            assert!(raw.wait_ms(half_ms - 100).is_empty());
            refresh = raw.wait_ms(100).remove(0);
        }
        raw.say(&response(&refresh, "503 Service Unavailable", "", ""));
        assert!(raw.wait_ms(11_000).is_empty());
        assert!(raw.events.is_empty());
        assert_eq!(methods(&raw.wait_ms(400)), ["BYE"]);
        assert_eq!(raw.events, [LOST]);
    }
}

#[test]
fn a_refresh_refused_as_too_short_goes_out_again_with_a_longer_interval() {
    for lines in [WE, WE_UPDATE] {
        let mut raw = Raw::new();
        let mut refresh = refreshing(&mut raw, lines);
        for least in ["120", "240"] {
            let refusal = response(&refresh, "422 Session Interval Too Small", "", "");
            refresh = raw.say(&with(&refusal, &format!("Min-SE: {least}\r\n"))).pop().expect("again");
            assert_eq!(header(&refresh, "Session-Expires"), format!("{least};refresher=uac"));
            assert_eq!(header(&refresh, "Min-SE"), least);
        }
        let description = if refresh.starts_with("INVITE") { SDP } else { "" };
        raw.say(&with(
            &response(&refresh, "200 OK", "", description),
            "Session-Expires: 240;refresher=uac\r\n",
        ));
        assert!(raw.wait_ms(119_900).is_empty());
        assert_eq!(raw.wait_ms(200).len(), 1);
    }
}

#[test]
fn glare_at_a_refresh_is_waited_out_and_both_get_their_way() {
    let mut raw = Raw::new();
    let (_, answer) = answered(&mut raw, WE);
    let refresh = raw.wait_ms(45_000).remove(0);
    let theirs = request("INVITE", 1, 2, to_tag(&answer), SDP);
    let refused = raw.say(&theirs).remove(0);
    assert_eq!(status(&refused), "491 Request Pending");
    raw.say(&ack_of(&theirs, &refused));
    raw.say(&response(&refresh, "491 Request Pending", "", ""));
    // RFC 3261 section 14.1: whoever did not make the Call-ID waits up to 2 s.
    let again = raw.wait_ms(2_000).remove(0);
    assert!(again.starts_with("INVITE "));
    assert_eq!(body(&again), body(&answer));
    raw.say(&with(&response(&again, "200 OK", "", SDP), AGAIN));
    let theirs = request("INVITE", 1, 3, to_tag(&answer), SDP);
    assert_eq!(status(&raw.say(&theirs)[0]), "200 OK");
}

#[test]
fn a_change_under_way_refreshes_too_and_none_goes_out_beside_it() {
    for lines in [WE, WE_UPDATE] {
        let mut raw = Raw::new();
        let (leg, _) = answered(&mut raw, lines);
        raw.wait_ms(44_900);
        let held = LocalMedia { direction: Direction::SendOnly, ..local(6_000) };
        let hold = raw.act(|stack, now| stack.reinvite(now, leg, held)).remove(0);
        assert_eq!(header(&hold, "Session-Expires"), "90;refresher=uac");
        raw.say(&response(&hold, "100 Trying", "", ""));
        assert!(raw.wait_ms(10_000).is_empty(), "never two at once");
        raw.say(&with(&response(&hold, "200 OK", "", SDP), AGAIN));
        assert!(raw.wait_ms(44_900).is_empty());
        assert_eq!(raw.wait_ms(200).len(), 1);
    }
}

#[test]
fn a_change_refused_while_a_refresh_waits_lets_it_go() {
    let mut raw = Raw::new();
    let (leg, _) = answered(&mut raw, WE_UPDATE);
    raw.wait_ms(44_900);
    let hold = raw.act(|stack, now| stack.reinvite(now, leg, local(7_000))).remove(0);
    raw.say(&response(&hold, "100 Trying", "", ""));
    raw.wait_ms(1_000);
    let said = raw.say(&response(&hold, "488 Not Acceptable Here", "", ""));
    assert_eq!(methods(&said), ["ACK", "UPDATE"]);
}

#[test]
fn a_change_wanted_while_a_refresh_is_under_way_follows_it() {
    let mut raw = Raw::new();
    let (leg, _) = answered(&mut raw, WE);
    let refresh = raw.wait_ms(45_000).remove(0);
    assert!(raw.act(|stack, now| stack.reinvite(now, leg, local(7_000))).is_empty());
    let said = raw.say(&with(&response(&refresh, "200 OK", "", SDP), AGAIN));
    assert_eq!(methods(&said), ["ACK", "INVITE"]);
    assert!(body(&said[1]).contains("m=audio 7000"));
}

#[test]
fn their_refresh_without_an_offer_collides_with_no_change_of_ours() {
    let mut raw = Raw::new();
    let (leg, answer) = answered(&mut raw, "Supported: timer\r\nSession-Expires: 90\r\n");
    raw.act(|stack, now| stack.reinvite(now, leg, local(7_000)));
    let update = request("UPDATE", 1, 2, to_tag(&answer), "");
    let said = raw.say(&with(&update, "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n"));
    assert_eq!(status(&said[0]), "200 OK", "RFC 3311 section 5.2");
    let offer = request("UPDATE", 1, 3, to_tag(&answer), SDP);
    assert_eq!(status(&raw.say(&offer)[0]), "491 Request Pending");
}

#[test]
fn a_session_outlives_the_stream_it_was_refreshed_on() {
    let mut raw = Raw::with(TrunkPeer { transport: Transport::Tcp, ..trunk(LEFT) });
    raw.speak_over(Transport::Tcp, "192.0.2.1:49152");
    raw.say(&with(&invite(1), WE_UPDATE).replace("SIP/2.0/UDP", "SIP/2.0/TCP"));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000))).remove(0);
    raw.say(&request("ACK", 1, 1, to_tag(&answer), ""));
    assert_eq!(methods(&raw.wait_ms(45_000)), ["UPDATE"]);
    let lost = raw.flow();
    raw.events.clear();
    raw.act(|stack, now| stack.flow_lost(now, lost));
    assert!(raw.events.is_empty());
    let again = raw.wait_ms(22_500);
    assert_eq!(methods(&again), ["UPDATE"]);
    assert_eq!(raw.flows.last().map(|flow| flow.remote), Some(address(LEFT)), "where its Contact says");
    raw.speak_over(Transport::Tcp, LEFT);
    let lost = raw.flow();
    raw.act(|stack, now| stack.flow_lost(now, lost));
    assert_eq!(raw.events, [LOST], "nobody there twice is nobody");
}

#[test]
fn hanging_up_leaves_no_timer_behind() {
    for lines in [WE, WE_UPDATE, "Supported: timer\r\n"] {
        let mut raw = Raw::new();
        let (leg, _) = answered(&mut raw, lines);
        raw.wait_ms(45_000);
        let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal)).remove(0);
        raw.say(&response(&bye, "200 OK", "", ""));
        assert_eq!(raw.stack.legs(), 0);
        raw.wait_ms(65_000);
        assert_eq!((raw.stack.transactions(), raw.stack.timers()), (0, 0));
    }
}
