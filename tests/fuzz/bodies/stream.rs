//! Any bytes as a stream, read at once and in pieces as long as the first byte says: the same messages come out, each
//! can be read or says why not, and nothing is cut beyond its end.

use spillway::wire::sip::{Frame, Message, frame};
use std::hint::black_box;

/// The most pieces a stream is read in.
const PIECES: usize = 1_024;

/// What a connection reads from `pieces`; the second is whether it is broken.
fn cut<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let (mut unread, mut messages) = (Vec::new(), Vec::new());
    for piece in pieces {
        unread.extend_from_slice(piece);
        loop {
            match frame(&unread) {
                Ok(Frame::Incomplete) => break,
                Ok(Frame::Keepalive { len }) => {
                    assert!(
                        (1..=4).contains(&len) && unread[..len].iter().all(|byte| b"\r\n".contains(byte))
                    );
                    unread.drain(..len);
                }
                Ok(Frame::Message { len }) => messages.push(unread.drain(..len).collect()),
                Err(_) => return (messages, true),
            }
        }
    }
    (messages, false)
}

pub fn run(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let (whole, broken) = cut(std::iter::once(bytes));
    // A long one in pieces of a byte each would take the machine's time and find nothing that a short one does not.
    let size = usize::from(*size).max(1).max(bytes.len() / PIECES);
    assert_eq!(cut(bytes.chunks(size)), (whole.clone(), broken));
    for one in &whole {
        let message = Message::parse(one).expect("a framed message can be read");
        assert_eq!(message.content_length().map(|length| length == Some(message.body().len())), Ok(true));
        assert!(one.ends_with(message.body()));
    }
}

pub fn read(bytes: &[u8]) {
    let _ = black_box(frame(bytes));
}
