//! What trunks and odd peers do: pings, forks, late answers, route sets, several media, callers' identities.

use super::pair::{LEFT, RIGHT, address, local, trunk};
use super::raw::{Raw, SDP, header, invite, request, response, status, to_tag};
use crate::base::{Cause, Codec, Flow, Moment, Random, Transport, TrunkId};
use crate::signaling::{
    Admission, Caller, CallerHeader, Direction, IdentityPolicy, Invite, LegEvent, LegKey, Listen, MediaOffer,
    Observation, Output, Stack, StackConfig, TrunkPeer,
};
use std::time::Duration;

fn to_left() -> Flow {
    Flow { transport: Transport::Udp, local: address(RIGHT), remote: address(LEFT) }
}

fn dial(raw: &mut Raw) -> (LegKey, String) {
    let caller = Caller { number: "0384961370".into(), display: None, anonymous: false };
    let invite = Invite::new(to_left(), "201", caller, local(6_000));
    let mut leg = None;
    let sent = raw.act(|stack, now| leg = Some(stack.invite(now, invite)));
    (leg.expect("a leg"), sent[0].clone())
}

#[test]
fn a_trunk_is_pinged_and_goes_down_and_up() {
    let mut raw = Raw::with(TrunkPeer { ping: Some(Duration::from_secs(30)), ..trunk(LEFT) });
    let id = TrunkId(0);
    let first = raw.wait_ms(0);
    assert_eq!(status(&first[0]).split(' ').next(), Some("OPTIONS"));
    assert!(raw.stack.trunk_up(id));
    raw.say(&response(&first[0], "404 Not Found", "x", ""));
    assert!(raw.observed.contains(&Observation::TrunkUp { trunk: id }), "any answer is a sign of life");
    raw.wait_ms(29_900);
    assert_eq!(raw.sent.len(), 1);
    raw.wait_ms(33_000);
    assert!(!raw.stack.trunk_up(id));
    assert!(raw.observed.contains(&Observation::TrunkDown { trunk: id }));
    let again = raw.wait_ms(30_000).pop().expect("still asked");
    raw.say(&response(&again, "200 OK", "y", ""));
    assert!(raw.stack.trunk_up(id));
    let (ups, downs) = raw.observed.iter().fold((0, 0), |(ups, downs), seen| {
        let (up, down) = (Observation::TrunkUp { trunk: id }, Observation::TrunkDown { trunk: id });
        (ups + u32::from(*seen == up), downs + u32::from(*seen == down))
    });
    assert_eq!((ups, downs), (2, 1));
    raw.wait_ms(30_000);
    let lost = raw.flow();
    raw.act(|stack, now| stack.flow_lost(now, lost));
    assert!(!raw.stack.trunk_up(id), "a lost path is known at once");
}

#[test]
fn a_trunk_that_never_answered_is_down_after_four_seconds_and_up_when_its_answer_comes_late() {
    let mut raw = Raw::with(TrunkPeer { ping: Some(Duration::from_secs(30)), ..trunk(LEFT) });
    let id = TrunkId(0);
    let (up, down) = (Observation::TrunkUp { trunk: id }, Observation::TrunkDown { trunk: id });
    let first = raw.wait_ms(3_900);
    assert!(raw.stack.trunk_up(id), "nothing is known yet");
    raw.wait_ms(200);
    assert!(!raw.stack.trunk_up(id) && raw.observed.contains(&down));
    raw.say(&response(&first[0], "200 OK", "x", ""));
    assert!(raw.stack.trunk_up(id) && raw.observed.contains(&up));
    let again = raw.wait_ms(30_000).pop().expect("asked again");
    raw.wait_ms(5_000);
    assert!(raw.stack.trunk_up(id), "one that has lived is given timer F's time");
    raw.say(&response(&again, "200 OK", "x", ""));
    raw.wait_ms(100_000);
    assert_eq!(raw.observed.iter().filter(|seen| **seen == down).count(), 2, "then silent for ever");
}

