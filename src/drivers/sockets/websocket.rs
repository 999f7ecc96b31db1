//! SIP over WebSocket (RFC 7118): the handshake a browser phone begins, and the frames its messages come and go in. Bytes in,
//! bytes out, told the time. Must never read a SIP message, nor touch a socket.

use crate::base::{Name, limits};
use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::{self, Cursor, Read, Write};
use std::sync::Arc;
use std::time::Instant;
use tungstenite::error::{CapacityError, Error};
use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server::{Request, create_response, write_response};
use tungstenite::http::{HeaderValue, Response, StatusCode, header};
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, FrameHeader};
use tungstenite::protocol::{Message, Role, WebSocketConfig, WebSocketContext};

/// The subprotocol a phone must ask for (RFC 7118 section 4.1).
const SUBPROTOCOL: &str = "sip";
/// Read ahead by the library, which is given whole frames alone.
const READ_BYTES: usize = 1_024;

/// Why a handshake was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is no WebSocket handshake.
    Malformed,
    /// It does not ask for SIP.
    Subprotocol,
    /// It comes from a page that may not connect.
    Page,
    /// It is longer than any browser's.
    TooLong,
}

impl Refusal {
    const fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::Subprotocol => StatusCode::BAD_REQUEST,
            Self::Page => StatusCode::FORBIDDEN,
            Self::TooLong => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

/// What came out of the bytes that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing whole yet.
    Nothing,
    /// One message.
    Message(Bytes),
    /// What breaks the rules of WebSocket, and how: nothing after it can be read.
    Broken(&'static str),
    /// It is over: refused, or closed by its peer.
    Over,
}

/// One side of one connection.
pub(super) struct WebSocket {
    state: State,
    unread: BytesMut,
}

enum State {
    /// The handshake has not come yet; only these pages may begin one, every page where there are none.
    Awaited(Arc<[Name]>),
    Refused(Refusal),
    Open(Box<Open>),
}

struct Open {
    context: WebSocketContext,
    /// A message came in part: more frames of it follow.
    in_parts: bool,
}

impl WebSocket {
    pub fn new(origins: Arc<[Name]>) -> Self {
        Self { state: State::Awaited(origins), unread: BytesMut::new() }
    }

    /// Why it was refused, if it was.
    pub fn refusal(&self) -> Option<Refusal> {
        match self.state {
            State::Refused(refusal) => Some(refusal),
            State::Awaited(_) | State::Open(_) => None,
        }
    }

    /// Takes bytes that came.
    pub fn take(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next message of what came, and into `out` what is to be answered. `half_since` is told since when something is
    /// half read.
    pub fn next(&mut self, out: &mut VecDeque<u8>, half_since: &mut Option<Instant>, now: Instant) -> Heard {
        if let State::Awaited(origins) = &self.state {
            match greet(&mut self.unread, origins, out) {
                None => return Heard::Nothing,
                Some(Err(refusal)) => self.state = State::Refused(refusal),
                Some(Ok(())) => self.state = State::Open(Box::new(Open::new())),
            }
            *half_since = (!self.unread.is_empty()).then_some(now);
        }
        match &mut self.state {
            State::Awaited(_) | State::Refused(_) => Heard::Over,
            State::Open(open) => open.next(&mut self.unread, out, half_since, now),
        }
    }

    /// Puts one SIP message into `out`, as text where it is text (RFC 7118 section 4.2). An error before the handshake is
    /// over, and once it is closed.
    pub fn send(&mut self, message: &[u8], out: &mut VecDeque<u8>) -> io::Result<()> {
        let State::Open(open) = &mut self.state else { return Err(io::ErrorKind::NotConnected.into()) };
        open.say(message, out).map_err(io::Error::other)
    }
}

impl Open {
    fn new() -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(limits::SIP_MESSAGE_BYTES))
            .max_frame_size(Some(limits::SIP_MESSAGE_BYTES));
        Self { context: WebSocketContext::new(Role::Server, Some(config)), in_parts: false }
    }

