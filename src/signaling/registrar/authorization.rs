//! Digest authentication, the server's side (RFC 3261 section 22, RFC 7616, RFC 8760): what a phone answers a challenge
//! with, and whether it is right. Must never tell one who does not exist from one whose password is wrong.

use crate::base::Name;
use crate::signaling::digest::{Algorithm, schemes};
use crate::wire::sip::{HeaderName, Message};

/// The answer to a challenge of ours.
#[derive(Debug)]
pub(super) struct Authorization {
    pub(super) user: Name,
    pub(super) nonce: Vec<u8>,
    pub(super) algorithm: Algorithm,
    /// How often the nonce was used, this time included. Without `qop` (RFC 2069) nothing says: once, then.
    pub(super) count: u32,
    uri: Vec<u8>,
    response: Vec<u8>,
    /// `cnonce`, `nc` as written.
    counted: Option<(Vec<u8>, Vec<u8>)>,
}

impl Authorization {
    /// The first answer in a request for `realm` that makes sense.
    pub(super) fn read(request: &Message<'_>, realm: &str) -> Option<Self> {
        let fields = request.headers(HeaderName::Authorization).flat_map(schemes);
        fields.filter(|scheme| scheme.name.eq_ignore_ascii_case(b"Digest")).find_map(|scheme| {
            (scheme.value("realm")? == realm.as_bytes()).then_some(())?;
            let algorithm = scheme.value("algorithm");
            let counted = match scheme.value("qop") {
                // `auth-int` was not offered.
                Some(qop) if !qop.eq_ignore_ascii_case(b"auth") => return None,
                Some(_) => Some((scheme.value("cnonce")?, scheme.value("nc")?)),
                None => None,
            };
            let count = match &counted {
                Some((_, written)) => count(written)?,
                None => 1,
            };
            Some(Self {
                user: String::from_utf8(scheme.value("username")?).ok()?.into(),
                nonce: scheme.value("nonce")?,
                algorithm: algorithm.as_deref().map_or(Some(Algorithm::Md5), Algorithm::parse)?,
                count,
                uri: scheme.value("uri")?,
                response: scheme.value("response")?,
                counted,
            })
        })
    }

    /// Whether it is what whoever knows `ha1` answers for this request.
    pub(super) fn is_right(&self, ha1: &[u8], method: &[u8], request_uri: &[u8]) -> bool {
        let request = self.algorithm.hash(&[method, &self.uri]);
        let expected = match &self.counted {
            Some((cnonce, nc)) => {
                self.algorithm.hash(&[ha1, &self.nonce, nc, cnonce, b"auth", request.as_bytes()])
            }
            None => self.algorithm.hash(&[ha1, &self.nonce, request.as_bytes()]),
        };
        // RFC 7616 section 3.4.6: what was answered for another request is worth nothing for this one.
        is_same(&self.response, expected.as_bytes()) & (self.uri == request_uri)
    }
}

/// Eight hexadecimal digits; never none.
fn count(written: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(written).ok().filter(|text| text.len() == 8)?;
    u32::from_str_radix(text, 16).ok().filter(|count| *count > 0)
}

/// Compares in a time that says nothing of where the first difference is.
fn is_same(said: &[u8], expected: &[u8]) -> bool {
    let differing = said.iter().zip(expected).fold(0, |so_far, (one, other)| so_far | (one ^ other));
    (said.len() == expected.len()) & (std::hint::black_box(differing) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 section 3.9.1, and the same by MD5.
    #[test]
    fn the_example_of_the_rfc_is_right_and_one_digit_less_is_not() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let text = format!(
                "REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                 uri=\"/dir/index.html\", algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\"\r\n\r\n"
            );
            let message = Message::parse(text.as_bytes()).expect("parsed");
            let read = Authorization::read(&message, "http-auth@example.org").expect("understood");
            let ha1 = read.algorithm.hash(&[b"Mufasa", b"http-auth@example.org", b"Circle of Life"]);
            assert!(read.is_right(ha1.as_bytes(), b"GET", b"/dir/index.html"));
            assert!(!read.is_right(ha1.as_bytes(), b"PUT", b"/dir/index.html"));
            assert!(!read.is_right(ha1.as_bytes(), b"GET", b"/dir/"));
            assert!(!read.is_right(&ha1.as_bytes()[1..], b"GET", b"/dir/index.html"));
            assert!(Authorization::read(&message, "other").is_none());
        }
    }
}
