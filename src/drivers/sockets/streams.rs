//! Connections: accepted, opened when first needed, bounded in number and silence. Told the time by whoever calls.

use super::Limited;
use super::connection::{Brought, Connection, Origin, Speech};
use super::handshakes::Handshakes;
use super::link::{Link, Tls};
use super::websocket::{Refusal, WebSocket};
use crate::base::{Flow, Map, Name, Transport, limits};
use mio::net::TcpListener;
use mio::{Interest, Registry, Token};
use socket2::{Protocol, Type};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

/// Stream tokens start here: below are datagram sockets.
const FIRST_TOKEN: usize = 1 << 20;
/// Connections the kernel holds until a turn accepts them.
const BACKLOG: i32 = 1_024;

/// Whether some trunk accepts calls from an address.
pub type Accepts = Box<dyn Fn(IpAddr) -> bool + Send>;

/// How many connections there are and were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Now, whoever opened them.
    pub now: u64,
    /// Others opened, since the start.
    pub accepted: u64,
}

pub(super) struct Streams {
    accepts: Accepts,
    pub tls: Tls,
    pub handshakes: FailedHandshakes,
    begun: Handshakes,
    /// The web pages whose browsers may open a WebSocket; every page when empty.
    pub origins: Arc<[Name]>,
    pub websockets: RefusedWebSockets,
    /// Connections at once.
    most: usize,
    listeners: Vec<Listener>,
    connections: Map<usize, Connection>,
    by_flow: Map<Flow, usize>,
    next: usize,
    per_source: Map<IpAddr, usize>,
    /// The connection that brought what can't be framed: it is closed once somebody had the chance to answer.
    doomed: Option<usize>,
    /// In the order of [`Transport::ALL`].
    counted: [Connections; Transport::ALL.len()],
    pub limited: Limited,
}

/// TLS handshakes that came to nothing, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailedHandshakes {
    /// On connections others opened.
    pub received: u64,
    /// On ours.
    pub opened: u64,
}

/// WebSocket handshakes that were refused, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusedWebSockets {
    /// They were none.
    pub malformed: u64,
    /// They asked for something else than SIP.
    pub subprotocol: u64,
    /// They came from a page that may not connect.
    pub page: u64,
    /// They were too long.
    pub too_long: u64,
}

struct Listener {
    transport: Transport,
    socket: TcpListener,
    address: SocketAddr,
}

impl Streams {
    pub fn new(accepts: Accepts, most: usize) -> Self {
        Self {
            accepts,
            tls: Tls::none(),
            handshakes: FailedHandshakes::default(),
            begun: Handshakes::default(),
            origins: Arc::default(),
            websockets: RefusedWebSockets::default(),
            most,
            listeners: Vec::new(),
            connections: Map::default(),
            by_flow: Map::default(),
            next: 0,
            per_source: Map::default(),
            doomed: None,
            counted: Default::default(),
            limited: Limited::default(),
        }
    }

    /// Listens on `address`, and says where that is: port 0 takes any.
    pub fn listen(
        &mut self,
        registry: &Registry,
        transport: Transport,
        address: SocketAddr,
    ) -> io::Result<SocketAddr> {
        let socket = super::unbound(address, Type::STREAM, Protocol::TCP)?;
        // Connections of the process before us may still be closing.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let mut socket = TcpListener::from_std(socket.into());
        let address = socket.local_addr()?;
        registry.register(&mut socket, Token(FIRST_TOKEN + self.next), Interest::READABLE)?;
        // Listeners come first: their tokens are their indexes.
        self.next += 1;
        self.listeners.push(Listener { transport, socket, address });
        Ok(address)
    }

