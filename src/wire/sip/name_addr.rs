//! Addresses in From, To, Contact, Route and their kin (RFC 3261 section 20.10): display name, URI, parameters.
//! Must never split at a comma: a list is cut before it comes here.

use super::error::{ParseError, ParseErrorKind};
use super::grammar::{self, Params};
use super::uri::Uri;
use std::borrow::Cow;

/// An address with what surrounds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name, its quotes off and its escapes left.
    pub display: Option<&'a [u8]>,
    /// The URI.
    pub uri: Uri<'a>,
    /// The dialog's tag.
    pub tag: Option<&'a [u8]>,
    /// What follows the first `;` after the URI.
    pub params: &'a [u8],
}

impl<'a> NameAddr<'a> {
    /// Reads one address.
    ///
    /// # Errors
    /// When quotes or brackets do not close, or the URI or a parameter is malformed.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let mut at = value.len() - grammar::trim_start(value).len();
        let mut display = None;
        if value.get(at) == Some(&b'"') {
            let after = grammar::after_quoted(value, at).ok_or(ParseErrorKind::DisplayName.at(at))?;
            display = Some(&value[at + 1..after - 1]);
            at = value.len() - grammar::trim_start(&value[after..]).len();
            if value.get(at) != Some(&b'<') {
                return Err(ParseErrorKind::DisplayName.at(at));
            }
        }
        let (uri, after) = match memchr::memchr3(b'<', b';', b'"', &value[at..]).map(|step| at + step) {
            Some(open) if value[open] == b'<' => {
                let words = grammar::trim(&value[at..open]);
                if let Some(comma) = memchr::memchr(b',', words) {
                    return Err(ParseErrorKind::DisplayName.at(at + comma));
                }
                if display.is_none() && !words.is_empty() {
                    display = Some(words);
                }
                let close = memchr::memchr(b'>', &value[open..]).ok_or(ParseErrorKind::Uri.at(open))? + open;
                (Uri::parse(&value[open + 1..close]).map_err(|error| error.within(open + 1))?, close + 1)
            }
            end => {
                let end = end.unwrap_or(value.len());
                let bare = grammar::trim_end(&value[at..end]);
                // RFC 3261 section 20: a URI with a comma, a semicolon or a question mark needs its brackets.
                if let Some(sign) = memchr::memchr2(b',', b'?', bare) {
                    return Err(ParseErrorKind::Uri.at(at + sign));
                }
                (Uri::parse(bare).map_err(|error| error.within(at))?, end)
            }
        };
        Self { display, uri, tag: None, params: b"" }.with_params(value, after)
    }

    fn with_params(mut self, value: &'a [u8], after: usize) -> Result<Self, ParseError> {
        let rest = grammar::trim(&value[after..]);
        let Some((first, params)) = rest.split_first() else { return Ok(self) };
        if *first != b';' {
            return Err(ParseErrorKind::Parameter.at(after));
        }
        self.params = params;
        for param in Params::new(params) {
            let (name, text) = param.map_err(|error| error.within(after))?;
            if self.tag.is_none() && name.eq_ignore_ascii_case(b"tag") {
                self.tag = Some(text.unwrap_or_default());
            }
        }
        match self.tag {
            Some(tag) if tag.is_empty() || !grammar::is_token_all(tag) => {
                Err(ParseErrorKind::Parameter.at(after))
            }
            Some(_) | None => Ok(self),
        }
    }

    /// The value of the parameter `name`, in any case; empty when it has none.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        Params::new(self.params).get(name.as_bytes())
    }

    /// The display name as a person reads it: escapes taken off, bytes that are no UTF-8 replaced.
    #[must_use]
    pub fn display_text(&self) -> Option<Cow<'a, str>> {
        let display = self.display?;
        if memchr::memchr(b'\\', display).is_none() {
            return Some(String::from_utf8_lossy(display));
        }
        let mut plain = Vec::with_capacity(display.len());
        let mut bytes = display.iter().copied();
        while let Some(byte) = bytes.next() {
            plain.push(if byte == b'\\' { bytes.next().unwrap_or(byte) } else { byte });
        }
        Some(String::from_utf8_lossy(&plain).into_owned().into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::host::Host;
    use super::*;

    fn parse(text: &str) -> NameAddr<'_> {
        NameAddr::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn folded_and_quoted_addresses_are_read() {
        let from =
            parse("\"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8");
        assert_eq!(from.display_text().as_deref(), Some("J Rosenberg \\\""));
        assert_eq!((from.uri.user, from.tag), (Some(&b"jdrosen"[..]), Some(&b"98asjd8"[..])));
        assert_eq!(parse("caller<sip:caller@example.com>;tag=323").display, Some(&b"caller"[..]));
        assert_eq!(parse("Société <sip:a@b>").display_text().as_deref(), Some("Société"));
    }

    #[test]
    fn without_brackets_parameters_are_the_headers() {
        let to = parse("sip:+16505552222@ss1.example.net;user=phone;tag=4");
        assert_eq!((to.uri.host, to.uri.params), (Host::Name(b"ss1.example.net"), &b""[..]));
        assert_eq!((to.param("User"), to.tag), (Some(&b"phone"[..]), Some(&b"4"[..])));
        assert_eq!(parse("<sip:a@b;lr>;q=0.5").uri.param("lr"), Some(&b""[..]));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "\"Mr. J. User <sip:j@example.com>",
            "< sip:a@b >",
            "Bell, Alexander <sip:a@b>;tag=43",
            "<sip:a@b",
            "sip:a@b?Route=%3Csip:c%3E",
            "<sip:a@b>;;;;",
            "<sip:a@b> x",
            "<sip:a@b>;tag=",
            "<sip:a@b>, <sip:c@d>",
            "\"a\" b <sip:a@b>",
        ] {
            assert!(NameAddr::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
