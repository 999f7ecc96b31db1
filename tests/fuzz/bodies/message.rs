//! Any bytes as a datagram: every part is asked for, where it ends is where a stream would cut it, and what we answer
//! can be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spillway::wire::sip::{Frame, HeaderName, Message, SessionExpires, Uri, Writer, frame, validate};

fuzz_target!(|bytes: &[u8]| {
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
    let mut writer = Writer::response(400, "Bad Request");
    writer.copy_vias(&message, "192.0.2.1:5060".parse().expect("an address"));
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
        writer.copy_headers(&message, name);
    }
    let written = writer.finish();
    let answer = Message::parse(&written).expect("what we write can be read");
    if verdict.is_ok() {
        assert_eq!(validate(&answer), Ok(()));
    }
});
