//! Requests from where phones may be: a phone's calls, which prove themselves each time, and strangers', who learn nothing.

use super::pair::LEFT;
use super::phones::{HOME, Request, World, register};
use super::raw::{Raw, SDP, header, invite, status, to_tag};
use crate::base::{TrunkId, limits};
use crate::signaling::{LegEvent, Observation};

#[test]
fn a_phones_invite_is_challenged_each_time_and_says_whose_it_is() {
    let mut world = World::new();
    let call = Request {
        method: "INVITE",
        uri: "sip:202@spillway".into(),
        body: SDP,
        ..register("<sip:201@10.0.0.7>").with("Content-Type: application/sdp")
    };
    let challenged = world.say(&call, "");
    assert!(world.raw.invited.is_empty() && world.is_empty());
    let ack =
        call.text(world.n, HOME, "").replace("INVITE sip", "ACK sip").replace(" INVITE\r\n", " ACK\r\n");
    world.raw.say(
        &ack.replace("\r\nTo: <sip:201@spillway>", &format!("\r\nTo: {}", header(&challenged[0], "To"))),
    );
    assert_eq!(world.saw(Observation::Strayed), 0, "the ACK of a refusal is none");
    let answers = world.prove(&call);
    assert_eq!(status(&answers[0]), "100 Trying");
    let (_, invitation) = &world.raw.invited[0];
    assert_eq!((invitation.trunk, invitation.phone.as_deref()), (Some(TrunkId(1)), Some("201")));
    assert_eq!((&*invitation.dialled, &*invitation.caller.number), ("202", "201"));
    assert_eq!(invitation.refusal, None);
    // Its CANCEL can't be challenged.
    let cancelled = world.raw.say(&call.text(world.n, HOME, "").replace("INVITE", "CANCEL"));
    assert_eq!(status(&cancelled[0]), "200 OK");
    assert_eq!(world.raw.events, [LegEvent::Cancelled, LegEvent::Ended]);
    let posing = Request { user: "202".into(), ..call };
    world.prove(&posing);
    let refusal = world.raw.invited[1].1.refusal.expect("refused");
    assert_eq!(refusal.0, 403, "recorded, and refused");
}

#[test]
fn strangers_are_all_challenged_alike_and_only_so_often() {
    let mut world = World::new();
    for method in ["OPTIONS", "INVITE", "SUBSCRIBE", "BYE", "MESSAGE", "REGISTER", "FOO"] {
        let request = Request { method, ..register("<sip:201@10.0.0.7>") };
        assert_eq!(status(&world.say(&request, "")[0]), "401 Unauthorized", "{method}");
    }
    let cancel = Request { method: "CANCEL", ..register("<sip:201@10.0.0.7>") };
    assert_eq!(status(&world.say(&cancel, "")[0]), "481 Call/Transaction Does Not Exist");
    world.raw.wait_ms(1_000);
    let answered = (0..50).filter(|_| !world.say(&register(""), "").is_empty()).count();
    assert_eq!(answered, limits::CHALLENGES_PER_SOURCE as usize);
    assert!(world.saw(Observation::ChallengeWithheld) >= 30);
    // Once too many were wrong, not even the right password is listened to until the second is over.
    assert!(world.say(&register(""), "Authorization: Digest realm=\"spillway\"\r\n").is_empty());
    assert!(world.is_empty());
}

#[test]
fn a_trunks_network_may_hold_phones_too() {
    let mut world = World::new();
    world.raw.speak_from(LEFT);
    let granted = world.prove(&register("<sip:201@192.0.2.1>"));
    assert_eq!(status(&granted[0]), "200 OK");
    assert_eq!(to_tag(&granted[0]).len(), 24);
    // What the trunk itself sends stays the trunk's.
    world.raw.say(&invite(77));
    assert_eq!(world.raw.invited.last().map(|(_, invitation)| invitation.trunk), Some(Some(TrunkId(0))));
}

#[test]
fn without_phones_register_is_a_method_not_served() {
    let mut raw = Raw::new();
    let text = register("<sip:201@192.0.2.1>").text(1, LEFT, "");
    assert_eq!(status(&raw.say(&text)[0]), "405 Method Not Allowed");
}
