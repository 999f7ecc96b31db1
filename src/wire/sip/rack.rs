//! RAck (RFC 3262 section 7.2): which response to which request a PRACK confirms.

use super::cseq::CSeq;
use super::error::{ParseError, ParseErrorKind};
use super::grammar;

/// A response's RSeq and its request's CSeq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RAck<'a> {
    /// The response's RSeq.
    pub response: u32,
    /// The CSeq of the request it answers.
    pub request: CSeq<'a>,
}

impl<'a> RAck<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// When it is not a number and a CSeq.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let value = grammar::trim(value);
        let end = value.iter().position(|byte| grammar::is_space(*byte)).unwrap_or(value.len());
        let response = grammar::number(&value[..end], u32::MAX).ok_or(ParseErrorKind::Number.at(0))?;
        let request = CSeq::parse(&value[end..]).map_err(|error| error.within(end))?;
        Ok(Self { response, request })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::sip::Method;

    #[test]
    fn two_numbers_and_a_method_are_read() {
        let request = CSeq { number: 1, method: Method::Invite };
        assert_eq!(RAck::parse(b"776656 1 INVITE"), Ok(RAck { response: 776_656, request }));
        assert_eq!(RAck::parse(b" 4294967295\r\n\t1  INVITE "), Ok(RAck { response: u32::MAX, request }));
        for bad in ["", "1", "1 INVITE", "1 2", "x 1 INVITE", "4294967296 1 INVITE", "1 2147483648 INVITE"] {
            assert!(RAck::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
