//! Digest authentication (RFC 2617, RFC 7616, RFC 8760): what a challenge asks, and the header that answers it.
//! Must never draw a number, look at a clock, or decide whether a challenge deserves an answer.

use crate::base::Secret;
use md5::Md5;
use sha2::{Digest, Sha256};
use std::io::Write as _;

/// Hashes we know, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Algorithm {
    /// RFC 2617, and what is meant where none is named.
    Md5,
    /// RFC 7616, RFC 8760.
    Sha256,
}

impl Algorithm {
    /// Session variants (`MD5-sess`) and hashes nobody was seen to ask for are not ours: such a challenge is passed
    /// over (RFC 8760 section 2.4).
    pub(super) fn parse(name: &[u8]) -> Option<Self> {
        [Self::Md5, Self::Sha256].into_iter().find(|known| name.eq_ignore_ascii_case(known.name().as_bytes()))
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// The hash of `parts` with colons between, as lower-case hexadecimal digits.
    pub(super) fn hash(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 => hexadecimal::<Md5>(parts),
            Self::Sha256 => hexadecimal::<Sha256>(parts),
        }
    }
}

fn hexadecimal<H: Digest>(parts: &[&[u8]]) -> String {
    let mut hash = H::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'));
    hash.finalize().iter().flat_map(digits).collect()
}

/// What a server asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// Whose passwords count, escapes taken off.
    pub(super) realm: Box<[u8]>,
    /// The server's value of the moment.
    pub(super) nonce: Box<[u8]>,
    opaque: Option<Box<[u8]>>,
    pub(super) algorithm: Algorithm,
    /// Whether the challenge names its algorithm: the answer then does too.
    is_named: bool,
    /// Whether `qop=auth` is offered; the old form of RFC 2069 otherwise.
    has_qop: bool,
    /// The nonce we used is too old, but the password was right.
    pub(super) stale: bool,
}

/// What a registrar keeps of a password (RFC 7616 section 3.4.2, A1), by MD5 and by SHA-256, as lower-case hexadecimal
/// digits.
#[must_use]
pub fn password_digests(user: &str, realm: &str, password: &Secret) -> [String; 2] {
    [Algorithm::Md5, Algorithm::Sha256]
        .map(|algorithm| algorithm.hash(&[user.as_bytes(), realm.as_bytes(), password.expose()]))
}

/// Who answers, and what the answer is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    /// The name.
    pub(super) user: &'a [u8],
    /// The password.
    pub(super) password: &'a Secret,
    /// The request's method.
    pub(super) method: &'a [u8],
    /// Its Request-URI, byte for byte.
    pub(super) uri: &'a [u8],
    /// A value of ours that the far end can't foresee.
    pub(super) cnonce: &'a [u8],
    /// How many requests, this one included, were answered with this nonce.
    pub(super) count: u32,
}

impl Challenge {
    /// The challenges we can answer in the values of WWW-Authenticate or Proxy-Authenticate fields. RFC 3261 section
    /// 20.44 allows one a field, HTTP several; both come.
    pub(super) fn read<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Vec<Self> {
        fields.flat_map(schemes).filter_map(|scheme| Self::of(&scheme)).collect()
    }

    fn of(scheme: &Scheme<'_>) -> Option<Self> {
        if !scheme.name.eq_ignore_ascii_case(b"Digest") {
            return None;
        }
        let algorithm = scheme.value("algorithm");
        let qop = scheme.value("qop");
        let offers_auth = |qop: &Vec<u8>| {
            qop.split(|byte| *byte == b',').any(|word| word.trim_ascii().eq_ignore_ascii_case(b"auth"))
        };
        // `auth-int` alone asks for more than we do.
        if qop.as_ref().is_some_and(|qop| !offers_auth(qop)) {
            return None;
        }
        Some(Self {
            realm: scheme.value("realm")?.into(),
            nonce: scheme.value("nonce")?.into(),
            opaque: scheme.value("opaque").map(Into::into),
            algorithm: algorithm.as_deref().map_or(Some(Algorithm::Md5), Algorithm::parse)?,
            is_named: algorithm.is_some(),
            has_qop: qop.is_some(),
            stale: scheme.value("stale").is_some_and(|stale| stale.eq_ignore_ascii_case(b"true")),
        })
    }

