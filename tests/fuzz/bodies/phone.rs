//! Any text as a number someone dialled, in a country its first two letters name: as we show it, it is the same
//! number.

use spillway::base::phone::{Country, PhoneNumber};

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (id, written) = text.split_at_checked(2).unwrap_or(("FR", text));
    let Some(country) = Country::by_id(id).or_else(|| Country::by_id("FR")) else { return };
    let number = country.read(written);
    if let PhoneNumber::E164(_) = number {
        assert_eq!(country.read(&number.written()), number);
    }
}
