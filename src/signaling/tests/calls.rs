//! Calls as they should go: rung, answered, refused, given up, hung up; over datagrams and streams.

use super::pair::End::{Left, Right};
use super::pair::{Pair, local};
use crate::base::{Cause, Codec, Transport};
use crate::signaling::{
    Caller, CallerHeader, Direction, Diversion, DiversionHeader, DiversionReason, IdentityPolicy, Invite,
    LegEvent, LocalMedia, Reason, ReasonProtocol, Rejection,
};

#[test]
fn a_call_rings_is_answered_and_hung_up() {
    for transport in Transport::ALL {
        let mut pair = Pair::over(transport, 1);
        let (caller, called) = pair.call();
        pair.act(Right, |stack, now| stack.ring(now, called));
        pair.run_ms(50);
        pair.act(Right, |stack, now| stack.accept(now, called, local(6_000)));
        pair.run_ms(50);
        let events = pair.left.of(caller);
        assert_eq!(events[0], LegEvent::Ringing);
        let LegEvent::Answered { media } = &events[1] else { panic!("{events:?}") };
        assert_eq!((media.rtp.port(), media.rtcp.port(), media.codec), (6_000, 6_001, Codec::Pcma));
        assert_eq!((media.dtmf, media.direction, media.ptime_ms), (Some(101), Direction::SendRecv, 20));
        assert_eq!(pair.right.of(called), [LegEvent::Confirmed { media: None }]);
        pair.act(Left, |stack, now| stack.bye(now, caller, Cause::Normal));
        pair.run_ms(100);
        let reason = Some(Reason { protocol: ReasonProtocol::Q850, code: 16, text: None });
        assert_eq!(pair.right.of(called)[1], LegEvent::HungUp { cause: Cause::Normal, reason });
        assert_eq!(pair.left.of(caller).len(), 2, "the 200 waits for the journal");
        pair.act(Right, |stack, now| stack.release_bye(now, called));
        pair.run_ms(50);
        assert_eq!(pair.left.of(caller).last(), Some(&LegEvent::Ended));
        assert_eq!(pair.right.of(called).last(), Some(&LegEvent::Ended));
        let words = [">INVITE", "<100 Trying", "<180 Ringing", "<200 OK", ">ACK", ">BYE", "<200 OK"];
        assert_eq!(pair.words(), words);
        pair.run_out();
        pair.assert_idle();
    }
}

#[test]
fn who_sent_a_call_on_without_a_name_stays_nameless() {
    let mut pair = Pair::new(4);
    let nobody = Diversion { user: String::new(), reason: DiversionReason::UserBusy, is_ours: false };
    for diversion in [DiversionHeader::Diversion, DiversionHeader::HistoryInfo] {
        let policy = IdentityPolicy { diversion, ..IdentityPolicy::default() };
        pair.call_with(Invite { diversions: vec![nobody.clone()], policy, ..pair.invite() });
        let (_, invitation) = pair.right.invited.last().expect("it came");
        assert_eq!(invitation.diversions, std::slice::from_ref(&nobody), "{diversion:?}");
    }
}

#[test]
fn an_invitation_says_who_calls_whom_and_why() {
    let mut pair = Pair::new(2);
    let invite = Invite {
        diversions: vec![Diversion {
            user: "0384961370".into(),
            reason: DiversionReason::NoAnswer,
            is_ours: false,
        }],
        extra_headers: vec![("X-Queue", "techni\r\nque".into())],
        max_forwards: 17,
        ..pair.invite()
    };
    pair.call_with(invite);
    let (_, invitation) = &pair.right.invited[0];
    assert_eq!(invitation.dialled, "0385421000");
    let caller = Caller { number: "+33384961370".into(), display: Some("Zoé".into()), anonymous: false };
    assert_eq!(invitation.caller, caller);
    let diversion = invitation.diversions.first().expect("the header came");
    assert_eq!((diversion.user.as_str(), diversion.reason), ("0384961370", DiversionReason::NoAnswer));
    assert_eq!((invitation.max_forwards, invitation.refusal), (17, None));
    let offer = invitation.offer.as_ref().expect("an offer came");
    assert_eq!((offer.codec, offer.codecs.as_slice()), (Codec::Pcma, &[Codec::Pcma, Codec::Pcmu][..]));
}

