//! One connection: bytes framed into messages, and how long its peer may keep it without one. Told the time by
//! whoever reads or writes it. Must never know how many connections there are.

use super::link::Link;
use super::websocket::{Heard, Refusal, WebSocket};
use crate::base::{Flow, limits};
use crate::wire::sip::{Frame, ParseError, frame};
use std::collections::VecDeque;
use std::fmt;
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
    Unframed(usize, Broken),
}

/// Why nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    Sip(ParseError),
    WebSocket(&'static str),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip(why) => why.fmt(f),
            Self::WebSocket(why) => f.write_str(why),
        }
    }
}

/// How messages stand in the stream.
pub(super) enum Speech {
    /// One after the other, with what is not cut yet.
    Sip(Vec<u8>),
    /// Each one of WebSocket's.
    WebSocket(Box<WebSocket>),
}

pub(super) struct Connection {
    pub link: Link,
    pub flow: Flow,
    /// The path it came by, where its peer is known by another since.
    came_by: Option<Flow>,
    pub origin: Origin,
    speech: Speech,
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
    pub fn new(link: Link, speech: Speech, flow: Flow, origin: Origin, now: Instant) -> Self {
        Self {
            link,
            flow,
            came_by: None,
            origin,
            speech,
            unsent: VecDeque::new(),
            opened: now,
            proven: false,
            half_since: None,
        }
    }

    /// Its peer is where `flow` leads, from here on.
    pub const fn stand_for(&mut self, flow: Flow) {
        self.came_by = Some(self.flow);
        self.flow = flow;
    }

    /// Every path that leads along it.
    pub fn flows(&self) -> impl Iterator<Item = Flow> + use<> {
        [Some(self.flow), self.came_by].into_iter().flatten()
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

    /// Why the handshake of a WebSocket was refused, if it was.
    pub fn refusal(&self) -> Option<Refusal> {
        match &self.speech {
            Speech::Sip(_) => None,
            Speech::WebSocket(socket) => socket.refusal(),
        }
    }

    /// Copies the next whole message into `buffer`, or what can't be cut into messages. An error means that the connection
    /// is over.
    pub fn next_message(&mut self, buffer: &mut [u8], now: Instant) -> io::Result<Option<Brought>> {
        let mut read = 0;
        loop {
            if let Some(brought) = self.cut(buffer, now)? {
                if let Brought::Message(_) = brought {
                    self.proven |= self.origin != Origin::Stranger;
                }
                return Ok(Some(brought));
            }
            match self.link.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => {
                    match &mut self.speech {
                        Speech::Sip(unread) => unread.extend_from_slice(&buffer[..length]),
                        Speech::WebSocket(socket) => socket.take(&buffer[..length]),
                    }
                    read += length;
                    // No message is that long: these are line ends or pings, and others wait for their turn.
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
            }
        }
    }

    /// Cuts the next message from what was read, and answers what asks for it; nothing when more has to come.
    fn cut(&mut self, buffer: &mut [u8], now: Instant) -> io::Result<Option<Brought>> {
        let cut = match &mut self.speech {
            Speech::Sip(unread) => Ok(cut(unread, &mut self.unsent, &mut self.half_since, buffer, now)),
            Speech::WebSocket(socket) => match socket.next(&mut self.unsent, &mut self.half_since, now) {
                Heard::Nothing => Ok(None),
                Heard::Message(bytes) => {
                    buffer[..bytes.len()].copy_from_slice(&bytes);
                    Ok(Some(Brought::Message(bytes.len())))
                }
                Heard::Broken(why) => Ok(Some(Brought::Unframed(0, Broken::WebSocket(why)))),
                Heard::Over => Err(io::ErrorKind::ConnectionAborted.into()),
            },
        };
        let answered = if self.unsent.is_empty() { Ok(()) } else { self.write() };
        match cut {
            // What came is told even where nothing can be answered any more.
            Ok(Some(brought)) => Ok(Some(brought)),
            Ok(None) => answered.map(|()| None),
            Err(error) => Err(error),
        }
    }

    /// Sends one message, or as much as the peer takes now.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.speech {
            Speech::Sip(_) => self.unsent.extend(bytes),
            Speech::WebSocket(socket) => socket.send(bytes, &mut self.unsent)?,
        }
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

/// The next message of a stream, and into `unsent` the answers to the line ends before it. They are taken together: one by
/// one, a buffer full of them would be moved thousands of times.
fn cut(
    unread: &mut Vec<u8>,
    unsent: &mut VecDeque<u8>,
    half_since: &mut Option<Instant>,
    buffer: &mut [u8],
    now: Instant,
) -> Option<Brought> {
    let mut length = 0;
    while let Ok(Frame::Keepalive { len }) = frame(&unread[length..]) {
        // RFC 5626 section 3.5.1: a double CRLF is answered by a single one.
        if unread[length..length + len] == *b"\r\n\r\n" {
            unsent.extend(b"\r\n");
        }
        length += len;
    }
    let brought = match frame(&unread[length..]) {
        Err(why) => {
            unread.drain(..length);
            let len = unread.len().min(buffer.len());
            buffer[..len].copy_from_slice(&unread[..len]);
            return Some(Brought::Unframed(len, Broken::Sip(why)));
        }
        Ok(Frame::Message { len }) => {
            buffer[..len].copy_from_slice(&unread[length..length + len]);
            length += len;
            Some(Brought::Message(len))
        }
        Ok(Frame::Keepalive { .. } | Frame::Incomplete) => None,
    };
    if length > 0 {
        unread.drain(..length);
        *half_since = (!unread.is_empty()).then_some(now);
    }
    brought
}
