//! Any bytes as a RAck: written, it confirms the same response.

use spillway::wire::sip::RAck;
use std::hint::black_box;

pub fn run(bytes: &[u8]) {
    let Ok(rack) = RAck::parse(bytes) else { return };
    let numbers = format!("{} {} ", rack.response, rack.request.number);
    let written = [numbers.as_bytes(), rack.request.method.as_bytes()].concat();
    assert_eq!(RAck::parse(&written), Ok(rack));
}

pub fn read(bytes: &[u8]) {
    let _ = black_box(RAck::parse(bytes));
}
