//! SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966); any other scheme is kept as it is.
//! Must never decode anything into a header: what a URI carries after `?` steers nothing.

use super::error::{ParseError, ParseErrorKind};
use super::grammar::{self, Params};
use super::host::Host;
use std::borrow::Cow;

/// How a URI reaches what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`, over TLS only.
    Sips,
    /// `tel:`, a number and no host.
    Tel,
    /// One we do not know.
    Other,
}

/// A URI, cut at its signs. Escapes are left as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// All of it, as written.
    pub raw: &'a [u8],
    /// Its scheme.
    pub scheme: Scheme,
    /// The user, still escaped; the number of a `tel:`.
    pub user: Option<&'a [u8]>,
    /// The password, which nobody should send.
    pub password: Option<&'a [u8]>,
    /// The host; an empty name in `tel:` and unknown schemes.
    pub host: Host<'a>,
    /// The port, when written.
    pub port: Option<u16>,
    /// What follows the first `;`.
    pub params: &'a [u8],
    /// What follows the `?`.
    pub headers: &'a [u8],
}

impl<'a> Uri<'a> {
    /// Reads a URI without brackets or white space around it.
    ///
    /// # Errors
    /// When it has no scheme, holds white space, or its host or port are none.
    pub fn parse(raw: &'a [u8]) -> Result<Self, ParseError> {
        // Without a way out of the loop the compiler looks at sixteen bytes at once.
        if raw.iter().fold(false, |found, byte| found | is_forbidden(*byte)) {
            let at = raw.iter().position(|byte| is_forbidden(*byte)).unwrap_or(0);
            return Err(ParseErrorKind::Uri.at(at));
        }
        let colon = grammar::find(b':', raw).ok_or(ParseErrorKind::Uri.at(0))?;
        let (name, rest) = (&raw[..colon], &raw[colon + 1..]);
        let uri = Self {
            raw,
            scheme: Scheme::Other,
            user: None,
            password: None,
            host: Host::Name(b""),
            port: None,
            params: b"",
            headers: b"",
        };
        if name.eq_ignore_ascii_case(b"sip") {
            Self { scheme: Scheme::Sip, ..uri }.with_authority(rest, colon + 1)
        } else if name.eq_ignore_ascii_case(b"sips") {
            Self { scheme: Scheme::Sips, ..uri }.with_authority(rest, colon + 1)
        } else if name.eq_ignore_ascii_case(b"tel") {
            let (number, params) = cut(rest, b';');
            if number.is_empty() {
                return Err(ParseErrorKind::Uri.at(colon + 1));
            }
            Ok(Self { scheme: Scheme::Tel, user: Some(number), params, ..uri })
        } else if is_scheme(name) {
            Ok(uri)
        } else {
            Err(ParseErrorKind::Uri.at(0))
        }
    }

    fn with_authority(self, rest: &'a [u8], base: usize) -> Result<Self, ParseError> {
        // A user may hold `;` and `?` but no `@`; some peers send one all the same, so the last one counts.
        let (user, password, address, base) = match memchr::memrchr(b'@', rest) {
            None => (None, None, rest, base),
            Some(at) => {
                let (user, password) = match grammar::find(b':', &rest[..at]) {
                    None => (&rest[..at], None),
                    Some(colon) => (&rest[..colon], Some(&rest[colon + 1..at])),
                };
                if user.is_empty() {
                    return Err(ParseErrorKind::Uri.at(base));
                }
                (Some(user), password, &rest[at + 1..], base + at + 1)
            }
        };
        let end = address.iter().position(|byte| matches!(byte, b';' | b'?')).unwrap_or(address.len());
        let (address, tail) = address.split_at(end);
        let (params, headers) = match tail {
            [b';', tail @ ..] => cut(tail, b'?'),
            [_, headers @ ..] => (&b""[..], headers),
            [] => (&b""[..], &b""[..]),
        };
        let (host, port) = Host::with_port(address).map_err(|error| error.within(base))?;
        Ok(Self { user, password, host, port, params, headers, ..self })
    }

    /// The user with its escapes decoded; bytes, for `%00` is a user's right. A broken escape stays as it is.
    #[must_use]
    pub fn user_unescaped(&self) -> Cow<'a, [u8]> {
        unescape(self.user.unwrap_or_default())
    }

    /// The value of the parameter `name`, in any case; empty when it has none.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        Params::new(self.params).get(name.as_bytes())
    }

    /// The headers a request to it is asked to carry (RFC 3261 section 19.1.1), names and values with their escapes decoded.
    pub fn asked_headers(&self) -> impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)> {
        let pairs = self.headers.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| {
            let (name, value) = cut(pair, b'=');
            (unescape(name), unescape(value))
        })
    }

    /// The transport asked for (`;transport=tcp`), as written.
    #[must_use]
    pub fn transport(&self) -> Option<&'a [u8]> {
        self.param("transport")
    }

    /// Whether a route set's hop is a loose router (`;lr`, RFC 3261 section 16.12).
    #[must_use]
    pub fn is_lr(&self) -> bool {
        self.param("lr").is_some()
    }
}

impl AsRef<[u8]> for Uri<'_> {
    fn as_ref(&self) -> &[u8] {
        self.raw
    }
}

const fn is_forbidden(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'<' | b'>' | b'"' | 0x7f)
}

fn is_scheme(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn cut(bytes: &[u8], sign: u8) -> (&[u8], &[u8]) {
    match grammar::find(sign, bytes) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, b""),
    }
}

fn unescape(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        decoded.push(escaped.unwrap_or(*first));
        rest = &rest[if escaped.is_some() { 3 } else { 1 }..];
    }
    Cow::Owned(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Uri<'_> {
        Uri::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_user_may_look_like_parameters() {
        let uri = parse("sip:user;par=u%40example.net@example.com:5070;transport=TCP;lr?Subject=x");
        assert_eq!(&*uri.user_unescaped(), b"user;par=u@example.net");
        assert_eq!((uri.host, uri.port), (Host::Name(b"example.com"), Some(5070)));
        assert_eq!(uri.transport(), Some(&b"TCP"[..]));
        assert!(uri.is_lr());
        assert_eq!(uri.headers, b"Subject=x");
    }

    #[test]
    fn escapes_are_decoded_once_and_never_cut_short() {
        assert_eq!(&*parse("sip:null-%00-null@example.com").user_unescaped(), b"null-\0-null");
        assert_eq!(&*parse("sips:%25%34%31%Z@a").user_unescaped(), b"%41%Z");
        assert_eq!(&*parse("sip:x%@a").user_unescaped(), b"x%");
    }

    #[test]
    fn schemes_are_known_or_kept() {
        let tel = parse("TEL:+33384961370;phone-context=example.com");
        assert_eq!((tel.scheme, tel.user), (Scheme::Tel, Some(&b"+33384961370"[..])));
        assert_eq!(tel.param("Phone-Context"), Some(&b"example.com"[..]));
        for other in ["urn:service:sos", "soap.beep://192.0.2.103:3002", "nobodyKnowsThisScheme:opaque"] {
            assert_eq!(parse(other).scheme, Scheme::Other, "{other}");
        }
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for bad in [
            "",
            "sip:",
            "sip",
            "sip:@a",
            "<sip:a@b>",
            "sip:a b@c",
            "sip:user@example.com; lr",
            "sip:a@b:x",
            "tel:",
            "sip:2001:db8::10",
            "sip:[2001:db8:::192.0.2.1]",
            "1x:y",
            "sip:a@b\r\nX: y",
        ] {
            assert!(Uri::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
