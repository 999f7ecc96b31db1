//! CSeq (RFC 3261 section 20.16): a number that never wraps and the request's method.

use super::error::{ParseError, ParseErrorKind};
use super::grammar;
use super::method::Method;

/// A sequence number and a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// The number.
    pub number: u32,
    /// The method.
    pub method: Method<'a>,
}

/// RFC 3261 section 8.1.1.5: less than 2³¹.
const LARGEST: u32 = (1 << 31) - 1;

impl<'a> CSeq<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// When the number is none or too large, or no method follows.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let value = grammar::trim(value);
        let end = value.iter().position(|byte| grammar::is_space(*byte)).ok_or(ParseErrorKind::CSeq.at(0))?;
        let number = grammar::number(&value[..end], LARGEST).ok_or(ParseErrorKind::CSeq.at(0))?;
        let name = grammar::trim_start(&value[end..]);
        if name.is_empty() || !grammar::is_token_all(name) {
            return Err(ParseErrorKind::CSeq.at(end));
        }
        Ok(Self { number, method: Method::parse(name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_zeros_and_limits() {
        assert_eq!(CSeq::parse(b"0009\r\n  INVITE"), Ok(CSeq { number: 9, method: Method::Invite }));
        assert_eq!(CSeq::parse(b"2147483647 ACK"), Ok(CSeq { number: LARGEST, method: Method::Ack }));
        for bad in
            ["", "1", "INVITE", "2147483648 INVITE", "36893488147419103232 REGISTER", "-1 BYE", "1 BY E"]
        {
            assert!(CSeq::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
