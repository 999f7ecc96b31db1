//! Hosts in URIs and Via: a name, an IPv4 address, an IPv6 reference (RFC 5118). Resolves nothing.

use super::error::{ParseError, ParseErrorKind};
use super::grammar;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Host<'a> {
    /// A name still to be resolved; empty in URIs that have no host.
    Name(&'a [u8]),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, brackets taken off.
    V6(Ipv6Addr),
}

impl<'a> Host<'a> {
    /// Reads a host: an IPv6 address needs its brackets.
    ///
    /// # Errors
    /// When it is neither a name nor an address.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let fault = ParseErrorKind::Host.at(0);
        match bytes {
            [] => return Err(fault),
            [b'[', inner @ .., b']'] => return v6(inner).map(Self::V6).ok_or(fault),
            [b'0'..=b'9', ..] => {
                if let Some(address) = v4(bytes) {
                    return Ok(Self::V4(address));
                }
            }
            _ => {}
        }
        match bytes.iter().position(|byte| !is_name(*byte)) {
            Some(at) => Err(ParseErrorKind::Host.at(at)),
            // RFC 3261 section 25.1: a name's last label begins with a letter, so this is an address gone wrong.
            None if bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') => Err(fault),
            None => Ok(Self::Name(bytes)),
        }
    }

    /// Splits `host[:port]`, white space allowed around the colon.
    pub(super) fn with_port(bytes: &'a [u8]) -> Result<(Self, Option<u16>), ParseError> {
        let after_bracket = if bytes.first() == Some(&b'[') {
            memchr::memchr(b']', bytes).ok_or(ParseErrorKind::Host.at(0))?
        } else {
            0
        };
        match grammar::find(b':', &bytes[after_bracket..]) {
            None => Ok((Self::parse(bytes)?, None)),
            Some(colon) => {
                let colon = after_bracket + colon;
                let host = Self::parse(grammar::trim_end(&bytes[..colon]))?;
                let port = grammar::number(grammar::trim_start(&bytes[colon + 1..]), 65_535)
                    .and_then(|port| u16::try_from(port).ok());
                Ok((host, Some(port.ok_or(ParseErrorKind::Port.at(colon + 1))?)))
            }
        }
    }

    /// The address, when it is written as one.
    #[must_use]
    pub const fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some(IpAddr::V4(address)),
            Self::V6(address) => Some(IpAddr::V6(address)),
        }
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

fn v4(bytes: &[u8]) -> Option<Ipv4Addr> {
    let (mut address, mut octet, mut dots, mut digits) = (0_u32, 0_u32, 0, 0);
    for byte in bytes {
        if byte.is_ascii_digit() && digits < 3 {
            octet = octet * 10 + u32::from(byte - b'0');
            digits += 1;
        } else if *byte == b'.' && digits > 0 && octet <= 255 {
            address = address << 8 | octet;
            (octet, digits) = (0, 0);
            dots += 1;
        } else {
            return None;
        }
    }
    (dots == 3 && digits > 0 && octet <= 255).then(|| Ipv4Addr::from(address << 8 | octet))
}

fn v6(bytes: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// Reads an address as `received` carries it: IPv6 with or without brackets (RFC 5118 section 4.5).
pub(super) fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes {
        [b'[', inner @ .., b']'] => v6(inner).map(IpAddr::V6),
        _ => v4(bytes).map(IpAddr::V4).or_else(|| v6(bytes).map(IpAddr::V6)),
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{}", String::from_utf8_lossy(name)),
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_told_apart() {
        assert_eq!(Host::parse(b"chair-dnrc.example.com"), Ok(Host::Name(b"chair-dnrc.example.com")));
        assert_eq!(Host::parse(b"192.0.2.1"), Ok(Host::V4(Ipv4Addr::new(192, 0, 2, 1))));
        assert_eq!(Host::parse(b"[::1]"), Ok(Host::V6(Ipv6Addr::LOCALHOST)));
        for bad in [
            "",
            "192.0.2",
            "192.0.2.256",
            "192.0.2.1.1",
            "2001:db8::10",
            "[2001:db8:::192.0.2.1]",
            "a b",
            "[::1",
        ] {
            assert!(Host::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_last_group_of_a_reference_is_no_port() {
        let (host, port) = Host::with_port(b"[2001:db8::10:5070]").expect("valid");
        assert_eq!((host.to_string().as_str(), port), ("[2001:db8::10:5070]", None));
        let (host, port) = Host::with_port(b"[2001:db8::10] : 5070").expect("valid");
        assert_eq!((host.to_string().as_str(), port), ("[2001:db8::10]", Some(5070)));
        assert!(Host::with_port(b"a:65536").is_err());
        assert!(Host::with_port(b"a:").is_err());
    }
}
