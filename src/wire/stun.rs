//! STUN binding (RFC 8489): what a phone behind a NAT asks of a SIP port to keep its path open (RFC 5626 section 3.5.2).
//! Must never know who asks, or how often.

use std::net::{IpAddr, SocketAddr};

/// Bytes of a header (RFC 8489 section 5).
const HEADER: usize = 20;
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
const BINDING_ERROR: [u8; 2] = [0x01, 0x11];
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// RFC 8489 sections 14.2, 14.8 and 14.9.
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
/// Attributes from here on may be passed over unread (RFC 8489 section 14).
const OPTIONAL: u16 = 0x8000;
/// Credentials, which nobody asked for and which decide nothing: USERNAME, MESSAGE-INTEGRITY, REALM, NONCE,
/// MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHM, USERHASH.
const CREDENTIALS: [u16; 7] = [0x0006, 0x0008, 0x0014, 0x0015, 0x001c, 0x001d, 0x001e];
/// Attributes an error names at the most.
const NAMED: usize = 8;

/// A request for the address its sender is seen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingRequest {
    transaction: [u8; 12],
    /// Attributes that must be understood and are not.
    unknown: Vec<u16>,
}

impl BindingRequest {
    /// Whether a datagram on a SIP port is STUN: no SIP message begins with such a byte (RFC 5626 section 8).
    #[must_use]
    pub const fn looks_like(datagram: &[u8]) -> bool {
        matches!(datagram, [0 | 1, ..])
    }

    /// Reads a whole datagram; nothing when it is anything else than a well-formed binding request.
    #[must_use]
    pub fn read(datagram: &[u8]) -> Option<Self> {
        let (header, mut attributes) = datagram.split_at_checked(HEADER)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if header[..2] != BINDING_REQUEST || header[4..8] != MAGIC_COOKIE || length != attributes.len() {
            return None;
        }
        let transaction = header[8..].try_into().ok()?;
        let mut unknown = Vec::new();
        while !attributes.is_empty() {
            let (head, rest) = attributes.split_at_checked(4)?;
            let kind = u16::from_be_bytes([head[0], head[1]]);
            // Values are padded to four bytes (RFC 8489 section 14).
            let padded = usize::from(u16::from_be_bytes([head[2], head[3]])).next_multiple_of(4);
            attributes = rest.get(padded..)?;
            if kind < OPTIONAL && !CREDENTIALS.contains(&kind) && unknown.len() < NAMED {
                unknown.push(kind);
            }
        }
        Some(Self { transaction, unknown })
    }

    /// The response: where the request came from, or 420 and what was not understood (RFC 8489 section 6.3.1). At most
    /// 24 bytes longer than the request.
    #[must_use]
    pub fn response(&self, source: SocketAddr) -> Vec<u8> {
        if !self.unknown.is_empty() {
            let named: Vec<u8> = self.unknown.iter().flat_map(|kind| kind.to_be_bytes()).collect();
            // Class 4, number 20, and no words.
            return self
                .message(BINDING_ERROR, &[(ERROR_CODE, &[0, 0, 4, 20]), (UNKNOWN_ATTRIBUTES, &named)]);
        }
        let [port_high, port_low] = source.port().to_be_bytes();
        let key = [&MAGIC_COOKIE[..], &self.transaction].concat();
        let hide =
            |bytes: &[u8]| -> Vec<u8> { bytes.iter().zip(&key).map(|(byte, key)| byte ^ key).collect() };
        let (family, address) = match source.ip().to_canonical() {
            IpAddr::V4(address) => (1, hide(&address.octets())),
            IpAddr::V6(address) => (2, hide(&address.octets())),
        };
        let value = [&[0, family], &hide(&[port_high, port_low])[..], &address].concat();
        self.message(BINDING_SUCCESS, &[(XOR_MAPPED_ADDRESS, &value)])
    }

    fn message(&self, kind: [u8; 2], attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut message = [&kind[..], &[0, 0], &MAGIC_COOKIE, &self.transaction].concat();
        for (attribute, value) in attributes {
            message.extend(attribute.to_be_bytes());
            message.extend(u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
            message.extend(*value);
            message.resize(message.len().next_multiple_of(4), 0);
        }
        let length = u16::try_from(message.len() - HEADER).unwrap_or_default();
        message[2..4].copy_from_slice(&length.to_be_bytes());
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The transaction of RFC 5769's examples.
    const TRANSACTION: [u8; 12] = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn request(attributes: &[u8]) -> Vec<u8> {
        let length = u16::try_from(attributes.len()).expect("short").to_be_bytes();
        [&BINDING_REQUEST[..], &length, &MAGIC_COOKIE, &TRANSACTION, attributes].concat()
    }

    fn answer(attributes: &[u8], source: &str) -> Vec<u8> {
        let request = BindingRequest::read(&request(attributes)).expect("well-formed");
        request.response(source.parse().expect("an address"))
    }

    #[test]
    fn addresses_are_written_as_rfc_5769_writes_them() {
        let four = answer(&[], "192.0.2.1:32853");
        assert_eq!(four[..4], [1, 1, 0, 12]);
        assert_eq!(four[8..20], TRANSACTION);
        assert_eq!(four[20..], [0x00, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        assert_eq!(answer(&[], "[::ffff:192.0.2.1]:32853"), four);
        let six = answer(&[], "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
        let hidden = [
            0x00, 0x20, 0, 20, 0, 2, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25,
            0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
        ];
        assert_eq!(six[20..], hidden);
    }

    #[test]
    fn what_must_be_understood_and_is_not_is_named() {
        let software = [0x80, 0x22, 0, 3, b'a', b'b', b'c', 0];
        let username = [0x00, 0x06, 0, 1, b'u', 0, 0, 0];
        assert_eq!(answer(&[software, username].concat(), "192.0.2.1:1")[..2], BINDING_SUCCESS);
        let change_request = [0x00, 0x03, 0, 4, 0, 0, 0, 6];
        let refused = answer(&change_request, "192.0.2.1:1");
        assert_eq!(refused[..4], [0x01, 0x11, 0, 16]);
        assert_eq!(refused[20..], [0, 9, 0, 4, 0, 0, 4, 20, 0, 10, 0, 2, 0, 3, 0, 0]);
    }

    #[test]
    fn anything_else_is_no_request() {
        let whole = request(&[0x80, 0x22, 0, 4, 1, 2, 3, 4]);
        for length in 0..whole.len() {
            assert_eq!(BindingRequest::read(&whole[..length]), None, "{length} bytes");
        }
        assert!(BindingRequest::read(&whole).is_some());
        for (at, value) in [(1, 0x11), (0, 1), (4, 0x20), (23, 5)] {
            let mut wrong = whole.clone();
            wrong[at] = value;
            assert_eq!(BindingRequest::read(&wrong), None, "byte {at}");
        }
        assert!(!BindingRequest::looks_like(b"OPTIONS"));
        assert!(!BindingRequest::looks_like(b""));
    }

    proptest! {
        #[test]
        fn whatever_arrives_is_read_without_harm_and_answered_briefly(
            attributes in proptest::collection::vec(any::<u8>(), 0..200), port: u16, address: u128,
        ) {
            let _ = BindingRequest::read(&attributes);
            let datagram = request(&attributes);
            if let Some(request) = BindingRequest::read(&datagram) {
                let response = request.response((std::net::Ipv6Addr::from(address), port).into());
                prop_assert!(response.len() <= datagram.len() + 24);
                prop_assert_eq!(&response[8..20], &TRANSACTION[..]);
            }
        }
    }
}