#[test]
fn a_hidden_caller_stays_hidden_from_all_but_the_trunk() {
    for header in [CallerHeader::From, CallerHeader::PAssertedIdentity] {
        let mut pair = Pair::new(3);
        let caller = Caller { anonymous: true, ..pair.invite().caller };
        let invite = Invite { caller, policy: IdentityPolicy::with(header), ..pair.invite() };
        pair.call_with(invite);
        let (_, invitation) = &pair.right.invited[0];
        // The right end's trunk reads From, where an anonymous caller has no number.
        assert_eq!((invitation.caller.number.as_str(), invitation.caller.anonymous), ("", true));
    }
}

#[test]
fn every_refusal_reaches_the_caller_once() {
    for code in [302, 404, 480, 486, 487, 488, 500, 503, 603] {
        let mut pair = Pair::new(4);
        let (caller, called) = pair.call();
        pair.act(Right, |stack, now| stack.reject(now, called, Rejection::code(code)));
        pair.run_ms(50);
        let refused = LegEvent::Refused { code, cause: Cause::from_sip_code(code) };
        assert_eq!(pair.left.of(caller), [refused, LegEvent::Ended]);
        assert_eq!(pair.right.of(called), [LegEvent::Ended]);
        pair.run_out();
        pair.assert_idle();
    }
}

#[test]
fn a_lost_message_of_any_kind_changes_nothing() {
    for lost in ["INVITE", "100 Trying", "180 Ringing", "200 OK", "ACK", "BYE"] {
        let mut pair = Pair::new(5);
        let mut left = 1;
        pair.lose(move |_, line| {
            let hit = line == lost && left > 0;
            left -= u32::from(hit);
            hit
        });
        let caller = {
            let invite = pair.invite();
            pair.left.stack.invite(pair.now, invite)
        };
        pair.run_ms(2_000);
        assert_eq!(pair.right.invited.len(), 1, "{lost}");
        let called = pair.right.invited[0].0;
        pair.act(Right, |stack, now| stack.ring(now, called));
        pair.run_ms(2_000);
        pair.act(Right, |stack, now| stack.accept(now, called, local(6_000)));
        pair.run_ms(2_000);
        let answered = |event: &LegEvent| matches!(event, LegEvent::Answered { .. });
        assert_eq!(pair.left.of(caller).iter().filter(|event| answered(event)).count(), 1, "{lost}");
        assert_eq!(pair.right.of(called), [LegEvent::Confirmed { media: None }], "{lost}");
        pair.act(Right, |stack, now| stack.bye(now, called, Cause::Normal));
        pair.run_ms(2_000);
        pair.act(Left, |stack, now| stack.release_bye(now, caller));
        pair.run_out();
        assert_eq!(pair.left.of(caller).last(), Some(&LegEvent::Ended), "{lost}");
        pair.assert_idle();
    }
}

#[test]
fn early_media_comes_with_183_and_the_200_says_the_same() {
    let mut pair = Pair::new(6);
    let (caller, called) = pair.call();
    pair.act(Right, |stack, now| stack.progress(now, called, local(6_000)));
    pair.run_ms(50);
    pair.act(Right, |stack, now| stack.accept(now, called, local(6_000)));
    pair.run_ms(50);
    let events = pair.left.of(caller);
    let LegEvent::Progressed { code: 183, media: Some(early) } = &events[0] else { panic!("{events:?}") };
    assert_eq!(events[1], LegEvent::Answered { media: early.clone() });
}

#[test]
fn a_late_offer_is_answered_in_the_ack() {
    let mut pair = Pair::new(7);
    let invite = pair.late();
    let (caller, called) = pair.call_with(invite);
    assert_eq!(pair.right.invited[0].1.offer, None);
    let ours = LocalMedia { codecs: smallvec::smallvec![Codec::Pcmu], ..local(6_000) };
    pair.act(Right, |stack, now| stack.accept(now, called, ours));
    pair.run_ms(50);
    let events = pair.left.of(caller);
    let LegEvent::Answered { media } = &events[0] else { panic!("{events:?}") };
    assert_eq!((media.rtp.port(), media.codec), (6_000, Codec::Pcmu));
    let events = pair.right.of(called);
    let LegEvent::Confirmed { media: Some(media) } = &events[0] else { panic!("{events:?}") };
    assert_eq!((media.rtp.port(), media.codec), (4_000, Codec::Pcmu));
}

