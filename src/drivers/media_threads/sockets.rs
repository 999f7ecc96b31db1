//! A media thread's UDP sockets: two per pair of ports, named to epoll by their port number. Must never look into a
//! packet.

use super::epoll::Epoll;
use crate::base::Map;
use crate::media::{Kind, PortId};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// RFC 4594 section 4.1: telephony bears the DiffServ code point EF (46), in the upper six bits.
const EXPEDITED_FORWARDING: u32 = 46 << 2;

/// The open sockets by port number, RTP's even and RTCP's odd.
#[derive(Debug)]
pub struct Sockets {
    bind: IpAddr,
    open: Map<u16, UdpSocket>,
}

impl Sockets {
    pub fn new(bind: IpAddr) -> Self {
        Self { bind, open: Map::default() }
    }

    /// Opens both sockets of a pair, or neither.
    pub fn open(&mut self, number: u16, epoll: &Epoll) -> io::Result<()> {
        if self.open.contains_key(&number) {
            return Ok(());
        }
        let odd = number.checked_add(1).ok_or(io::ErrorKind::InvalidInput)?;
        let pair = [self.bound(number)?, self.bound(odd)?];
        for (socket, number) in pair.iter().zip([number, odd]) {
            epoll.add(socket, u64::from(number))?;
        }
        let [rtp, rtcp] = pair;
        self.open.insert(number, rtp);
        self.open.insert(odd, rtcp);
        Ok(())
    }

    /// Closes both sockets of a pair; epoll forgets what is closed.
    pub fn close(&mut self, number: u16) {
        self.open.remove(&number);
        self.open.remove(&(number | 1));
    }

    /// The socket of one number.
    pub fn get(&self, number: u16) -> Option<&UdpSocket> {
        self.open.get(&number)
    }

    /// The socket of one half of a pair.
    pub fn of(&self, port: PortId, kind: Kind) -> Option<&UdpSocket> {
        match kind {
            Kind::Rtp => self.get(port.number),
            Kind::Rtcp => self.get(port.number | 1),
        }
    }

    fn bound(&self, number: u16) -> io::Result<UdpSocket> {
        let address = SocketAddr::new(self.bind, number);
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        // A network that takes no marking still takes the call.
        let _ = match self.bind {
            IpAddr::V4(_) => socket.set_tos_v4(EXPEDITED_FORWARDING),
            IpAddr::V6(_) => socket.set_tclass_v6(EXPEDITED_FORWARDING),
        };
        socket.bind(&address.into())?;
        Ok(socket.into())
    }
}
