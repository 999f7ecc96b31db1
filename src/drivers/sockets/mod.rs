//! SIP's sockets: UDP, TCP, TLS and WebSocket, on the engine's own thread, so that no message waits for another thread to wake.
//! Moves bytes between flows and the kernel. Must never know what a SIP message says, beyond where it ends.

mod bindings;
mod connection;
mod drops;
mod handshakes;
mod link;
mod streams;
#[cfg(test)]
mod tests;
mod websocket;

use crate::base::{Flow, Name, Transport, limits};
use crate::wire::stun::BindingRequest;
use bindings::Bindings;
use connection::Brought;
pub use drops::dropped;
pub use link::Tls;
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use streams::Streams;
pub use streams::{Connections, FailedHandshakes, RefusedWebSockets};

/// Asked of the kernel for each UDP socket: a burst of INVITEs must survive the time a turn takes.
const UDP_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// Readiness events taken from the kernel at once.
const EVENTS: usize = 256;
const WAKER: Token = Token(usize::MAX);

/// Why the sockets could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// An address can't be listened on.
    #[error("cannot listen on {transport}:{address}: {source}", transport = transport.name())]
    Listen {
        /// How.
        transport: Transport,
        /// Where.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
    /// The kernel gives no epoll instance.
    #[error("cannot wait for sockets: {0}")]
    Poll(#[from] io::Error),
}

/// What a socket brought.
#[derive(Debug)]
pub enum Received<'a> {
    /// One SIP message.
    Message {
        /// The path it came on.
        flow: Flow,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// Bytes of a stream of which nobody can say where a message in them ends; the stream is closed before anything else
    /// is received.
    Unframed {
        /// The path they came on.
        flow: Flow,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// A path is gone.
    Lost(Flow),
}

/// Streams that limits closed, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limited {
    /// For want of room: as they came, or for one with more right to it.
    pub crowded_out: u64,
    /// Because nothing whole came on them for too long.
    pub idle: u64,
    /// Because their source had begun too many TLS handshakes.
    pub handshakes: u64,
}

struct Datagrams {
    socket: UdpSocket,
    address: SocketAddr,
}

/// Every SIP socket of the process.
pub struct Sockets {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    datagrams: Vec<Datagrams>,
    bindings: Bindings,
    streams: Streams,
    /// Sockets with something left to read.
    ready: VecDeque<Token>,
    lost: VecDeque<Flow>,
    buffer: Box<[u8]>,
}

impl Sockets {
    /// Opens every listening address, or says which one can't be. `accepts` says from which addresses some trunk takes
    /// calls: their connections may last.
    ///
    /// # Errors
    /// When an address is taken, not ours, or not allowed.
    pub fn open(
        listens: &[(Transport, SocketAddr)],
        accepts: impl Fn(IpAddr) -> bool + Send + 'static,
    ) -> Result<Self, SocketError> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let mut sockets = Self {
            poll,
            events: Events::with_capacity(EVENTS),
            waker,
            datagrams: Vec::new(),
            bindings: Bindings::new(Instant::now()),
            streams: Streams::new(Box::new(accepts), limits::STREAMS),
            ready: VecDeque::new(),
            lost: VecDeque::new(),
            buffer: vec![0; limits::SIP_MESSAGE_BYTES].into_boxed_slice(),
        };
        for (transport, address) in listens {
            let opened = match transport {
                Transport::Udp => sockets.open_udp(*address),
                Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                    sockets.streams.listen(sockets.poll.registry(), *transport, *address).map(drop)
                }
            };
            opened.map_err(|source| SocketError::Listen {
                transport: *transport,
                address: *address,
                source,
            })?;
        }
        Ok(sockets)
    }

    /// Says what TLS is spoken with; before that nobody is received over it.
    pub fn speak_tls(&mut self, tls: Tls) {
        self.streams.tls = tls;
    }

    /// Says from which web pages browser phones may connect, as browsers name them (RFC 6454); before that, and with none,
    /// from every page.
    pub fn admit_pages(&mut self, origins: &[Name]) {
        self.streams.origins = origins.into();
    }

    /// How many WebSocket handshakes were refused.
    #[must_use]
    pub const fn refused_websockets(&self) -> RefusedWebSockets {
        self.streams.websockets
    }

    /// How many TLS handshakes came to nothing.
    #[must_use]
    pub fn failed_handshakes(&self) -> FailedHandshakes {
        self.streams.handshakes
    }

    fn open_udp(&mut self, address: SocketAddr) -> io::Result<()> {
        let socket = unbound(address, Type::DGRAM, Protocol::UDP)?;
        // A smaller buffer than asked for still works: the kernel's limit is the operator's to set.
        let _ = socket.set_recv_buffer_size(UDP_BUFFER_BYTES);
        let _ = socket.set_send_buffer_size(UDP_BUFFER_BYTES);
        socket.bind(&address.into())?;
        let mut socket = UdpSocket::from_std(socket.into());
        let address = socket.local_addr()?;
        self.poll.registry().register(&mut socket, Token(self.datagrams.len()), Interest::READABLE)?;
        self.datagrams.push(Datagrams { socket, address });
        Ok(())
    }

    /// Wakes [`Self::wait`] from another thread.
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// The UDP addresses bound, port 0 replaced by the one the kernel chose.
    pub fn udp_addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.datagrams.iter().map(|datagrams| datagrams.address)
    }

    /// How many connections of a transport there are and were.
    #[must_use]
    pub const fn connections(&self, transport: Transport) -> Connections {
        self.streams.count(transport)
    }

    /// Streams that limits closed.
    #[must_use]
    pub const fn limited(&self) -> Limited {
        self.streams.limited
    }

    /// Waits until something can be read, another thread wakes it, or `timeout` has passed.
    ///
    /// # Errors
    /// When the kernel can't wait; a signal is no error.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = if self.ready.is_empty() && self.lost.is_empty() {
            let now = Instant::now();
            let own = self.streams.next_deadline().map(|at| at.saturating_duration_since(now));
            timeout.into_iter().chain(own).min()
        } else {
            Some(Duration::ZERO)
        };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        for event in &self.events {
            let token = event.token();
            if token == WAKER {
                continue;
            }
            if token.0 >= self.datagrams.len() && event.is_writable() {
                self.streams.flush(token, self.poll.registry(), &mut self.lost);
            }
            if event.is_readable() && !self.ready.contains(&token) {
                self.ready.push_back(token);
            }
        }
        self.streams.expire(Instant::now(), self.poll.registry(), &mut self.lost);
        Ok(())
    }

    /// The next message, of sockets that have one.
    pub fn receive(&mut self) -> Option<Received<'_>> {
        self.streams.close_doomed(self.poll.registry(), &mut self.lost);
        if let Some(flow) = self.lost.pop_front() {
            return Some(Received::Lost(flow));
        }
        loop {
            let token = *self.ready.front()?;
            let read = match self.datagrams.get(token.0) {
                Some(datagrams) => {
                    let read = datagrams.read(&mut self.buffer, &mut self.bindings);
                    read.map(|(flow, length)| (flow, Brought::Message(length)))
                }
                None => self.streams.read(
                    token,
                    self.poll.registry(),
                    &mut self.buffer,
                    Instant::now(),
                    &mut self.lost,
                ),
            };
            match read {
                Some((flow, Brought::Unframed(length, why))) => {
                    tracing::debug!(target: "spillway::sip", %why, peer = %flow.remote, "stream closed: its bytes can't be cut into SIP messages");
                    return Some(Received::Unframed { flow, bytes: &self.buffer[..length] });
                }
                Some((flow, Brought::Message(length))) => {
                    // Take turns: one busy socket must not starve the others.
                    self.ready.rotate_left(1);
                    return Some(Received::Message { flow, bytes: &self.buffer[..length] });
                }
                None => {
                    self.ready.retain(|waiting| *waiting != token);
                    if let Some(flow) = self.lost.pop_front() {
                        return Some(Received::Lost(flow));
                    }
                }
            }
        }
    }

    /// The socket of a flow, or one that speaks its peer's kind of address.
    fn datagrams_for(&self, flow: Flow) -> Option<&Datagrams> {
        let mut able = self
            .datagrams
            .iter()
            .filter(|datagrams| datagrams.address.is_ipv4() == flow.remote.is_ipv4())
            .peekable();
        let first = able.peek().copied();
        able.find(|datagrams| datagrams.address == flow.local).or(first)
    }

    /// Lets the connection of a flow last, although no trunk accepts its source: whoever is there has shown who it is, a
    /// phone by registering (RFC 5626 section 4.2). Half-sent messages end it as any other. Nothing changes for a flow
    /// that may last already, is gone, or has no connection.
    pub fn trust(&mut self, flow: Flow) {
        if let Some(connection) = self.streams.of(flow) {
            connection.trust();
        }
    }

    /// Takes back [`Self::trust`], when a registration is over: the connection is closed as if a stranger had opened it
    /// now.
    pub fn distrust(&mut self, flow: Flow) {
        if let Some(connection) = self.streams.of(flow) {
            connection.distrust(Instant::now());
        }
    }

    /// Closes the connection of a flow, if there is one.
    pub fn close(&mut self, flow: Flow) {
        self.streams.close_flow(flow, self.poll.registry(), &mut self.lost);
    }

    /// Sends what goes to `address` over the connection of `flow`, which its peer opened and offers for that (RFC 5923), if its
    /// certificate says that the peer is whom we would reach there. Nothing changes else.
    pub fn reuse(&mut self, flow: Flow, address: SocketAddr) {
        self.streams.reuse(flow, address);
    }

    /// Sends one message. A stream nobody has opened yet is opened, unless only its peer can; a path that fails is reported by [`Self::receive`].
    pub fn send(&mut self, flow: Flow, bytes: &[u8]) {
        match flow.transport {
            Transport::Udp => match self.datagrams_for(flow) {
                Some(datagrams) => datagrams.send(flow, bytes),
                None => self.lost.push_back(flow),
            },
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                self.streams.send(flow, bytes, self.poll.registry(), Instant::now(), &mut self.lost);
            }
        }
    }
}

