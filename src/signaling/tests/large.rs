//! Requests too large for a datagram (RFC 3261 section 18.1.1): over TCP where the trunk says so, over UDP where nobody
//! listens there, and not at all above what any peer takes.

use super::pair::{LEFT, RIGHT, address, local, trunk};
use super::raw::{Raw, SDP, header, response, status};
use crate::base::{Cause, Flow, Random, Secret, Transport, TrunkId, limits};
use crate::signaling::{
    Admission, Caller, Invite, LegEvent, LegKey, Listen, Observation, Stack, StackConfig, TrunkAccount,
    TrunkPeer,
};

/// Long enough, and not by much.
const LARGE: usize = 1_300;

fn over(transport: Transport) -> Flow {
    let local = if transport == Transport::Udp { RIGHT } else { "192.0.2.2:5070" };
    Flow { transport, local: address(local), remote: address(LEFT) }
}

/// Listens on UDP, and on TCP at another port.
fn raw(peer: TrunkPeer) -> Raw {
    let listens = [Transport::Udp, Transport::Tcp].map(|transport| Listen {
        transport,
        address: over(transport).local,
        advertised: None,
    });
    let config = StackConfig::new(listens.into(), Admission::Trunks(vec![peer]));
    let mut raw = Raw::new();
    raw.stack = Stack::new(config, Random::from_number(7));
    raw
}

fn large_over_tcp() -> TrunkPeer {
    TrunkPeer { large_over_tcp: true, ..trunk(LEFT) }
}

/// Calls a name of so many letters.
fn dial(raw: &mut Raw, letters: usize) -> (LegKey, Vec<String>) {
    let caller = Caller { number: "0384961370".into(), display: None, anonymous: false };
    let way = raw.stack.ways(TrunkId(0), false)[0];
    let mut leg = None;
    let invite = Invite::new(way, &"a".repeat(letters), caller, local(6_000));
    let sent = raw.act(|stack, now| leg = Some(stack.invite(now, invite)));
    (leg.expect("a leg"), sent)
}

fn last(raw: &Raw) -> Flow {
    *raw.flows.last().expect("something was sent")
}

#[test]
fn a_large_invite_goes_over_tcp_and_its_cancel_after_it() {
    let mut raw = raw(large_over_tcp());
    let (leg, sent) = dial(&mut raw, LARGE);
    assert_eq!(last(&raw), over(Transport::Tcp));
    assert!(header(&sent[0], "Via").starts_with("SIP/2.0/TCP 192.0.2.2:5070;branch="), "{}", sent[0]);
    assert!(raw.wait_ms(5_000).is_empty(), "TCP sends it again by itself");
    raw.source(over(Transport::Tcp));
    raw.say(&response(&sent[0], "180 Ringing", "one", ""));
    let cancel = raw.act(|stack, now| stack.cancel(now, leg, Cause::Cancelled));
    assert!(cancel[0].starts_with("CANCEL "), "{}", cancel[0]);
    assert_eq!(header(&cancel[0], "Via"), header(&sent[0], "Via"), "of that transaction (section 9.1)");
    assert_eq!(last(&raw), over(Transport::Tcp));
    let ack = raw.say(&response(&sent[0], "487 Request Terminated", "one", ""));
    assert_eq!(header(&ack[0], "Via"), header(&sent[0], "Via"));
    assert_eq!(last(&raw), over(Transport::Tcp));
}

#[test]
fn an_ack_stays_on_udp_and_each_later_request_goes_by_its_own_size() {
    let mut raw = raw(large_over_tcp());
    let (leg, sent) = dial(&mut raw, LARGE);
    raw.source(over(Transport::Tcp));
    let ack = raw.say(&response(&sent[0], "200 OK", "one", SDP));
    assert!(ack[0].starts_with("ACK ") && ack[0].contains("SIP/2.0/UDP 192.0.2.2:5060;"), "{}", ack[0]);
    assert_eq!(last(&raw), over(Transport::Udp));
    let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert!(bye[0].len() > limits::UDP_REQUEST_BYTES, "its To is as long");
    assert_eq!(last(&raw), over(Transport::Tcp));
    let again = raw.act(|stack, now| stack.flow_lost(now, over(Transport::Tcp)));
    assert!(again[0].starts_with("BYE ") && last(&raw) == over(Transport::Udp), "{}", again[0]);
}

