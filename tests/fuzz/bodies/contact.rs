//! Any bytes as a Contact field, a list: the elements are cut alike whoever cuts them, and each that can be read stands
//! alone.

use super::name_addr;
use spillway::wire::sip::{HeaderName, Message, NameAddr};
use std::hint::black_box;

/// A message with this Contact, on one line.
fn message(value: &[u8]) -> Vec<u8> {
    let plain = value.iter().map(|byte| if byte.is_ascii_control() { b' ' } else { *byte });
    b"OPTIONS sip:a SIP/2.0\r\nContact: ".iter().copied().chain(plain).chain(*b"\r\n\r\n").collect()
}

pub fn run(bytes: &[u8]) {
    let message = message(bytes);
    let Ok(message) = Message::parse(&message) else { return };
    let written: Vec<_> = message.values(HeaderName::Contact).collect();
    let read: Vec<_> = message.addresses(HeaderName::Contact).collect();
    assert_eq!(read.len(), written.len());
    for (value, address) in written.iter().zip(&read) {
        assert_eq!(NameAddr::parse(value).is_ok(), address.is_ok());
    }
    for address in read.iter().flatten() {
        name_addr::look(address);
        let _ = (address.param("q"), address.param("expires"), address.param("+sip.instance"));
    }
    if let Ok(Some(first)) = message.contact() {
        assert_eq!(read.first(), Some(&Ok(first)), "two readings of the first");
    }
}

pub fn read(bytes: &[u8]) {
    let message = message(bytes);
    let _ = black_box(Message::parse(&message).map(|message| message.addresses(HeaderName::Contact).count()));
}