#[test]
fn a_trunk_is_pinged_from_an_address_of_its_own_kind() {
    let peer = TrunkPeer { ping: Some(Duration::from_secs(30)), ..trunk("[2001:db8::1]:5060") };
    let (v4, v6) = (address(RIGHT), address("[2001:db8::2]:5060"));
    let listen = |address| Listen { transport: Transport::Udp, address, advertised: None };
    let config = StackConfig::new(vec![listen(v4), listen(v6)], Admission::Trunks(vec![peer]));
    let mut stack = Stack::new(config, Random::from_number(7));
    stack.handle_timeout(Moment::ZERO);
    let sent = std::iter::from_fn(|| stack.poll()).find_map(|output| match output {
        Output::Send { flow, .. } => Some(flow),
        Output::Invited { .. } | Output::Leg { .. } | Output::Resolve(_) | Output::Observed(_) => None,
    });
    assert_eq!(sent.map(|flow| flow.local), Some(v6));
}

#[test]
fn a_second_phone_that_answers_is_let_go() {
    let mut raw = Raw::new();
    let (_, sent) = dial(&mut raw);
    raw.say(&response(&sent, "100 Trying", "", ""));
    let ack = raw.say(&response(&sent, "200 OK", "one", SDP));
    assert_eq!(ack.len(), 1);
    assert_eq!(raw.say(&response(&sent, "200 OK", "one", SDP)), ack, "each copy of the 2xx gets the ACK");
    let said = raw.say(&response(&sent, "200 OK", "two", SDP));
    let methods: Vec<_> = said.iter().map(|text| text.split(' ').next().unwrap_or("")).collect();
    assert_eq!(methods, ["ACK", "BYE"]);
    assert!(said.iter().all(|text| header(text, "To").ends_with("tag=two")));
    assert_eq!(raw.events.len(), 1, "the call hears of one answer");
}

#[test]
fn an_answer_to_an_invite_long_forgotten_gets_ack_and_bye() {
    let mut raw = Raw::new();
    let (leg, sent) = dial(&mut raw);
    raw.say(&response(&sent, "180 Ringing", "one", ""));
    raw.act(|stack, now| stack.cancel(now, leg, Cause::Cancelled));
    raw.wait_ms(70_000);
    assert_eq!((raw.stack.legs(), raw.stack.transactions()), (0, 0));
    let said = raw.say(&response(&sent, "200 OK", "one", SDP));
    let methods: Vec<_> = said.iter().map(|text| text.split(' ').next().unwrap_or("")).collect();
    assert_eq!(methods, ["ACK", "BYE"]);
    let again = raw.say(&response(&sent, "200 OK", "one", SDP));
    assert!(matches!(&again[..], [ack] if ack.starts_with("ACK")), "one BYE, however many copies: {again:?}");
    let forged = sent.replace("branch=z9hG4bK", "branch=z9hG4bKf");
    assert!(raw.say(&response(&forged, "200 OK", "one", SDP)).is_empty(), "only to what carries our mark");
    raw.wait_ms(70_000);
    assert_eq!((raw.stack.transactions(), raw.stack.timers()), (0, 0));
}

#[test]
fn a_bad_answer_is_acknowledged_and_hung_up() {
    for (body, name) in
        [("", "none"), (&SDP.replace("8 0 96", "18"), "no codec"), (&SDP.replace("4000", "0"), "refused")]
    {
        let mut raw = Raw::new();
        let (_, sent) = dial(&mut raw);
        let said = raw.say(&response(&sent, "200 OK", "one", body));
        let methods: Vec<_> = said.iter().map(|text| text.split(' ').next().unwrap_or("")).collect();
        assert_eq!(methods, ["ACK", "BYE"], "{name}");
        assert_eq!(raw.events, [LegEvent::Failed { cause: Cause::MediaRefused }], "{name}");
        raw.say(&response(&said[1], "200 OK", "one", ""));
        assert_eq!(raw.events.last(), Some(&LegEvent::Ended), "{name}");
    }
}