#[test]
fn small_requests_and_those_of_other_trunks_stay_on_udp() {
    let mut asked = raw(large_over_tcp());
    dial(&mut asked, 20);
    assert_eq!(last(&asked), over(Transport::Udp));
    let mut other = raw(trunk(LEFT));
    dial(&mut other, LARGE);
    assert_eq!(last(&other), over(Transport::Udp));
}

#[test]
fn where_tcp_is_refused_it_goes_over_udp_as_if_nothing_had_been() {
    let mut raw = raw(large_over_tcp());
    let (_, sent) = dial(&mut raw, LARGE);
    let again = raw.act(|stack, now| stack.flow_lost(now, over(Transport::Tcp)));
    assert_eq!(last(&raw), over(Transport::Udp));
    assert!(header(&again[0], "Via").starts_with("SIP/2.0/UDP 192.0.2.2:5060;branch="), "{}", again[0]);
    let branch = |text: &str| header(text, "Via").split_once(';').expect("parameters").1.to_owned();
    assert_eq!(branch(&again[0]), branch(&sent[0]), "one transaction, wherever it is read");
    assert!(raw.events.is_empty(), "nobody hears of it");
    assert_eq!(raw.wait_ms(600), again, "timer A");
    let ack = raw.say(&response(&again[0], "200 OK", "one", SDP));
    assert!(ack[0].starts_with("ACK "), "{}", ack[0]);
    assert!(matches!(raw.events[..], [LegEvent::Answered { .. }]), "{:?}", raw.events);
}

#[test]
fn a_connection_lost_after_an_answer_came_is_a_lost_path() {
    let mut raw = raw(large_over_tcp());
    let (_, sent) = dial(&mut raw, LARGE);
    raw.source(over(Transport::Tcp));
    raw.say(&response(&sent[0], "180 Ringing", "one", ""));
    let said = raw.act(|stack, now| stack.flow_lost(now, over(Transport::Tcp)));
    assert!(said.is_empty(), "it was read there: {said:?}");
    assert!(raw.events.contains(&LegEvent::Failed { cause: Cause::Unreachable }), "{:?}", raw.events);
}

#[test]
fn a_challenge_over_tcp_is_answered_and_a_refusal_rests_the_peer() {
    let account = TrunkAccount {
        user: "habitat70".into(),
        password: Secret::new(b"s3cret"),
        realm: None,
        register: None,
    };
    let mut raw = raw(TrunkPeer { account: Some(account), ..large_over_tcp() });
    let (_, sent) = dial(&mut raw, LARGE);
    raw.source(over(Transport::Tcp));
    let challenge = response(&sent[0], "407 Proxy Authentication Required", "one", "");
    let field = "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"n\"\r\nContact";
    let said = raw.say(&challenge.replace("Contact", field));
    let again = said.iter().find(|text| text.starts_with("INVITE ")).expect("asked again");
    assert!(header(again, "Proxy-Authorization").contains("username=\"habitat70\""), "{again}");
    assert!(header(again, "Via").starts_with("SIP/2.0/TCP 192.0.2.2:5070;"), "{again}");
    assert_eq!(last(&raw), over(Transport::Tcp));
    let refusal = response(again, "503 Service Unavailable", "two", "");
    raw.say(&refusal.replace("Contact", "Retry-After: 30\r\nContact"));
    assert!(raw.stack.ways(TrunkId(0), false).is_empty(), "it wants to be left alone");
}

#[test]
fn what_no_peer_takes_is_not_sent_and_its_call_is_refused() {
    for peer in [trunk(LEFT), large_over_tcp(), TrunkPeer { transport: Transport::Tcp, ..trunk(LEFT) }] {
        let mut raw = raw(peer);
        let (_, sent) = dial(&mut raw, limits::SIP_REQUEST_BYTES);
        assert!(sent.is_empty(), "{} bytes", sent[0].len());
        assert!(raw.wait_ms(0).is_empty());
        let refused = LegEvent::Refused { code: 513, cause: Cause::from_sip_code(513) };
        assert_eq!(raw.events, [refused, LegEvent::Ended]);
        assert!(raw.observed.contains(&Observation::Limited { limit: "length" }));
        assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
        assert!(!raw.stack.ways(TrunkId(0), false).is_empty(), "nothing is held against the peer");
    }
    // A little less is sent.
    let mut raw = raw(TrunkPeer { transport: Transport::Tcp, ..trunk(LEFT) });
    let (_, sent) = dial(&mut raw, 20);
    let room = limits::SIP_REQUEST_BYTES - (sent[0].len() - 20);
    let (_, sent) = dial(&mut raw, room / 2);
    assert!(status(&sent[0]).starts_with("INVITE"));
}
