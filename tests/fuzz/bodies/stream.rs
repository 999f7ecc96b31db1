//! Any bytes as a stream, read at once and in pieces as long as the first byte says: the same messages come out, each
//! can be read or says why not, and nothing is cut beyond its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spillway::wire::sip::{Frame, Message, frame};

/// What a connection reads from `pieces`; the second is whether it is broken.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
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

fuzz_target!(|bytes: &[u8]| {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let (whole, broken) = read(std::iter::once(bytes));
    assert_eq!(read(bytes.chunks(usize::from(*size).max(1))), (whole.clone(), broken));
    for one in &whole {
        let message = Message::parse(one).expect("a framed message can be read");
        assert_eq!(message.content_length().map(|length| length == Some(message.body().len())), Ok(true));
        assert!(one.ends_with(message.body()));
    }
});
