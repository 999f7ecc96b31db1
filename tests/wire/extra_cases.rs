//! Messages the RFCs' torture leaves out: compact forms, folding, IPv6, tel:, escapes, lengths. Must never say who is right.

/// A request whose fields are as usual but for those of the same name in `fields`; a field of an empty value is left out.
fn request(uri: &str, fields: &[(&str, &str)], body: &str) -> Vec<u8> {
    let usual = [
        ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa"),
        ("Max-Forwards", "70"),
        ("From", "<sip:nadia@example.org>;tag=f"),
        ("To", "<sip:201@example.com>"),
        ("Call-ID", "c@192.0.2.1"),
        ("CSeq", "1 OPTIONS"),
    ];
    let mut text = format!("OPTIONS {uri} SIP/2.0\r\n");
    for (name, value) in usual.iter().filter(|(name, _)| !fields.iter().any(|(other, _)| other == name)) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// Each with what it is about.
pub fn extra_cases() -> Vec<(&'static str, Vec<u8>)> {
    let uri = "sip:201@example.com";
    let compact = "OPTIONS sip:201@example.com SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\nMax-Forwards: 70\r\n\
        f: <sip:nadia@example.org>;tag=f\r\nt: <sip:201@example.com>\r\ni: c\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n";
    vec![
        ("plain", request(uri, &[], "")),
        ("compact names", compact.into()),
        ("folded From", request(uri, &[("From", "\"N\"\r\n <sip:nadia@example.org>\r\n\t;tag=f")], "")),
        ("folded CSeq", request(uri, &[("CSeq", "1\r\n OPTIONS")], "")),
        ("IPv6 Request-URI", request("sip:201@[2001:db8::1]:5070", &[], "")),
        ("IPv6 Via", request(uri, &[("Via", "SIP/2.0/UDP [2001:db8::9]:5060;branch=z9hG4bKa")], "")),
        ("tel Request-URI", request("tel:+33384961370", &[], "")),
        ("tel To", request(uri, &[("To", "<tel:+33384961370;phone-context=+33>")], "")),
        ("urn Request-URI", request("urn:service:sos", &[("To", "<urn:service:sos>")], "")),
        ("escaped user", request("sip:%32%301@example.com", &[], "")),
        ("escaped NUL", request("sip:a%00b@example.com", &[], "")),
        ("user with parameters", request("sip:+33384961370;npdi;rn=+33@example.com;user=phone", &[], "")),
        ("space before the colon", request(uri, &[("Call-ID ", "x"), ("Call-ID", "")], "")),
        (
            "Content-Length with a space before its colon, a BYE as body",
            request(uri, &[("Content-Length ", "40")], "BYE sip:20@example.com SIP/2.0\r\nX: y\r\n\r\n"),
        ),
        ("length shorter than the body", request(uri, &[("Content-Length", "2")], "abcdef")),
        ("length longer than the body", request(uri, &[("Content-Length", "9")], "abcdef")),
        ("no length", request(uri, &[], "abcdef")),
        ("two lengths that differ", request(uri, &[("Content-Length", "2\r\nContent-Length: 6")], "abcdef")),
        ("two lengths alike", request(uri, &[("Content-Length", "6\r\nContent-Length: 6")], "abcdef")),
        ("signed length", request(uri, &[("Content-Length", "+6")], "abcdef")),
        ("two Vias in one field", request(uri, &[("Via", "SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2")], "")),
        ("two Vias in two fields", request(uri, &[("Via", "SIP/2.0/UDP a;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK2")], "")),
        ("spaces in Via", request(uri, &[("Via", "SIP / 2.0 / UDP 192.0.2.1 ;branch = z9hG4bKa")], "")),
        ("unknown transport in Via", request(uri, &[("Via", "SIP/2.0/XTP 192.0.2.1;branch=z9hG4bKa")], "")),
        ("bytes that are no UTF-8", {
            let mut bytes = request(uri, &[("Subject", "x")], "");
            let at = bytes.windows(4).position(|window| window == b": x\r").expect("a Subject") + 2;
            bytes[at] = 0xe9;
            bytes
        }),
        ("binary body", {
            let mut bytes = request(uri, &[("Content-Length", "4")], "");
            bytes.extend_from_slice(b"\0\xff\r\n");
            bytes
        }),
        ("display name with a comma", request(uri, &[("From", "\"Perrin, N\" <sip:nadia@example.org>;tag=f")], "")),
        ("display name with escapes", request(uri, &[("From", "\"a\\\"b\" <sip:nadia@example.org>;tag=f")], "")),
        ("address without brackets", request(uri, &[("From", "sip:nadia@example.org;tag=f")], "")),
        ("tag in any case", request(uri, &[("From", "<sip:nadia@example.org> ; TAG = f")], "")),
        ("unknown method", {
            let text = String::from_utf8(request(uri, &[("CSeq", "1 DANCE")], "")).expect("text");
            text.replacen("OPTIONS", "DANCE", 1).into_bytes()
        }),
        ("CSeq of another method", request(uri, &[("CSeq", "1 INVITE")], "")),
        ("CSeq too large", request(uri, &[("CSeq", "2147483648 OPTIONS")], "")),
        ("no Call-ID", request(uri, &[("Call-ID", "")], "")),
        ("two Call-IDs", request(uri, &[("Call-ID", "a\r\nCall-ID: b")], "")),
        ("control byte in a name", request(uri, &[("To\u{1}", "<sip:x@y>")], "")),
        ("bare line feed", request(uri, &[("X-Foo", "a\nTo: <sip:x@y>")], "")),
        ("response", b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:c@d>;tag=t\r\n\
            Call-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n".to_vec()),
        ("response of no reason", b"SIP/2.0 180 \r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:c@d>;tag=t\r\n\
            Call-ID: c\r\nCSeq: 1 INVITE\r\n\r\n".to_vec()),
    ]
}
