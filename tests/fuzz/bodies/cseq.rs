//! Any bytes as a CSeq: written, it is the same number and method.

use spillway::wire::sip::CSeq;
use std::hint::black_box;

pub fn run(bytes: &[u8]) {
    let Ok(cseq) = CSeq::parse(bytes) else { return };
    assert!(cseq.number < 1 << 31, "RFC 3261 section 8.1.1.5");
    let written = [format!("{} ", cseq.number).as_bytes(), cseq.method.as_bytes()].concat();
    assert_eq!(CSeq::parse(&written), Ok(cseq));
}

pub fn read(bytes: &[u8]) {
    let _ = black_box(CSeq::parse(bytes));
}