    fn next(
        &mut self,
        unread: &mut BytesMut,
        out: &mut VecDeque<u8>,
        half_since: &mut Option<Instant>,
        now: Instant,
    ) -> Heard {
        loop {
            let (header, length) = match whole_frame(unread) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Heard::Nothing,
                Err(error) => return self.fail(&error, out),
            };
            let frame = unread.split_to(length);
            let read = self.context.read(&mut Pipe { frame: &frame, out });
            if let OpCode::Data(Data::Text | Data::Binary | Data::Continue) = header.opcode {
                self.in_parts = !header.is_final;
            }
            // What comes between the parts of a message buys it no time.
            if !self.in_parts {
                *half_since = (!unread.is_empty()).then_some(now);
            }
            let message = match read {
                Ok(Message::Text(text)) => Bytes::from(text),
                Ok(Message::Binary(bytes)) => bytes,
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {
                    match self.context.flush(&mut Pipe { frame: &[], out }) {
                        Ok(()) => continue,
                        Err(error) => return self.fail(&error, out),
                    }
                }
                Ok(Message::Close(_)) => {
                    // The answer goes out; what it says of the end is known.
                    let _ = self.context.flush(&mut Pipe { frame: &[], out });
                    return Heard::Over;
                }
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return self.fail(&error, out),
            };
            if message.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
                return Heard::Message(message);
            }
            // RFC 5626 section 3.5.1, as some phones do within WebSocket too: a double CRLF is answered by a single one.
            if message.starts_with(b"\r\n\r\n")
                && let Err(error) = self.say(b"\r\n", out)
            {
                return self.fail(&error, out);
            }
        }
    }

    fn say(&mut self, message: &[u8], out: &mut VecDeque<u8>) -> Result<(), Error> {
        let message = match std::str::from_utf8(message) {
            Ok(text) => Message::text(text),
            Err(_) => Message::binary(Bytes::copy_from_slice(message)),
        };
        let mut pipe = Pipe { frame: &[], out };
        self.context.write(&mut pipe, message)?;
        self.context.flush(&mut pipe)
    }

    /// Says why it is closed (RFC 6455 section 7.4.1).
    fn fail(&mut self, error: &Error, out: &mut VecDeque<u8>) -> Heard {
        let (code, why) = if matches!(error, Error::Capacity(_)) {
            (CloseCode::Size, "a message longer than any of SIP")
        } else if matches!(error, Error::Utf8(_)) {
            (CloseCode::Invalid, "text that is none")
        } else {
            (CloseCode::Protocol, "frames against the rules of WebSocket")
        };
        let _ =
            self.context.close(&mut Pipe { frame: &[], out }, Some(CloseFrame { code, reason: why.into() }));
        Heard::Broken(why)
    }
}

/// The first frame, and how long it is with its header, once all of it came.
fn whole_frame(unread: &[u8]) -> Result<Option<(FrameHeader, usize)>, Error> {
    let mut cursor = Cursor::new(unread);
    let Some((header, length)) = FrameHeader::parse(&mut cursor)? else { return Ok(None) };
    match usize::try_from(length).ok().filter(|length| *length <= limits::SIP_MESSAGE_BYTES) {
        None => {
            let (size, max_size) = (usize::MAX, limits::SIP_MESSAGE_BYTES);
            Err(CapacityError::MessageTooLong { size, max_size }.into())
        }
        Some(length) => {
            let whole = usize::try_from(cursor.position()).unwrap_or(usize::MAX).saturating_add(length);
            Ok((unread.len() >= whole).then_some((header, whole)))
        }
    }
}

/// Reads the handshake and answers it, once all of it came.
fn greet(unread: &mut BytesMut, origins: &[Name], out: &mut VecDeque<u8>) -> Option<Result<(), Refusal>> {
    let looked_at = &unread[..unread.len().min(limits::WEBSOCKET_HANDSHAKE_BYTES)];
    let greeted = match Request::try_parse(looked_at) {
        Ok(Some((length, request))) => {
            unread.advance(length);
            accepted(&request, origins)
        }
        Ok(None) if looked_at.len() < limits::WEBSOCKET_HANDSHAKE_BYTES => return None,
        Ok(None) => Err(Refusal::TooLong),
        Err(_) => Err(Refusal::Malformed),
    };
    let written = match &greeted {
        Ok(response) => write_response(&mut *out, response),
        Err(refusal) => write_response(&mut *out, &refused(*refusal)),
    };
    // What is written are our own words and the phone's, which were read as text.
    Some(greeted.map(drop).and(written.map_err(|_| Refusal::Malformed)))
}

/// The answer to a handshake that asks for SIP, from a page that may.
fn accepted(request: &Request, origins: &[Name]) -> Result<Response<()>, Refusal> {
    let mut response = create_response(request).map_err(|_| Refusal::Malformed)?;
    let asked = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let asked = asked.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    if !asked.map(str::trim).any(|name| name == SUBPROTOCOL) {
        return Err(Refusal::Subprotocol);
    }
    let mut pages = request.headers().get_all(header::ORIGIN).iter();
    let (page, another) = (pages.next(), pages.next());
    let may = |page: &HeaderValue| origins.iter().any(|known| page.as_bytes() == known.as_bytes());
    let is_known = page.is_some_and(may) && another.is_none();
    if !origins.is_empty() && !is_known {
        return Err(Refusal::Page);
    }
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    Ok(response)
}

/// The answer to one that is refused. RFC 6455 section 4.4: it says which version is spoken.
fn refused(refusal: Refusal) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = refusal.status();
    let headers = response.headers_mut();
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

/// What the library takes for a socket: one frame to read, and all the room there is to write.
struct Pipe<'a> {
    frame: &'a [u8],
    out: &'a mut VecDeque<u8>,
}

impl Read for Pipe<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.frame.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.frame.read(into) }
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
