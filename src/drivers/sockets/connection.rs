//! One connection: bytes framed into messages, and how long its peer may keep it without one. Told the time by
//! whoever reads or writes it. Must never know how many connections there are.

use super::link::Link;
use crate::base::{Flow, limits};
use crate::wire::sip::{Frame, ParseError, frame};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Instant;

/// Bytes waiting to be written to one connection; a peer that reads slower than this is lost.
const UNSENT_BYTES: usize = 1024 * 1024;

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// We, to where a call or a trunk leads.
    Ours,
    /// A source some trunk accepts.
    Accepted,
    /// A source no trunk accepts, which has since shown who it is.
    Trusted,
    /// Anyone else.
    Stranger,
}

/// What a connection brought into the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brought {
    /// A whole message, so long.
    Message(usize),
    /// So many bytes of which nobody can say where a message in them ends, and why: nothing after them can be read.
    Unframed(usize, ParseError),
}

pub(super) struct Connection {
    pub link: Link,
    pub flow: Flow,
    pub origin: Origin,
    unread: Vec<u8>,
    unsent: VecDeque<u8>,
    /// Since when it has had to prove itself.
    opened: Instant,
    /// It may be silent from here on: one of ours took something, one a trunk accepts sent a message, or it is trusted.
    /// A stranger's never may, whatever it sends: who speaks in a dialog from an address no trunk names opens another
    /// when needed.
    proven: bool,
    /// Since when a message is half read.
    half_since: Option<Instant>,
}

impl Connection {
    pub fn new(link: Link, flow: Flow, origin: Origin, now: Instant) -> Self {
        Self {
            link,
            flow,
            origin,
            unread: Vec::new(),
            unsent: VecDeque::new(),
            opened: now,
            proven: false,
            half_since: None,
        }
    }

    /// A stranger's may be silent from here on, as a trunk's may.
    pub fn trust(&mut self) {
        if self.origin == Origin::Stranger {
            self.origin = Origin::Trusted;
            self.proven = true;
        }
    }

    /// A trusted one is a stranger's again, as if opened now.
    pub fn distrust(&mut self, now: Instant) {
        if self.origin == Origin::Trusted {
            self.origin = Origin::Stranger;
            self.proven = false;
            self.opened = now;
        }
    }

    /// When a half-sent message, or silence before the first, ends it; never between messages.
    pub fn deadline(&self) -> Option<Instant> {
        let opened = (!self.proven).then_some(self.opened);
        opened.into_iter().chain(self.half_since).min().map(|since| since + limits::STREAM_IDLE)
    }

    /// Copies the next whole message into `buffer`, or what can't be cut into messages. An error means that the connection
    /// is over.
    pub fn next_message(&mut self, buffer: &mut [u8], now: Instant) -> io::Result<Option<Brought>> {
        let mut read = 0;
        loop {
            match frame(&self.unread) {
                Err(why) => {
                    let len = self.unread.len().min(buffer.len());
                    buffer[..len].copy_from_slice(&self.unread[..len]);
                    return Ok(Some(Brought::Unframed(len, why)));
                }
                Ok(Frame::Keepalive { .. }) => self.answer_keepalives(now)?,
                Ok(Frame::Message { len }) => {
                    buffer[..len].copy_from_slice(&self.unread[..len]);
                    self.take(len, now);
                    self.proven |= self.origin != Origin::Stranger;
                    return Ok(Some(Brought::Message(len)));
                }
                Ok(Frame::Incomplete) => match self.link.read(buffer) {
                    Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(length) => {
                        self.unread.extend_from_slice(&buffer[..length]);
                        read += length;
                        // No message is that long: these are line ends, and others wait for their turn.
                        if read > 2 * limits::SIP_MESSAGE_BYTES {
                            return Err(io::ErrorKind::InvalidData.into());
                        }
                        self.half_since.get_or_insert(now);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        // The end of a handshake is nothing the kernel tells.
                        self.write()?;
                        return Ok(None);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }

    /// Takes every line end before the next message: taken one by one, a buffer full of them would be moved thousands of
    /// times.
    fn answer_keepalives(&mut self, now: Instant) -> io::Result<()> {
        let mut length = 0;
        while let Ok(Frame::Keepalive { len }) = frame(&self.unread[length..]) {
            // RFC 5626 section 3.5.1: a double CRLF is answered by a single one.
            if self.unread[length..length + len] == *b"\r\n\r\n" {
                self.unsent.extend(b"\r\n");
            }
            length += len;
        }
        self.take(length, now);
        self.write()
    }

    fn take(&mut self, length: usize, now: Instant) {
        self.unread.drain(..length);
        self.half_since = (!self.unread.is_empty()).then_some(now);
    }

    /// Sends `bytes`, or as much as the peer takes now.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unsent.extend(bytes);
        self.write()
    }

    /// Sends what is left. An error means that the connection is over, or its peer too slow.
    pub fn write(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.link.write(self.unsent.as_slices().0) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.unsent.drain(..written);
                    self.proven |= self.origin == Origin::Ours;
                }
                // Full, or still connecting.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) =>
                {
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.link.flush()?;
        if self.unsent.len() > UNSENT_BYTES { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(()) }
    }
}
