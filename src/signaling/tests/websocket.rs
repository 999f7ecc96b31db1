//! Browser phones (RFC 7118): their Via and Contact name nobody, so that all there is of them is the connection they opened.

use super::pair::{local, trunk};
use super::phones::{HOME, Request, World, register};
use super::raw::{Raw, SDP, header, invite, request, response, status, to_tag};
use crate::base::{Cause, PhoneId, Transport};
use crate::signaling::{Caller, Invite, LegEvent, LegKey, TrunkPeer};

const CONTACT: &str = "sip:k2j5@df7jal23ls0d.invalid;transport=ws";

/// A phone whose browser connected so.
fn browser(transport: Transport) -> World {
    let mut world = World::new();
    world.raw.speak_over(transport, HOME);
    world
}

fn rung(world: &mut World) -> (LegKey, Vec<String>) {
    let [contact] = &world.raw.stack.contacts(PhoneId(0))[..] else { panic!("one contact") };
    let contact = contact.clone();
    let mut invite = Invite::new(contact.flow, "201", Caller::default(), local(4_000));
    invite.contact = Some(contact);
    let mut leg = None;
    let sent = world.raw.act(|stack, now| leg = Some(stack.invite(now, invite)));
    (leg.expect("opened"), sent)
}

#[test]
fn a_browser_phone_is_rung_acknowledged_and_hung_up_over_the_connection_it_opened() {
    for transport in [Transport::Ws, Transport::Wss] {
        let mut world = browser(transport);
        let via = format!("SIP/2.0/{} df7jal23ls0d.invalid;branch=z9hG4bKp9", transport.via_name());
        let registered = register(&format!("<{CONTACT}>"));
        let text =
            registered.text(9, HOME, "").replace(&format!("SIP/2.0/UDP {HOME};branch=z9hG4bKp9"), &via);
        let challenged = world.raw.say(&text);
        // RFC 7118 section 5.2.3.
        assert_eq!(header(&challenged[0], "Via"), format!("{via};received=198.51.100.7;rport=40000"));
        world.n = 9;
        let granted = world.prove(&registered);
        assert_eq!(header(&granted[0], "Contact"), format!("<{CONTACT}>;expires=3600"));
        assert!(world.raw.wait_ms(60_000).is_empty(), "its own pings keep the way open");

        let (leg, sent) = rung(&mut world);
        let start =
            format!("INVITE {CONTACT} SIP/2.0\r\nVia: SIP/2.0/{} 192.0.2.2:5060;", transport.via_name());
        assert!(sent[0].starts_with(&start), "{}", sent[0]);
        assert_eq!(header(&sent[0], "Contact"), "<sip:192.0.2.2:5060;transport=ws>");
        // The answer's Contact leads elsewhere, if anywhere.
        let answer = response(&sent[0], "200 OK", "b", SDP);
        let answer = answer.replace("<sip:192.0.2.1:5060>", "<sip:201@203.0.113.66;transport=udp>");
        assert!(world.raw.say(&answer)[0].starts_with("ACK sip:201@203.0.113.66;transport=udp "));
        let bye = world.raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
        assert!(bye[0].starts_with("BYE "), "{bye:?}");
        assert!(world.raw.flows.iter().all(|flow| *flow == world.raw.flow()), "{:?}", world.raw.flows);
    }
}

#[test]
fn a_browser_phone_is_gone_with_its_connection_and_looked_for_nowhere_else() {
    let mut world = browser(Transport::Ws);
    // Even one that says where it is.
    world.prove(&register("<sip:201@198.51.100.7:5070;transport=ws>"));
    let (leg, sent) = rung(&mut world);
    world.raw.say(&response(&sent[0], "200 OK", "b", SDP));
    let flow = world.raw.flow();
    world.raw.act(|stack, now| stack.flow_lost(now, flow));
    assert_eq!(world.raw.stack.registered_contacts(), 0);
    world.raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert_eq!(*world.raw.flows.last().expect("sent"), flow, "the driver says that it is gone");
    world.raw.act(|stack, now| stack.flow_lost(now, flow));
    assert_eq!(world.raw.events.last(), Some(&LegEvent::Ended));
    world.raw.wait_ms(40_000);
    assert!(world.is_empty());
}

