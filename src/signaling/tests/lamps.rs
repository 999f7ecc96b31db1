//! Lamps: who may watch whom, for how long, and what is told.

use super::phones::{Request, World, register};
use super::raw::{header, response, status, to_tag};
use crate::base::limits;
use crate::signaling::{Lamp, Observation, Stack};

fn subscribe(to: &str) -> Request {
    let asked =
        Request { method: "SUBSCRIBE", uri: format!("sip:{to}@spillway"), ..register("<sip:201@10.0.0.7>") };
    asked.with("Event: dialog")
}

/// The NOTIFY among what was sent.
fn notify(sent: &[String]) -> String {
    sent.iter().find(|text| text.starts_with("NOTIFY ")).expect("told").clone()
}

fn light(stack: &mut Stack, now: crate::base::Moment, lamp: Lamp) {
    stack.light(now, &"202".into(), lamp);
}

#[test]
fn the_full_state_is_told_at_once_and_one_by_one() {
    let mut world = World::new();
    world.raw.act(|stack, now| light(stack, now, Lamp::Early { caller: false }));
    let sent = world.prove(&subscribe("202").with("Expires: 600"));
    assert_eq!((status(&sent[0]), header(&sent[0], "Expires")), ("200 OK", "600"));
    let first = notify(&sent);
    assert_eq!(
        (header(&first, "Subscription-State"), header(&first, "Event")),
        ("active;expires=600", "dialog")
    );
    assert!(first.contains("version=\"0\" state=\"full\" entity=\"sip:202@192.0.2.2:5060\""), "{first}");
    assert!(first.contains("<state>early</state>"));
    // What changes before the phone has answered is told once it has: the last state alone.
    let none = world.raw.act(|stack, now| {
        light(stack, now, Lamp::Confirmed { caller: false });
        light(stack, now, Lamp::Dark);
    });
    assert!(none.is_empty(), "{none:?}");
    let second = notify(&world.raw.say(&response(&first, "200 OK", "", "")));
    assert!(second.contains("version=\"1\"") && second.contains("<state>terminated</state>"), "{second}");
    world.raw.say(&response(&second, "200 OK", "", ""));
    let again = world.raw.act(|stack, now| light(stack, now, Lamp::Dark));
    assert!(again.is_empty(), "nothing changed");
    let lapsed = world.raw.wait_ms(600_000);
    assert_eq!(header(&notify(&lapsed), "Subscription-State"), "terminated;reason=timeout");
    world.raw.say(&response(&notify(&lapsed), "200 OK", "", ""));
    world.raw.wait_ms(40_000);
    assert!(world.raw.stack.lamps() == 0 && world.is_empty());
}

#[test]
fn a_subscription_is_renewed_and_ended_by_the_phone_that_has_it() {
    let mut world = World::new();
    let sent = world.prove(&subscribe("202"));
    let tag = to_tag(&sent[0]).to_owned();
    let first = notify(&sent);
    world.raw.say(&response(&first, "200 OK", "", ""));
    let from = header(&first, "To").to_owned();
    let again = |world: &mut World, expires: u32| {
        let request = subscribe("202").with(&format!("Expires: {expires}"));
        world.prove_in_dialog(&request, &tag, &from)
    };
    let renewed = again(&mut world, 120);
    assert_eq!(status(&renewed[0]), "200 OK");
    world.raw.say(&response(&notify(&renewed), "200 OK", "", ""));
    let ended = again(&mut world, 0);
    assert!(header(&notify(&ended), "Subscription-State").starts_with("terminated"));
    world.raw.say(&response(&notify(&ended), "200 OK", "", ""));
    assert_eq!(world.raw.stack.lamps(), 0);
    assert_eq!(status(&again(&mut world, 120)[0]), "481 Call/Transaction Does Not Exist");
}

#[test]
fn what_can_not_be_watched_is_refused() {
    let mut world = World::new();
    let presence = Request { extra: "Event: presence\r\n".into(), ..subscribe("202") };
    let refused = world.prove(&presence);
    assert_eq!((status(&refused[0]), header(&refused[0], "Allow-Events")), ("489 Bad Event", "dialog"));
    assert_eq!(status(&world.prove(&subscribe("999"))[0]), "404 Not Found");
    assert_eq!(status(&world.prove(&subscribe("203"))[0]), "200 OK", "an agent elsewhere");
    assert_eq!(status(&world.prove(&subscribe("202").with("Expires: 5"))[0]), "423 Interval Too Brief");
    assert_eq!(status(&world.prove(&subscribe("202").with("Accept: text/plain"))[0]), "406 Not Acceptable");
    assert_eq!(world.raw.stack.lamps(), 1);
}

#[test]
fn a_phone_watches_so_many_and_one_that_takes_no_notify_watches_nobody() {
    let mut world = World::new();
    for n in 0..limits::LAMPS_PER_PHONE {
        world.raw.wait_ms(100);
        let one = Request { call_id: format!("lamp-{n}"), ..subscribe("202") };
        let sent = world.prove(&one);
        assert_eq!(status(&sent[0]), "200 OK", "{n}");
        world.raw.say(&response(&notify(&sent), "200 OK", "", ""));
    }
    assert_eq!(status(&world.prove(&subscribe("202"))[0]), "503 Service Unavailable");
    assert_eq!(world.saw(Observation::LampRefused), 1);
    let told = world.raw.act(|stack, now| light(stack, now, Lamp::Confirmed { caller: true }));
    assert_eq!(told.len(), limits::LAMPS_PER_PHONE);
    world.raw.say(&response(&told[0], "481 Call/Transaction Does Not Exist", "", ""));
    assert_eq!(world.raw.stack.lamps(), limits::LAMPS_PER_PHONE - 1);
    world.raw.wait_ms(33_000);
    assert_eq!(world.raw.stack.lamps(), 0, "the others said nothing at all");
}