#[test]
fn without_a_common_codec_the_call_is_told_and_refused() {
    let mut pair = Pair::new(8);
    let mut invite = pair.invite();
    let narrow = LocalMedia { codecs: smallvec::smallvec![Codec::Pcmu], ..local(4_000) };
    invite.offer = crate::signaling::MediaOffer::Early(narrow);
    let (caller, called) = pair.call_with(invite);
    let ours = LocalMedia { codecs: smallvec::smallvec![Codec::Pcma], ..local(6_000) };
    pair.act(Right, |stack, now| stack.accept(now, called, ours));
    pair.run_ms(50);
    let failed = LegEvent::Failed { cause: Cause::MediaRefused };
    assert_eq!(pair.right.of(called), [failed, LegEvent::Ended]);
    let refused = LegEvent::Refused { code: 488, cause: Cause::MediaRefused };
    assert_eq!(pair.left.of(caller), [refused, LegEvent::Ended]);
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn nobody_there_is_known_after_32_seconds_or_at_once_when_the_path_is_lost() {
    let mut pair = Pair::new(9);
    pair.lose(|_, _| true);
    let invite = pair.invite();
    let caller = pair.left.stack.invite(pair.now, invite.clone());
    pair.run_ms(31_900);
    assert!(pair.left.of(caller).is_empty());
    pair.run_ms(200);
    let failed = [LegEvent::Failed { cause: Cause::Unreachable }, LegEvent::Ended];
    assert_eq!(pair.left.of(caller), failed);
    let invites = pair.words().iter().filter(|word| *word == ">INVITE").count();
    assert_eq!(invites, 7, "RFC 3261 section 17.1.1.2: seven in 64 T1");
    let caller = pair.left.stack.invite(pair.now, invite);
    let path = pair.path(Left);
    pair.act(Left, |stack, now| stack.flow_lost(now, path));
    assert_eq!(pair.left.of(caller), failed);
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn an_answer_nobody_acknowledges_ends_in_a_bye() {
    let mut pair = Pair::new(10);
    pair.lose(|_, line| line == "ACK");
    let (caller, called) = pair.connect();
    pair.run_ms(33_000);
    assert_eq!(pair.right.of(called)[0], LegEvent::Failed { cause: Cause::Lost });
    assert!(matches!(pair.left.of(caller)[1], LegEvent::HungUp { .. }));
    let acks = pair.words().iter().filter(|word| *word == ">ACK").count();
    assert_eq!(acks, 11, "one for each 2xx: 0.5, 1.5, 3.5, 7.5, 11.5, … s");
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn an_unreleased_bye_does_not_stay_for_ever() {
    let mut pair = Pair::new(11);
    let (caller, called) = pair.connect();
    pair.act(Left, |stack, now| stack.bye(now, caller, Cause::Normal));
    pair.run_out();
    assert_eq!(pair.right.of(called).last(), Some(&LegEvent::Ended));
    pair.assert_idle();
}

#[test]
fn a_far_end_that_is_asked_whether_it_is_there_says_so() {
    let mut pair = Pair::new(41);
    let (caller, called) = pair.connect();
    pair.act(Left, |stack, now| stack.probe(now, caller));
    pair.act(Left, |stack, now| stack.probe(now, caller));
    pair.run_ms(50);
    assert_eq!(pair.words()[4..], [">OPTIONS", "<200 OK"], "one question at a time");
    assert!(pair.left.of(caller).iter().all(|event| matches!(event, LegEvent::Answered { .. })));
    pair.act(Right, |stack, now| stack.bye(now, called, Cause::Normal));
    pair.run_ms(50);
    pair.act(Left, |stack, now| stack.release_bye(now, caller));
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn a_far_end_that_knows_the_call_no_more_or_says_nothing_is_let_go() {
    for silent in [false, true] {
        let mut pair = Pair::new(42);
        let (caller, called) = pair.connect();
        if silent {
            pair.lose(|_, _| true);
        } else {
            // Its BYE is lost each time: it has forgotten the call, and we have not.
            pair.lose(|_, line| line.starts_with("BYE"));
            pair.act(Right, |stack, now| stack.bye(now, called, Cause::Normal));
            pair.run_ms(40_000);
            pair.lose(|_, _| false);
        }
        pair.act(Left, |stack, now| stack.probe(now, caller));
        pair.run_ms(if silent { 33_000 } else { 100 });
        assert!(pair.left.of(caller).contains(&LegEvent::Failed { cause: Cause::Lost }), "silent: {silent}");
        pair.act(Right, |stack, now| stack.bye(now, called, Cause::Normal));
        pair.run_out();
        assert!(pair.left.is_idle());
    }
}