#[test]
fn route_sets_are_followed_loose_and_strict() {
    let mut raw = Raw::new();
    let (leg, sent) = dial(&mut raw);
    let routed = response(&sent, "200 OK", "one", SDP).replace(
        "Contact: <sip:192.0.2.1:5060>",
        "Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.7:5070;lr>\r\nContact: <sip:201@10.0.0.1:5062>",
    );
    let ack = raw.say(&routed);
    assert!(ack[0].starts_with("ACK sip:201@10.0.0.1:5062 SIP/2.0"), "{}", ack[0]);
    let routes: Vec<_> = ack[0].lines().filter_map(|line| line.strip_prefix("Route: ")).collect();
    assert_eq!(routes, ["<sip:192.0.2.7:5070;lr>", "<sip:192.0.2.8;lr>"]);
    assert_eq!(raw.flows.last().map(|flow| flow.remote), Some(address("192.0.2.7:5070")));
    raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));

    let strict = invite(1).replace("Contact", "Record-Route: <sip:192.0.2.9>\r\nContact");
    raw.say(&strict);
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    assert_eq!(header(&answer[0], "Record-Route"), "<sip:192.0.2.9>");
    raw.say(&request("ACK", 1, 1, to_tag(&answer[0]), ""));
    let bye = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert!(bye[0].starts_with("BYE sip:192.0.2.9 SIP/2.0"), "{}", bye[0]);
    assert_eq!(header(&bye[0], "Route"), "<sip:192.0.2.1:5060>");
}

#[test]
fn a_peer_behind_a_translation_is_answered_where_it_speaks_from() {
    let mut raw = Raw::new();
    let natted = invite(1)
        .replace("UDP 192.0.2.1:5060", "UDP 10.0.0.5:5060")
        .replace("<sip:192.0.2.1:5060>", "<sip:10.0.0.5:5060>");
    raw.say(&natted);
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    raw.say(&request("ACK", 1, 1, to_tag(&answer[0]), ""));
    raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert_eq!(raw.flows.last().map(|flow| flow.remote), Some(address(LEFT)));
}

#[test]
fn a_lost_stream_is_replaced_by_one_to_where_the_peer_listens() {
    let mut raw = Raw::with(TrunkPeer { transport: Transport::Tcp, ..trunk(LEFT) });
    raw.speak_over(Transport::Tcp, "192.0.2.1:49152");
    raw.say(&invite(1).replace("SIP/2.0/UDP", "SIP/2.0/TCP"));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    assert_eq!(header(&answer[0], "Contact"), "<sip:192.0.2.2:5060;transport=tcp>");
    raw.say(&request("ACK", 1, 1, to_tag(&answer[0]), ""));
    let ours = raw.act(|stack, now| stack.reinvite(now, leg, local(7_000)));
    assert_eq!(raw.flows.last().map(|flow| flow.remote), Some(address("192.0.2.1:49152")), "the same stream");
    raw.say(&response(&ours[0], "200 OK", "", SDP));
    let lost = raw.flow();
    raw.act(|stack, now| stack.flow_lost(now, lost));
    raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert_eq!(raw.flows.last().map(|flow| flow.remote), Some(address(LEFT)), "where its Contact says");
}

