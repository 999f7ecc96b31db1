//! Each fault earns its answer, a copy earns the same bytes, and nothing is left behind.

use super::pair::local;
use super::raw::{Raw, SDP, ack_of, header, invite, request, status, to_tag};
use crate::base::{Cause, limits};
use crate::signaling::{LegEvent, LegKey, Observation, Rejection, Stack};

#[test]
fn each_fault_earns_its_answer_without_a_trace() {
    let fields = "X: y\r\n".repeat(limits::SIP_HEADERS) + "Contact";
    let mismatched = request("DANCE", 1, 1, "", "").replace("CSeq: 1 DANCE", "CSeq: 1 INVITE");
    let book = request("REGISTER", 1, 1, "", "").replace("To: <sip:", "To: <isbn:");
    let strange = request("OPTIONS", 1, 1, "", "").replace("OPTIONS sip:", "OPTIONS soap.beep:");
    let table = [
        ("BYE", request("BYE", 1, 2, "unknown", ""), "481 Call/Transaction Does Not Exist"),
        ("re-INVITE", request("INVITE", 1, 2, "unknown", SDP), "481 Call/Transaction Does Not Exist"),
        ("CANCEL", request("CANCEL", 1, 1, "", ""), "481 Call/Transaction Does Not Exist"),
        ("REGISTER", request("REGISTER", 1, 1, "", ""), "405 Method Not Allowed"),
        ("REFER", request("REFER", 1, 1, "", ""), "403 Forbidden"),
        ("DANCE", request("DANCE", 1, 1, "", ""), "501 Not Implemented"),
        ("version", invite(1).replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"), "505 Version Not Supported"),
        ("no Call-ID", invite(1).replace("Call-ID: call-1\r\n", ""), "400 Bad Request"),
        ("two CSeqs", invite(1).replace("CSeq", "CSeq: 9 INVITE\r\nCSeq"), "400 Bad Request"),
        ("no Contact", invite(1).replace("Contact", "X-Contact"), "400 Bad Request"),
        ("one field too many", invite(1).replace("Contact", &fields), "513 Message Too Large"),
        ("an unknown method with another's CSeq", mismatched, "501 Not Implemented"),
        ("a book's REGISTER", book, "400 Bad Request"),
        ("OPTIONS of a strange scheme", strange, "416 Unsupported URI Scheme"),
        ("OPTIONS", request("OPTIONS", 1, 1, "", ""), "200 OK"),
    ];
    for (name, text, answer) in table {
        let mut raw = Raw::new();
        let first = raw.say(&text);
        assert_eq!(first.len(), 1, "{name}: {first:?}");
        assert_eq!(status(&first[0]), answer, "{name}");
        assert!(!to_tag(&first[0]).is_empty());
        assert_eq!(raw.say(&text), first, "{name}: a copy gets the same bytes");
        assert!(raw.invited.is_empty(), "{name}");
        assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0), "{name}");
    }
}

#[test]
fn what_a_request_repeats_its_answer_says_once() {
    let mut raw = Raw::new();
    let call_ids = "Call-ID: call-0\r\n".repeat(60) + "Call-ID";
    let twice = invite(1).replace("Call-ID", &call_ids).replace("From: ", "From: <sip:b@h>\r\nFrom: ");
    let said = raw.say(&twice);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(status(&said[0]), "400 Bad Request");
    for name in ["\r\nCall-ID: ", "\r\nFrom: ", "\r\nTo: ", "\r\nCSeq: "] {
        assert_eq!(said[0].matches(name).count(), 1, "{name} in {}", said[0]);
    }
}

#[test]
fn a_request_whose_end_a_stream_does_not_tell_is_refused_when_it_is_one_otherwise() {
    let plain = request("OPTIONS", 1, 1, "", "");
    let length = |with: &str| plain.replace("Content-Length: 0\r\n", with);
    let table = [
        (length(""), Some("400 Bad Request")),
        (length("Content-Length: -1\r\n"), Some("400 Bad Request")),
        (length("Content-Length: 4000000000\r\n"), Some("400 Bad Request")),
        (length("").replacen("OPTIONS", "ACK", 1).replace("1 OPTIONS", "1 ACK"), None),
        ("GET / HTTP/1.1\r\nHost: spillway\r\n\r\n".to_owned(), None),
        ("once upon a time\r\n\r\n".to_owned(), None),
    ];
    for (text, answer) in table {
        let mut raw = Raw::new();
        let flow = raw.flow();
        let said = raw.act(|stack, now| stack.unframed(now, flow, text.as_bytes()));
        assert_eq!(said.first().map(|said| status(said)), answer, "{text}");
        assert!(raw.observed.contains(&Observation::ParseFailed), "{text}");
    }
    let mut raw = Raw::new();
    raw.speak_from("203.0.113.9:5060");
    let flow = raw.flow();
    assert!(
        raw.act(|stack, now| stack.unframed(now, flow, length("").as_bytes())).is_empty(),
        "a stranger's"
    );
}

