//! Any bytes as a session description: what was read is written and can be read, and from then on says the same.

use spillway::base::Codec;
use spillway::wire::sdp::SessionDescription;
use std::hint::black_box;

fn reread(session: &SessionDescription) -> SessionDescription {
    SessionDescription::parse(&session.write()).expect("what we write can be read")
}

pub fn run(bytes: &[u8]) {
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
}

pub fn read(bytes: &[u8]) {
    let _ = black_box(SessionDescription::parse(bytes));
}
