//! RFC 4475 and RFC 5118 played to the parser: what it alone can know of each message's answer.

#[path = "cases.rs"]
mod cases;

pub use cases::cases;

use cases::folder;
use spillway::wire::sdp::SessionDescription;
use spillway::wire::sip::{
    Frame, HeaderName, Host, Message, Method, ParseErrorKind, Scheme, StartLine, Writer, frame, validate,
};

fn bytes(name: &str) -> Vec<u8> {
    cases().into_iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no {name}")).bytes
}

/// What the parser makes of a message: the code it earns, `drop`, or `pass` when the service must decide.
fn answer(bytes: &[u8]) -> String {
    let Ok(message) = Message::parse(bytes) else { return "drop".to_owned() };
    match validate(&message) {
        Ok(()) => "pass".to_owned(),
        Err(refusal) if refusal.answerable => refusal.code.to_string(),
        Err(_) => "drop".to_owned(),
    }
}

#[test]
fn each_message_earns_an_answer_its_manifest_allows() {
    for case in cases() {
        let answer = answer(&case.bytes);
        let name = &case.name;
        assert!(!case.forbid.contains(&answer), "{name}: {answer} is forbidden");
        if case.well_formed {
            assert_eq!(answer, "pass", "{name}");
            continue;
        }
        let allowed: Vec<_> = case.prefer.iter().chain(&case.allow).collect();
        let left_open = allowed.iter().any(|word| *word == "any-but-400" || *word == "200" || *word == "404");
        assert!(
            allowed.contains(&&answer) || (answer == "pass" && left_open),
            "{name}: {answer} is none of {allowed:?}"
        );
    }
}

#[test]
fn malformed_messages_are_refused_for_the_right_reason() {
    let expected = [
        ("badinv01", "400"),
        ("clerr", "400"),
        ("ncl", "400"),
        ("scalar02", "400"),
        ("scalarlg", "drop"),
        ("quotbal", "400"),
        ("ltgtruri", "400"),
        ("lwsruri", "400"),
        ("lwsstart", "400"),
        ("trws", "400"),
        ("escruri", "400"),
        ("baddate", "pass"),
        ("regbadct", "400"),
        ("badaspec", "400"),
        ("baddn", "400"),
        ("badvers", "505"),
        ("mismatch01", "400"),
        ("mismatch02", "501"),
        ("bigcode", "drop"),
        ("badbranch", "pass"),
        ("insuf", "400"),
        ("multi01", "400"),
        ("mcl01", "400"),
        ("ipv6-bad", "400"),
        ("ipv6-bug-abnf-3-colons", "400"),
    ];
    for (name, code) in expected {
        assert_eq!(answer(&bytes(name)), code, "{name}");
    }
    assert_eq!(cases().iter().filter(|case| !case.well_formed).count(), expected.len());
}

#[test]
fn requests_are_requests_and_responses_responses() {
    for case in cases() {
        if let Ok(message) = Message::parse(&case.bytes) {
            assert_eq!(message.is_request(), case.is_request, "{}", case.name);
        }
    }
}

#[test]
fn a_short_tortuous_invite_is_read_in_full() {
    let bytes = bytes("wsinv");
    let message = Message::parse(&bytes).expect("readable");
    assert_eq!(message.method(), Some(Method::Invite));
    let to = message.to().expect("To");
    assert_eq!((to.uri.user, to.tag), (Some(&b"vivekg"[..]), Some(&b"1918181833n"[..])));
    let from = message.from().expect("From");
    assert_eq!((from.display_text().as_deref(), from.tag), (Some("J Rosenberg \\\""), Some(&b"98asjd8"[..])));
    assert_eq!(message.max_forwards(), Ok(Some(68)));
    assert_eq!(message.call_id(), Ok(&b"wsinv.ndaksdj@192.0.2.1"[..]));
    assert_eq!(message.content_length(), Ok(Some(150)));
    assert_eq!(message.body().len(), 150);
    let cseq = message.cseq().expect("CSeq");
    assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
    assert_eq!(message.header(HeaderName::Subject), Some(&b""[..]));
    assert_eq!(
        message.other("newFangledHeader"),
        Some(&b"newfangled value\r\n continued newfangled value"[..])
    );
    assert_eq!(message.other("UnknownHeaderWithUnusualValue"), Some(&b";;,,;;,;"[..]));
    let vias: Vec<_> = message
        .values(HeaderName::Via)
        .map(|value| spillway::wire::sip::Via::parse(value).expect("a Via"))
        .map(|via| (via.transport, via.host.to_string(), via.branch.expect("a branch"), via.has_cookie()))
        .collect();
    assert_eq!(
        vias,
        [
            (&b"UDP"[..], "192.0.2.2".to_owned(), &b"390skdjuw"[..], false),
            (&b"TCP"[..], "spindle.example.com".to_owned(), &b"z9hG4bK9ikj8"[..], true),
            (&b"UDP"[..], "192.168.255.111".to_owned(), &b"z9hG4bK30239"[..], true),
        ]
    );
    let contact = message.contact().expect("readable").expect("a Contact");
    assert_eq!(contact.display_text().as_deref(), Some("Quoted string \"\""));
    assert_eq!((contact.param("newparam"), contact.param("q")), (Some(&b"newvalue"[..]), Some(&b"0.33"[..])));
    let route = message.first_address(HeaderName::Route).expect("readable").expect("a Route");
    assert!(route.uri.is_lr());
}

