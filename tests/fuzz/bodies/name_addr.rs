//! Any bytes as an address of From, To or Route: its URI stands alone, and what we would write of it reads alike.

use spillway::wire::sip::{NameAddr, Uri};
use std::hint::black_box;

pub fn run(bytes: &[u8]) {
    let Ok(address) = NameAddr::parse(bytes) else { return };
    look(&address);
}

/// What holds of every address that was read.
pub fn look(address: &NameAddr<'_>) {
    assert_eq!(Uri::parse(address.uri.raw), Ok(address.uri), "a URI stands alone");
    assert_eq!(address.tag, address.param("tag"), "two readings of a tag");
    assert!(
        address.display_text().is_none_or(|text| text.len() <= 3 * address.display.map_or(0, <[u8]>::len))
    );
    let mut written = b"<".to_vec();
    written.extend_from_slice(address.uri.raw);
    written.push(b'>');
    if !address.params.is_empty() {
        written.push(b';');
        written.extend_from_slice(address.params);
    }
    let again = NameAddr::parse(&written).expect("an address written by us");
    assert_eq!((again.uri, again.tag, again.display), (address.uri, address.tag, None));
}

pub fn read(bytes: &[u8]) {
    let _ = black_box(NameAddr::parse(bytes).map(|address| (address.display_text(), address.param("x"))));
}
