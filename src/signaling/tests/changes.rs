//! Answered calls that change: hold and resume, moved media, refreshes, glare.

use super::pair::End::{Left, Right};
use super::pair::{Pair, local};
use super::raw::{Raw, invite, request, response, to_tag};
use crate::base::Cause;
use crate::signaling::{Direction, LegEvent, LegKey, LocalMedia, RemoteMedia};

fn held() -> LocalMedia {
    LocalMedia { direction: Direction::SendOnly, ..local(4_000) }
}

fn last_media(events: &[LegEvent]) -> RemoteMedia {
    match events.last() {
        Some(LegEvent::Remote { media }) => media.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn hold_and_resume_are_heard_and_mirrored() {
    let mut pair = Pair::new(41);
    let (caller, called) = pair.connect();
    pair.act(Left, |stack, now| stack.reinvite(now, caller, held()));
    pair.run_ms(100);
    assert_eq!(last_media(&pair.right.of(called)).direction, Direction::SendOnly);
    assert_eq!(last_media(&pair.left.of(caller)).direction, Direction::RecvOnly);
    pair.act(Left, |stack, now| stack.reinvite(now, caller, local(4_000)));
    pair.run_ms(100);
    assert_eq!(last_media(&pair.right.of(called)).direction, Direction::SendRecv);
    assert_eq!(last_media(&pair.left.of(caller)).direction, Direction::SendRecv);
}

#[test]
fn a_refresh_with_the_same_media_says_nothing() {
    let mut pair = Pair::new(42);
    let (caller, called) = pair.connect();
    let before = (pair.left.of(caller).len(), pair.right.of(called).len());
    pair.act(Left, |stack, now| stack.reinvite(now, caller, local(4_000)));
    pair.run_ms(100);
    assert_eq!((pair.left.of(caller).len(), pair.right.of(called).len()), before);
    assert_eq!(pair.words()[4..], [">INVITE", "<200 OK", ">ACK"]);
}

#[test]
fn moved_media_are_followed() {
    let mut pair = Pair::new(43);
    let (_, called) = pair.connect();
    let caller = pair.left.events[0].1;
    pair.act(Right, |stack, now| stack.reinvite(now, called, local(7_000)));
    pair.run_ms(100);
    assert_eq!(last_media(&pair.left.of(caller)).rtp.port(), 7_000);
}

#[test]
fn glare_is_waited_out_and_both_get_their_way() {
    let mut pair = Pair::new(44);
    let (caller, called) = pair.connect();
    pair.act(Left, |stack, now| stack.reinvite(now, caller, local(4_100)));
    pair.act(Right, |stack, now| stack.reinvite(now, called, local(6_100)));
    pair.run_ms(100);
    let pending = pair.words().iter().filter(|word| word.ends_with("491 Request Pending")).count();
    assert_eq!(pending, 2, "RFC 3261 section 14.1: each refuses the other's");
    pair.run_ms(10_000);
    assert_eq!(last_media(&pair.left.of(caller)).rtp.port(), 6_100);
    assert_eq!(last_media(&pair.right.of(called)).rtp.port(), 4_100);
}

#[test]
fn a_change_wanted_before_the_ack_waits_for_it() {
    let mut pair = Pair::new(45);
    let (caller, called) = pair.call();
    pair.act(Right, |stack, now| stack.accept(now, called, local(6_000)));
    pair.act(Right, |stack, now| stack.reinvite(now, called, local(7_000)));
    pair.run_ms(100);
    assert_eq!(pair.words()[3..], [">ACK", "<INVITE", ">200 OK", "<ACK"]);
    assert_eq!(last_media(&pair.left.of(caller)).rtp.port(), 7_000);
}

#[test]
fn a_change_nobody_answers_ends_the_leg() {
    let mut pair = Pair::new(46);
    let (caller, _) = pair.connect();
    pair.lose(|_, _| true);
    pair.act(Left, |stack, now| stack.reinvite(now, caller, held()));
    pair.run_ms(33_000);
    let lost = LegEvent::Failed { cause: Cause::Lost };
    assert!(pair.left.of(caller).contains(&lost));
    pair.run_ms(33_000);
    assert_eq!(pair.left.of(caller).last(), Some(&LegEvent::Ended));
}

/// An answered call whose change of ours the peer has only begun to look at: the leg, our tag, the re-INVITE.
fn change_under_way(raw: &mut Raw) -> (LegKey, String, String) {
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000))).remove(0);
    raw.say(&request("ACK", 1, 1, to_tag(&answer), ""));
    let change = raw.act(|stack, now| stack.reinvite(now, leg, held())).remove(0);
    raw.say(&response(&change, "100 Trying", "", ""));
    (leg, to_tag(&answer).to_owned(), change)
}

#[test]
fn a_refusal_of_our_change_that_crosses_our_bye_is_acknowledged() {
    let mut raw = Raw::new();
    let (leg, _, change) = change_under_way(&mut raw);
    let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal)).remove(0);
    raw.say(&response(&bye, "200 OK", "", ""));
    assert_eq!(raw.events.last(), Some(&LegEvent::Ended));
    let ack = raw.say(&response(&change, "487 Request Terminated", "", ""));
    assert!(ack[0].starts_with("ACK "), "{ack:?}");
    raw.wait_ms(33_000);
    assert_eq!((raw.stack.transactions(), raw.stack.timers()), (0, 0));
}

#[test]
fn a_change_nobody_ever_refuses_is_forgotten_after_its_call() {
    for hung_up_by_them in [true, false] {
        let mut raw = Raw::new();
        let (leg, tag, _) = change_under_way(&mut raw);
        if hung_up_by_them {
            raw.say(&request("BYE", 1, 2, &tag, ""));
            raw.act(|stack, now| stack.release_bye(now, leg));
        } else {
            let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal)).remove(0);
            raw.say(&response(&bye, "200 OK", "", ""));
        }
        raw.wait_ms(33_000);
        assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
    }
}
