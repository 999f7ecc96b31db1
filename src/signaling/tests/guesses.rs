//! Passwords guessed from where a phone is registered: the account that is guessed at is shut to that place, and nobody else.

use super::phones::{HOME, Request, World, answer, register};
use super::raw::status;
use crate::signaling::Observation;
use crate::signaling::digest::Algorithm;

const NEIGHBOUR: &str = "198.51.100.7:41000";
/// Refusals that are forgiven in a minute, unless it is said otherwise.
const FORGIVEN: u32 = 20;

fn marc() -> Request {
    Request { user: "202".into(), call_id: "marc".into(), ..register("<sip:202@10.0.0.8>") }
}

/// Somebody answers a challenge for this phone; what is said to that.
fn tries(world: &mut World, request: &Request, password: &str) -> Option<String> {
    let challenged = world.say(request, "");
    let credentials = answer(challenged.first()?, request, Algorithm::Sha256, &request.user, password, 1);
    let said = world.say(request, &credentials);
    said.first().map(|answer| status(answer).to_owned())
}

fn guesses(world: &mut World, request: &Request) {
    world.raw.speak_from(NEIGHBOUR);
    for _ in 0..FORGIVEN + FORGIVEN / 2 {
        tries(world, request, "123456");
        world.raw.wait_ms(600);
    }
}

#[test]
fn an_account_that_is_guessed_at_is_shut_to_that_place_for_a_while_and_its_neighbours_go_on() {
    let mut world = World::new();
    assert_eq!(tries(&mut world, &register("<sip:201@10.0.0.7>"), "s3cret").as_deref(), Some("200 OK"));
    guesses(&mut world, &marc());
    assert_eq!(tries(&mut world, &marc(), "s3cret"), None, "not even rightly");
    assert!(world.saw(Observation::Limited { limit: "guesses" }) > 0);
    assert_eq!(world.raw.stack.ban_count(), 0);
    world.raw.speak_from(HOME);
    assert_eq!(tries(&mut world, &register("<sip:201@10.0.0.7>"), "s3cret").as_deref(), Some("200 OK"));
    world.raw.speak_from("203.0.113.9:5060");
    assert_eq!(tries(&mut world, &marc(), "s3cret").as_deref(), Some("200 OK"), "from elsewhere");
    world.raw.wait_ms(600_000);
    world.raw.speak_from(NEIGHBOUR);
    assert_eq!(tries(&mut world, &marc(), "s3cret").as_deref(), Some("200 OK"));
}

#[test]
fn one_that_nobody_has_is_shut_alike() {
    let mut world = World::new();
    tries(&mut world, &register("<sip:201@10.0.0.7>"), "s3cret");
    let nobody = Request { user: "299".into(), ..marc() };
    guesses(&mut world, &nobody);
    assert_eq!(tries(&mut world, &nobody, "123456"), None);
}

#[test]
fn whoever_guesses_beside_a_phone_keeps_it_out_of_nothing() {
    let mut world = World::new();
    let nadia = register("<sip:201@10.0.0.7>");
    tries(&mut world, &nadia, "s3cret");
    guesses(&mut world, &nadia);
    assert_eq!(tries(&mut world, &nadia, "s3cret"), None);
    world.raw.speak_from(HOME);
    assert_eq!(tries(&mut world, &nadia, "s3cret").as_deref(), Some("200 OK"));
}

#[test]
fn a_place_no_phone_is_registered_at_any_more_is_a_strangers() {
    let mut world = World::new();
    tries(&mut world, &register("<sip:201@10.0.0.7>"), "s3cret");
    let gone = register("<sip:201@10.0.0.7>").with("Expires: 0");
    assert_eq!(tries(&mut world, &gone, "s3cret").as_deref(), Some("200 OK"));
    guesses(&mut world, &marc());
    assert_eq!(world.raw.stack.ban_count(), 1);
}