#[test]
fn what_a_refusal_must_carry_it_carries() {
    let mut raw = Raw::new();
    let options = raw.say(&request("OPTIONS", 1, 1, "", ""));
    assert_eq!(header(&options[0], "Accept"), "application/sdp");
    assert!(header(&options[0], "Allow").contains("INVITE"));
    assert!(header(&options[0], "Via").ends_with(";received=192.0.2.1;rport=5060"));
    let refused = raw.say(&request("REGISTER", 2, 1, "", ""));
    assert!(header(&refused[0], "Allow").contains("BYE"));
}

#[test]
fn an_invite_from_a_trunk_gets_its_record_before_its_refusal() {
    let required = "Require: timer, gruu\r\nContact";
    let wrong_type = invite(1).replace("application/sdp", "text/plain");
    let g729 = request("INVITE", 1, 1, "", &SDP.replace("8 0 96", "18 4 96"));
    let table = [
        (invite(1).replace("Max-Forwards: 70", "Max-Forwards: 0"), 483, Cause::Loop, ""),
        (invite(1).replace("INVITE sip:", "INVITE urn:"), 416, Cause::BadRequest, ""),
        (invite(1).replace("INVITE sip:", "INVITE sips:"), 416, Cause::BadRequest, ""),
        (invite(1).replace("Contact", required), 420, Cause::BadRequest, "Unsupported: gruu\r\n"),
        (wrong_type, 415, Cause::MediaRefused, "Accept: application/sdp\r\n"),
        (
            invite(1).replace("Contact", "Content-Encoding: gzip\r\nContact"),
            415,
            Cause::MediaRefused,
            "Accept",
        ),
        (g729, 488, Cause::MediaRefused, ""),
        (
            invite(1).replace("Contact", "Accept: text/plain, application/sdpng\r\nContact"),
            406,
            Cause::MediaRefused,
            "",
        ),
        (invite(1).replace("RTP/AVP", "RTP/SAV"), 488, Cause::MediaRefused, ""),
        (invite(1).replace("v=0", "x=0"), 400, Cause::BadRequest, ""),
    ];
    for (text, code, cause, carries) in table {
        let mut raw = Raw::new();
        let trying = raw.say(&text);
        assert_eq!(status(&trying[0]), "100 Trying", "{code}");
        let (leg, invitation) = raw.invited[0].clone();
        assert_eq!(invitation.refusal, Some((code, cause)));
        // Whatever the call wants, the leg's own refusal is the answer.
        let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
        assert!(status(&answer[0]).starts_with(&code.to_string()), "{code}: {}", answer[0]);
        assert!(answer[0].contains(carries), "{code}: {}", answer[0]);
        assert_eq!(raw.events, [LegEvent::Ended]);
        assert_eq!(raw.say(&text), answer, "{code}: a copy gets the same bytes");
        assert!(raw.say(&ack_of(&text, &answer[0])).is_empty());
        raw.wait_ms(6_000);
        assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0), "{code}");
    }
}

#[test]
fn whoever_accepts_sdp_among_others_or_says_nothing_of_it_is_served() {
    for accept in ["text/plain, Application/SDP;q=0.5", "application/*", "*/*", ""] {
        let mut raw = Raw::new();
        raw.say(&invite(1).replace("Contact", &format!("Accept: {accept}\r\nContact")));
        assert_eq!(raw.invited[0].1.refusal, None, "{accept}");
    }
}

#[test]
fn an_invite_of_rfc_2543_without_a_contact_is_hung_up_at_its_from() {
    let mut raw = Raw::new();
    let old = |text: &str| text.replace("Contact: <sip:192.0.2.1:5060>\r\n", "").replace(";tag=t1", "");
    raw.say(&old(&invite(1)));
    assert_eq!(raw.invited[0].1.refusal, None);
    let answer = raw.act(|stack, now| stack.accept(now, LegKey(0), local(6_000)));
    raw.say(&old(&request("ACK", 1, 1, to_tag(&answer[0]), "")));
    let bye = raw.act(|stack, now| stack.bye(now, LegKey(0), Cause::Normal));
    assert!(bye[0].starts_with("BYE sip:+33384961370@192.0.2.1 SIP/2.0\r\n"), "{}", bye[0]);
}

