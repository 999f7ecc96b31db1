//! Any bytes as a datagram: every part is asked for, where it ends is where a stream would cut it, and what we answer
//! can be read.

use spillway::wire::sip::{
    Frame, HeaderName, Message, ParseErrorKind, SessionExpires, Uri, Writer, blank_secrets, frame,
    spot_call_id, validate,
};
use std::hint::black_box;

pub fn run(bytes: &[u8]) {
    let shown = blank_secrets(bytes);
    let _ = spot_call_id(bytes);
    let Ok(message) = Message::parse(bytes) else { return };
    if let Ok(Frame::Message { len }) = frame(bytes) {
        assert!(bytes[..len].ends_with(message.body()), "two readings of Content-Length");
    }
    let verdict = validate(&message);
    for (name, _, _) in message.all_headers() {
        let _ = (message.values(name).count(), message.addresses(name).count());
    }
    for name in [HeaderName::SessionExpires, HeaderName::MinSe] {
        let _ = message.headers(name).filter(|value| SessionExpires::parse(value).is_ok()).count();
    }
    for address in message.addresses(HeaderName::Contact).flatten() {
        let _ = (address.display_text(), Uri::parse(address.uri.raw).expect("read once, read again"));
    }
    // What has more fields than we read is answered with as many Vias as it has.
    if verdict.is_err_and(|refusal| refusal.why.kind == ParseErrorKind::TooManyHeaders) {
        return;
    }
    let mut writer = Writer::response(400, "Bad Request");
    writer.copy_vias(&message, "192.0.2.1:5060".parse().expect("an address"));
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
        writer.copy_headers(&message, name);
    }
    let written = writer.finish();
    let answer = Message::parse(&written).expect("what we write can be read");
    if verdict.is_ok() {
        assert_eq!(validate(&answer), Ok(()));
        is_shown_without_secrets(&message, &shown);
    }
}

/// What a copy of a message somebody else reads keeps of it.
fn is_shown_without_secrets(message: &Message<'_>, shown: &[u8]) {
    let shown = Message::parse(shown).expect("a blanked message can be read");
    assert_eq!(shown.header(HeaderName::CallId), message.header(HeaderName::CallId));
    for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
        assert_eq!(shown.headers(name).count(), message.headers(name).count());
        // A folded one has its stars on each line.
        let is_blank = |value: &[u8]| value.iter().all(|byte| b"* \t\r\n".contains(byte));
        assert!(shown.headers(name).all(is_blank), "a digest is shown");
    }
}

/// What every request costs before anybody knows whether it is served.
pub fn read(bytes: &[u8]) {
    let Ok(message) = Message::parse(bytes) else { return };
    let _ = black_box((validate(&message), message.request_uri(), message.values(HeaderName::Via).count()));
}