    /// What the connection brought, or nothing when it has no whole message yet.
    pub fn read(
        &mut self,
        token: Token,
        registry: &Registry,
        buffer: &mut [u8],
        now: Instant,
        lost: &mut VecDeque<Flow>,
    ) -> Option<(Flow, Brought)> {
        let number = token.0.checked_sub(FIRST_TOKEN)?;
        if number < self.listeners.len() {
            self.accept(number, registry, now, lost);
            return None;
        }
        let connection = self.connections.get_mut(&number)?;
        match connection.next_message(buffer, now) {
            Ok(Some(brought)) => {
                if let Brought::Unframed(..) = brought {
                    self.doomed = Some(number);
                }
                Some((connection.flow, brought))
            }
            Ok(None) => None,
            Err(error) => {
                if connection.link.is_shaking_hands() {
                    tell_failed(connection, &error);
                }
                if let Some(why) = connection.refusal() {
                    let peer = connection.flow.remote;
                    tracing::debug!(target: "spillway::sip", %peer, ?why, "WebSocket handshake refused");
                }
                self.close(number, registry, lost);
                None
            }
        }
    }

    /// Closes the connection that brought what can't be framed.
    pub fn close_doomed(&mut self, registry: &Registry, lost: &mut VecDeque<Flow>) {
        if let Some(number) = self.doomed.take() {
            self.close(number, registry, lost);
        }
    }

    /// Closes the connection of a flow, if there is one.
    pub fn close_flow(&mut self, flow: Flow, registry: &Registry, lost: &mut VecDeque<Flow>) {
        if let Some(number) = self.by_flow.get(&flow).copied() {
            self.close(number, registry, lost);
        }
    }

    fn accept(&mut self, listener: usize, registry: &Registry, now: Instant, lost: &mut VecDeque<Flow>) {
        loop {
            let (stream, remote) = match self.listeners[listener].socket.accept() {
                Ok(accepted) => accepted,
                // Gone before its turn; others may wait behind it.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(_) => return,
            };
            let transport = self.listeners[listener].transport;
            let source = remote.ip();
            let origin = if (self.accepts)(source) { Origin::Accepted } else { Origin::Stranger };
            let of_source = self.per_source.get(&source).copied().unwrap_or_default();
            if of_source >= limits::STREAMS_PER_SOURCE || !self.make_room(origin, registry, lost) {
                self.limited.crowded_out += 1;
                continue;
            }
            let is_secured = matches!(transport, Transport::Tls | Transport::Wss);
            if is_secured && !self.begun.may_begin(source, now) {
                self.limited.handshakes += 1;
                continue;
            }
            let local = self.listeners[listener].address;
            let flow = Flow { transport, local, remote };
            let Some(link) = Link::accepted(stream, transport, &self.tls) else { continue };
            if self.adopt(link, flow, origin, registry, now).is_some() {
                self.per_source.insert(source, of_source + 1);
                self.counted(transport).accepted += 1;
            }
        }
    }

    /// Whether there is room for one more, after the oldest stranger's made way for whoever is none.
    fn make_room(&mut self, newcomer: Origin, registry: &Registry, lost: &mut VecDeque<Flow>) -> bool {
        if self.connections.len() < self.most {
            return true;
        }
        let stranger = |(number, connection): (&usize, &Connection)| {
            (connection.origin == Origin::Stranger).then_some(*number)
        };
        let oldest = self.connections.iter().filter_map(stranger).min();
        match oldest.filter(|_| newcomer != Origin::Stranger) {
            Some(number) => {
                self.limited.crowded_out += 1;
                self.close(number, registry, lost);
                true
            }
            None => false,
        }
    }