#[test]
fn other_media_are_refused_in_their_place() {
    let mut raw = Raw::new();
    let offer = SDP.replace("m=audio", "m=video 5000 RTP/AVP 31 34\r\na=rtpmap:31 H261/90000\r\nm=audio")
        + "m=image 6000 udptl t38\r\n";
    raw.say(&request("INVITE", 1, 1, "", &offer));
    let (leg, invitation) = raw.invited[0].clone();
    assert_eq!(invitation.offer.expect("audio").dtmf, Some(96));
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    let lines: Vec<_> = answer[0].lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines, ["m=video 0 RTP/AVP 31", "m=audio 6000 RTP/AVP 8 96", "m=image 0 udptl t38"]);
    assert!(answer[0].contains("a=rtpmap:96 telephone-event/8000"));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", 1, 1, &tag, ""));
    let fewer = raw.say(&request("INVITE", 1, 2, &tag, SDP));
    assert_eq!(status(&fewer[0]), "400 Bad Request", "a line once there stays there");
    let ours = raw.act(|stack, now| stack.reinvite(now, leg, local(6_000)));
    assert_eq!(ours[0].matches("m=").count(), 3);
}

#[test]
fn hold_is_mirrored_in_every_dialect() {
    let directions = [
        ("a=sendonly\r\n", "a=recvonly"),
        ("a=inactive\r\n", "a=inactive"),
        ("a=recvonly\r\n", "a=sendonly"),
        ("", "a=sendrecv"),
    ];
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", 1, 1, &tag, ""));
    let mut versions = Vec::new();
    let table = directions.map(|(theirs, ours)| (format!("{SDP}{theirs}"), ours));
    let old = SDP.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0");
    for (cseq, (body, ours)) in (2..).zip(table.into_iter().chain([(old, "a=recvonly")])) {
        let answer = raw.say(&request("INVITE", 1, cseq, &tag, &body));
        assert!(answer[0].contains(ours), "{body}\n{}", answer[0]);
        let origin = answer[0].lines().find_map(|line| line.strip_prefix("o=- ")).expect("an origin");
        versions.push(origin.split(' ').nth(1).expect("a version").parse::<u64>().expect("a number"));
        raw.say(&request("ACK", 1, cseq, &tag, ""));
    }
    assert!(versions.windows(2).all(|pair| pair[1] == pair[0] + 1), "{versions:?}");
    let Some(LegEvent::Remote { media }) = raw.events.last() else { panic!("{:?}", raw.events) };
    assert_eq!((media.direction, media.codec), (Direction::SendOnly, Codec::Pcma));
}

#[test]
fn a_reinvite_without_an_offer_gets_ours_and_answers_in_the_ack() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", 1, 1, &tag, ""));
    let offer = raw.say(&request("INVITE", 1, 2, &tag, ""));
    assert!(offer[0].contains("m=audio 6000 RTP/AVP 8 0 96"), "their number for events stays: {}", offer[0]);
    raw.say(&request("ACK", 1, 2, &tag, &SDP.replace("4000", "4444")));
    let Some(LegEvent::Remote { media }) = raw.events.last() else { panic!("{:?}", raw.events) };
    assert_eq!(media.rtp.port(), 4_444);
    let updated = raw.say(&request("UPDATE", 1, 3, &tag, &SDP.replace("4000", "4446")));
    assert_eq!(status(&updated[0]), "200 OK");
    let Some(LegEvent::Remote { media }) = raw.events.last() else { panic!("{:?}", raw.events) };
    assert_eq!(media.rtp.port(), 4_446);
}

#[test]
fn the_trunk_says_which_header_names_the_caller() {
    let asserted = "P-Asserted-Identity: \"Sifac\" <tel:+33142960000;phone-context=x>\r\nContact";
    for (header, number, display) in [
        (CallerHeader::From, "+33384961370", None),
        (CallerHeader::PAssertedIdentity, "+33142960000", Some("Sifac".to_owned())),
    ] {
        let mut raw = Raw::with(TrunkPeer { caller_from: header, ..trunk(LEFT) });
        raw.say(&invite(1).replace("Contact", asserted));
        let caller = Caller { number: number.into(), display, anonymous: false };
        assert_eq!(raw.invited[0].1.caller, caller);
    }
    let mut raw = Raw::with(TrunkPeer { caller_from: CallerHeader::PAssertedIdentity, ..trunk(LEFT) });
    raw.say(&invite(1).replace("Contact", &format!("Privacy: id\r\n{asserted}")));
    assert!(raw.invited[0].1.caller.anonymous);
    assert_eq!(raw.invited[0].1.caller.number, "+33142960000", "kept for the operator");
}