#[test]
fn a_route_within_a_contact_steers_nothing() {
    let mut raw = Raw::new();
    raw.say(
        &invite(1).replace("<sip:192.0.2.1:5060>", "<sip:a?b@192.0.2.1:5060?Route=%3Csip:192.0.2.66%3E>"),
    );
    let answer = raw.act(|stack, now| stack.accept(now, LegKey(0), local(6_000)));
    raw.say(&request("ACK", 1, 1, to_tag(&answer[0]), ""));
    let bye = raw.act(|stack, now| stack.bye(now, LegKey(0), Cause::Normal));
    assert!(bye[0].starts_with("BYE sip:a?b@192.0.2.1:5060 SIP/2.0\r\n"), "{}", bye[0]);
    assert!(!bye[0].contains("Route"), "{}", bye[0]);
    assert!(raw.flows.iter().all(|flow| flow.remote.ip().to_string() == "192.0.2.1"));
}

#[test]
fn a_copy_of_an_invite_gets_the_last_answer_again() {
    let mut raw = Raw::new();
    let trying = raw.say(&invite(1));
    assert_eq!(raw.say(&invite(1)), trying);
    let leg = raw.invited[0].0;
    let ringing = raw.act(|stack, now| stack.ring(now, leg));
    assert_eq!(raw.say(&invite(1)), ringing);
    let refused = raw.act(|stack, now| stack.reject(now, leg, Rejection::from(Cause::NoChannel)));
    assert_eq!(header(&refused[0], "Reason"), "Q.850;cause=34");
    assert_eq!(raw.say(&invite(1)), refused);
    assert_eq!(raw.wait_ms(600), refused, "timer G");
    assert_eq!(raw.invited.len(), 1);
    let is_copy = |seen: &&Observation| matches!(seen, Observation::Retransmitted { method: "INVITE", .. });
    let again = raw.observed.iter().filter(is_copy);
    assert_eq!(again.count(), 4);
}

#[test]
fn the_same_call_over_two_ways_is_served_once() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let merged = raw.say(&invite(1).replace("z9hG4bK1-1", "z9hG4bKother"));
    assert_eq!(status(&merged[0]), "482 Loop Detected");
    assert_eq!(raw.invited.len(), 1);
}

#[test]
fn strangers_get_a_few_403s_and_leave_nothing() {
    let mut raw = Raw::new();
    raw.speak_from("203.0.113.9:5060");
    let first = raw.say(&invite(1));
    assert_eq!(status(&first[0]), "403 Forbidden");
    assert_eq!(raw.say(&invite(1)), first, "the tag is derived");
    let answered: usize = (2..100).map(|n| raw.say(&invite(n)).len()).sum();
    assert_eq!(answered, 3, "five in a second");
    assert!(raw.say(&request("ACK", 1, 1, to_tag(&first[0]), "")).is_empty());
    assert!(raw.say(&invite(1).replace("Via", "X-Via")).is_empty());
    let refused = raw.observed.iter().filter(|seen| **seen == Observation::SourceRefused).count();
    assert_eq!(refused, 101);
    assert!(raw.invited.is_empty());
    assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
    raw.wait_ms(1_000);
    assert_eq!(raw.say(&invite(1)), first);
}

#[test]
fn rubbish_is_counted_and_keepalives_are_not() {
    let mut raw = Raw::new();
    for text in ["\r\n\r\n", "", "hello", "\u{0}\u{1}", "SIP/2.0 999 Odd\r\n\r\n"] {
        assert!(raw.say(text).is_empty(), "{text:?}");
    }
    let failed = raw.observed.iter().filter(|seen| **seen == Observation::ParseFailed).count();
    assert_eq!(failed, 3, "{:?}", raw.observed);
}

#[test]
fn requests_out_of_order_are_refused() {
    let mut raw = Raw::new();
    raw.say(&invite(1).replace("CSeq: 1 ", "CSeq: 10 "));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", 1, 10, &tag, ""));
    assert_eq!(raw.events, [LegEvent::Confirmed { media: None }]);
    let late = raw.say(&request("BYE", 1, 9, &tag, ""));
    assert_eq!(status(&late[0]), "500 Server Internal Error");
    let other = raw.say(&request("BYE", 1, 11, &tag, "").replace("tag=t1", "tag=other"));
    assert_eq!(status(&other[0]), "481 Call/Transaction Does Not Exist");
    for (method, answer) in [("INFO", "200 OK"), ("OPTIONS", "200 OK"), ("NOTIFY", "405 Method Not Allowed")]
    {
        let said = raw.say(&request(method, 1, 12, &tag, ""));
        assert_eq!(status(&said[0]), answer, "{method}");
    }
    raw.say(&request("BYE", 1, 13, &tag, ""));
    assert!(matches!(raw.events.last(), Some(LegEvent::HungUp { .. })));
    assert!(raw.say(&request("BYE", 1, 13, &tag, "")).is_empty(), "a copy waits like the first");
    let released = raw.act(|stack, now| stack.release_bye(now, leg));
    assert_eq!(status(&released[0]), "200 OK");
    assert_eq!(raw.say(&request("BYE", 1, 13, &tag, "")), released);
}

