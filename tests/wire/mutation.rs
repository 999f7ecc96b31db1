//! Bytes nobody meant to send: whatever arrives, every part is asked for and nothing panics.

use crate::torture;
use proptest::prelude::*;
use spillway::wire::sip::{CSeq, Frame, HeaderName, Message, NameAddr, Uri, Via, Writer, frame, validate};

/// Reads everything there is to read.
fn exhaust(bytes: &[u8]) {
    if let Ok(Frame::Message { len } | Frame::Keepalive { len }) = frame(bytes) {
        assert!((1..=bytes.len()).contains(&len));
    }
    let _ = (
        Uri::parse(bytes).map(|uri| (uri.user_unescaped(), uri.is_lr())),
        Via::parse(bytes),
        CSeq::parse(bytes),
    );
    let _ = NameAddr::parse(bytes).map(|address| (address.display_text(), address.param("q")));
    let Ok(message) = Message::parse(bytes) else { return };
    let _ = (message.contact(), message.max_forwards(), message.request_uri(), format!("{message:?}"));
    let verdict = validate(&message);
    if message.header(HeaderName::Via).is_some() {
        let source = "[2001:db8::1]:5061".parse().expect("an address");
        let mut writer = Writer::response(400, "Bad Request");
        writer.copy_vias(&message, source);
        for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
            writer.copy_headers(&message, name);
        }
        let written = writer.finish();
        let answer = Message::parse(&written).expect("what we write can be read");
        if verdict.is_ok() {
            assert_eq!(validate(&answer), Ok(()), "{answer:?}");
            assert_eq!(answer.values(HeaderName::Via).count(), message.values(HeaderName::Via).count());
        }
    }
    for (name, written, _) in message.all_headers() {
        assert_eq!(HeaderName::parse(written), name);
        let _ = (message.values(name).count(), message.addresses(name).count(), message.number(name, 9));
    }
}

/// Pieces that matter to some rule of the grammar.
const PIECES: [&[u8]; 22] = [
    b"\r\n",
    b"\r\n ",
    b"\n",
    b"\r",
    b"\0",
    b"\"",
    b"\\",
    b"<",
    b">",
    b",",
    b";",
    b"=",
    b":",
    b"@",
    b"[",
    b"]",
    b" ",
    b"\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"SIP/2.0",
    b"\xff",
    b"%",
];

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let cases: Vec<_> = torture::cases().into_iter().map(|case| case.bytes).collect();
    let edit = (any::<prop::sample::Index>(), 0..6_usize, prop::sample::select(PIECES.to_vec()));
    (prop::sample::select(cases), prop::collection::vec(edit, 1..12)).prop_map(|(mut bytes, edits)| {
        for (place, removed, piece) in edits {
            let at = place.index(bytes.len() + 1);
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, piece.iter().copied());
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn mutated_torture_messages_never_panic(bytes in mutated()) {
        exhaust(&bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        exhaust(&bytes);
    }

    #[test]
    fn arbitrary_headers_never_panic(
        lines in prop::collection::vec(("(Via|v|From|t|m|CSeq|Content-Length|Route|X)", "\\PC{0,40}"), 0..20)
    ) {
        let mut text = "INVITE sip:a@b SIP/2.0\r\n".to_owned();
        for (name, value) in lines {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        exhaust(format!("{text}\r\nbody").as_bytes());
    }
}

#[test]
fn every_prefix_of_every_torture_message_is_survived() {
    for case in torture::cases() {
        for end in 0..case.bytes.len() {
            exhaust(&case.bytes[..end]);
        }
    }
}