#[test]
fn its_answer_carries_all_its_vias_and_reads_back() {
    let bytes = bytes("wsinv");
    let message = Message::parse(&bytes).expect("readable");
    let source = "192.0.2.2:5060".parse().expect("an address");
    let mut writer = Writer::response(481, "Call/Transaction Does Not Exist");
    writer.copy_vias(&message, source);
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
        writer.copy_headers(&message, name);
    }
    let written = writer.finish();
    let answer = Message::parse(&written).expect("readable");
    assert_eq!(validate(&answer), Ok(()));
    assert_eq!(answer.values(HeaderName::Via).count(), 3);
    assert_eq!(answer.header(HeaderName::From), message.header(HeaderName::From));
    assert_eq!(answer.header(HeaderName::To), message.header(HeaderName::To));
}

#[test]
fn long_values_come_back_in_order() {
    let bytes = bytes("longreq");
    let message = Message::parse(&bytes).expect("readable");
    assert_eq!(message.values(HeaderName::Via).count(), 34);
    let source = "192.0.2.9:5060".parse().expect("an address");
    let written = Writer::response(404, "Not Found").copy_vias(&message, source).finish();
    let answer = Message::parse(&written).expect("readable");
    let hosts = |message: &Message<'_>| -> Vec<String> {
        let via = |value| spillway::wire::sip::Via::parse(value).expect("a Via").host.to_string();
        message.values(HeaderName::Via).map(via).collect()
    };
    assert_eq!(hosts(&message), hosts(&answer));
}

