//! Emergency calls of phones that have proved who they are: ahead of what is asked of any other call. And what a phone is
//! told of the methods it may use.

use super::phones::{HOME, Request, World, register, settings};
use super::raw::{Raw, SDP, header, status};
use crate::base::{Cause, Transport};
use crate::signaling::Observation;

fn world(max_legs: usize) -> World {
    let mut world = World { raw: Raw::with_phones_and_room(settings(), max_legs), n: 0 };
    world.raw.speak_from(HOME);
    world.raw.wait_ms(1);
    world.raw.sent.clear();
    world.prove(&register("<sip:201@10.0.0.7:40000>"));
    world
}

fn call(uri: &str, user: &str) -> Request {
    Request {
        method: "INVITE",
        uri: uri.into(),
        user: user.into(),
        call_id: format!("{uri}{user}").replace(':', "."),
        extra: "Contact: <sip:201@10.0.0.7:40000>\r\nContent-Type: application/sdp\r\n".into(),
        body: SDP,
    }
}

/// Why a call of the phone's is refused, and the number it is said to come from.
fn refused(world: &mut World, uri: &str, user: &str) -> (Option<Cause>, String) {
    world.prove(&call(uri, user));
    let (_, invitation) = world.raw.invited.last().expect("invited");
    (invitation.refusal.map(|(_, cause)| cause), invitation.caller.number.clone())
}

#[test]
fn who_calls_for_help_is_asked_for_no_room() {
    let mut world = world(0);
    assert_eq!(refused(&mut world, "sip:202@spillway", "201").0, Some(Cause::Overload));
    for number in ["112", "15", "18"] {
        assert_eq!(refused(&mut world, &format!("sip:{number}@spillway"), "201").0, None, "{number}");
    }
    assert_eq!(
        refused(&mut world, "sip:999@spillway", "201").0,
        Some(Cause::Overload),
        "of no country of ours"
    );
}

#[test]
fn who_calls_for_help_may_call_itself_anything_and_is_known_by_what_it_proved() {
    let mut world = world(100);
    assert_eq!(refused(&mut world, "sip:202@spillway", "202").0, Some(Cause::Forbidden));
    assert_eq!(refused(&mut world, "sip:112@spillway", "202"), (None, "201".into()));
    assert_eq!(refused(&mut world, "sip:112@spillway", "201"), (None, "201".into()));
}

#[test]
fn who_calls_for_help_may_ask_for_more_than_there_is() {
    let mut world = world(100);
    assert_eq!(refused(&mut world, "sips:202@spillway", "201").0, Some(Cause::BadRequest));
    assert_eq!(refused(&mut world, "sips:112@spillway", "201").0, None);
}

#[test]
fn who_proves_nothing_calls_nobody_not_even_for_help() {
    let mut world = world(100);
    world.raw.speak_from("203.0.113.66:5060");
    let said = world.say(&call("sip:112@spillway", "201"), "");
    assert_eq!(status(&said[0]), "401 Unauthorized");
    assert!(world.raw.invited.is_empty());
}

#[test]
fn a_phone_hears_of_the_methods_only_phones_use() {
    let mut world = world(100);
    let options = Request { method: "OPTIONS", ..register("") };
    let allow = header(&world.prove(&options)[0], "Allow").to_owned();
    assert!(allow.ends_with("REFER, REGISTER, SUBSCRIBE"), "{allow}");
    let publish = Request { method: "PUBLISH", ..register("") };
    let refused = world.prove(&publish);
    assert_eq!((status(&refused[0]), header(&refused[0], "Allow")), ("405 Method Not Allowed", &*allow));
}

#[test]
fn a_stream_is_a_strangers_again_once_nobody_is_registered_over_it() {
    let mut world = world(100);
    world.raw.speak_over(Transport::Tcp, HOME);
    let flow = world.raw.flow();
    let lapsed = Observation::FlowLapsed { flow };
    let contact = "<sip:201@10.0.0.7:40000;transport=tcp>";
    let binding = Request { call_id: "stream".into(), ..register(contact) };
    world.prove(&binding.clone().with("Expires: 60"));
    assert_eq!((world.saw(Observation::FlowProved { flow }), world.saw(lapsed)), (1, 0));
    world.prove(&binding.clone().with("Expires: 0"));
    assert_eq!(world.saw(lapsed), 1, "it unregistered");
    world.prove(&binding.clone().with("Expires: 60"));
    world.raw.wait_ms(61_000);
    assert_eq!(world.saw(lapsed), 2, "it did not register again");
    world.prove(&binding.clone().with("Expires: 60"));
    world.prove(&call("sip:202@spillway", "201"));
    world.prove(&binding.with("Expires: 0"));
    assert_eq!(world.saw(lapsed), 2, "a call goes over it");
}
