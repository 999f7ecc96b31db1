//! A media thread's UDP sockets: two per pair of ports and local address, named to epoll by their port number and the
//! address's place. A pair is open at every address until its lease says which one it needs. Must never look into a packet.

use super::epoll::Epoll;
use crate::base::Map;
use crate::media::{Kind, PortId};
use smallvec::SmallVec;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// RFC 4594 section 4.1: telephony bears the DiffServ code point EF (46), in the upper six bits.
const EXPEDITED_FORWARDING: u32 = 46 << 2;
/// Names above those of ports say at which address: 16 bits for a number, one for what is no port.
const ADDRESS_SHIFT: u32 = 17;

/// A socket by its place among the addresses, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketName {
    place: usize,
    /// RTP's even, RTCP's odd.
    pub number: u16,
}

impl SocketName {
    fn to_epoll(self) -> u64 {
        (self.place as u64) << ADDRESS_SHIFT | u64::from(self.number)
    }

    /// What epoll calls a socket; nothing when it is none.
    pub fn of_epoll(name: u64) -> Option<Self> {
        let number = u16::try_from(name & ((1 << ADDRESS_SHIFT) - 1)).ok()?;
        Some(Self { place: usize::try_from(name >> ADDRESS_SHIFT).ok()?, number })
    }
}

/// Those of one number, by their places.
type Row = SmallVec<[(usize, UdpSocket); 1]>;

/// The open sockets.
#[derive(Debug)]
pub struct Sockets {
    addresses: Vec<IpAddr>,
    open: Map<u16, Row>,
}

impl Sockets {
    /// None yet, at these addresses.
    pub fn new(addresses: Vec<IpAddr>) -> Self {
        Self { addresses, open: Map::default() }
    }

    /// Opens both sockets of a pair at every address, or none.
    pub fn open(&mut self, number: u16, epoll: &Epoll) -> io::Result<()> {
        if self.open.contains_key(&number) {
            return Ok(());
        }
        let odd = number.checked_add(1).ok_or(io::ErrorKind::InvalidInput)?;
        let row = |number: u16| -> io::Result<Row> {
            let sockets = self.addresses.iter().enumerate();
            sockets.map(|(place, address)| Ok((place, bound(*address, number)?))).collect()
        };
        let pair = [(number, row(number)?), (odd, row(odd)?)];
        for (number, row) in &pair {
            for (place, socket) in row {
                epoll.add(socket, SocketName { place: *place, number: *number }.to_epoll())?;
            }
        }
        self.open.extend(pair);
        Ok(())
    }

    /// A lease needs a pair at one address alone: the one it says, else all of that kind.
    pub fn keep(&mut self, number: u16, local: IpAddr) {
        let is_every = |address: &IpAddr| address.is_unspecified() && address.is_ipv4() == local.is_ipv4();
        let exact = self.addresses.iter().position(|address| *address == local);
        let Some(kept) = exact.or_else(|| self.addresses.iter().position(is_every)) else { return };
        for number in [number, number | 1] {
            if let Some(row) = self.open.get_mut(&number)
                && row.iter().any(|(place, _)| *place == kept)
            {
                row.retain(|(place, _)| *place == kept);
            }
        }
    }

    /// Closes a pair; epoll forgets what is closed.
    pub fn close(&mut self, number: u16) {
        self.open.remove(&number);
        self.open.remove(&(number | 1));
    }

    /// One socket.
    pub fn get(&self, name: SocketName) -> Option<&UdpSocket> {
        let row = self.open.get(&name.number)?;
        row.iter().find(|(place, _)| *place == name.place).map(|(_, socket)| socket)
    }

    /// What one half of a pair sends from to an address.
    pub fn towards(&self, port: PortId, kind: Kind, to: SocketAddr) -> Option<&UdpSocket> {
        let number = match kind {
            Kind::Rtp => port.number,
            Kind::Rtcp => port.number | 1,
        };
        let row = self.open.get(&number)?;
        let able = |place: usize| self.addresses.get(place).is_some_and(|own| own.is_ipv4() == to.is_ipv4());
        row.iter().find(|(place, _)| able(*place)).map(|(_, socket)| socket)
    }
}

/// A socket of an address. One of all IPv6 addresses leaves IPv4 to the others.
fn bound(address: IpAddr, number: u16) -> io::Result<UdpSocket> {
    let local = SocketAddr::new(address, number);
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // A network that takes no marking still takes the call.
    let _ = match address {
        IpAddr::V4(_) => socket.set_tos_v4(EXPEDITED_FORWARDING),
        IpAddr::V6(_) => {
            socket.set_only_v6(true)?;
            socket.set_tclass_v6(EXPEDITED_FORWARDING)
        }
    };
    socket.bind(&local.into())?;
    Ok(socket.into())
}
