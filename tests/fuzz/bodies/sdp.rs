//! Any bytes as a session description: what was read is written and can be read, and from then on says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spillway::base::Codec;
use spillway::wire::sdp::SessionDescription;

fn reread(session: &SessionDescription) -> SessionDescription {
    SessionDescription::parse(&session.write()).expect("what we write can be read")
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(session) = SessionDescription::parse(bytes) else { return };
    for line in &session.media {
        let _ = (
            line.is_usable_audio(),
            line.telephone_event(),
            Codec::ALL.map(|codec| line.payload_type(codec)),
        );
    }
    let again = reread(&session);
    assert_eq!(again.media.len(), session.media.len(), "an answer has as many m-lines");
    // Twice, because what is left out can make a number, or a protocol, of what was none.
    let settled = reread(&again);
    assert_eq!(reread(&settled), settled);
});
