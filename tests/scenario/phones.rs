//! Phones that register here: who is rung, whom they may call, and what strangers get. The engine is whole; its far ends
//! are written by hand in `support::phones`.

use crate::support::phones::{Desk, SITE, World};
use spillway::base::{Outcome, Transport};
use spillway::engine::core::TrunkState;

/// A number that leads outside.
const SENT_ON: &str = r#"
[target.prestataire]
number = "03 84 00 00 02"
ring   = "60s"
else   = "rappelez"
[flow.trois]
steps = [{ go = "prestataire" }]
[number."03 84 96 13 72"]
flow = "trois"
"#;

#[test]
fn an_agent_is_rung_from_the_instant_the_phone_registers() {
    let mut world = World::new(SITE);
    world.trunk_invites("0384961370");
    world.wait_ms(30_000);
    assert_eq!(world.invites(), 0, "nobody is registered");
    let nadia = Desk::at("198.51.100.7:5060", "201");
    world.register(&nadia);
    assert_eq!(world.invites(), 1, "the phone rings at once");
    let invite = world.last_invite_to(&nadia).expect("rung");
    assert!(invite.starts_with("INVITE sip:201@10.0.0.7:5060 SIP/2.0"), "{invite}");
    world.answers(&nadia);
    world.wait_ms(1_000);
    world.hangs_up(&nadia);
    world.wait_ms(40_000);
    assert_eq!(world.outcomes(), [Outcome::Answered]);
    world.is_at_rest();
}

#[test]
fn nobody_registered_is_nobody_there_and_a_lost_connection_is_as_good_as_none() {
    let mut world = World::new(SITE);
    world.trunk_invites("0384961371");
    world.wait_ms(10_000);
    assert_eq!(world.outcomes(), [Outcome::Message], "the queue's `nobody`");
    let nadia = Desk::over(Transport::Tcp, "198.51.100.7:40000", "201");
    world.register(&nadia);
    assert!(world.may_be_silent(&nadia));
    world.loses(&nadia);
    world.trunk_invites("0384961371");
    world.wait_ms(10_000);
    assert_eq!((world.outcomes(), world.invites()), (vec![Outcome::Message; 2], 0));
}

#[test]
fn a_browser_phone_is_rung_over_the_connection_it_opened_and_gone_with_it() {
    for transport in [Transport::Ws, Transport::Wss] {
        let mut world = World::new(SITE);
        let nadia = Desk::over(transport, "198.51.100.7:40000", "201");
        world.register(&nadia);
        assert!(world.may_be_silent(&nadia));
        world.trunk_invites("0384961370");
        world.wait_ms(100);
        let invite = world.last_invite_to(&nadia).expect("rung");
        let start = "INVITE sip:201@x198-51-100-7-40000.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WS";
        assert!(invite.starts_with(start), "{invite}");
        world.answers(&nadia);
        world.wait_ms(1_000);
        world.hangs_up(&nadia);
        world.wait_ms(40_000);
        assert_eq!(world.outcomes(), [Outcome::Answered]);
        // Its page is closed while it rings: nobody is there any more, and the caller is told so.
        world.trunk_invites("0384961371");
        world.wait_ms(100);
        assert_eq!(world.invites(), 2);
        world.loses(&nadia);
        world.wait_ms(10_000);
        assert_eq!(world.outcomes(), [Outcome::Answered, Outcome::Message]);
        world.is_at_rest();
    }
}

