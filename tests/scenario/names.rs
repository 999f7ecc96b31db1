//! A trunk whose peers are found by name: looked up, refreshed, and kept when the DNS is gone.

use crate::support::sim::by_hand::{ByHand, IPBX};
use spillway::base::dns::{Answer, Question, Records, Silent, Srv};
use spillway::base::{Secret, Transport};
use spillway::engine::Observation;
use spillway::signaling::{PeerName, TrunkAccount};
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

const FIRST: &str = "198.51.100.1:5062";
const SECOND: &str = "198.51.100.2:5062";

fn answer(records: Records) -> Result<Answer, Silent> {
    Ok(Answer { records, ttl: Duration::from_secs(120) })
}

fn addresses(ip: &str) -> Result<Answer, Silent> {
    answer(Records::Addresses(vec![ip.parse().expect("an address")]))
}

fn hosts() -> Result<Answer, Silent> {
    let srv = |priority, target: &str| Srv { priority, weight: 1, port: 5_062, target: target.into() };
    answer(Records::Srv(vec![srv(1, "a.example."), srv(2, "b.example.")]))
}

/// A trunk found by name, nothing said yet.
fn unsaid() -> ByHand {
    let world = ByHand::new(SITE, |config| {
        let peer = &mut config.trunks[0].peer;
        let host = "sip.example".into();
        peer.found_by = Some(PeerName { transport: Some(Transport::Udp), host, port: None });
        peer.domain = Some("sip.example".into());
    });
    assert_eq!(world.asked, [Question::Srv("_sip._udp.sip.example".into())]);
    world
}

fn found() -> ByHand {
    let mut world = unsaid();
    world.dns_says(hosts());
    world.dns_says(addresses("198.51.100.1"));
    world.dns_says(addresses("198.51.100.2"));
    world
}

fn calls(world: &mut ByHand, call: &str, caller: &str) {
    world.calls(IPBX, "0384961370", caller, call, "");
}

fn failures(world: &ByHand) -> usize {
    world.observed.iter().filter(|seen| matches!(seen, Observation::LookupFailed { .. })).count()
}

#[test]
fn its_hosts_are_its_peers_in_the_order_of_the_dns() {
    let mut world = found();
    calls(&mut world, "call", "0601020304");
    let first = world.invite_to(FIRST);
    assert!(
        first.first_line().starts_with("INVITE sip:0384000002@sip.example SIP/2.0"),
        "{}",
        first.first_line()
    );
    world.answers(&first, "503 Service Unavailable", "");
    assert!(world.invite_to(SECOND).first_line().starts_with("INVITE sip:0384000002@sip.example"));
    world.calls(SECOND, "0384961370", "0601020305", "in", "");
    assert_eq!(world.said_to(SECOND, "100").len(), 1, "a call in from one of them is the trunk's");
}

#[test]
fn before_anything_was_said_a_call_goes_elsewhere_at_once() {
    let mut world = unsaid();
    calls(&mut world, "call", "0601020304");
    assert_eq!(world.said_to(IPBX, "200").len(), 1, "the message answers the caller");
    world.dns_says(Err(Silent));
    assert_eq!(failures(&world), 1);
    assert!(world.observed.iter().any(|seen| matches!(seen, Observation::Trunk { up: false, .. })));
    world.wait_ms(30_000);
    assert_eq!(world.asked.len(), 2, "asked again");
    world.dns_says(hosts());
    world.dns_says(addresses("198.51.100.1"));
    world.dns_says(addresses("198.51.100.2"));
    assert!(world.observed.iter().any(|seen| matches!(seen, Observation::Trunk { up: true, .. })));
    calls(&mut world, "next", "0601020305");
    world.invite_to(FIRST);
}

#[test]
fn it_is_looked_up_again_when_the_records_run_out_and_kept_when_nobody_answers() {
    let mut world = found();
    world.wait_ms(119_000);
    assert_eq!(world.asked.len(), 3);
    world.wait_ms(1_000);
    assert_eq!(world.asked.len(), 4);
    // The resolver itself says nothing.
    world.wait_ms(20_000);
    assert_eq!(failures(&world), 1);
    calls(&mut world, "call", "0601020304");
    world.invite_to(FIRST);
    world.wait_ms(30_000);
    assert_eq!(world.asked.len(), 5);
    world.dns_says(hosts());
    world.dns_says(addresses("198.51.100.3"));
    world.dns_says(addresses("198.51.100.2"));
    calls(&mut world, "moved", "0601020305");
    world.invite_to("198.51.100.3:5062");
    world.calls(FIRST, "0384961370", "0601020306", "gone", "");
    assert_eq!(world.said_to(FIRST, "403").len(), 1, "who is no peer any more is a stranger");
}

#[test]
fn a_trunk_found_by_name_registers_once_it_is_found_and_its_password_goes_there_alone() {
    let mut world = ByHand::new(SITE, |config| {
        let peer = &mut config.trunks[0].peer;
        let host = "sip.example".into();
        peer.found_by = Some(PeerName { transport: Some(Transport::Udp), host, port: Some(5_062) });
        peer.domain = Some("sip.example".into());
        peer.account = Some(TrunkAccount {
            user: "habitat70".into(),
            password: Secret::new(b"s3cret"),
            realm: None,
            register: Some(Duration::from_secs(600)),
        });
    });
    world.wait_ms(5_000);
    assert!(world.said.is_empty(), "{:#?}", world.lines());
    world.dns_says(addresses("198.51.100.1"));
    world.wait_ms(1_000);
    let first = world.said_to(FIRST, "REGISTER").pop().expect("it registers");
    assert!(first.first_line().starts_with("REGISTER sip:sip.example SIP/2.0"), "{}", first.first_line());
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"\r\n";
    world.answers(&first, "401 Unauthorized", challenge);
    let second = world.said_to(FIRST, "REGISTER").pop().expect("again");
    assert!(second.header("Authorization").contains("username=\"habitat70\""));
    world.answers(&second, "200 OK", "Expires: 600\r\n");
    // It moves: the refresh goes where it is now, and a challenge from where it was is not answered.
    world.wait_ms(120_000);
    world.dns_says(addresses("198.51.100.9"));
    world.wait_ms(500_000);
    let there = world.said_to("198.51.100.9:5062", "REGISTER");
    assert!(!there.is_empty(), "{:#?}", world.lines());
    let registers = world.said_to(FIRST, "REGISTER").len();
    world.answers(&second, "401 Unauthorized", challenge);
    assert_eq!(world.said_to(FIRST, "REGISTER").len(), registers);
}

#[test]
fn addresses_nobody_has_are_no_peers() {
    let mut world = unsaid();
    world.dns_says(hosts());
    world.dns_says(addresses("0.0.0.0"));
    world.dns_says(addresses("224.0.0.1"));
    assert_eq!(failures(&world), 1);
    world.wait_ms(30_000);
    let srv = Srv { priority: 1, weight: 1, port: 0, target: "a.example.".into() };
    world.dns_says(answer(Records::Srv(vec![srv])));
    world.dns_says(addresses("198.51.100.1"));
    assert_eq!(failures(&world), 2, "a port nobody has");
    calls(&mut world, "call", "0601020304");
    assert_eq!(world.said_to(IPBX, "200").len(), 1, "the message answers the caller");
}
