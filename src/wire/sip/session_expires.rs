//! Session-Expires (RFC 4028 section 4): how long a session lasts unless refreshed, and who is to refresh it. Min-SE
//! (section 5) is read alike.

use super::error::{ParseError, ParseErrorKind};
use super::grammar::{self, Params};

/// Who refreshes a session, by the part played in the request at hand or in the one that is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// Whoever sent the request.
    Uac,
    /// Whoever answers it.
    Uas,
}

impl Refresher {
    /// The word in the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

/// An interval, and who is to refresh it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// The interval, s.
    pub seconds: u32,
    /// Who refreshes; nobody named, or somebody we never heard of.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads a value.
    ///
    /// # Errors
    /// When it does not begin with one number.
    pub fn parse(value: &[u8]) -> Result<Self, ParseError> {
        let end = grammar::find(b';', value).unwrap_or(value.len());
        let seconds = grammar::number(grammar::trim(&value[..end]), u32::MAX);
        let seconds = seconds.ok_or(ParseErrorKind::Number.at(0))?;
        let word = Params::new(value.get(end + 1..).unwrap_or_default()).get(b"refresher");
        let named = |refresher: &Refresher| {
            word.is_some_and(|word| word.eq_ignore_ascii_case(refresher.as_str().as_bytes()))
        };
        Ok(Self { seconds, refresher: [Refresher::Uac, Refresher::Uas].into_iter().find(named) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_may_name_who_refreshes_and_more() {
        let read =
            |value: &str| SessionExpires::parse(value.as_bytes()).map(|read| (read.seconds, read.refresher));
        assert_eq!(read("1800"), Ok((1_800, None)));
        assert_eq!(read(" 0090 ; Refresher = UAS ;x"), Ok((90, Some(Refresher::Uas))));
        assert_eq!(read("4294967295;y=\"a;b\";refresher=uac"), Ok((u32::MAX, Some(Refresher::Uac))));
        assert_eq!(read("90;refresher=proxy"), Ok((90, None)));
        for bad in ["", ";refresher=uac", "-90", "90, 90", "90 s", "4294967296", "ninety"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
