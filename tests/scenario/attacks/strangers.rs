//! Nobody we know: whatever they ask, nothing of ours moves.

use super::{MENU, Request, codes, hang_up, say, say_raw, standing, world};
use crate::support::sim::wired::STRANGER;
use spillway::base::limits;
use std::time::Duration;

const METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "INFO",
    "REFER",
    "MESSAGE",
    "UPDATE",
];

#[test]
fn an_unauthenticated_request_of_any_method_reaches_nothing() {
    let mut world = world();
    for (n, method) in METHODS.into_iter().enumerate() {
        let heard = say(&mut world, &Request::new(method, MENU, &format!("s{n}")).stranger());
        let expected: &[u16] = if method == "ACK" { &[] } else { &[403] };
        assert_eq!(codes(&heard), expected, "{method}");
        assert!(world.is_at_rest(), "{method}: {:?}", world.left());
        world.advance(Duration::from_secs(1));
    }
    assert!(world.outcomes().records.is_empty() && world.watch().invites().is_empty());
}

#[test]
fn ten_thousand_requests_of_a_stranger_cost_a_handful_of_answers() {
    let mut world = world();
    let flood = |n: usize| Request::new(METHODS[n % METHODS.len()], MENU, &format!("f{n}")).stranger();
    (0..10_000).for_each(|n| world.says_from(STRANGER, &flood(n).written()));
    world.advance(Duration::from_millis(500));
    assert_eq!(world.letters(STRANGER).len(), limits::REFUSALS_PER_SOURCE as usize);
    assert!(world.is_at_rest());
    let dropped = world.outcomes().limits.iter().filter(|limit| **limit == "source").count();
    // ACKs are never answered, nor are they asked.
    assert_eq!(dropped, 10_000 - 10_000 / METHODS.len() - 1 - limits::ASKED_AT_ONCE as usize);
}

#[test]
fn a_stranger_who_overhears_a_call_learns_nothing_of_it_by_guessing() {
    let mut world = world();
    let (invite, tag) = standing(&mut world, MENU, "live");
    let mut answers = Vec::new();
    for guess in ["", "000000000000000000000000", &tag[..23], "x"] {
        let guessed = Request { branch: "z9hG4bKguess".into(), ..invite.then("INFO", 7, guess) }.stranger();
        let [answer] = &say(&mut world, &guessed)[..] else { panic!("one answer") };
        answers.push(answer.lines().next().expect("a line").to_owned());
        world.advance(Duration::from_secs(1));
    }
    answers.dedup();
    assert_eq!(answers, ["SIP/2.0 403 Forbidden"]);
    hang_up(&mut world, &invite, &tag, 2);
}

#[test]
fn noise_is_counted_and_answered_by_nothing() {
    let mut world = world();
    let noise: [&[u8]; 6] =
        [b"", b"\0\0\0\0", b"GET / HTTP/1.1\r\n\r\n", b"INVITE", b"INVITE sip:x SIP/2.0\r\n", &[0xff; 1_400]];
    for noise in noise {
        assert!(say_raw(&mut world, STRANGER, noise).is_empty(), "{noise:?}");
    }
    assert!(world.is_at_rest());
}
