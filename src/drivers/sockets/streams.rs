//! TCP connections: accepted, opened when first needed, bounded in number and silence. Told the time by whoever calls.

use super::connection::Connection;
use crate::base::{Flow, Map, Transport, limits};
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

/// Stream tokens start here: below are datagram sockets.
const FIRST_TOKEN: usize = 1 << 20;

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

impl Streams {
    /// Listens on `address`, and says where that is: port 0 takes any.
    pub fn listen(&mut self, registry: &Registry, address: SocketAddr) -> io::Result<SocketAddr> {
        let mut socket = TcpListener::bind(address)?;
        let address = socket.local_addr()?;
        registry.register(&mut socket, Token(FIRST_TOKEN + self.next), Interest::READABLE)?;
        // Listeners come first: their tokens are their indexes.
        self.next += 1;
        self.listeners.push(Listener { socket, address });
        Ok(address)
    }

    /// The next framed message of the connection, or nothing when it has no whole one yet.
    pub fn read(
        &mut self,
        token: Token,
        registry: &Registry,
        buffer: &mut [u8],
        now: Instant,
        lost: &mut VecDeque<Flow>,
    ) -> Option<(Flow, usize)> {
        let number = token.0.checked_sub(FIRST_TOKEN)?;
        if number < self.listeners.len() {
            self.accept(number, registry, now);
            return None;
        }
        let connection = self.connections.get_mut(&number)?;
        match connection.next_message(buffer, now) {
            Ok(Some(length)) => Some((connection.flow, length)),
            Ok(None) => None,
            Err(_) => {
                self.close(number, registry, lost);
                None
            }
        }
    }

    fn accept(&mut self, listener: usize, registry: &Registry, now: Instant) {
        loop {
            let Ok((stream, remote)) = self.listeners[listener].socket.accept() else { return };
            let source = self.per_source.entry(remote.ip()).or_default();
            if *source >= limits::STREAMS_PER_SOURCE {
                continue;
            }
            *source += 1;
            let local = self.listeners[listener].address;
            let flow = Flow { transport: Transport::Tcp, local, remote };
            self.adopt(stream, flow, true, registry, now);
        }
    }

    fn adopt(
        &mut self,
        mut stream: TcpStream,
        flow: Flow,
        incoming: bool,
        registry: &Registry,
        now: Instant,
    ) -> Option<usize> {
        let number = self.next;
        self.next += 1;
        let _ = stream.set_nodelay(true);
        registry
            .register(&mut stream, Token(FIRST_TOKEN + number), Interest::READABLE | Interest::WRITABLE)
            .ok()?;
        self.connections.insert(number, Connection::new(stream, flow, incoming, now));
        self.by_flow.insert(flow, number);
        Some(number)
    }

    pub fn send(
        &mut self,
        flow: Flow,
        bytes: &[u8],
        registry: &Registry,
        now: Instant,
        lost: &mut VecDeque<Flow>,
    ) {
        let number = match self.by_flow.get(&flow) {
            Some(number) => Some(*number),
            None => TcpStream::connect(flow.remote)
                .ok()
                .and_then(|stream| self.adopt(stream, flow, false, registry, now)),
        };
        let Some(number) = number else { return lost.push_back(flow) };
        let Some(connection) = self.connections.get_mut(&number) else { return };
        if connection.send(bytes).is_err() {
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
        self.connections.values().filter_map(Connection::deadline).min()
    }

    /// Closes the connections whose time is up.
    pub fn expire(&mut self, now: Instant, registry: &Registry, lost: &mut VecDeque<Flow>) {
        if self.connections.is_empty() {
            return;
        }
        let late: Vec<usize> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.deadline().is_some_and(|deadline| deadline <= now))
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
