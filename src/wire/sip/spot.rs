//! What can be told of a message without reading it: its Call-ID, and where its secrets lie. For whoever keeps copies of
//! messages that somebody else reads. Must never be what decides how a message is answered.

use std::borrow::Cow;

/// What stands where a secret stood.
const BLANK: &[u8] = b"***";
/// The fields that carry digests, or what they are made from (RFC 3261 sections 20.7, 20.27, 20.28 and 20.44; RFC 7616
/// section 3.5).
const SECRET_FIELDS: [&[u8]; 6] = [
    b"Authorization",
    b"Proxy-Authorization",
    b"WWW-Authenticate",
    b"Proxy-Authenticate",
    b"Authentication-Info",
    b"Proxy-Authentication-Info",
];
/// Before the keys of an SRTP stream (RFC 4568 section 9.2).
const SRTP_KEYS: &[u8] = b"a=crypto:";

/// The first Call-ID, or nothing where no header field is one.
#[must_use]
pub fn spot_call_id(message: &[u8]) -> Option<&[u8]> {
    lines(&message[start(message)..]).skip(1).take_while(|line| !content(line).is_empty()).find_map(|line| {
        // Most lines are told by their first letter.
        if !matches!(line.first(), Some(b'C' | b'c' | b'I' | b'i')) {
            return None;
        }
        let (name, value) = field(line)?;
        let is_call_id = name.eq_ignore_ascii_case(b"Call-ID") || name.eq_ignore_ascii_case(b"i");
        is_call_id.then(|| value.trim_ascii())
    })
}

/// The message with its secrets blanked: the values of header fields for digests, and the keys of SRTP streams. It grows no
/// longer, and the body keeps its length. Borrowed where there are none.
#[must_use]
pub fn blank_secrets(message: &[u8]) -> Cow<'_, [u8]> {
    let mut blanked = Vec::new();
    // What was copied already, and where the line begins.
    let (mut copied, mut at) = (0, start(message));
    let (mut in_body, mut in_secret) = (false, false);
    for line in lines(&message[at..]) {
        let text = content(line);
        let is_folded = matches!(line.first(), Some(b' ' | b'\t'));
        in_body = in_body || text.is_empty();
        let head = if in_body {
            text.starts_with(SRTP_KEYS).then_some(SRTP_KEYS.len())
        } else if is_folded {
            in_secret.then_some(1)
        } else {
            secret_value(line)
        };
        in_secret = !in_body && head.is_some();
        if let Some(head) = head {
            blanked.extend_from_slice(&message[copied..at + head]);
            if in_body {
                blanked.resize(blanked.len() + text.len() - head, b'*');
            } else {
                // Never longer than it was: what is blanked is as much a message as before.
                blanked.extend_from_slice(&BLANK[..BLANK.len().min(text.len() - head)]);
            }
            copied = at + text.len();
        }
        at += line.len();
    }
    if copied == 0 {
        return Cow::Borrowed(message);
    }
    blanked.extend_from_slice(&message[copied..]);
    Cow::Owned(blanked)
}

/// Where the value of a field that carries a secret begins.
fn secret_value(line: &[u8]) -> Option<usize> {
    if !matches!(line.first(), Some(b'A' | b'a' | b'P' | b'p' | b'W' | b'w')) {
        return None;
    }
    let (name, value) = field(line)?;
    let is_secret = SECRET_FIELDS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
    // Whatever else is not seen may be part of it.
    let spaces = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    is_secret.then(|| line.len() - value.len() + spaces)
}

/// A field's name and what follows its colon, line end included.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((line[..colon].trim_ascii_end(), &line[colon + 1..]))
}

/// Where the start line begins: empty lines before it are none of the message's (RFC 3261 section 7.5).
fn start(message: &[u8]) -> usize {
    message.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(message.len())
}

/// Lines with their ends.
fn lines(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    message.split_inclusive(|byte| *byte == b'\n')
}

/// A line without its end.
fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blanked(message: &str) -> String {
        String::from_utf8(blank_secrets(message.as_bytes()).into_owned()).expect("text")
    }

    #[test]
    fn a_call_id_is_found_however_it_is_written_and_never_in_the_body() {
        for (message, found) in [
            ("BYE sip:a SIP/2.0\r\nVia: x\r\nCall-ID: a84b@h\r\n\r\n", Some("a84b@h")),
            ("BYE sip:a SIP/2.0\r\nCSeq: 1 BYE\r\ncall-id :a84b\r\n\r\n", Some("a84b")),
            ("BYE sip:a SIP/2.0\ni: short \n\n", Some("short")),
            ("\r\n\r\nBYE sip:a SIP/2.0\r\ni: after\r\n\r\n", Some("after")),
            ("BYE sip:a SIP/2.0\r\nCSeq: 1 BYE\r\n\r\ni=about\r\nCall-ID: body\r\n", None),
            ("Call-ID: first\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(spot_call_id(message.as_bytes()), found.map(str::as_bytes), "{message}");
        }
    }

    #[test]
    fn digests_and_keys_are_blanked_and_nothing_else() {
        let head = "INVITE sip:a SIP/2.0\r\nAllow: INVITE\r\n";
        let body = "Content-Length: 66\r\n\r\nv=0\r\nAuthorization: body\r\na=sendrecv\r\n";
        let plain = format!("{head}{body}");
        assert!(matches!(blank_secrets(plain.as_bytes()), Cow::Borrowed(_)));
        let secret = format!(
            "{head}Proxy-Authorization: Digest username=\"u\",\r\n response=\"6629\"\r\nauthorization:Digest x\r\n{body}"
        );
        let expected = format!("{head}Proxy-Authorization: ***\r\n ***\r\nauthorization:***\r\n{body}");
        assert_eq!(blanked(&secret), expected);
        let late = format!("\r\n\r\n{secret}");
        assert_eq!(
            blanked(&late),
            format!("\r\n\r\n{expected}"),
            "empty lines before the first are no end of it"
        );
        let keys = "200\r\n\r\na=crypto:1 AES inline:WVNf\r\na=rtpmap:8\r\n";
        assert_eq!(blanked(keys), "200\r\n\r\na=crypto:*****************\r\na=rtpmap:8\r\n");
        let folds = format!("200\r\nAuthorization: x\r\n{}\r\n", " \r\n\ty\r\n".repeat(3));
        let blank = format!("200\r\nAuthorization: *\r\n{}\r\n", " \r\n\t*\r\n".repeat(3));
        assert_eq!(blanked(&folds), blank, "no line grows longer");
        let unseen = "200\r\nAuthorization: \x0c\0Digest\r\nAuthorization:\r\n\r\n";
        assert_eq!(blanked(unseen), "200\r\nAuthorization: ***\r\nAuthorization:\r\n\r\n");
        assert_eq!(
            blanked("SIP/2.0 401 x\r\nWWW-Authenticate: Digest"),
            "SIP/2.0 401 x\r\nWWW-Authenticate: ***"
        );
    }
}
