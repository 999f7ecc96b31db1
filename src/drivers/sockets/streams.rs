//! TCP connections: accepted, opened when first needed, framed, bounded in number, size and silence.

use crate::base::{Flow, Map, Transport, limits};
use crate::wire::sip::{Frame, frame};
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

/// Stream tokens start here: below are datagram sockets.
const FIRST_TOKEN: usize = 1 << 20;
/// Bytes waiting to be written to one connection; a peer that reads slower than this is lost.
const UNSENT_BYTES: usize = 1024 * 1024;

#[derive(Default)]
pub(super) struct Streams {
    listeners: Vec<Listener>,
    connections: Map<usize, Connection>,
    by_flow: Map<Flow, usize>,
    next: usize,
    per_source: Map<IpAddr, usize>,
}

struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

struct Connection {
    stream: TcpStream,
    flow: Flow,
    incoming: bool,
    unread: Vec<u8>,
    unsent: VecDeque<u8>,
    /// When a half-sent message, or silence before the first, ends the connection; none in between messages.
    deadline: Option<Instant>,
}

impl Streams {
    pub fn listen(&mut self, registry: &Registry, address: SocketAddr) -> io::Result<()> {
        let mut socket = TcpListener::bind(address)?;
        let address = socket.local_addr()?;
        registry.register(&mut socket, Token(FIRST_TOKEN + self.next), Interest::READABLE)?;
        // Listeners come first: their tokens are their indexes.
        self.next += 1;
        self.listeners.push(Listener { socket, address });
        Ok(())
    }

    /// The next framed message of the connection, or nothing when it has no whole one yet.
    pub fn read(
        &mut self,
        token: Token,
        registry: &Registry,
        buffer: &mut [u8],
        lost: &mut VecDeque<Flow>,
    ) -> Option<(Flow, usize)> {
        let number = token.0.checked_sub(FIRST_TOKEN)?;
        if number < self.listeners.len() {
            self.accept(number, registry);
            return None;
        }
        let connection = self.connections.get_mut(&number)?;
        match connection.next_message(buffer) {
            Ok(Some(length)) => Some((connection.flow, length)),
            Ok(None) => None,
            Err(_) => {
                self.close(number, registry, lost);
                None
            }
        }
    }

    fn accept(&mut self, listener: usize, registry: &Registry) {
        loop {
            let Ok((stream, remote)) = self.listeners[listener].socket.accept() else { return };
            let source = self.per_source.entry(remote.ip()).or_default();
            if *source >= limits::STREAMS_PER_SOURCE {
                continue;
            }
            *source += 1;
            let local = self.listeners[listener].address;
            let flow = Flow { transport: Transport::Tcp, local, remote };
            self.adopt(stream, flow, true, registry);
        }
    }

    fn adopt(
        &mut self,
        mut stream: TcpStream,
        flow: Flow,
        incoming: bool,
        registry: &Registry,
    ) -> Option<usize> {
        let number = self.next;
        self.next += 1;
        let _ = stream.set_nodelay(true);
        registry
            .register(&mut stream, Token(FIRST_TOKEN + number), Interest::READABLE | Interest::WRITABLE)
            .ok()?;
        let deadline = Some(Instant::now() + limits::STREAM_IDLE);
        self.connections.insert(
            number,
            Connection { stream, flow, incoming, unread: Vec::new(), unsent: VecDeque::new(), deadline },
        );
        self.by_flow.insert(flow, number);
        Some(number)
    }

    pub fn send(&mut self, flow: Flow, bytes: &[u8], registry: &Registry, lost: &mut VecDeque<Flow>) {
        let number = match self.by_flow.get(&flow) {
            Some(number) => Some(*number),
            None => TcpStream::connect(flow.remote)
                .ok()
                .and_then(|stream| self.adopt(stream, flow, false, registry)),
        };
        let Some(number) = number else { return lost.push_back(flow) };
        let Some(connection) = self.connections.get_mut(&number) else { return };
        connection.unsent.extend(bytes);
        if connection.unsent.len() > UNSENT_BYTES || connection.write().is_err() {
            self.close(number, registry, lost);
        }
    }

    /// The connection can take more.
    pub fn flush(&mut self, token: Token, registry: &Registry, lost: &mut VecDeque<Flow>) {
        let Some(number) = token.0.checked_sub(FIRST_TOKEN) else { return };
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if connection.write().is_err() {
            self.close(number, registry, lost);
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.connections.values().filter_map(|connection| connection.deadline).min()
    }

    /// Closes the connections whose time is up.
    pub fn expire(&mut self, now: Instant, registry: &Registry, lost: &mut VecDeque<Flow>) {
        if self.connections.is_empty() {
            return;
        }
        let late: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.deadline.is_some_and(|deadline| deadline <= now))
            .map(|(number, _)| *number)
            .collect();
        for number in late {
            self.close(number, registry, lost);
        }
    }

    fn close(&mut self, number: usize, registry: &Registry, lost: &mut VecDeque<Flow>) {
        let Some(mut connection) = self.connections.remove(&number) else { return };
        let _ = registry.deregister(&mut connection.stream);
        self.by_flow.remove(&connection.flow);
        let source = connection.flow.remote.ip();
        if connection.incoming
            && let Some(count) = self.per_source.get_mut(&source)
        {
            *count -= 1;
            if *count == 0 {
                self.per_source.remove(&source);
            }
        }
        lost.push_back(connection.flow);
    }
}

impl Connection {
    /// Copies the next whole message into `buffer`. An error means that the connection is over or beyond repair.
    fn next_message(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match frame(&self.unread).map_err(|_| io::ErrorKind::InvalidData)? {
                Frame::Keepalive { len } => {
                    // RFC 5626 section 3.5.1: a double CRLF is answered by a single one.
                    if self.unread[..len].starts_with(b"\r\n\r\n") {
                        self.unsent.extend(b"\r\n");
                        self.write()?;
                    }
                    self.unread.drain(..len);
                }
                Frame::Message { len } => {
                    buffer[..len].copy_from_slice(&self.unread[..len]);
                    self.unread.drain(..len);
                    self.deadline = self.half_read();
                    return Ok(Some(len));
                }
                Frame::Incomplete => match self.stream.read(buffer) {
                    Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(length) => {
                        let was_empty = self.unread.is_empty();
                        self.unread.extend_from_slice(&buffer[..length]);
                        if self.unread.len() > 2 * limits::SIP_MESSAGE_BYTES {
                            return Err(io::ErrorKind::InvalidData.into());
                        }
                        if was_empty && self.deadline.is_none() {
                            self.deadline = self.half_read();
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }

    fn half_read(&self) -> Option<Instant> {
        (!self.unread.is_empty()).then(|| Instant::now() + limits::STREAM_IDLE)
    }

    fn write(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(self.unsent.as_slices().0) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.unsent.drain(..written);
                    self.deadline = self.half_read();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // Still connecting.
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
