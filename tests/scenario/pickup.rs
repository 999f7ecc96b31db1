//! Pickup: a free agent takes the call that rings another's phone.

use super::attended::SITE;
use crate::support::phones::{Desk, World};
use spillway::base::Outcome;
use spillway::call::LegEnd;

#[test]
fn a_free_agent_picks_up_what_rings_another() {
    let mut world = World::with_outside(SITE, 10);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    let karim = Desk::at("198.51.100.9:5060", "202");
    world.register(&nadia);
    world.register(&karim);
    world.trunk_invites("0384961370");
    let caller = world.public();
    let callers = world.placed_dialog(&caller);
    world.rings(&nadia);
    world.wait_ms(4_000);
    let rings = world.rung_dialog(&nadia);
    world.dials_with(&karim, "201", &format!("Replaces: {};early-only\r\n", rings.replaces()));
    assert_eq!(world.last_answer_to(&karim), "200 OK");
    let cancel = world.last_to(&nadia, "CANCEL").expect("stopped");
    assert!(cancel.contains("Call completed elsewhere"), "{cancel}");
    world.refuses(&nadia, "487 Request Terminated");
    assert!(world.talk(&caller, &karim));
    assert_eq!((world.agent("karim"), world.agent("nadia")), ("talking", "ready"));
    // He is not free a second time, and what is answered rings no more.
    world.dials_with(&karim, "201", &format!("Replaces: {}\r\n", rings.replaces()));
    assert_eq!(world.last_answer_to(&karim), "481 Call/Transaction Does Not Exist");
    world.wait_ms(6_000);
    world.says_in(&callers, "BYE", "");
    assert_eq!(world.agent("karim"), "wrap_up", "of the queue he answered for");
    world.wait_ms(65_000);
    world.is_at_rest();
    let record = &world.by_call()[0];
    assert_eq!((record.outcome, record.agent.as_deref()), (Outcome::Answered, Some("karim")));
    assert_eq!((record.wait_ms, record.talk_ms), (4_000, 6_000));
    let ends: Vec<_> = record.rings.iter().map(|ring| (ring.who.as_str(), ring.end)).collect();
    assert_eq!(ends, [("nadia", LegEnd::Cancelled), ("karim", LegEnd::Answered)]);
}
