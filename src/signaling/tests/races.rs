//! Two ends that act at once: CANCEL and 200, BYE and BYE, hanging up before the ACK, forks, strays.

use super::pair::End::{Left, Right};
use super::pair::{Pair, local};
use crate::base::Cause;
use crate::signaling::{LegEvent, Rejection};

#[test]
fn a_cancelled_call_stops_ringing() {
    let mut pair = Pair::new(21);
    let (caller, called) = pair.call();
    pair.act(Left, |stack, now| stack.cancel(now, caller, Cause::AnsweredElsewhere));
    pair.run_ms(50);
    assert_eq!(pair.right.of(called), [LegEvent::Cancelled, LegEvent::Ended]);
    assert_eq!(pair.left.of(caller), [LegEvent::Ended]);
    let words = [">INVITE", "<100 Trying", ">CANCEL", "<200 OK", "<487 Request Terminated", ">ACK"];
    assert_eq!(pair.words(), words);
    pair.act(Right, |stack, now| stack.accept(now, called, local(6_000)));
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn cancel_waits_for_the_first_provisional_response() {
    let mut pair = Pair::new(22);
    let invite = pair.invite();
    let caller = pair.left.stack.invite(pair.now, invite);
    pair.act(Left, |stack, now| stack.cancel(now, caller, Cause::Normal));
    assert_eq!(pair.words(), [">INVITE"]);
    pair.run_ms(50);
    assert_eq!(pair.words()[1..4], ["<100 Trying", ">CANCEL", "<200 OK"]);
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn cancel_and_answer_cross_and_the_answer_gets_ack_and_bye() {
    let mut pair = Pair::new(23);
    let (caller, called) = pair.call();
    pair.act(Right, |stack, now| stack.accept(now, called, local(6_000)));
    pair.act(Left, |stack, now| stack.cancel(now, caller, Cause::Cancelled));
    pair.run_ms(100);
    assert_eq!(pair.left.of(caller), [LegEvent::Ended]);
    let events = pair.right.of(called);
    assert_eq!(events[0], LegEvent::Confirmed { media: None });
    assert!(matches!(events[1], LegEvent::HungUp { .. }), "{events:?}");
    pair.act(Right, |stack, now| stack.release_bye(now, called));
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn giving_up_after_the_answer_came_is_hanging_up() {
    let mut pair = Pair::new(24);
    let (caller, called) = pair.connect();
    pair.act(Left, |stack, now| stack.cancel(now, caller, Cause::Cancelled));
    pair.run_ms(50);
    assert!(matches!(pair.right.of(called)[1], LegEvent::HungUp { .. }));
    pair.act(Right, |stack, now| stack.release_bye(now, called));
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn a_cancel_nobody_hears_ends_all_the_same() {
    let mut pair = Pair::new(25);
    let (caller, called) = pair.call();
    pair.lose(|_, _| true);
    pair.act(Left, |stack, now| stack.cancel(now, caller, Cause::Cancelled));
    pair.run_ms(33_000);
    assert_eq!(pair.left.of(caller), [LegEvent::Ended]);
    pair.act(Right, |stack, now| stack.reject(now, called, Rejection::from(Cause::NoAnswer)));
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn both_hang_up_at_once() {
    let mut pair = Pair::new(26);
    let (caller, called) = pair.connect();
    pair.act(Left, |stack, now| stack.bye(now, caller, Cause::Normal));
    pair.act(Right, |stack, now| stack.bye(now, called, Cause::Normal));
    pair.run_ms(100);
    // Each 200 waits for its own side's journal.
    for (end, leg) in [(Left, caller), (Right, called)] {
        assert!(matches!(pair.side(end).of(leg).last(), Some(LegEvent::HungUp { .. })));
        pair.act(end, |stack, now| stack.release_bye(now, leg));
        assert_eq!(pair.side(end).of(leg).last(), Some(&LegEvent::Ended));
    }
    let byes = pair.words().iter().filter(|word| word.ends_with("BYE")).count();
    assert_eq!(byes, 2);
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut pair = Pair::new(27);
    let (_, called) = pair.call();
    pair.act(Right, |stack, now| stack.accept(now, called, local(6_000)));
    pair.act(Right, |stack, now| stack.bye(now, called, Cause::Normal));
    assert_eq!(pair.words().last().map(String::as_str), Some("<200 OK"));
    pair.run_ms(15);
    assert_eq!(pair.words()[3..], [">ACK", "<BYE"]);
    assert!(pair.right.of(called).is_empty(), "hung up before it was confirmed");
    pair.run_out();
    pair.assert_idle();
}

#[test]
fn refused_and_cancelled_at_once_has_one_final_response() {
    let mut pair = Pair::new(28);
    let (caller, called) = pair.call();
    pair.act(Left, |stack, now| stack.cancel(now, caller, Cause::Cancelled));
    pair.act(Right, |stack, now| stack.reject(now, called, Rejection::from(Cause::Busy)));
    pair.run_ms(200);
    let finals = pair.words().iter().filter(|word| word.starts_with("<48")).count();
    assert_eq!(finals, 1, "{:?}", pair.words());
    assert_eq!(pair.left.of(caller), [LegEvent::Ended]);
    pair.run_out();
    pair.assert_idle();
}
