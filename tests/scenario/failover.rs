//! A trunk with several peers: a call out goes to the next one when a peer fails, and rings once.

use crate::support::sim::by_hand::{ByHand, IPBX};
use spillway::base::{Outcome, Random, Transport};
use spillway::signaling::Peer;
use std::time::Duration;

const SITE: &str = r#"
[target.astreinte]
number = "03 84 00 00 02"
ring   = "60s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.muet]
steps = [{ go = "astreinte" }]

[number."03 84 96 13 70"]
flow = "muet"

[prompts]
rappelez = "Merci de rappeler."
"#;

const FIRST: &str = "198.51.100.1:5070";
const SECOND: &str = "198.51.100.2:5070";

fn peer(address: &str, priority: u16) -> Peer {
    Peer { transport: Transport::Udp, address: address.parse().expect("an address"), priority, weight: 1 }
}

/// Two peers, asked for signs of life every `ping_s`.
fn world(ping_s: Option<u64>, invite_timeout_s: Option<u64>) -> ByHand {
    ByHand::new(SITE, |config| {
        let trunk = &mut config.trunks[0];
        trunk.peer.peers = vec![peer(FIRST, 1), peer(SECOND, 2)];
        trunk.peer.ping = ping_s.map(Duration::from_secs);
        trunk.invite_timeout = invite_timeout_s.map(Duration::from_secs);
    })
}

fn calls(world: &mut ByHand) {
    world.calls(IPBX, "0384961370", "0601020304", "call", "");
}

fn answer_pings(world: &mut ByHand) {
    for peer in [FIRST, SECOND] {
        let ping = world.said_to(peer, "OPTIONS").pop().expect("a ping");
        world.answers(&ping, "200 OK", "");
    }
}

#[test]
fn a_peer_that_refuses_for_itself_is_passed_over_at_once() {
    for refusal in
        ["503 Service Unavailable", "500 Server Internal Error", "502 Bad Gateway", "504 Server Time-out"]
    {
        let mut world = world(None, None);
        calls(&mut world);
        let first = world.invite_to(FIRST);
        world.wait_ms(20);
        world.answers(&first, "100 Trying", "");
        world.wait_ms(20);
        world.answers(&first, refusal, "");
        let second = world.invite_to(SECOND);
        assert_eq!(second.at_ms, 40, "{refusal}: at once");
        assert_ne!(first.header("Call-ID"), second.header("Call-ID"));
        assert!(second.first_line().starts_with("INVITE sip:0384000002@198.51.100.2:5070"));
        world.answers(&second, "200 OK", "");
        assert_eq!(world.said_to(IPBX, "200").len(), 1, "the caller is answered");
        assert_eq!(world.failovers(), ["refused"]);
    }
}

#[test]
fn what_the_called_party_decides_is_final() {
    for refusal in [
        "486 Busy Here",
        "404 Not Found",
        "603 Decline",
        "480 Gone",
        "403 Forbidden",
        "487 Gone",
        "408 Gone",
        "482 Loop",
    ] {
        let mut world = world(None, None);
        calls(&mut world);
        let first = world.invite_to(FIRST);
        world.answers(&first, refusal, "");
        world.wait_ms(1_000);
        assert!(world.said_to(SECOND, "INVITE").is_empty(), "{refusal}");
    }
}

#[test]
fn a_phone_that_rang_is_not_rung_through_another_peer() {
    let mut world = world(None, None);
    calls(&mut world);
    let first = world.invite_to(FIRST);
    world.answers(&first, "180 Ringing", "");
    world.answers(&first, "503 Service Unavailable", "");
    assert!(world.said_to(SECOND, "INVITE").is_empty());
}

#[test]
fn a_peer_that_can_not_be_reached_is_passed_over_at_once() {
    let mut world = world(None, None);
    calls(&mut world);
    world.path_lost(FIRST);
    assert_eq!(world.invite_to(SECOND).at_ms, 0);
    assert_eq!(world.failovers(), ["unreachable"]);
}

