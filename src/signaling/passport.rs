//! Whether a signed identity (RFC 8224, in France the MAN) still says what we would say with it: a PASSporT is bound to
//! its caller, its destination and its minute. Nothing is verified, and nothing its `info` names is ever fetched: whoever
//! gets the call does that.

use crate::base::{Utc, limits};
use std::time::Duration;

/// How old a PASSporT may be (RFC 8224 section 6.2.2).
const FRESH: Duration = Duration::from_secs(60);
/// How far its signer's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_secs(5);

/// Whether the value of an Identity field may go on with a call from `caller` to `called`, digits of E.164 numbers.
#[must_use]
pub fn may_pass(identity: &[u8], now: Utc, caller: &str, called: &str) -> bool {
    let plain = identity.len() <= limits::IDENTITY_BYTES
        && identity.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let Some(claims) = claims(identity).filter(|_| plain) else { return false };
    let issued = claims["iat"].as_i64().map_or(i64::MIN, |seconds| seconds.saturating_mul(1_000_000));
    let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    let age = now.as_micros().saturating_sub(issued);
    let is = |claim: &serde_json::Value, number: &str| claim.as_str().is_some_and(|tn| digits(tn) == number);
    let is_from = is(&claims["orig"]["tn"], caller);
    let destinations = claims["dest"]["tn"].as_array();
    let is_to = destinations.is_some_and(|all| all.len() == 1 && is(&all[0], called));
    age <= micros(FRESH) && age >= -micros(AHEAD) && is_from && is_to
}

/// A number of a claim, which is canonical (RFC 8224 section 8.3) but for those who leave their `+`.
fn digits(tn: &str) -> &str {
    tn.strip_prefix('+').unwrap_or(tn)
}

/// The claims of a PASSporT in full form. In compact form they are not said (RFC 8225 section 7): it can't be judged.
fn claims(identity: &[u8]) -> Option<serde_json::Value> {
    let token = identity.split(|byte| matches!(byte, b';' | b' ')).next()?;
    let mut parts = token.split(|byte| *byte == b'.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&decoded(payload)?).ok()
}

/// Base64 as RFC 7515 appendix C writes it.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for letter in text.iter().filter(|letter| **letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap_or(0));
            held &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8225 appendix A's example: iat 1443208345, from 12155551212 to alice@example.com; ours has a number instead.
    fn identity(payload: &str) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut coded = String::new();
        for chunk in payload.as_bytes().chunks(3) {
            let held = chunk.iter().fold(0_u32, |held, byte| (held << 8) | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            for place in 0..=chunk.len() {
                let index = (held >> (18 - 6 * place)) & 63;
                coded.push(char::from(LETTERS[index as usize]));
            }
        }
        format!(
            "eyJhbGciOiJFUzI1NiJ9.{coded}.c2ln;info=<https://cert.example.org/p.cer>;alg=ES256;ppt=shaken"
        )
    }

    fn passes(payload: &str, age_s: i64) -> bool {
        let now = Utc::from_micros((1_443_208_345 + age_s) * 1_000_000);
        may_pass(identity(payload).as_bytes(), now, "33601020304", "33384000002")
    }

    #[test]
    fn a_passport_passes_while_it_is_fresh_and_says_what_the_call_says() {
        let good =
            r#"{"attest":"A","dest":{"tn":["33384000002"]},"iat":1443208345,"orig":{"tn":"33601020304"}}"#;
        assert!(passes(good, 0) && passes(good, 60) && passes(good, -5));
        assert!(!passes(good, 61) && !passes(good, -6));
        assert!(!passes(&good.replace("33384000002", "33384961370"), 0), "for somebody else");
        assert!(!passes(&good.replace("33601020304", "33601020305"), 0), "of somebody else");
        assert!(!passes(&good.replace("[\"33384000002\"]", "[\"33384000002\",\"33384000003\"]"), 0));
        assert!(!passes(&good.replace("1443208345", "\"soon\""), 0));
        assert!(!passes("{", 0) && !passes("[]", 0) && !passes("", 0));
    }

    #[test]
    fn what_is_no_passport_does_not_pass() {
        let passes = |text: &str| may_pass(text.as_bytes(), Utc::from_micros(0), "1", "2");
        for text in ["", "a", "a.b", "a..c;info=<x>", "a.%%.c", "a.b.c\r\nX: y"] {
            assert!(!passes(text), "{text:?}");
        }
        assert!(!passes(&"a".repeat(limits::IDENTITY_BYTES + 1)));
    }
}
