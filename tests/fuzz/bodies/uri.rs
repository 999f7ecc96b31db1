//! Any bytes as a URI: its parts lie within it, in order, and what is read of it once is read of it again.

use spillway::wire::sip::{Host, Scheme, Uri};
use std::hint::black_box;

pub fn run(bytes: &[u8]) {
    let Ok(uri) = Uri::parse(bytes) else { return };
    assert_eq!(uri.raw, bytes);
    assert!(bytes.iter().all(|byte| !b" \t\r\n<>\"".contains(byte)), "it would end its brackets early");
    let plain = uri.user_unescaped();
    assert!(plain.len() <= uri.user.map_or(0, <[u8]>::len), "an escape takes more than it gives");
    let _ = (uri.transport(), uri.is_lr(), uri.param("user"), uri.host.to_string());
    match uri.scheme {
        Scheme::Sip | Scheme::Sips => {
            assert!(uri.host != Host::Name(b""), "nobody to send it to");
            let written = uri.host.to_string();
            assert_eq!(Host::parse(written.as_bytes()), Ok(uri.host));
        }
        Scheme::Tel | Scheme::Other => assert_eq!((uri.host, uri.port), (Host::Name(b""), None)),
    }
}

pub fn read(bytes: &[u8]) {
    let _ = black_box(Uri::parse(bytes).map(|uri| (uri.user_unescaped(), uri.transport())));
}