#[test]
fn a_peer_silent_to_everything_is_given_up_after_four_seconds_and_cancelled_when_it_speaks() {
    let mut world = world(Some(30), None);
    answer_pings(&mut world);
    world.wait_ms(10_000);
    calls(&mut world);
    let first = world.invite_to(FIRST);
    world.wait_ms(1_000);
    assert_eq!(world.said_to(FIRST, "OPTIONS").len(), 2, "it is asked whether it lives");
    world.wait_ms(2_900);
    assert!(world.said_to(SECOND, "INVITE").is_empty());
    world.wait_ms(100);
    let second = world.invite_to(SECOND);
    assert_eq!(second.at_ms, 14_000);
    assert!(world.said_to(FIRST, "CANCEL").is_empty(), "a CANCEL waits for a provisional response");
    world.answers(&second, "180 Ringing", "");
    world.answers(&first, "180 Ringing", "");
    assert_eq!(world.said_to(FIRST, "CANCEL").len(), 1);
    assert_eq!(world.failovers(), ["silent"]);
    // The next caller is not kept waiting for it again.
    world.calls(IPBX, "0384961370", "0601020305", "next", "");
    assert_eq!(world.said_to(SECOND, "INVITE").len(), 2);
}

#[test]
fn a_late_answer_of_a_peer_given_up_is_acknowledged_and_hung_up() {
    let mut world = world(Some(30), None);
    answer_pings(&mut world);
    calls(&mut world);
    let first = world.invite_to(FIRST);
    world.wait_ms(4_500);
    let second = world.invite_to(SECOND);
    world.answers(&second, "200 OK", "");
    world.answers(&first, "200 OK", "");
    assert_eq!((world.said_to(FIRST, "ACK").len(), world.said_to(FIRST, "BYE").len()), (1, 1));
    assert_eq!((world.said_to(SECOND, "ACK").len(), world.said_to(SECOND, "BYE").len()), (1, 0));
    assert_eq!(world.said_to(IPBX, "200").len(), 1);
}

#[test]
fn a_silent_peer_that_answers_its_options_has_until_timer_b() {
    let mut world = world(Some(300), None);
    answer_pings(&mut world);
    calls(&mut world);
    world.wait_ms(1_100);
    let asked = world.said_to(FIRST, "OPTIONS").pop().expect("asked");
    world.answers(&asked, "200 OK", "");
    world.wait_ms(30_000);
    assert!(world.said_to(SECOND, "INVITE").is_empty());
    world.wait_ms(1_000);
    assert_eq!(world.invite_to(SECOND).at_ms, 32_000);
    assert_eq!(world.failovers(), ["unreachable"]);
}

#[test]
fn a_trunk_may_wait_less_than_timer_b() {
    let mut world = world(None, Some(6));
    calls(&mut world);
    let first = world.invite_to(FIRST);
    world.wait_ms(6_000);
    let second = world.invite_to(SECOND);
    assert_eq!(second.at_ms, 6_000);
    world.wait_ms(6_000);
    assert!(world.said_to(IPBX, "200").len() == 1, "nothing left: the message answers the caller");
    // Both INVITEs are watched to their ends.
    world.answers(&first, "100 Trying", "");
    world.answers(&second, "100 Trying", "");
    assert_eq!((world.said_to(FIRST, "CANCEL").len(), world.said_to(SECOND, "CANCEL").len()), (1, 1));
}

#[test]
fn a_peer_that_asks_to_be_left_alone_is() {
    let mut world = world(None, None);
    calls(&mut world);
    let first = world.invite_to(FIRST);
    world.answers(&first, "503 Service Unavailable", "Retry-After: 20 (maintenance)\r\n");
    let second = world.invite_to(SECOND);
    world.answers(&second, "486 Busy Here", "");
    world.wait_ms(19_000);
    world.calls(IPBX, "0384961370", "0601020305", "next", "");
    assert_eq!((world.said_to(FIRST, "INVITE").len(), world.said_to(SECOND, "INVITE").len()), (1, 2));
    world.wait_ms(1_000);
    world.calls(IPBX, "0384961370", "0601020306", "later", "");
    assert_eq!((world.said_to(FIRST, "INVITE").len(), world.said_to(SECOND, "INVITE").len()), (2, 2));
}

#[test]
fn a_caller_who_gives_up_between_two_peers_rings_nobody() {
    let mut world = world(Some(30), None);
    answer_pings(&mut world);
    calls(&mut world);
    let first = world.invite_to(FIRST);
    world.wait_ms(2_000);
    let invite = "CANCEL sip:0384961370@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1:5080;branch=z9hG4bKcall;rport\r\n\
        Max-Forwards: 70\r\nFrom: <sip:0601020304@203.0.113.1:5080>;tag=tcall\r\nTo: <sip:0384961370@192.0.2.1>\r\n\
        Call-ID: call\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n";
    world.says(IPBX, invite);
    world.wait_ms(10_000);
    assert!(world.said_to(SECOND, "INVITE").is_empty());
    world.answers(&first, "100 Trying", "");
    let cancel = world.said_to(FIRST, "CANCEL").pop().expect("a CANCEL");
    world.answers(&cancel, "200 OK", "");
    world.answers(&first, "487 Request Terminated", "");
    world.wait_ms(60_000);
    assert!(world.is_at_rest(), "{:#?}", world.lines());
    assert_eq!(world.records.len(), 1);
}

