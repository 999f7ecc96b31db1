//! A machine on two networks: each trunk is reached from our address there, and shown the one it knows us by.

use super::pair::{address, local, trunk};
use super::raw::{Raw, header, invite, request, response, status, to_tag};
use crate::base::{Cause, Flow, Name, Random, Secret, Transport, TrunkId};
use crate::signaling::{
    Admission, Caller, Invite, Listen, OwnAddress, Stack, StackConfig, TrunkAccount, TrunkPeer,
};
use std::net::IpAddr;
use std::time::Duration;

const CARRIER: &str = "203.0.113.7:5060";
const IPBX: &str = "192.0.2.1:5060";
/// Where we listen: towards the IPBX, and towards the carrier behind an address translation.
const INSIDE: &str = "192.0.2.2:5060";
const OUTSIDE: &str = "10.0.0.2:5060";
const SHOWN: &str = "198.51.100.1";

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// Two trunks: the IPBX as usual, the carrier with addresses of its own.
fn raw(carrier: TrunkPeer) -> Raw {
    let own = OwnAddress { listen: Some(address(OUTSIDE).ip()), advertised: Some(ip(SHOWN)) };
    let carrier = TrunkPeer { id: TrunkId(1), name: Name::from("carrier"), own, ..carrier };
    let listen = |text| Listen { transport: Transport::Udp, address: address(text), advertised: None };
    let listens = vec![listen(INSIDE), listen(OUTSIDE)];
    let config = StackConfig::new(listens, Admission::Trunks(vec![trunk(IPBX), carrier]));
    let mut raw = Raw::new();
    raw.stack = Stack::new(config, Random::from_number(7));
    raw
}

fn flow(local: &str, remote: &str) -> Flow {
    Flow { transport: Transport::Udp, local: address(local), remote: address(remote) }
}

fn dial(raw: &mut Raw, id: u16) -> String {
    let way = raw.stack.ways(TrunkId(id), false)[0];
    let caller = Caller { number: "0384961370".into(), display: None, anonymous: false };
    let invite = Invite::new(way, "201", caller, local(6_000));
    let sent = raw.act(|stack, now| {
        stack.invite(now, invite);
    });
    sent[0].clone()
}

#[test]
fn each_trunk_is_called_from_our_address_there_and_shown_the_one_it_knows() {
    let mut raw = raw(trunk(CARRIER));
    let sent = dial(&mut raw, 1);
    assert_eq!(raw.flows[0], flow(OUTSIDE, CARRIER));
    assert!(header(&sent, "Via").starts_with("SIP/2.0/UDP 198.51.100.1:5060;"), "{sent}");
    assert_eq!(header(&sent, "Contact"), "<sip:198.51.100.1:5060>");
    assert!(!sent.contains("10.0.0.2"), "nothing shows the network behind: {sent}");
    let sent = dial(&mut raw, 0);
    assert_eq!(raw.flows[1], flow(INSIDE, IPBX));
    assert!(header(&sent, "Via").starts_with("SIP/2.0/UDP 192.0.2.2:5060;"), "{sent}");
    assert_eq!(header(&sent, "Contact"), "<sip:192.0.2.2:5060>");
}

#[test]
fn a_carrier_that_calls_is_answered_and_hung_up_with_what_it_was_shown() {
    let mut raw = raw(trunk(CARRIER));
    raw.source(flow(OUTSIDE, CARRIER));
    let come = invite(1).replace("192.0.2.1", "203.0.113.7");
    raw.say(&come);
    let leg = raw.invited[0].0;
    let answered = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    assert_eq!(status(&answered[0]), "200 OK");
    assert_eq!(header(&answered[0], "Contact"), "<sip:198.51.100.1:5060>");
    raw.say(&request("ACK", 1, 1, to_tag(&answered[0]), "").replace("192.0.2.1", "203.0.113.7"));
    let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert!(header(&bye[0], "Via").starts_with("SIP/2.0/UDP 198.51.100.1:5060;"), "{}", bye[0]);
    assert_eq!(*raw.flows.last().expect("sent"), flow(OUTSIDE, CARRIER));
}

#[test]
fn a_dialog_that_goes_on_elsewhere_stays_what_its_trunk_was_shown() {
    let mut raw = raw(trunk(CARRIER));
    let sent = dial(&mut raw, 1);
    raw.source(flow(OUTSIDE, CARRIER));
    let elsewhere = response(&sent, "200 OK", "one", super::raw::SDP);
    let contact = header(&elsewhere, "Contact").to_owned();
    let acked = raw.say(&elsewhere.replace(&contact, "<sip:201@203.0.113.9:5070>"));
    assert!(acked[0].starts_with("ACK sip:201@203.0.113.9:5070 "), "{}", acked[0]);
    assert!(header(&acked[0], "Via").starts_with("SIP/2.0/UDP 198.51.100.1:5060;"), "{}", acked[0]);
    assert_eq!(*raw.flows.last().expect("sent"), flow(OUTSIDE, "203.0.113.9:5070"));
}

#[test]
fn signs_of_life_and_registrations_leave_from_there_too() {
    let account = TrunkAccount {
        user: "habitat70".into(),
        password: Secret::new(b"s3cret"),
        realm: None,
        register: Some(Duration::from_secs(600)),
    };
    let every = Some(Duration::from_secs(30));
    let mut raw = raw(TrunkPeer { account: Some(account), ping: every, ..trunk(CARRIER) });
    let sent = raw.wait_ms(2_000);
    for method in ["OPTIONS", "REGISTER"] {
        let place = sent.iter().position(|text| text.starts_with(method)).expect(method);
        assert_eq!(raw.flows[place], flow(OUTSIDE, CARRIER), "{method}");
        assert!(header(&sent[place], "Via").starts_with("SIP/2.0/UDP 198.51.100.1:5060;"), "{}", sent[place]);
        assert!(!sent[place].contains("10.0.0.2"), "{}", sent[place]);
    }
    let register = sent.iter().find(|text| text.starts_with("REGISTER")).expect("sent");
    assert!(header(register, "Contact").contains("@198.51.100.1:5060"), "{register}");
}