#[test]
fn a_second_invite_before_the_first_is_answered_must_wait() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let ringing = raw.act(|stack, now| stack.ring(now, leg));
    let tag = to_tag(&ringing[0]).to_owned();
    let refused = raw.say(&request("INVITE", 1, 2, &tag, SDP));
    assert_eq!(status(&refused[0]), "500 Server Internal Error");
    assert!(header(&refused[0], "Retry-After").parse::<u32>().expect("a number") <= 10);
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    let pending = raw.say(&request("INVITE", 1, 3, to_tag(&answer[0]), SDP));
    assert_eq!(status(&pending[0]), "491 Request Pending");
}

#[test]
fn without_rport_answers_go_to_the_port_the_via_names() {
    let from_elsewhere = |text: &str| {
        let mut raw = Raw::new();
        raw.speak_from("192.0.2.1:49152");
        raw.say(text);
        raw.act(|stack, now| stack.accept(now, LegKey(0), local(6_000)));
        raw.wait_ms(600);
        assert!(raw.sent.iter().filter(|sent| status(sent) == "200 OK").count() > 1, "{:?}", raw.sent);
        raw.flows.iter().map(|flow| flow.remote.port()).collect::<Vec<_>>()
    };
    assert!(from_elsewhere(&invite(1)).iter().all(|port| *port == 49_152), "RFC 3581");
    let plain = invite(1).replace(";rport", "");
    assert!(from_elsewhere(&plain).iter().all(|port| *port == 5060), "RFC 3261 section 18.2.2");
    let silent = plain.replace("192.0.2.1:5060;branch", "192.0.2.1;branch");
    assert!(from_elsewhere(&silent).iter().all(|port| *port == 5060));
    let mut raw = Raw::new();
    raw.speak_from("203.0.113.7:49152");
    raw.say(&plain.replace("192.0.2.1:5060;branch", "192.0.2.1:5070;branch"));
    assert_eq!(
        raw.flows[0].remote.to_string(),
        "203.0.113.7:5070",
        "a stranger's too, and only at its address"
    );
}

#[test]
fn whoever_is_refused_while_the_service_stops_may_come_back() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let refused = raw.act(|stack, now| stack.reject(now, LegKey(0), Rejection::from(Cause::ShuttingDown)));
    assert_eq!((status(&refused[0]), header(&refused[0], "Retry-After")), ("503 Service Unavailable", "60"));
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let refused = raw.act(|stack, now| stack.reject(now, LegKey(0), Rejection::from(Cause::Overload)));
    assert!(!refused[0].contains("Retry-After"), "true overload");
    assert_eq!(status(&raw.say(&request("OPTIONS", 2, 1, "", ""))[0]), "200 OK");
    raw.act(Stack::stop_accepting);
    let asked = raw.say(&request("OPTIONS", 3, 1, "", ""));
    assert_eq!((status(&asked[0]), header(&asked[0], "Retry-After")), ("503 Service Unavailable", "60"));
}

#[test]
fn an_answer_repeats_the_transport_of_its_offer() {
    let mut raw = Raw::new();
    raw.say(&request("INVITE", 1, 1, "", &SDP.replace("RTP/AVP 8", "RTP/AVPF 8")));
    let answer = raw.act(|stack, now| stack.accept(now, LegKey(0), local(6_000)));
    assert!(answer[0].contains(" RTP/AVPF 8 "), "{}", answer[0]);
}

#[test]
fn one_leg_too_many_is_refused_with_its_record() {
    let mut raw = Raw::new();
    raw.stack.layer.config.max_legs = 1;
    raw.say(&invite(1));
    raw.say(&invite(2));
    assert_eq!(raw.invited[1].1.refusal, Some((503, Cause::Overload)));
}

#[test]
fn media_that_could_reach_nobody_or_many_is_refused() {
    for address in ["224.1.1.1", "255.255.255.255"] {
        let mut raw = Raw::new();
        raw.say(&request(
            "INVITE",
            1,
            1,
            "",
            &SDP.replace("c=IN IP4 192.0.2.1", &format!("c=IN IP4 {address}")),
        ));
        assert_eq!(raw.invited[0].1.refusal, Some((488, Cause::MediaRefused)), "{address}");
    }
    let mut raw = Raw::new();
    raw.say(&request("INVITE", 1, 1, "", &SDP.replace("c=IN IP4 192.0.2.1", "c=IN IP6 2001:db8::1")));
    assert_eq!(raw.invited[0].1.refusal, Some((488, Cause::MediaRefused)), "we listen on IPv4 alone");
}
