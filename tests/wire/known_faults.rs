//! The faults that kept other parsers from serving a trunk, each held against ours.

use crate::extra_cases::extra_cases;
use spillway::wire::sip::{Frame, HeaderName, Host, Message, Method, Scheme, Via, Writer, frame, validate};

fn case(name: &str) -> Vec<u8> {
    extra_cases().into_iter().find(|(found, _)| *found == name).unwrap_or_else(|| panic!("no {name}")).1
}

/// Gives what a good message holds to `look`.
fn good(name: &str, look: impl FnOnce(&Message<'_>)) {
    let bytes = case(name);
    let message = Message::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(validate(&message), Ok(()), "{name}");
    look(&message);
}

#[test]
fn compact_names_are_names() {
    good("compact names", |message| {
        assert_eq!(message.call_id(), Ok(&b"c"[..]));
        assert_eq!(message.from().map(|from| from.tag), Ok(Some(&b"f"[..])));
        assert!(message.top_via().is_ok() && message.content_length() == Ok(Some(0)));
    });
}

#[test]
fn tel_and_urn_are_schemes() {
    good("tel Request-URI", |message| {
        let uri = message.request_uri().expect("a URI");
        assert_eq!((uri.scheme, uri.user), (Scheme::Tel, Some(&b"+33384961370"[..])));
    });
    good("tel To", |message| {
        let to = message.to().expect("To");
        assert_eq!(to.uri.param("phone-context"), Some(&b"+33"[..]));
    });
    good("urn Request-URI", |message| {
        assert_eq!(message.request_uri().map(|uri| uri.scheme), Ok(Scheme::Other));
    });
}

#[test]
fn ipv6_is_an_address() {
    good("IPv6 Request-URI", |message| {
        let uri = message.request_uri().expect("a URI");
        assert_eq!((uri.host, uri.port), (Host::V6("2001:db8::1".parse().expect("one")), Some(5070)));
    });
    good("IPv6 Via", |message| {
        let via = message.top_via().expect("a Via");
        assert_eq!((via.host.to_string().as_str(), via.port), ("[2001:db8::9]", Some(5060)));
    });
}

#[test]
fn folds_are_white_space() {
    good("folded From", |message| {
        let from = message.from().expect("From");
        assert_eq!((from.display, from.tag), (Some(&b"N"[..]), Some(&b"f"[..])));
    });
    good("folded CSeq", |message| assert_eq!(message.cseq().map(|cseq| cseq.number), Ok(1)));
}

#[test]
fn a_method_nobody_knows_is_kept() {
    good("unknown method", |message| assert_eq!(message.method(), Some(Method::Other(b"DANCE"))));
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    good("bytes that are no UTF-8", |message| {
        assert_eq!(message.header(HeaderName::Subject), Some(&b"\xe9"[..]));
    });
}

#[test]
fn each_via_of_a_list_counts() {
    for name in ["two Vias in one field", "two Vias in two fields"] {
        good(name, |message| {
            let branches =
                message.values(HeaderName::Via).map(|value| Via::parse(value).expect("a Via").branch);
            assert_eq!(branches.collect::<Vec<_>>(), [Some(&b"z9hG4bK1"[..]), Some(&b"z9hG4bK2"[..])]);
            let source = "192.0.2.1:5060".parse().expect("an address");
            let written = Writer::response(200, "OK").copy_vias(message, source).finish();
            let answer = Message::parse(&written).expect("readable");
            assert_eq!(answer.values(HeaderName::Via).count(), 2, "{name}");
        });
    }
}

#[test]
fn a_binary_body_comes_and_goes_unchanged() {
    good("binary body", |message| {
        assert_eq!(message.body(), b"\0\xff\r\n");
        let written = Writer::response(200, "OK").body("application/octet-stream", message.body()).finish();
        assert_eq!(
            Message::parse(&written).map(|written| written.body().to_vec()),
            Ok(b"\0\xff\r\n".to_vec())
        );
    });
}

/// Framed as if it had no body, the body's BYE would be the stream's next message.
#[test]
fn no_second_message_hides_in_a_body() {
    let name = "Content-Length with a space before its colon, a BYE as body";
    let bytes = case(name);
    good(name, |message| assert_eq!(message.body().len(), 40));
    assert_eq!(frame(&bytes), Ok(Frame::Message { len: bytes.len() }));
}
