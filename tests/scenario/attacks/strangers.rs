//! Nobody we know: whatever they ask, nothing of ours moves.

use super::alone::Alone;
use super::{MENU, Request, codes, hang_up, our_tag, say, say_raw, standing, world};
use crate::support::sim::wired::{GATEWAY, STRANGER};
use spillway::base::limits;
use std::time::{Duration, Instant};

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

/// How often each question is asked: the middle of so many is the same on a busy machine.
const QUESTIONS: usize = 1_000;

#[test]
fn a_stranger_learns_nothing_from_how_long_an_answer_takes() {
    let mut alone = Alone::new();
    let live = Request::new("INVITE", MENU, "live");
    let written = |request: &Request| String::from_utf8(request.written()).expect("text");
    alone.hears(GATEWAY, &written(&live));
    let tag = our_tag(std::slice::from_ref(&alone.said));
    alone.hears(GATEWAY, &written(&live.then("ACK", 1, &tag)));
    let asked = |request: Request| written(&request.stranger());
    let invite = |number: &str, n: usize| asked(Request::new("INVITE", number, &format!("{n:06}")));
    let info = |call: &str, n: usize| {
        let guess = format!("{n:024x}");
        asked(Request {
            branch: format!("z9hG4bK{n:06}"),
            ..Request::new("INFO", MENU, call).then("INFO", 7, &guess)
        })
    };
    let mut took: [Vec<Duration>; 4] = Default::default();
    for n in 0..QUESTIONS {
        let questions = [invite(MENU, n), invite("0384961379", n), info("live", n), info("dead", n)];
        for (question, took) in questions.iter().zip(&mut took) {
            let begun = Instant::now();
            alone.hears(STRANGER, question);
            took.push(begun.elapsed());
            // So long that each of them is answered.
            alone.wait(Duration::from_millis(250));
        }
    }
    assert_eq!(alone.engine.stack().legs(), 1, "the call is live all the time");
    let [number, nobody, known, unknown] = took.map(|mut took| {
        took.sort_unstable();
        took[QUESTIONS / 2]
    });
    for (existing, missing) in [(number, nobody), (known, unknown)] {
        let alike = existing < missing * 5 / 4 && missing < existing * 5 / 4;
        assert!(alike, "{existing:?} for what exists, {missing:?} for what does not");
    }
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
