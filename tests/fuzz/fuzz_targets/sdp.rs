//! Any bytes as a session description: what was read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spillway::wire::sdp::SessionDescription;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(session) = SessionDescription::parse(bytes) {
        let _ = SessionDescription::parse(&session.write());
    }
});
