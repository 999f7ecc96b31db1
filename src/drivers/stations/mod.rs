//! Stations over real UDP sockets: one epoll loop for as many as are opened, on the thread of whoever turns it.
//! Must never decide what a call does.

mod post;

use crate::base::{Moment, Random};
use crate::endpoint::{Dial, Event, LegKey, Station, StationConfig};
use mio::{Events, Interest, Poll, Token};
use post::{Post, Wires};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// Which station of these [`Stations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationId(pub usize);

/// Sockets one station may have; a token is the station's number times this, plus the socket's.
const SOCKETS_PER_STATION: usize = 4_096;

/// Stations and their sockets.
#[derive(Debug)]
pub struct Stations {
    poll: Poll,
    ready: Events,
    posts: Vec<Post>,
    /// Sockets that may hold more than was read in their last turn: epoll says so only once.
    unread: Vec<Token>,
    epoch: Instant,
    told: Vec<(StationId, Event)>,
}

impl Stations {
    /// No station yet. Its clock begins now.
    ///
    /// # Errors
    /// When the operating system gives no epoll instance.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            ready: Events::with_capacity(1_024),
            posts: Vec::new(),
            unread: Vec::new(),
            epoch: Instant::now(),
            told: Vec::new(),
        })
    }

    /// Opens a station at `sip`, port 0 for any free one, with `rtp_sockets` RTP ports of the system's choice.
    ///
    /// # Errors
    /// When a socket can't be opened.
    pub fn open(
        &mut self,
        name: &str,
        sip: SocketAddr,
        rtp_sockets: usize,
        random: Random,
    ) -> io::Result<StationId> {
        let id = StationId(self.posts.len());
        let wires = Wires::open(sip, rtp_sockets.min(SOCKETS_PER_STATION - 1))?;
        let config = StationConfig::new(name, wires.sip_address()?, wires.rtp_addresses()?);
        let mut post = Post { station: Station::new(config, random), wires };
        let first = id.0 * SOCKETS_PER_STATION;
        for (socket, token) in post.wires.all().zip(first..) {
            self.poll.registry().register(socket, Token(token), Interest::READABLE)?;
        }
        self.posts.push(post);
        Ok(id)
    }

    /// Now, on the clock of these stations.
    #[must_use]
    pub fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// A station: to set its phones, to read its figures.
    pub fn station(&mut self, id: StationId) -> &mut Station {
        &mut self.posts[id.0].station
    }

    /// Where a station takes SIP.
    #[must_use]
    pub fn address(&self, id: StationId) -> SocketAddr {
        self.posts[id.0].station.config().sip
    }

    /// Places a call from a station.
    pub fn dial(&mut self, id: StationId, dial: Dial) -> LegKey {
        let now = self.now();
        let Post { station, wires } = &mut self.posts[id.0];
        station.dial(now, dial, &mut wires.sink(id, &mut self.told))
    }

    /// Hangs up one of a station's calls, gives it up or refuses it.
    pub fn hang_up(&mut self, id: StationId, call: LegKey) {
        let now = self.now();
        let Post { station, wires } = &mut self.posts[id.0];
        station.hang_up(now, call, &mut wires.sink(id, &mut self.told));
    }

    /// Waits until something comes, something is due, or `until`; does it, and gives what happened.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn turn(&mut self, until: Moment) -> io::Result<Vec<(StationId, Event)>> {
        let due = self.posts.iter().filter_map(|post| post.station.poll_timeout()).min();
        let wake = due.map_or(until, |due| due.min(until));
        let idle = self.unread.is_empty() && self.told.is_empty();
        let wait = if idle { wake.since(self.now()) } else { Duration::ZERO };
        match self.poll.poll(&mut self.ready, Some(wait)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut readable = std::mem::take(&mut self.unread);
        readable.extend(self.ready.iter().map(|event| event.token()));
        readable.sort_unstable();
        readable.dedup();
        for token in readable {
            self.read(token);
        }
        self.fall_due();
        Ok(std::mem::take(&mut self.told))
    }

    fn read(&mut self, token: Token) {
        let id = StationId(token.0 / SOCKETS_PER_STATION);
        let (epoch, told) = (self.epoch, &mut self.told);
        let Some(post) = self.posts.get_mut(id.0) else { return };
        let more = post.read(token.0 % SOCKETS_PER_STATION, id, epoch, told);
        if more {
            self.unread.push(token);
        }
    }

    fn fall_due(&mut self) {
        let now = self.now();
        for (post, id) in self.posts.iter_mut().zip((0..).map(StationId)) {
            if post.station.poll_timeout().is_some_and(|at| at <= now) {
                post.station.handle_timeout(now, &mut post.wires.sink(id, &mut self.told));
            }
        }
    }
}

/// A free UDP port of `address`, for a server that must be told one. It may be taken by somebody else meanwhile.
///
/// # Errors
/// When there is none.
pub fn free_port(address: IpAddr) -> io::Result<u16> {
    std::net::UdpSocket::bind((address, 0))?.local_addr().map(|bound| bound.port())
}

#[cfg(test)]
mod tests;