#[test]
fn when_every_peer_refuses_the_plan_goes_on() {
    let mut world = world(None, None);
    calls(&mut world);
    for peer in [FIRST, SECOND] {
        let invite = world.invite_to(peer);
        world.answers(&invite, "503 Service Unavailable", "");
    }
    assert_eq!(world.said_to(IPBX, "200").len(), 1, "the message answers the caller");
    assert_eq!(world.failovers(), ["refused"]);
    assert!(world.records.iter().all(|record| record.outcome != Outcome::Failed));
}

#[test]
fn a_call_in_from_any_peer_is_the_trunks() {
    let mut world = world(None, None);
    world.calls(SECOND, "0384961370", "0601020304", "in", "");
    assert_eq!(world.said_to(SECOND, "100").len(), 1);
    world.calls("198.51.100.3:5070", "0384961370", "0601020304", "stranger", "");
    assert_eq!(world.said_to("198.51.100.3:5070", "403").len(), 1);
}

/// What a peer does with an INVITE, drawn.
fn lives(world: &mut ByHand, chance: &mut Random, peer: &str) {
    for invite in world.said_to(peer, "INVITE") {
        let code = ["100 Trying", "180 Ringing", "200 OK", "486 Busy Here", "503 Service Unavailable"]
            [usize::try_from(chance.below(5)).expect("small")];
        if chance.one_in(2) {
            world.answers(&invite, code, "");
        }
    }
    for (asked, answer) in [("OPTIONS", "200 OK"), ("CANCEL", "200 OK"), ("BYE", "200 OK")] {
        for request in world.said_to(peer, asked) {
            if chance.one_in(2) {
                world.answers(&request, answer, "");
            }
        }
    }
}

/// INVITEs of one peer whose dialog was acknowledged as answered and never ended.
fn talking(world: &ByHand, peer: &str) -> usize {
    let of = |what| world.said_to(peer, what);
    let hung_up: Vec<String> = of("BYE").iter().map(|bye| bye.header("Call-ID").to_owned()).collect();
    // The ACK of a refusal has its INVITE's branch, that of an answer one of its own (RFC 3261 section 13.2.2.4).
    let branches: Vec<String> = of("INVITE").iter().map(|invite| invite.header("Via").to_owned()).collect();
    let mut answered: Vec<String> = of("ACK")
        .iter()
        .filter(|ack| !branches.contains(&ack.header("Via").to_owned()))
        .map(|ack| ack.header("Call-ID").to_owned())
        .filter(|call| !hung_up.contains(call))
        .collect();
    answered.sort();
    answered.dedup();
    answered.len()
}

#[test]
fn whatever_two_peers_do_one_phone_at_most_is_talked_to_and_nothing_is_left() {
    let (mut talked, mut why) = (0, Vec::new());
    for seed in 0..300 {
        let mut chance = Random::from_number(seed);
        let mut world = world(Some(20), chance.one_in(2).then_some(3));
        if chance.one_in(2) {
            answer_pings(&mut world);
        }
        calls(&mut world);
        for _ in 0..30 {
            world.wait_ms(chance.below(1_500));
            lives(&mut world, &mut chance, FIRST);
            lives(&mut world, &mut chance, SECOND);
            let talking = talking(&world, FIRST) + talking(&world, SECOND);
            assert!(talking <= 1, "seed {seed}: {talking} phones\n{:#?}", world.lines());
        }
        world.ends();
        world.wait_ms(120_000);
        assert!(world.is_at_rest(), "seed {seed}: {:#?}", world.lines());
        assert_eq!(world.records.len(), 1, "seed {seed}");
        talked += usize::from(world.records[0].outcome == Outcome::RoutedAnswered);
        why.extend(world.failovers());
    }
    assert!(talked > 50, "{talked}");
    for reason in ["refused", "silent"] {
        let times = why.iter().filter(|seen| **seen == reason).count();
        assert!(times > 10, "{reason}: {times}");
    }
}
