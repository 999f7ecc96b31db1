//! Traces show every leg of a call, however it came about. That no INVITE of ours is missing from them holds in every
//! story and is looked at by `support::traced`; these tell where it would be easiest to lose one.

use crate::support::phones::{Desk, SITE, World};

fn to(leg: u16, phone: &str) -> (bool, u16, String) {
    (true, leg, phone.into())
}

#[test]
fn both_contacts_of_a_phone_are_in_the_trace_and_what_became_of_each() {
    let mut world = World::new(SITE);
    let (desk, softphone) = (Desk::at("198.51.100.7:5060", "201"), Desk::at("198.51.100.8:5060", "201"));
    world.register(&desk);
    world.register(&softphone);
    world.trunk_invites("0384961370");
    world.wait_ms(100);
    world.rings(&desk);
    world.answers(&softphone);
    world.wait_ms(100);
    let both = [to(1, "198.51.100.7:5060"), to(1, "198.51.100.8:5060")];
    assert_eq!(world.traced.requests("INVITE"), both);
    assert_eq!(world.traced.requests("CANCEL"), both[..1]);
    assert_eq!(world.traced.requests("ACK"), both[1..]);
    world.refuses(&desk, "487 Request Terminated");
    world.hangs_up(&softphone);
    let (_, leg, phone) = &both[1];
    assert_eq!(world.traced.requests("BYE"), [(false, *leg, phone.clone())]);
}

#[test]
fn a_phone_that_sends_its_caller_on_is_followed_in_the_trace_by_whoever_rings_for_it() {
    let mut world = World::new(SITE);
    let (nadia, marc) = (Desk::at("198.51.100.7:5060", "201"), Desk::at("198.51.100.8:5060", "202"));
    world.register(&nadia);
    world.register(&marc);
    world.trunk_invites("0384961370");
    world.wait_ms(100);
    world.names(&nadia, "202");
    world.wait_ms(100);
    let rung: Vec<_> = world.traced.requests("INVITE").into_iter().map(|(_, _, phone)| phone).collect();
    assert_eq!(rung, ["198.51.100.7:5060", "198.51.100.8:5060"]);
}

#[test]
fn whom_an_agent_sends_the_caller_on_to_is_in_the_same_trace() {
    let mut world = World::new(SITE);
    let (nadia, marc) = (Desk::at("198.51.100.7:5060", "201"), Desk::at("198.51.100.8:5060", "202"));
    world.register(&nadia);
    world.register(&marc);
    world.trunk_invites("0384961370");
    world.wait_ms(100);
    world.answers(&nadia);
    world.wait_ms(1_000);
    let refer = "Contact: <sip:201@10.0.0.7:5060>\r\nRefer-To: <sip:202@spillway>\r\n";
    world.says(&nadia, "REFER", 800, refer);
    world.wait_ms(100);
    let invites = world.traced.requests("INVITE");
    assert_eq!(invites, [to(1, "198.51.100.7:5060"), to(2, "198.51.100.8:5060")]);
    assert_eq!(world.traced.requests("REFER"), [(false, 1, "198.51.100.7:5060".into())]);
}