    fn adopt(
        &mut self,
        mut link: Link,
        flow: Flow,
        origin: Origin,
        registry: &Registry,
        now: Instant,
    ) -> Option<usize> {
        let number = self.next;
        self.next += 1;
        let _ = link.stream().set_nodelay(true);
        registry
            .register(link.stream(), Token(FIRST_TOKEN + number), Interest::READABLE | Interest::WRITABLE)
            .ok()?;
        let speech = match flow.transport {
            Transport::Udp | Transport::Tcp | Transport::Tls => Speech::Sip(Vec::new()),
            Transport::Ws | Transport::Wss => {
                Speech::WebSocket(Box::new(WebSocket::new(Arc::clone(&self.origins))))
            }
        };
        self.connections.insert(number, Connection::new(link, speech, flow, origin, now));
        self.by_flow.insert(flow, number);
        self.counted(flow.transport).now += 1;
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
        let number = match self.by_flow.get(&flow).copied() {
            Some(number) => Some(number),
            None if self.make_room(Origin::Ours, registry, lost) => Link::opened(flow, &self.tls)
                .and_then(|link| self.adopt(link, flow, Origin::Ours, registry, now)),
            None => None,
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

    /// How many of a transport there are and were.
    pub const fn count(&self, transport: Transport) -> Connections {
        self.counted[transport as usize]
    }

    const fn counted(&mut self, transport: Transport) -> &mut Connections {
        &mut self.counted[transport as usize]
    }

    /// The connection of a flow, if there is one.
    pub fn of(&mut self, flow: Flow) -> Option<&mut Connection> {
        self.connections.get_mut(self.by_flow.get(&flow)?)
    }

    /// What goes to `address` goes over the connection of `flow` from here on, whose peer asks for it (RFC 5923 section 8.1):
    /// when its certificate is for who is expected at that address. What comes on it comes from there; of several the newest
    /// is used.
    pub fn reuse(&mut self, flow: Flow, address: SocketAddr) {
        let alias = Flow { remote: address, ..flow };
        let Some(number) = self.by_flow.get(&flow).copied() else { return };
        if address.ip() != flow.remote.ip() {
            return;
        }
        let (Some(connection), Some((_, name))) =
            (self.connections.get_mut(&number), (self.tls.client)(address))
        else {
            return;
        };
        let is_certified = connection.link.is_certified_for(&name);
        tracing::debug!(target: "spillway::sip", peer = %flow.remote, %address, is_certified, "connection offered for reuse");
        // One address at the most: what it came by is known still.
        if is_certified && connection.flow == flow {
            connection.stand_for(alias);
            self.by_flow.insert(alias, number);
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
            self.limited.idle += 1;
            self.close(number, registry, lost);
        }
    }

    fn close(&mut self, number: usize, registry: &Registry, lost: &mut VecDeque<Flow>) {
        let Some(mut connection) = self.connections.remove(&number) else { return };
        self.counted(connection.flow.transport).now -= 1;
        let _ = registry.deregister(connection.link.stream());
        if connection.link.is_shaking_hands() {
            match connection.origin {
                Origin::Ours => self.handshakes.opened += 1,
                Origin::Accepted | Origin::Trusted | Origin::Stranger => self.handshakes.received += 1,
            }
        }
        match connection.refusal() {
            Some(Refusal::Malformed) => self.websockets.malformed += 1,
            Some(Refusal::Subprotocol) => self.websockets.subprotocol += 1,
            Some(Refusal::Page) => self.websockets.page += 1,
            Some(Refusal::TooLong) => self.websockets.too_long += 1,
            None => {}
        }
        let source = connection.flow.remote.ip();
        if connection.origin != Origin::Ours
            && let Some(count) = self.per_source.get_mut(&source)
        {
            *count -= 1;
            if *count == 0 {
                self.per_source.remove(&source);
            }
        }
        // Peers that call from the port they listen on may have two connections of one flow: the newer one goes on.
        for flow in connection.flows() {
            if self.by_flow.get(&flow) == Some(&number) {
                self.by_flow.remove(&flow);
                lost.push_back(flow);
            }
        }
    }
}

/// Why TLS could not be agreed on: where we called, it is ours to mend.
fn tell_failed(connection: &Connection, error: &io::Error) {
    let peer = connection.flow.remote;
    match connection.origin {
        Origin::Ours => {
            tracing::warn!(target: "spillway::sip", %peer, %error, "TLS handshake failed");
        }
        Origin::Accepted | Origin::Trusted | Origin::Stranger => {
            tracing::debug!(target: "spillway::sip", %peer, %error, "TLS handshake failed");
        }
    }
}