#[test]
fn a_phone_that_connected_anew_hangs_up_there() {
    let mut world = browser(Transport::Wss);
    world.prove(&register(&format!("<{CONTACT}>")));
    let (_, sent) = rung(&mut world);
    world.raw.say(&response(&sent[0], "200 OK", "b", SDP));
    let lost = world.raw.flow();
    world.raw.act(|stack, now| stack.flow_lost(now, lost));
    world.raw.speak_over(Transport::Wss, "198.51.100.7:40001");
    let bye = format!(
        "BYE sip:192.0.2.2:5060;transport=ws SIP/2.0\r\nVia: SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bKb\r\n\
         Max-Forwards: 70\r\nFrom: {};tag=b\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n",
        header(&sent[0], "To"),
        header(&sent[0], "From"),
        header(&sent[0], "Call-ID")
    );
    world.raw.say(&bye);
    assert!(matches!(world.raw.events.last(), Some(LegEvent::HungUp { .. })), "{:?}", world.raw.events);
}

#[test]
fn a_connection_lost_while_the_phone_rings_ends_the_ring_at_once() {
    let mut world = browser(Transport::Wss);
    world.prove(&register(&format!("<{CONTACT}>")));
    let (_, sent) = rung(&mut world);
    world.raw.say(&response(&sent[0], "180 Ringing", "b", ""));
    let flow = world.raw.flow();
    world.raw.act(|stack, now| stack.flow_lost(now, flow));
    assert!(
        world.raw.events.contains(&LegEvent::Failed { cause: Cause::Unreachable }),
        "{:?}",
        world.raw.events
    );
}

#[test]
fn sips_is_spoken_within_tls_and_refused_without() {
    let mut world = browser(Transport::Wss);
    world.prove(&register("<sips:201@df7jal23ls0d.invalid;transport=ws>"));
    let dialled = |call_id: &str| Request {
        method: "INVITE",
        uri: "sips:202@spillway".into(),
        user: "201".into(),
        call_id: call_id.into(),
        extra: "Contact: <sips:201@df7jal23ls0d.invalid;transport=ws>\r\nContent-Type: application/sdp\r\n"
            .into(),
        body: SDP,
    };
    world.prove(&dialled("secured"));
    let (leg, invitation) = world.raw.invited.last().expect("invited");
    assert_eq!(invitation.refusal, None);
    let leg = *leg;
    let answered = world.raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    assert_eq!(header(&answered[0], "Contact"), "<sips:192.0.2.2:5060;transport=ws>");
    let mut world = browser(Transport::Ws);
    world.prove(&dialled("in-the-clear"));
    let (_, invitation) = world.raw.invited.last().expect("invited");
    assert_eq!(invitation.refusal.as_ref().map(|(code, _)| *code), Some(416));
}

#[test]
fn a_browser_s_secured_audio_is_refused_in_words_it_understands() {
    let mut world = browser(Transport::Wss);
    world.prove(&register(&format!("<{CONTACT}>")));
    let dialled = Request {
        method: "INVITE",
        uri: "sip:112@spillway".into(),
        user: "201".into(),
        call_id: "webrtc".into(),
        extra: format!("Contact: <{CONTACT}>\r\nContent-Type: application/sdp\r\n"),
        body: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 8\r\n\
            c=IN IP4 0.0.0.0\r\na=fingerprint:sha-256 AA\r\na=setup:actpass\r\na=rtcp-mux\r\n",
    };
    world.prove(&dialled);
    let (_, invitation) = world.raw.invited.last().expect("invited");
    assert_eq!(invitation.refusal.as_ref().map(|(code, _)| *code), Some(488));
}

#[test]
fn no_contact_leads_a_call_onto_a_websocket_or_away_from_one() {
    for (transport, contact) in [
        (Transport::Wss, "<sip:203.0.113.66:5060;transport=udp>"),
        (Transport::Ws, "<sips:203.0.113.66>"),
        (Transport::Tcp, "<sip:192.0.2.1:8088;transport=ws>"),
        (Transport::Udp, "<sip:192.0.2.1:8088;transport=wss>"),
    ] {
        let mut raw = Raw::with(TrunkPeer { transport, ..trunk("192.0.2.1:5060") });
        raw.speak_over(transport, "192.0.2.1:5060");
        let via = format!("SIP/2.0/{}", transport.via_name());
        let over = |text: &str| {
            text.replace("SIP/2.0/UDP", &via)
                .replace("Contact: <sip:192.0.2.1:5060>", &format!("Contact: {contact}"))
        };
        raw.say(&over(&invite(1)));
        let leg = raw.invited[0].0;
        let answered = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
        assert_eq!(status(&answered[0]), "200 OK");
        raw.say(&over(&request("ACK", 1, 1, to_tag(&answered[0]), "")));
        let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
        assert!(bye[0].starts_with("BYE "), "{bye:?}");
        assert_eq!(*raw.flows.last().expect("sent"), raw.flow(), "{contact}");
    }
}
