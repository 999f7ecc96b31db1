//! Any bytes as a Session-Expires: written, it is the same interval and refresher.

use spillway::wire::sip::SessionExpires;
use std::hint::black_box;

pub fn run(bytes: &[u8]) {
    let Ok(session) = SessionExpires::parse(bytes) else { return };
    let refresher = session.refresher.map(|who| format!(";refresher={}", who.as_str())).unwrap_or_default();
    let written = format!("{}{refresher}", session.seconds);
    assert_eq!(SessionExpires::parse(written.as_bytes()), Ok(session));
}

pub fn read(bytes: &[u8]) {
    let _ = black_box(SessionExpires::parse(bytes));
}