#[test]
fn identities_go_out_as_the_trunk_wants_them() {
    let mut raw = Raw::new();
    let caller = Caller { number: "+33142960000".into(), display: Some("Sifac".into()), anonymous: true };
    let invite = Invite {
        policy: IdentityPolicy { is_trusted: true, ..IdentityPolicy::with(CallerHeader::PAssertedIdentity) },
        offer: MediaOffer::Early(local(6_000)),
        ..Invite::new(to_left(), "2 01", caller, local(6_000))
    };
    let sent = raw.act(|stack, now| {
        stack.invite(now, invite);
    });
    assert!(sent[0].starts_with("INVITE sip:2%2001@192.0.2.1:5060 SIP/2.0"));
    assert!(header(&sent[0], "From").starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag="));
    assert_eq!(header(&sent[0], "P-Asserted-Identity"), "\"Sifac\" <sip:+33142960000@192.0.2.2:5060>");
    assert_eq!(header(&sent[0], "Privacy"), "id");
}

#[test]
fn a_trunk_whose_one_peer_asks_to_be_left_alone_is_down_for_that_long_and_is_not_asked() {
    let mut raw = Raw::with(TrunkPeer { ping: Some(Duration::from_secs(10)), ..trunk(LEFT) });
    let first = raw.wait_ms(0).remove(0);
    let busy =
        response(&first, "503 Service Unavailable", "x", "").replace("CSeq", "Retry-After: 25\r\nCSeq");
    raw.say(&busy);
    assert!(!raw.stack.trunk_up(TrunkId(0)) && raw.stack.ways(TrunkId(0), false).is_empty());
    assert!(raw.wait_ms(24_900).is_empty());
    let again = raw.wait_ms(200);
    assert_eq!((again.len(), raw.stack.trunk_up(TrunkId(0))), (1, true));
    let busy = response(&again[0], "503 Service Unavailable", "x", "");
    raw.say(&busy);
    assert!(raw.stack.trunk_up(TrunkId(0)), "without Retry-After it is a sign of life like any other");
    let (_, sent) = dial(&mut raw);
    raw.say(
        &response(&sent, "503 Service Unavailable", "x", "").replace("CSeq", "Retry-After: 999999\r\nCSeq"),
    );
    assert!(!raw.stack.trunk_up(TrunkId(0)));
    raw.wait_ms(300_000);
    assert!(raw.stack.trunk_up(TrunkId(0)), "nobody takes itself away for days");
}

#[test]
fn the_first_response_to_an_invite_or_options_is_timed_from_the_first_try_and_only_that_one() {
    let mut raw = Raw::with(TrunkPeer { ping: Some(Duration::from_secs(30)), ..trunk(LEFT) });
    let ping = raw.wait_ms(0).remove(0);
    raw.wait_ms(40);
    raw.say(&response(&ping, "200 OK", "x", ""));
    let (_, invite) = dial(&mut raw);
    // Sent again meanwhile, at 500 ms.
    raw.wait_ms(620);
    raw.say(&response(&invite, "100 Trying", "", ""));
    raw.say(&response(&invite, "180 Ringing", "y", ""));
    let flow = to_left();
    let timed = |method, ms| Observation::FirstResponse { flow, method, after: Duration::from_millis(ms) };
    let seen = raw.observed.iter().filter(|seen| matches!(seen, Observation::FirstResponse { .. }));
    assert_eq!(seen.copied().collect::<Vec<_>>(), [timed("OPTIONS", 40), timed("INVITE", 620)]);
    assert_eq!(raw.stack.trunk_at(&flow), Some(TrunkId(0)));
    assert_eq!(raw.stack.trunk_at(&Flow { remote: address("198.51.100.9:5060"), ..flow }), None);
}
