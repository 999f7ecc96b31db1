//! What can be written in a phone's name by whoever has not read what it was told: nothing that keeps it out.

use super::phones::{HOME, World, answer, register};
use super::raw::status;
use crate::signaling::Observation;
use crate::signaling::digest::Algorithm;

#[test]
fn a_nonce_is_worth_nothing_at_another_address() {
    let mut world = World::new();
    let request = register("<sip:201@10.0.0.7>");
    let challenged = world.say(&request, "");
    let credentials = answer(&challenged[0], &request, Algorithm::Sha256, "201", "s3cret", 1);
    world.raw.speak_from("203.0.113.66:5060");
    let elsewhere = world.say(&request, &credentials);
    assert_eq!(status(&elsewhere[0]), "401 Unauthorized");
    assert!(elsewhere[0].contains("stale=true"), "a phone whose address changed need not ask its user");
    assert!(world.contacts().is_empty());
    world.raw.speak_from(HOME);
    assert_eq!(status(&world.say(&request, &credentials)[0]), "200 OK", "nobody used it up");
}

/// Everything a forger can write: from every address, the phone's own path among them, with nonces read elsewhere.
#[test]
fn a_flood_of_forged_requests_does_not_keep_a_phone_from_registering() {
    let mut world = World::new();
    let request = register("<sip:201@10.0.0.7>");
    let challenged = world.say(&request, "");
    world.raw.speak_from("203.0.113.66:5060");
    let theirs = world.say(&request, "");
    let forged = answer(&theirs[0], &request, Algorithm::Sha256, "201", "wrong", 1);
    for n in 0..2_000u32 {
        let from = if n % 2 == 0 { HOME.to_owned() } else { format!("198.18.{}.{}:5060", n / 256, n % 256) };
        world.raw.speak_from(&from);
        world.say(&request, if n % 4 < 2 { "" } else { &forged });
    }
    world.raw.speak_from(HOME);
    assert!(world.say(&request, "").is_empty(), "the flood is one: nobody is challenged any more");
    let credentials = answer(&challenged[0], &request, Algorithm::Sha256, "201", "s3cret", 1);
    assert_eq!(status(&world.say(&request, &credentials)[0]), "200 OK");
}

/// Whoever answers a challenge is there: so they are counted by themselves, and banned like anybody on a stream.
#[test]
fn who_guesses_passwords_over_datagrams_is_banned_for_it() {
    let mut world = World::new();
    world.raw.speak_from("203.0.113.66:5060");
    let request = register("<sip:201@10.0.0.7>");
    let challenged = world.say(&request, "");
    let mut goes = 0;
    while goes < 100 && !world.raw.observed.iter().any(|seen| matches!(seen, Observation::Banned { .. })) {
        goes += 1;
        let guess = answer(&challenged[0], &request, Algorithm::Md5, "201", "guess", goes);
        world.say(&request, &guess);
        world.raw.wait_ms(100);
    }
    assert!((20..=22).contains(&goes), "banned after {goes}");
    world.raw.speak_from(HOME);
    assert_eq!(status(&world.prove(&request)[0]), "200 OK");
}
