//! Where a message ends: the one reading of Content-Length, for streams and for datagrams alike.
//! Two readings of it would let one peer hide a second message in the first one's body.

use super::error::{ParseError, ParseErrorKind};
use super::grammar;
use super::header_name::HeaderName;
use super::index::Index;
use crate::base::limits;

/// What a stream's buffer begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Line ends between messages; four bytes of them ask for two back (RFC 5626 section 4.4.1).
    Keepalive {
        /// Bytes to take from the buffer, from 1 to 4.
        len: usize,
    },
    /// A whole message.
    Message {
        /// Bytes to take from the buffer.
        len: usize,
    },
    /// Not all there yet.
    Incomplete,
}

/// Finds the first message of a stream (RFC 3261 section 18.3).
///
/// # Errors
/// When its end cannot be known for certain; the only safe answer is to close the connection.
pub fn frame(buffer: &[u8]) -> Result<Frame, ParseError> {
    match buffer {
        [] | [b'\r'] | [b'\r', b'\n', b'\r'] => return Ok(Frame::Incomplete),
        [b'\r', b'\n', b'\r', b'\n', ..] => return Ok(Frame::Keepalive { len: 4 }),
        [b'\r', b'\n', ..] => return Ok(Frame::Keepalive { len: 2 }),
        [b'\r' | b'\n', ..] => return Ok(Frame::Keepalive { len: 1 }),
        _ => {}
    }
    let window = &buffer[..buffer.len().min(limits::SIP_MESSAGE_BYTES)];
    let mut index = Index::of(window);
    match index.fill() {
        Ok(()) => {}
        Err(ParseError { kind: ParseErrorKind::Unfinished, .. }) => {
            return if window.len() < limits::SIP_MESSAGE_BYTES {
                Ok(Frame::Incomplete)
            } else {
                Err(ParseErrorKind::TooLong.at(window.len()))
            };
        }
        Err(error) => return Err(error),
    }
    if let Some(flaw) = index.flaw {
        return Err(flaw);
    }
    // RFC 3261 section 20.14: a stream cannot do without it.
    let length = content_length(&index)?.ok_or(ParseErrorKind::Missing.at(index.body_at))?;
    let len = index.body_at.saturating_add(length);
    if len > limits::SIP_MESSAGE_BYTES {
        return Err(ParseErrorKind::TooLong.at(index.body_at));
    }
    Ok(if len <= buffer.len() { Frame::Message { len } } else { Frame::Incomplete })
}

/// The Content-Length of a message: digits alone, and the same ones wherever it is repeated.
pub(super) fn content_length(index: &Index<'_>) -> Result<Option<usize>, ParseError> {
    let mut agreed = None;
    for field in index.named(HeaderName::ContentLength) {
        let length =
            grammar::number(field.value, u32::MAX).ok_or(ParseErrorKind::ContentLength.at(field.at))?;
        if agreed.is_some_and(|agreed| agreed != length) {
            return Err(ParseErrorKind::ContentLength.at(field.at));
        }
        agreed = Some(length);
    }
    Ok(agreed.and_then(|length| usize::try_from(length).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(headers: &str, body: &str) -> Vec<u8> {
        format!("OPTIONS sip:a SIP/2.0\r\n{headers}\r\n{body}").into_bytes()
    }

    #[test]
    fn white_space_before_the_colon_hides_no_body() {
        let bytes = message("Content-Length : 5\r\n", "BYE s");
        assert_eq!(frame(&bytes), Ok(Frame::Message { len: bytes.len() }));
        let bytes = message("l\t:\r\n 005\r\nContent-length:5\r\n", "BYE sip:b SIP/2.0\r\n");
        assert_eq!(frame(&bytes), Ok(Frame::Message { len: bytes.len() - 14 }));
    }

    #[test]
    fn a_fold_before_the_colon_breaks_the_stream() {
        let bytes = message("Content-Length: 0\r\nX\r\n : Content-Length: 3\r\n", "");
        assert!(matches!(frame(&bytes), Err(ParseError { kind: ParseErrorKind::HeaderLine, .. })));
    }

    #[test]
    fn every_prefix_of_a_message_is_incomplete() {
        let bytes = message("Via: SIP/2.0/TCP a\r\n folded\r\nContent-Length: 3\r\n", "abc");
        for end in 1..bytes.len() {
            assert_eq!(frame(&bytes[..end]), Ok(Frame::Incomplete), "{end}");
        }
        assert_eq!(frame(&bytes), Ok(Frame::Message { len: bytes.len() }));
    }

    #[test]
    fn a_length_in_doubt_breaks_the_stream() {
        for headers in [
            "",
            "Content-Length: -999\r\n",
            "Content-Length: 13\r\nContent-Length: 5\r\n",
            "Content-Length: 13, 13\r\n",
            "Content-Length: 0x10\r\n",
            "Content-Length:\r\n",
            "Content-Length: 65536\r\n",
            "Content-Length: 99999999999999999999999\r\n",
            "Content-Length: 3\n",
            "Content Length: 3\r\nContent-Length: 3\r\n",
        ] {
            assert!(frame(&message(headers, "abcdef")).is_err(), "{headers}");
        }
    }

    #[test]
    fn line_ends_between_messages_are_keepalives() {
        assert_eq!(frame(b""), Ok(Frame::Incomplete));
        assert_eq!(frame(b"\r\n\r"), Ok(Frame::Incomplete));
        assert_eq!(frame(b"\r\n\r\nOPT"), Ok(Frame::Keepalive { len: 4 }));
        assert_eq!(frame(b"\r\nOPT"), Ok(Frame::Keepalive { len: 2 }));
        assert_eq!(frame(b"\n"), Ok(Frame::Keepalive { len: 1 }));
    }

    #[test]
    fn endless_headers_are_cut_off() {
        let mut bytes = b"OPTIONS sip:a SIP/2.0\r\nX: ".to_vec();
        bytes.resize(limits::SIP_MESSAGE_BYTES - 1, b'x');
        assert_eq!(frame(&bytes), Ok(Frame::Incomplete));
        bytes.push(b'x');
        assert!(frame(&bytes).is_err());
    }
}