#[test]
fn every_contact_rings_a_busy_one_ends_nothing_and_the_first_answer_wins() {
    let mut world = World::new(SITE);
    let desk = Desk::at("198.51.100.7:5060", "201");
    let softphone = Desk::at("198.51.100.8:5060", "201");
    let mobile = Desk::at("198.51.100.9:5060", "201");
    for phone in [&desk, &softphone, &mobile] {
        world.register(phone);
    }
    world.trunk_invites("0384961370");
    world.wait_ms(100);
    assert_eq!(world.invites(), 3);
    world.refuses(&desk, "486 Busy Here");
    world.rings(&mobile);
    world.rings(&softphone);
    world.answers(&softphone);
    let cancel = world.last_to(&mobile, "CANCEL").expect("stopped");
    assert!(cancel.contains("Reason: SIP;cause=200;text=\"Call completed elsewhere\""), "{cancel}");
    world.refuses(&mobile, "487 Request Terminated");
    world.wait_ms(2_000);
    world.hangs_up(&softphone);
    world.wait_ms(40_000);
    assert_eq!(world.outcomes(), [Outcome::Answered]);
    world.is_at_rest();
}

#[test]
fn when_every_contact_is_busy_so_is_the_agent() {
    let mut world = World::new(SITE);
    let desk = Desk::at("198.51.100.7:5060", "201");
    let softphone = Desk::at("198.51.100.8:5060", "201");
    world.register(&desk);
    world.register(&softphone);
    world.trunk_invites("0384961370");
    world.wait_ms(100);
    world.refuses(&desk, "486 Busy Here");
    world.wait_ms(1_000);
    assert_eq!(world.invites(), 2, "the other still rings");
    world.refuses(&softphone, "486 Busy Here");
    world.wait_ms(4_000);
    assert_eq!(world.invites(), 2, "backed off");
    world.wait_ms(2_000);
    assert_eq!(world.invites(), 4, "rung again after its back-off");
}

#[test]
fn an_emergency_call_gets_through_when_every_channel_is_taken() {
    let mut world = World::with_channels(SITE, 1);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    world.register(&nadia);
    world.trunk_invites("0384961371");
    world.wait_ms(100);
    assert_eq!(world.channels_taken(), 2, "the trunk's only one, and the phone that rings");
    world.dials(&nadia, "112");
    world.wait_ms(100);
    let invite = world.last_to_trunk("INVITE").expect("sent");
    assert!(invite.starts_with("INVITE sip:112@"), "{invite}");
    assert!(invite.contains("<sip:+33384961370@"), "from the site's number: {invite}");
    world.stop_accepting();
    world.dials(&nadia, "18");
    world.wait_ms(100);
    assert!(world.last_to_trunk("INVITE").expect("sent").starts_with("INVITE sip:18@"));
    world.trunk_answers();
    assert_eq!(world.last_answer_to(&nadia), "200 OK");
}

#[test]
fn an_emergency_call_gets_through_when_every_other_has_taken_its_port() {
    let mut world = World::of(SITE, |config| config.ports = 20_000..=20_063);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    for n in 0..40 {
        world.trunk_invites_from(&format!("+336111111{n:02}"), "0384961370");
        world.wait_ms(600);
    }
    assert_eq!(world.calls(), 28, "four ports of thirty-two are kept");
    world.register(&nadia);
    world.dials(&nadia, "112");
    world.wait_ms(100);
    assert!(world.last_to_trunk("INVITE").expect("sent").starts_with("INVITE sip:112@"));
    world.trunk_answers();
    assert_eq!(world.last_answer_to(&nadia), "200 OK");
}

#[test]
fn a_phone_dials_phones_and_our_numbers_and_outside_only_where_that_is_allowed() {
    let mut world = World::new(SITE);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    let marc = Desk::at("198.51.100.8:5060", "202");
    world.register(&nadia);
    world.dials(&nadia, "202");
    world.wait_ms(100);
    assert_eq!(world.last_answer_to(&nadia), "480 Temporarily Unavailable", "not registered");
    world.register(&marc);
    world.dials(&nadia, "202");
    world.wait_ms(100);
    world.rings(&marc);
    assert_eq!(world.last_answer_to(&nadia), "180 Ringing");
    world.answers(&marc);
    assert_eq!(world.last_answer_to(&nadia), "200 OK");
    world.hangs_up(&marc);
    world.wait_ms(40_000);
    world.dials(&nadia, "0899000000");
    world.wait_ms(100);
    assert_eq!(world.last_answer_to(&nadia), "403 Forbidden");
    world.dials(&nadia, "nobody");
    world.wait_ms(100);
    assert_eq!(world.last_answer_to(&nadia), "404 Not Found");
    assert_eq!(world.last_to_trunk("INVITE"), None);
    world.dials(&nadia, "0384961371");
    world.wait_ms(100);
    assert_eq!(world.last_answer_to(&nadia), "200 OK", "the queue's number");
    assert_eq!(world.records(), 4, "one each but the one in line");
}

