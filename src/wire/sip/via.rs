//! One Via value (RFC 3261 section 20.42): where a request came through and where its answer goes back.

use super::error::{ParseError, ParseErrorKind};
use super::grammar::{self, Params};
use super::host::{self, Host};
use std::net::IpAddr;

/// One hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// All of it, as written.
    pub raw: &'a [u8],
    /// `UDP`, `TCP`, `TLS`, …, as written.
    pub transport: &'a [u8],
    /// Who sent it, by its own word (sent-by).
    pub host: Host<'a>,
    /// On which port, when written.
    pub port: Option<u16>,
    /// The transaction's mark.
    pub branch: Option<&'a [u8]>,
    /// Who sent it, as the next hop saw it (RFC 3261 section 18.2.1).
    pub received: Option<IpAddr>,
    /// Present when the port the next hop saw is wanted, holding it once known (RFC 3581).
    pub rport: Option<Option<u16>>,
    /// A multicast or alternative address.
    pub maddr: Option<&'a [u8]>,
    /// The multicast time to live.
    pub ttl: Option<&'a [u8]>,
    /// Whether its connection may be used for requests the other way (RFC 5923 section 5).
    pub alias: bool,
    /// What follows the first `;`.
    pub params: &'a [u8],
}

/// What a branch of RFC 3261 begins with (section 8.1.1.7).
const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

impl<'a> Via<'a> {
    /// Reads one value, cut out of its list.
    ///
    /// # Errors
    /// When a part is absent or malformed.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let fault = |at| ParseErrorKind::Via.at(at);
        let raw = grammar::trim(value);
        let name_end = grammar::find(b'/', raw).ok_or(fault(0))?;
        let version_end = grammar::find(b'/', &raw[name_end + 1..]).ok_or(fault(name_end))? + name_end + 1;
        if !grammar::trim(&raw[..name_end]).eq_ignore_ascii_case(b"SIP")
            || grammar::trim(&raw[name_end + 1..version_end]) != b"2.0"
        {
            return Err(fault(0));
        }
        let start = raw.len() - grammar::trim_start(&raw[version_end + 1..]).len();
        let length = raw[start..].iter().position(|byte| !grammar::is_token(*byte)).ok_or(fault(start))?;
        if length == 0 || !grammar::is_space(raw[start + length]) {
            return Err(fault(start + length));
        }
        let sent_by = start + length;
        let end = grammar::find(b';', &raw[sent_by..]).map_or(raw.len(), |step| sent_by + step);
        let (host, port) =
            Host::with_port(grammar::trim(&raw[sent_by..end])).map_err(|error| error.within(sent_by))?;
        let via = Self {
            raw,
            transport: &raw[start..sent_by],
            host,
            port,
            branch: None,
            received: None,
            rport: None,
            maddr: None,
            ttl: None,
            alias: false,
            params: raw.get(end + 1..).unwrap_or_default(),
        };
        via.with_params(end)
    }

    fn with_params(mut self, base: usize) -> Result<Self, ParseError> {
        for param in Params::new(self.params) {
            let (name, value) = param.map_err(|error| error.within(base))?;
            let text = value.unwrap_or_default();
            if name.eq_ignore_ascii_case(b"branch") {
                self.branch = Some(text);
            } else if name.eq_ignore_ascii_case(b"received") {
                self.received = host::address(text);
            } else if name.eq_ignore_ascii_case(b"rport") {
                self.rport = Some(grammar::number(text, 65_535).and_then(|port| u16::try_from(port).ok()));
            } else if name.eq_ignore_ascii_case(b"maddr") {
                self.maddr = Some(text);
            } else if name.eq_ignore_ascii_case(b"ttl") {
                self.ttl = Some(text);
            } else if name.eq_ignore_ascii_case(b"alias") {
                self.alias = true;
            }
        }
        Ok(self)
    }

    /// Whether the branch alone names the transaction: the cookie and something after it (RFC 3261 section 17.2.3).
    #[must_use]
    pub fn has_cookie(&self) -> bool {
        self.branch.is_some_and(|branch| {
            branch.len() > MAGIC_COOKIE.len()
                && branch[..MAGIC_COOKIE.len()].eq_ignore_ascii_case(MAGIC_COOKIE)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_may_stand_almost_anywhere() {
        let via = Via::parse(
            b"SIP  / 2.0\r\n  / TCP     spindle.example.com   : 5061 ;\r\n  branch  =   z9hG4bK9ikj8  ",
        )
        .expect("valid");
        assert_eq!((via.transport, via.host), (&b"TCP"[..], Host::Name(b"spindle.example.com")));
        assert_eq!((via.port, via.branch), (Some(5061), Some(&b"z9hG4bK9ikj8"[..])));
        assert!(via.has_cookie());
    }

    #[test]
    fn rport_is_asked_for_or_told() {
        let asked = Via::parse(b"SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bKa").expect("valid");
        assert_eq!((asked.rport, asked.received), (Some(None), None));
        let told = Via::parse(b"SIP/2.0/UDP [::1]:5060;received=[2001:db8::1];rport=5070").expect("valid");
        assert_eq!((told.rport, told.received), (Some(Some(5070)), "2001:db8::1".parse().ok()));
        let bare = Via::parse(b"SIP/2.0/UDP [::1];received=2001:db8::1;branch=z9hG4bK").expect("valid");
        assert_eq!(bare.received, "2001:db8::1".parse().ok());
        assert!(!bare.has_cookie());
    }

    #[test]
    fn alias_is_said_or_not() {
        let alias = |value: &[u8]| Via::parse(value).expect("valid").alias;
        assert!(alias(b"SIP/2.0/TLS p1.example.com;branch=z9hG4bKa;alias"));
        assert!(!alias(b"SIP/2.0/TLS p1.example.com;branch=z9hG4bKalias"));
    }

    #[test]
    fn what_is_no_via_is_refused() {
        for bad in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/7.0/UDP a",
            "HTTP/2.0/UDP a",
            "SIP/2.0 a",
            "SIP/2.0/UDP 192.0.2.15;;",
            "SIP/2.0/ a",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP a:99999",
        ] {
            assert!(Via::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
