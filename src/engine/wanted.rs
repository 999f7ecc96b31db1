//! Which call somebody asks for, and whether a number they write is one that was called or called from. Must never know where
//! calls are looked for.

use crate::base::CallId;
use serde::{Deserialize, Serialize};

/// Fewer digits than these are compared whole: the end of 201 is no number.
const DIGITS_COMPARED: usize = 6;

/// A call somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// By its id.
    Call(CallId),
    /// The one that arrived last.
    Last,
    /// The last whose caller or dialled number this is.
    Number(String),
}

/// Whether a number as a person writes it may be the one on the wire. No country is known here: `06 12 34 56 78` and
/// `+33612345678` are the same because one, without its leading zeros, ends the other.
#[must_use]
pub fn is_same(written: &str, received: &str) -> bool {
    let (written_digits, received_digits) = (digits(written), digits(received));
    if written_digits.is_empty() || received_digits.is_empty() {
        return !written.is_empty() && written == received;
    }
    let [a, b] = [&written_digits, &received_digits].map(|digits| digits.trim_start_matches('0'));
    let is_end = a.len().min(b.len()) >= DIGITS_COMPARED && (a.ends_with(b) || b.ends_with(a));
    is_end || written_digits == received_digits
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_however_it_is_written_and_an_extension_only_whole() {
        for (written, received) in [
            ("06 12 34 56 78", "+33612345678"),
            ("+33 6 12 34 56 78", "0612345678"),
            ("0033612345678", "+33612345678"),
            ("201", "201"),
            ("anonymous", "anonymous"),
        ] {
            assert!(is_same(written, received), "{written} {received}");
        }
        for (written, received) in [
            ("201", "+33384961201"),
            ("0612345678", "+33612345679"),
            ("201", "0201"),
            ("", ""),
            ("anonymous", ""),
            ("12", "anonymous"),
        ] {
            assert!(!is_same(written, received), "{written} {received}");
        }
    }
}