#[test]
fn outside_takes_the_named_trunk_and_its_channels() {
    let mut world = World::with_outside(SITE, 1);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    world.register(&nadia);
    world.dials(&nadia, "0899000000");
    world.wait_ms(100);
    let invite = world.last_to_trunk("INVITE").expect("sent");
    assert!(invite.starts_with("INVITE sip:0899000000@"), "{invite}");
    world.dials(&nadia, "0899000001");
    world.wait_ms(100);
    assert_eq!(world.last_answer_to(&nadia), "486 Busy Here", "no channel is left");
}

#[test]
fn what_looks_like_an_extension_is_looked_for_in_the_house_alone() {
    let mut world = World::with_outside(SITE, 10);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    world.register(&nadia);
    world.dials(&nadia, "299");
    world.wait_ms(100);
    assert_eq!(world.last_answer_to(&nadia), "404 Not Found");
    assert_eq!(world.last_to_trunk("INVITE"), None);
    for service in ["3949", "118008", "1013"] {
        world.dials(&nadia, service);
        world.wait_ms(100);
        let invite = world.last_to_trunk("INVITE").expect("called outside");
        assert!(invite.contains(service), "{invite}");
    }
}

#[test]
fn a_trunk_that_is_not_asked_is_known_once_something_comes_from_it_and_the_phones_are_none() {
    let mut world = World::with_outside(SITE, 10);
    let of = |operateur| [("operateur".to_owned(), operateur), ("ipoffice".to_owned(), TrunkState::Unknown)];
    assert_eq!(world.trunks(), of(TrunkState::Unknown));
    world.trunk_invites("0384961370");
    assert_eq!(world.trunks(), of(TrunkState::Up));
}

#[test]
fn who_proves_nothing_leaves_no_state_and_no_record() {
    let mut world = World::new(SITE);
    for _ in 0..200 {
        world.stranger_invites("112");
    }
    world.wait_ms(100);
    assert_eq!((world.records(), world.calls(), world.state()), (0, 0, (0, 0)));
    assert_eq!(world.last_to_trunk("INVITE"), None);
}

#[test]
fn a_lamp_follows_the_phone_it_watches_and_says_nothing_of_the_other_side() {
    let mut world = World::new(SITE);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    let marc = Desk::at("198.51.100.9:5060", "202");
    world.register(&nadia);
    world.register(&marc);
    assert_eq!(world.watches(&marc, "201"), "200 OK");
    assert_eq!(world.lamps(&marc), ["terminated"], "the state is told at once");
    world.trunk_invites("0384961370");
    world.wait_ms(100);
    world.rings(&nadia);
    world.answers(&nadia);
    world.wait_ms(1_000);
    assert_eq!(world.lamps(&marc), ["terminated", "trying", "early", "confirmed"]);
    let told = world.last_to(&marc, "NOTIFY").expect("told");
    assert!(
        told.contains("version=\"3\" state=\"full\"") && told.contains("direction=\"recipient\""),
        "{told}"
    );
    assert!(!told.contains("33612345678"), "{told}");
    world.hangs_up(&nadia);
    assert_eq!(world.lamps(&marc).last().map(String::as_str), Some("terminated"));
    // A call the phone places shows as well.
    world.dials(&nadia, "0384961371");
    world.wait_ms(10);
    let told = world.last_to(&marc, "NOTIFY").expect("told");
    assert!(told.contains("<state>confirmed</state>") && told.contains("direction=\"initiator\""), "{told}");
    assert_eq!(world.watches(&marc, "999"), "404 Not Found");
}

