//! Phone numbers as language.md compares them: E.164 where written as such, other digits whole, names exactly.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A number or name someone can be reached at, in the one form it is compared in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PhoneNumber {
    /// Written with `+`, `00` or the country's trunk prefix: digits of the E.164 number, without the `+`.
    E164(Box<str>),
    /// Other digits, compared whole: an extension, 3949, 112.
    Short(Box<str>),
    /// No number: compared exactly with the Request-URI's user.
    Text(Box<str>),
}

impl PhoneNumber {
    /// As dialled and shown: `+33384961370`, `201`, `user`.
    #[must_use]
    pub fn written(&self) -> String {
        match self {
            Self::E164(digits) => format!("+{digits}"),
            Self::Short(text) | Self::Text(text) => text.to_string(),
        }
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::E164(digits) => write!(f, "+{digits}"),
            Self::Short(text) | Self::Text(text) => f.write_str(text),
        }
    }
}

/// How a country writes numbers: what turns « 03 84 96 13 70 » into +33384961370. Read once, when a site is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166 code, `FR`.
    pub id: Box<str>,
    /// Country calling code, `33`.
    pub calling_code: Box<str>,
    /// National (trunk) prefix, `0`; Italy and Spain have none.
    pub trunk_prefix: Option<Box<str>>,
}

impl Country {
    /// The country with this ISO 3166 code, or nothing.
    #[must_use]
    pub fn by_id(id: &str) -> Option<Self> {
        let meta = phonenumber::metadata::DATABASE.by_id(id)?;
        Some(Self {
            id: id.into(),
            calling_code: meta.country_code().to_string().into(),
            trunk_prefix: meta.national_prefix().map(Into::into),
        })
    }

    /// Reads a number as a person or a carrier writes it. Spaces, dots, dashes and brackets carry no meaning.
    /// Runs for every call: no regular expression, no check that the number is in service.
    #[must_use]
    pub fn read(&self, written: &str) -> PhoneNumber {
        let (plus, rest) = match written.trim().strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, written.trim()),
        };
        let mut digits = String::with_capacity(rest.len());
        for character in rest.chars() {
            match character {
                '0'..='9' => digits.push(character),
                ' ' | '.' | '-' | '(' | ')' | '\u{a0}' | '\u{202f}' => {}
                _ => return PhoneNumber::Text(written.into()),
            }
        }
        if digits.is_empty() {
            return PhoneNumber::Text(written.into());
        }
        if plus {
            return PhoneNumber::E164(digits.into());
        }
        if let Some(international) = digits.strip_prefix("00").filter(|rest| rest.len() > 4) {
            return PhoneNumber::E164(international.into());
        }
        let national = self.trunk_prefix.as_deref().and_then(|prefix| digits.strip_prefix(prefix));
        match national {
            // Shorter than any subscriber number: « 0201 » is an extension someone wrote in quotes.
            Some(rest) if rest.len() >= 6 => PhoneNumber::E164(format!("{}{rest}", self.calling_code).into()),
            Some(_) | None => PhoneNumber::Short(digits.into()),
        }
    }

    /// Writes an E.164 number as it is dialled within its own country, or with `00` abroad.
    #[must_use]
    pub fn national(&self, number: &PhoneNumber) -> String {
        match number {
            PhoneNumber::E164(digits) => match digits.strip_prefix(&*self.calling_code) {
                Some(rest) => format!("{}{rest}", self.trunk_prefix.as_deref().unwrap_or("")),
                None => format!("00{digits}"),
            },
            PhoneNumber::Short(text) | PhoneNumber::Text(text) => text.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_french_number_has_one_form_however_it_is_written() {
        let france = Country::by_id("FR").expect("France is known");
        let same = PhoneNumber::E164("33384961370".into());
        for written in ["03 84 96 13 70", "+33384961370", "0033384961370", "03.84.96.13.70", "0384961370"] {
            assert_eq!(france.read(written), same, "{written}");
        }
        assert_eq!(france.national(&same), "0384961370");
    }

    #[test]
    fn short_numbers_and_names_are_compared_whole() {
        let france = Country::by_id("FR").expect("France is known");
        assert_eq!(france.read("201"), PhoneNumber::Short("201".into()));
        assert_eq!(france.read("0201"), PhoneNumber::Short("0201".into()));
        assert_eq!(france.read("3949"), PhoneNumber::Short("3949".into()));
        assert_eq!(france.read("112"), PhoneNumber::Short("112".into()));
        assert_eq!(france.read("user"), PhoneNumber::Text("user".into()));
        assert_eq!(france.read("anonymous"), PhoneNumber::Text("anonymous".into()));
    }
}