#[test]
fn odd_characters_are_kept() {
    let bytes = bytes("intmeth");
    let message = Message::parse(&bytes).expect("readable");
    let method = message.method().expect("a request");
    assert_eq!(method.as_bytes(), b"!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(message.cseq().map(|cseq| cseq.method), Ok(method));
    let written = Writer::response(501, "Not Implemented").copy_headers(&message, HeaderName::To).finish();
    let answer = Message::parse(&written).expect("readable");
    assert_eq!(answer.header(HeaderName::To), message.header(HeaderName::To));
    assert_eq!(message.from().map(|from| from.tag), Ok(Some(&b"_token~1'+`*%!-."[..])));
}

#[test]
fn escapes_mean_what_they_say_and_no_more() {
    let bytes_ = bytes("esc01");
    let message = Message::parse(&bytes_).expect("readable");
    let uri = message.request_uri().expect("a URI");
    assert_eq!((&*uri.user_unescaped(), uri.scheme), (&b"sips:user@example.com"[..], Scheme::Sip));
    assert_eq!(uri.host, Host::Name(b"example.net"));
    let bytes_ = bytes("esc02");
    let message = Message::parse(&bytes_).expect("readable");
    assert!(matches!(message.method(), Some(Method::Other(_))));
    assert_eq!(message.addresses(HeaderName::Contact).count(), 2);
    let bytes_ = bytes("escnull");
    let message = Message::parse(&bytes_).expect("readable");
    let users: Vec<_> = message
        .addresses(HeaderName::Contact)
        .map(|contact| contact.expect("a Contact").uri.user_unescaped().into_owned())
        .collect();
    assert_eq!(users, [vec![0], vec![0, 0]]);
    let bytes_ = bytes("semiuri");
    let message = Message::parse(&bytes_).expect("readable");
    let uri = message.request_uri().expect("a URI");
    assert_eq!(
        (&*uri.user_unescaped(), uri.host),
        (&b"user;par=u@example.net"[..], Host::Name(b"example.com"))
    );
    let bytes_ = bytes("regescrt");
    let message = Message::parse(&bytes_).expect("readable");
    let contact = message.contact().expect("readable").expect("a Contact");
    assert_eq!(contact.uri.headers, b"Route=%3Csip:sip.example.com%3E");
    assert_eq!(message.header(HeaderName::Route), None);
}

#[test]
fn octets_after_the_body_are_no_second_message() {
    let bytes = bytes("dblreq");
    let message = Message::parse(&bytes).expect("readable");
    assert_eq!((message.method(), message.body()), (Some(Method::Register), &b""[..]));
    assert_eq!(message.headers(HeaderName::CSeq).count(), 1);
}

#[test]
fn a_binary_body_is_whole() {
    let bytes = bytes("mpart01");
    let message = Message::parse(&bytes).expect("readable");
    assert_eq!(message.body(), &bytes[bytes.len() - 553..]);
}

#[test]
fn a_reason_phrase_is_kept_or_absent() {
    let bytes_ = bytes("unreason");
    let StartLine::Response { code, phrase } = Message::parse(&bytes_).expect("readable").start() else {
        panic!("a response")
    };
    assert_eq!(code, 200);
    assert!(std::str::from_utf8(phrase).is_ok_and(|text| text.starts_with("= 2**3 * 5**2 но")));
    let bytes_ = bytes("noreason");
    let message = Message::parse(&bytes_).expect("readable");
    assert_eq!(message.start(), StartLine::Response { code: 100, phrase: b"" });
}

#[test]
fn an_old_invite_is_taken() {
    let bytes = bytes("inv2543");
    let message = Message::parse(&bytes).expect("readable");
    assert_eq!(message.top_via().map(|via| via.branch), Ok(None));
    assert_eq!(message.from().map(|from| from.tag), Ok(None));
    assert_eq!((message.content_length(), message.body().len()), (Ok(None), 105));
}

#[test]
fn unknown_schemes_reach_the_service_as_such() {
    for name in ["unkscm", "novelsc"] {
        let bytes = bytes(name);
        let message = Message::parse(&bytes).expect("readable");
        assert_eq!(message.request_uri().map(|uri| uri.scheme), Ok(Scheme::Other), "{name}");
    }
}

#[test]
fn a_parameter_belongs_where_it_stands() {
    let param = |name: &str| {
        let bytes = bytes(name);
        let message = Message::parse(&bytes).expect("readable");
        let contact = message.contact().expect("readable").expect("a Contact");
        (contact.param("unknownparam").is_some(), contact.uri.param("unknownparam").is_some())
    };
    assert_eq!((param("cparam01"), param("cparam02")), ((true, false), (false, true)));
}

#[test]
fn a_branch_of_the_cookie_alone_names_nothing() {
    let bytes = bytes("badbranch");
    let message = Message::parse(&bytes).expect("readable");
    assert!(!message.top_via().expect("a Via").has_cookie());
}

#[test]
fn a_stream_in_doubt_is_closed() {
    assert_eq!(frame(&bytes("ncl")).map_err(|error| error.kind), Err(ParseErrorKind::ContentLength));
    assert_eq!(frame(&bytes("mcl01")).map_err(|error| error.kind), Err(ParseErrorKind::ContentLength));
    // More may still come; the stream's idle limit ends it.
    assert_eq!(frame(&bytes("clerr")), Ok(Frame::Incomplete));
}

#[test]
fn a_stream_carries_every_well_formed_message_whole() {
    for case in
        cases().iter().filter(|case| case.well_formed && case.name != "inv2543" && case.name != "dblreq")
    {
        let mut stream = case.bytes.clone();
        stream.extend_from_slice(b"BYE sip:next@example.com SIP/2.0\r\n");
        assert_eq!(frame(&stream), Ok(Frame::Message { len: case.bytes.len() }), "{}", case.name);
    }
}

#[test]
fn ipv6_references_are_addresses() {
    let bytes_ = bytes("port-ambiguous");
    let message = Message::parse(&bytes_).expect("readable");
    let uri = message.request_uri().expect("a URI");
    assert_eq!((uri.host, uri.port), (Host::V6("2001:db8::10:5070".parse().expect("an address")), None));
    let bytes_ = bytes("port-unambiguous");
    let message = Message::parse(&bytes_).expect("readable");
    assert_eq!(message.request_uri().map(|uri| uri.port), Ok(Some(5070)));
    for name in ["via-received-param-with-delim", "via-received-param-no-delim"] {
        let bytes_ = bytes(name);
        let message = Message::parse(&bytes_).expect("readable");
        assert!(message.top_via().expect("a Via").received.is_some(), "{name}");
    }
    for name in ["ipv6-in-sdp", "mult-ip-in-sdp", "ipv4-mapped-ipv6"] {
        let bytes_ = bytes(name);
        let message = Message::parse(&bytes_).expect("readable");
        let offer =
            SessionDescription::parse(message.body()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(offer.media.iter().all(|line| line.connection.is_some()), "{name}");
    }
}

#[test]
fn messages_as_printed_are_read_too() {
    for entry in std::fs::read_dir(folder("rfc5118").join("as_printed")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("a message");
        assert!(["pass", "400"].contains(&answer(&bytes).as_str()), "{}", path.display());
    }
}