#[test]
fn a_phone_sends_its_caller_on_to_any_phone_and_two_that_name_each_other_end_it() {
    let mut world = World::new(SITE);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    let marc = Desk::at("198.51.100.8:5060", "202");
    world.register(&nadia);
    world.register(&marc);
    world.trunk_invites("0384961370");
    world.wait_ms(100);
    world.names(&nadia, "202");
    world.wait_ms(100);
    assert_eq!(world.invites(), 2, "a colleague, agent or not");
    world.names(&marc, "201");
    world.wait_ms(1_000);
    assert_eq!(world.invites(), 2, "followed once");
    world.wait_ms(6_000);
    assert_eq!(world.invites(), 3, "rung again after its back-off");
    world.answers(&nadia);
    world.wait_ms(1_000);
    world.hangs_up(&nadia);
    world.wait_ms(40_000);
    assert_eq!(world.outcomes(), [Outcome::Answered]);
    world.is_at_rest();
}

#[test]
fn a_phone_sends_who_dialled_it_on_to_another_phone_and_nowhere_else() {
    let mut world = World::with_outside(SITE, 9);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    let marc = Desk::at("198.51.100.8:5060", "202");
    world.register(&nadia);
    world.register(&marc);
    world.dials(&nadia, "202");
    world.wait_ms(100);
    world.names(&marc, "0899000000");
    world.wait_ms(100);
    assert_eq!((world.last_to_trunk("INVITE"), world.invites()), (None, 1), "not outside, at our expense");
    assert_eq!(world.last_answer_to(&nadia), "480 Temporarily Unavailable");
    world.dials(&nadia, "202");
    world.wait_ms(100);
    world.names(&marc, "201");
    world.wait_ms(100);
    assert_eq!(world.invites(), 3, "a phone may be sent its own call back");
    world.answers(&nadia);
    world.wait_ms(100);
    world.hangs_up(&nadia);
    world.wait_ms(40_000);
    assert_eq!(world.outcomes()[1], Outcome::RoutedAnswered);
    world.is_at_rest();
}

#[test]
fn an_emergency_call_is_tried_over_a_trunk_that_asked_to_be_left_alone() {
    let mut world = World::with_outside(SITE, 9);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    world.register(&nadia);
    world.dials(&nadia, "0899000000");
    world.wait_ms(100);
    world.trunk_refuses("503 Service Unavailable\r\nRetry-After: 120");
    world.dials(&nadia, "0899000001");
    world.wait_ms(100);
    let invite = world.last_to_trunk("INVITE").expect("sent");
    assert!(invite.starts_with("INVITE sip:0899000000@"), "nothing else is sent: {invite}");
    world.dials(&nadia, "112");
    world.wait_ms(100);
    let invite = world.last_to_trunk("INVITE").expect("sent");
    assert!(invite.starts_with("INVITE sip:112@"), "{invite}");
}

#[test]
fn a_flood_in_a_phones_name_does_not_keep_it_from_calling() {
    let mut world = World::new(SITE);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    world.register(&nadia);
    world.wait_ms(2_000);
    for port in 10_000..12_000 {
        world.guesses(&format!("198.51.100.7:{port}"));
        world.guesses(&format!("198.18.0.{}:{port}", port % 256));
    }
    world.dials(&nadia, "112");
    assert!(world.last_to_trunk("INVITE").expect("sent").starts_with("INVITE sip:112@"));
}