/// A socket for an address. One of all IPv6 addresses leaves IPv4 to others: its peers would look like none of ours.
fn unbound(address: SocketAddr, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

impl Datagrams {
    /// Whatever the kernel has against a datagram, it is a datagram lost, and RFC 3261's timers send it again: a full
    /// queue, a filter or a route that flaps says nothing of the other calls towards that peer. What ICMP says of a
    /// port nobody listens on is not asked for: with IP_RECVERR the kernel would report it on the next datagram, to
    /// whichever peer that goes, and anyone may forge it. A trunk that is gone is noticed by its ping.
    fn send(&self, flow: Flow, bytes: &[u8]) {
        if let Err(error) = self.socket.send_to(bytes, flow.remote) {
            tracing::debug!(%error, peer = %flow.remote, bytes = bytes.len(), "datagram not sent");
        }
    }

    /// The next datagram that is not answered here: SIP, or something to be counted as none.
    fn read(&self, buffer: &mut [u8], bindings: &mut Bindings) -> Option<(Flow, usize)> {
        loop {
            match self.socket.recv_from(buffer) {
                Ok((length, remote)) => {
                    let flow = Flow { transport: Transport::Udp, local: self.address, remote };
                    let datagram = &buffer[..length];
                    if BindingRequest::looks_like(datagram)
                        && let Some(response) = bindings.answer(datagram, remote, Instant::now())
                    {
                        self.send(flow, &response);
                        continue;
                    }
                    return Some((flow, length));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                // What stands behind an error in the queue is somebody else's.
                Err(_) => {}
            }
        }
    }
}
