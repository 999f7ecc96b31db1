//! SIP over TLS: `sips:` is served there and nowhere else, and the dialog stays there.

use super::pair::{address, local, trunk};
use super::raw::{Raw, header, invite, request, status, to_tag};
use crate::base::{Cause, Transport};
use crate::signaling::{Observation, TrunkPeer};

const PEER: &str = "192.0.2.1:49152";

fn raw() -> Raw {
    let mut raw = Raw::with(TrunkPeer { transport: Transport::Tls, ..trunk("192.0.2.1:5061") });
    raw.speak_over(Transport::Tls, PEER);
    raw
}

fn over_tls(text: &str) -> String {
    text.replace("SIP/2.0/UDP", "SIP/2.0/TLS")
}

#[test]
fn a_sips_call_is_answered_with_sips_and_hung_up_on_its_connection() {
    let mut raw = raw();
    let secured = over_tls(&invite(1)).replace("INVITE sip:", "INVITE sips:");
    let secured = secured.replace("Contact: <sip:192.0.2.1:5060>", "Contact: <sips:192.0.2.1>");
    assert_eq!(status(&raw.say(&secured)[0]), "100 Trying");
    let leg = raw.invited[0].0;
    let answered = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    assert_eq!(status(&answered[0]), "200 OK");
    assert!(header(&answered[0], "Contact").starts_with("<sips:192.0.2.2"), "{}", answered[0]);
    let ack = request("ACK", 1, 1, to_tag(&answered[0]), "");
    raw.say(&over_tls(&ack));
    let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert!(bye[0].starts_with("BYE sips:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TLS "), "{}", bye[0]);
    assert_eq!(*raw.flows.last().expect("sent"), raw.flow());
}

#[test]
fn a_sip_call_over_tls_is_told_to_stay_there() {
    let mut raw = raw();
    raw.say(&over_tls(&invite(1)));
    let leg = raw.invited[0].0;
    let answered = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    assert!(header(&answered[0], "Contact").ends_with(";transport=tls>"), "{}", answered[0]);
    let options = over_tls(&request("OPTIONS", 2, 1, "", "")).replace("OPTIONS sip:", "OPTIONS sips:");
    assert_eq!(status(&raw.say(&options)[0]), "200 OK");
}

#[test]
fn sips_over_tcp_is_refused() {
    let mut raw = raw();
    raw.speak_over(Transport::Tcp, PEER);
    let options = request("OPTIONS", 2, 1, "", "").replace("OPTIONS sip:", "OPTIONS sips:");
    assert_eq!(status(&raw.say(&options)[0]), "416 Unsupported URI Scheme");
}

#[test]
fn a_peer_offers_its_connection_for_requests_to_where_it_listens() {
    let asked = |transport: Transport, via: &str, from: &str| {
        let mut raw = Raw::with(TrunkPeer {
            transport,
            accept: vec![(address(PEER).ip(), 24)],
            ..trunk("192.0.2.1:5061")
        });
        raw.speak_over(transport, from);
        let options = request("OPTIONS", 2, 1, "", "");
        raw.say(
            &options
                .replace("SIP/2.0/UDP 192.0.2.1:5060;", &format!("SIP/2.0/{} {via};", transport.via_name())),
        );
        let asked = raw.observed.iter().find_map(|seen| {
            if let Observation::ReuseAsked { flow, address } = seen { Some((*flow, *address)) } else { None }
        });
        assert!(asked.is_none_or(|(flow, _)| flow == raw.flow()));
        asked.map(|(_, address)| address.to_string())
    };
    let there = Some("192.0.2.1:5061".to_owned());
    assert_eq!(asked(Transport::Tls, "192.0.2.1:5061;alias", PEER), there);
    assert_eq!(
        asked(Transport::Tls, "sip.example.com;alias", PEER),
        there,
        "5061 unless it says another port"
    );
    for (transport, via, from) in [
        (Transport::Tls, "192.0.2.1:5061", PEER),
        (Transport::Tls, "192.0.2.1:5071;alias", PEER),
        (Transport::Tls, "192.0.2.1:5061;alias", "192.0.2.9:49152"),
        (Transport::Tls, "192.0.2.1:5061;alias", "192.0.2.1:5061"),
        // RFC 5923 section 1: over TCP nobody shows who it is.
        (Transport::Tcp, "192.0.2.1:5061;alias", PEER),
    ] {
        assert_eq!(asked(transport, via, from), None, "{transport:?} {via} {from}");
    }
}