#[test]
fn every_contact_hears_that_the_call_was_taken_elsewhere() {
    let mut world = World::new(SITE);
    let desk = Desk::at("198.51.100.7:5060", "201");
    let softphone = Desk::at("198.51.100.8:5060", "201");
    let marc = Desk::at("198.51.100.9:5060", "202");
    for phone in [&desk, &softphone, &marc] {
        world.register(phone);
    }
    world.dials(&marc, "201");
    world.wait_ms(100);
    world.rings(&desk);
    world.rings(&softphone);
    world.gives_up(&marc, "201");
    for phone in [&desk, &softphone] {
        let cancel = world.last_to(phone, "CANCEL").expect("stopped");
        assert!(cancel.contains("Reason: SIP;cause=200"), "{cancel}");
    }
}

#[test]
fn a_phone_whose_first_call_is_being_sent_on_may_place_a_second() {
    let site = format!("{SITE}{SENT_ON}");
    let mut world = World::new(&site);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    world.register(&nadia);
    for _ in 0..2 {
        world.dials(&nadia, "0384961372");
        world.wait_ms(100);
        assert_eq!(world.last_answer_to(&nadia), "100 Trying");
    }
}

#[test]
fn a_phone_that_withholds_its_number_withholds_it_outside_but_not_when_it_calls_for_help() {
    let mut world = World::with_outside(SITE, 9);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    world.register(&nadia);
    world.dials_with(&nadia, "0899000000", "Privacy: id\r\n");
    world.wait_ms(100);
    let invite = world.last_to_trunk("INVITE").expect("sent");
    assert!(invite.contains("From: \"Anonymous\" <sip:anonymous@anonymous.invalid>"), "{invite}");
    world.dials_with(&nadia, "112", "Privacy: id\r\n");
    world.wait_ms(100);
    let invite = world.last_to_trunk("INVITE").expect("sent");
    assert!(invite.contains("From: <sip:+33384961370@"), "{invite}");
}

#[test]
fn a_contact_that_was_busy_says_more_than_one_that_is_gone() {
    let mut world = World::new(SITE);
    let desk = Desk::at("198.51.100.7:5060", "201");
    let softphone = Desk::over(Transport::Tcp, "198.51.100.8:40000", "201");
    let marc = Desk::at("198.51.100.9:5060", "202");
    for phone in [&desk, &softphone, &marc] {
        world.register(phone);
    }
    world.dials(&marc, "201");
    world.wait_ms(100);
    world.refuses(&desk, "486 Busy Here");
    world.loses(&softphone);
    world.wait_ms(100);
    assert_eq!(world.last_answer_to(&marc), "486 Busy Here");
}

#[test]
fn an_agent_on_a_phone_sends_the_caller_on_to_another_phone_and_its_channel_comes_back() {
    let mut world = World::new(SITE);
    let nadia = Desk::at("198.51.100.7:5060", "201");
    let desk = Desk::at("198.51.100.8:5060", "202");
    let softphone = Desk::at("198.51.100.9:5060", "202");
    for phone in [&nadia, &desk, &softphone] {
        world.register(phone);
    }
    world.trunk_invites("0384961370");
    world.wait_ms(100);
    world.answers(&nadia);
    world.wait_ms(1_000);
    let refer = "Contact: <sip:201@10.0.0.7:5060>\r\nRefer-To: <sip:202@spillway>\r\n";
    world.says(&nadia, "REFER", 800, refer);
    world.wait_ms(100);
    assert_eq!(world.invites(), 3, "both contacts ring");
    world.refuses(&desk, "486 Busy Here");
    world.answers(&softphone);
    let told = world.last_to(&nadia, "NOTIFY").expect("told");
    assert!(told.contains("SIP/2.0 200 OK"), "{told}");
    world.wait_ms(1_000);
    assert_eq!(world.channels_taken(), 2, "the caller's and the new phone's");
    world.hangs_up(&softphone);
    world.wait_ms(40_000);
    assert_eq!(world.outcomes(), [Outcome::Answered]);
    world.is_at_rest();
}