    /// The value of the Authorization or Proxy-Authorization that answers it (RFC 2617 section 3.2.2).
    pub(super) fn answer(&self, answer: &Answer<'_>) -> Vec<u8> {
        let Answer { user, method, uri, cnonce, .. } = *answer;
        let count = format!("{:08x}", answer.count);
        let secret = self.algorithm.hash(&[user, &self.realm, answer.password.expose()]);
        let request = self.algorithm.hash(&[method, uri]);
        let response = if self.has_qop {
            let (secret, request) = (secret.as_bytes(), request.as_bytes());
            self.algorithm.hash(&[secret, &self.nonce, count.as_bytes(), cnonce, b"auth", request])
        } else {
            self.algorithm.hash(&[secret.as_bytes(), &self.nonce, request.as_bytes()])
        };
        let mut value = b"Digest ".to_vec();
        put_quoted(&mut value, "username", user);
        for (name, text) in [("realm", &*self.realm), ("nonce", &*self.nonce), ("uri", uri)] {
            value.extend_from_slice(b", ");
            put_quoted(&mut value, name, text);
        }
        // Writing to memory can't fail.
        let _ = write!(value, ", response=\"{response}\"");
        if self.is_named {
            let _ = write!(value, ", algorithm={}", self.algorithm.name());
        }
        if self.has_qop {
            value.extend_from_slice(b", ");
            put_quoted(&mut value, "cnonce", cnonce);
            let _ = write!(value, ", qop=auth, nc={count}");
        }
        if let Some(opaque) = &self.opaque {
            value.extend_from_slice(b", ");
            put_quoted(&mut value, "opaque", opaque);
        }
        value
    }
}

fn put_quoted(into: &mut Vec<u8>, name: &str, text: &[u8]) {
    into.extend_from_slice(name.as_bytes());
    into.extend_from_slice(b"=\"");
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            into.push(b'\\');
        }
        into.push(*byte);
    }
    into.push(b'"');
}

/// A scheme with its parameters, as written.
#[derive(Debug)]
pub(super) struct Scheme<'a> {
    pub(super) name: &'a [u8],
    params: Vec<(&'a [u8], &'a [u8])>,
}

impl Scheme<'_> {
    /// The first parameter of this name, quotes and escapes taken off. Nothing when it holds what no header of ours may
    /// repeat: a hash over other bytes than those sent would be refused anyway.
    pub(super) fn value(&self, name: &str) -> Option<Vec<u8>> {
        let named = |(found, _): &&(&[u8], &[u8])| found.eq_ignore_ascii_case(name.as_bytes());
        let (_, written) = self.params.iter().find(named)?;
        let value = match written.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) {
            Some(quoted) => unescaped(quoted),
            None => written.to_vec(),
        };
        (!value.iter().any(u8::is_ascii_control)).then_some(value)
    }
}

/// What a quoted string says: the escapes within its quotes taken off.
pub(super) fn unescaped(quoted: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        plain.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    plain
}

/// The schemes of one field: `Digest realm="a", nonce="b", Digest realm="c", …`. A word with a space after it begins one.
pub(super) fn schemes(field: &[u8]) -> Vec<Scheme<'_>> {
    let mut schemes: Vec<Scheme<'_>> = Vec::new();
    for element in elements(field) {
        let word = element.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'='));
        let (word, rest) = element.split_at(word.unwrap_or(element.len()));
        let rest = rest.trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=") {
            if let Some(scheme) = schemes.last_mut() {
                scheme.params.push((word, value.trim_ascii()));
            }
            continue;
        }
        let equals = rest.iter().position(|byte| *byte == b'=');
        let param = equals.map(|at| (rest[..at].trim_ascii(), rest[at + 1..].trim_ascii()));
        schemes.push(Scheme { name: word, params: param.into_iter().collect() });
    }
    schemes
}

/// What stands between commas outside quotes.
fn elements(field: &[u8]) -> Vec<&[u8]> {
    let (mut elements, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in field.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                elements.push(field[start..at].trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
    }
    elements.push(field[start..].trim_ascii());
    elements.retain(|element| !element.is_empty());
    elements
}

#[cfg(test)]
mod tests;
