//! Any bytes as a Via: written anew from what was read, it says the same.

use spillway::wire::sip::Via;
use std::hint::black_box;

pub fn run(bytes: &[u8]) {
    let Ok(via) = Via::parse(bytes) else { return };
    assert_eq!(Via::parse(via.raw), Ok(via), "read again");
    let _ = via.has_cookie();
    let mut written = b"SIP/2.0/".to_vec();
    written.extend_from_slice(via.transport);
    written.extend_from_slice(format!(" {}", via.host).as_bytes());
    written.extend(via.port.map(|port| format!(":{port}")).unwrap_or_default().as_bytes());
    if !via.params.is_empty() {
        written.push(b';');
        written.extend_from_slice(via.params);
    }
    let again = Via::parse(&written).expect("a Via written by us");
    assert_eq!((again.transport, again.host, again.port), (via.transport, via.host, via.port));
    assert_eq!((again.branch, again.received, again.rport), (via.branch, via.received, via.rport));
}

pub fn read(bytes: &[u8]) {
    let _ = black_box(Via::parse(bytes).map(|via| via.has_cookie()));
}
