//! What the writer writes, the reader reads: values unchanged, nothing added, nothing lost.

use proptest::prelude::*;
use spillway::wire::sip::{Frame, HeaderName, Message, Method, NameAddr, StartLine, Writer, frame, validate};

fn known_header() -> impl Strategy<Value = HeaderName> {
    prop::sample::select(vec![
        HeaderName::Via,
        HeaderName::Subject,
        HeaderName::Route,
        HeaderName::Diversion,
        HeaderName::Reason,
        HeaderName::UserAgent,
        HeaderName::PAssertedIdentity,
    ])
}

fn trimmed(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

proptest! {
    #[test]
    fn fields_come_back_as_they_were_written(
        fields in prop::collection::vec((known_header(), prop::collection::vec(0x20_u8..0x7f, 0..60)), 0..30),
        body in prop::collection::vec(any::<u8>(), 0..200),
        code in 100_u16..700,
        phrase in "[ -~é]{0,30}",
    ) {
        let mut writer = Writer::response(code, phrase.as_bytes());
        for (name, value) in &fields {
            writer.header(name, value);
        }
        let written = writer.body("application/sdp", &body).finish();
        prop_assert_eq!(frame(&written), Ok(Frame::Message { len: written.len() }));
        let message = Message::parse(&written).expect("readable");
        prop_assert_eq!(message.start(), StartLine::Response { code, phrase: phrase.as_bytes() });
        prop_assert_eq!(message.body(), &body[..]);
        let read: Vec<_> = message.all_headers().map(|(name, _, value)| (name, value)).collect();
        let mut expected: Vec<_> = fields.iter().map(|(name, value)| (*name, trimmed(value))).collect();
        let length = body.len().to_string();
        expected.push((HeaderName::ContentType, b"application/sdp"));
        expected.push((HeaderName::ContentLength, length.as_bytes()));
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn addresses_come_back_as_they_were_written(
        display in prop::option::of("[A-Za-zé ,;<>@]{0,20}"),
        user in prop::option::of("[A-Za-z0-9+;?&=%-]{1,20}"),
        host in "([a-z][a-z0-9-]{0,10}(\\.[a-z]{2,5})?|192\\.0\\.2\\.[1-9]|\\[2001:db8::[1-9]\\])",
        port in prop::option::of(any::<u16>()),
        transport in prop::option::of("(udp|tcp)"),
        tag in prop::option::of("[A-Za-z0-9.-]{1,20}"),
    ) {
        let mut uri = "sip:".to_owned();
        uri.extend(user.as_ref().map(|user| format!("{user}@")));
        uri.push_str(&host);
        uri.extend(port.map(|port| format!(":{port}")));
        uri.extend(transport.as_ref().map(|transport| format!(";transport={transport}")));
        let mut text = display.as_ref().map(|display| format!("\"{display}\" ")).unwrap_or_default();
        text.push_str(&format!("<{uri}>"));
        text.extend(tag.as_ref().map(|tag| format!(" ; tag = {tag}")));
        let address = NameAddr::parse(text.as_bytes()).expect("readable");
        prop_assert_eq!(address.display_text().map(Into::into), display);
        prop_assert_eq!(address.uri.raw, uri.as_bytes());
        prop_assert_eq!(address.uri.user, user.as_ref().map(String::as_bytes));
        prop_assert_eq!(address.uri.host.to_string(), host);
        prop_assert_eq!(address.uri.port, port);
        prop_assert_eq!(address.uri.transport(), transport.as_ref().map(String::as_bytes));
        prop_assert_eq!(address.tag, tag.as_ref().map(String::as_bytes));
    }

    #[test]
    fn no_value_adds_a_field(value in prop::collection::vec(any::<u8>(), 0..80), uri in prop::collection::vec(any::<u8>(), 1..40)) {
        let mut writer = Writer::request(Method::Options, &uri);
        writer.header("Subject", &value).header_fmt("X-Text", format_args!("{}", String::from_utf8_lossy(&value)));
        let written = writer.finish();
        let lines = written.iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(lines, 5);
        prop_assert_eq!(written.iter().filter(|byte| **byte == b'\r').count(), 5);
    }
}

#[test]
fn a_request_of_ours_passes_our_own_judgement() {
    let written = Writer::request(Method::Invite, "sip:201@192.0.2.7:5060")
        .header(HeaderName::Via, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport")
        .header(HeaderName::MaxForwards, "70")
        .header_fmt(HeaderName::From, format_args!("<sip:{}@192.0.2.1>;tag={}", "0384961370", 17))
        .header(HeaderName::To, "<sip:201@192.0.2.7>")
        .header(HeaderName::CallId, "abc")
        .header_fmt(HeaderName::CSeq, format_args!("{} {}", 1, Method::Invite))
        .header(HeaderName::Contact, "<sip:192.0.2.1:5060>")
        .body("application/sdp", b"v=0\r\n")
        .finish();
    let message = Message::parse(&written).expect("readable");
    assert_eq!(validate(&message), Ok(()));
    assert_eq!(message.headers(HeaderName::ContentLength).count(), 1);
    assert_eq!(message.body(), b"v=0\r\n");
}
