//! The small pieces of RFC 3261 section 25: white space, tokens, lists, parameters, numbers. Nothing here allocates.

use super::error::{ParseError, ParseErrorKind};
use memchr::memchr3;

/// White space within a value, folded lines' CRLF included (LWS).
#[inline]
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A byte of a `token`.
#[inline]
pub(super) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// The bytes of a `token`, by byte.
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_token(byte as u8);
        byte += 1;
    }
    table
};

/// Whether all of it could be a `token`; an empty one is for the caller to judge.
#[inline]
pub(super) fn is_token_all(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| TOKEN[usize::from(*byte)])
}

/// `bytes` without white space on either side.
#[inline]
pub(super) const fn trim(bytes: &[u8]) -> &[u8] {
    trim_end(trim_start(bytes))
}

#[inline]
pub(super) const fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    bytes
}

#[inline]
pub(super) const fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}

/// Where `wanted` first is. A plain loop: in a few bytes it is done before `memchr` has begun.
#[inline]
pub(super) fn find(wanted: u8, bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == wanted)
}

/// The index after the quote that closes the one at `open`, backslashes heeded; nothing when none does. A plain loop:
/// quotes may stand side by side.
pub(super) fn after_quoted(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The index of the first `wanted` outside quotes, or the length. A quote that never closes swallows the rest.
fn outside_quotes(bytes: &[u8], wanted: u8) -> usize {
    let mut at = 0;
    while let Some(&here) = bytes.get(at) {
        if here == wanted {
            return at;
        }
        if here != b'"' {
            match memchr::memchr2(wanted, b'"', &bytes[at..]) {
                Some(step) => at += step,
                None => break,
            }
            continue;
        }
        match after_quoted(bytes, at) {
            Some(after) => at = after,
            None => break,
        }
    }
    bytes.len()
}

/// Where a list element that starts `bytes` ends: at a comma outside quotes and angle brackets, or at the end.
pub(super) fn element_end(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(here) = bytes.get(at) {
        let after = match here {
            b',' => return at,
            b'"' => after_quoted(bytes, at),
            b'<' => memchr::memchr(b'>', &bytes[at..]).map(|close| at + close + 1),
            _ => memchr3(b',', b'"', b'<', &bytes[at..]).map(|step| at + step),
        };
        match after {
            Some(after) => at = after,
            None => break,
        }
    }
    bytes.len()
}

/// The parameters after a value: `;name` and `;name=value`, white space allowed around each sign.
#[derive(Clone, Copy, Debug)]
pub struct Params<'a> {
    rest: &'a [u8],
    whole: usize,
}

impl<'a> Params<'a> {
    /// Reads `bytes`, what follows the first semicolon.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, whole: bytes.len() }
    }

    /// The value of the first parameter called `name`, in any case; empty when it has none. Quotes are kept.
    #[must_use]
    pub fn get(self, name: &[u8]) -> Option<&'a [u8]> {
        self.filter_map(Result::ok)
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.unwrap_or_default())
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Result<(&'a [u8], Option<&'a [u8]>), ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let at = self.whole - self.rest.len();
        let end = outside_quotes(self.rest, b';');
        let (written, last) = (trim(&self.rest[..end]), end == self.rest.len());
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        if written.is_empty() {
            // One semicolon too many at the very end is common and harmless.
            return if last { None } else { Some(Err(ParseErrorKind::Parameter.at(at))) };
        }
        let (name, value) = match find(b'=', written) {
            Some(equals) => (trim_end(&written[..equals]), Some(trim_start(&written[equals + 1..]))),
            None => (written, None),
        };
        if name.is_empty() || value.is_some_and(|value| value.first() == Some(&b'"') && !is_quoted(value)) {
            return Some(Err(ParseErrorKind::Parameter.at(at)));
        }
        Some(Ok((name, value)))
    }
}

fn is_quoted(value: &[u8]) -> bool {
    after_quoted(value, 0) == Some(value.len())
}

/// A decimal number of at most `max`; leading zeros are allowed, signs and white space are not.
#[inline]
pub(super) fn number(digits: &[u8], max: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    let mut total: u32 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        total = total.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
    }
    (total <= max).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_at_bare_commas_only() {
        assert_eq!(element_end(b"a, b"), 1);
        assert_eq!(element_end(b"\"a, \\\" b\" <sip:x,y>;z , c"), 22);
        assert_eq!(element_end(b"\"open, b"), 8);
        assert_eq!(element_end(b"<sip:open, b"), 12);
    }

    #[test]
    fn parameters_keep_their_values_and_say_where_they_break() {
        let params = Params::new(b" a ; b\r\n = \"x;y\" ;C=1;");
        assert_eq!(params.filter(Result::is_ok).count(), 3);
        assert_eq!(params.get(b"B"), Some(&b"\"x;y\""[..]));
        assert_eq!(params.get(b"c"), Some(&b"1"[..]));
        assert_eq!(params.get(b"a"), Some(&b""[..]));
        assert_eq!(params.get(b"d"), None);
        assert!(Params::new(b";,;,,").next().is_some_and(|first| first.is_err()));
        assert!(Params::new(b"a=\"open").next().is_some_and(|first| first.is_err()));
    }

    #[test]
    fn numbers_never_wrap() {
        assert_eq!(number(b"0068", 255), Some(68));
        assert_eq!(number(b"256", 255), None);
        assert_eq!(number(b"4294967301", u32::MAX), None);
        assert_eq!(number(b"36893488147419103232", u32::MAX), None);
        for bad in [&b""[..], b"-1", b"+1", b"1 ", b"13, 5"] {
            assert_eq!(number(bad, u32::MAX), None);
        }
    }
}
