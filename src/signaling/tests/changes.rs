//! Answered calls that change: hold and resume, moved media, refreshes, glare.

use super::pair::End::{Left, Right};
use super::pair::{Pair, local};
use crate::signaling::{Direction, LegEvent, LocalMedia, RemoteMedia};

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
    let lost = LegEvent::Failed { cause: crate::base::Cause::Lost };
    assert!(pair.left.of(caller).contains(&lost));
    pair.run_ms(33_000);
    assert_eq!(pair.left.of(caller).last(), Some(&LegEvent::Ended));
}
