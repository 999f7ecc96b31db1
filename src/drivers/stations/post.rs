//! One station's sockets: SIP, then its RTP ports. A burst of calls needs room in the kernel, so buffers are large.

use super::StationId;
use crate::base::{Flow, Moment, limits};
use crate::endpoint::{Event, Sink, Station};
use mio::net::UdpSocket;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

/// Asked of the kernel for each socket; it gives what its own limit allows.
const BUFFER_BYTES: usize = 4 << 20;
/// Datagrams read from one socket before the others have their turn.
const READS_PER_TURN: usize = 32;

/// One station and its sockets.
#[derive(Debug)]
pub struct Post {
    pub station: Station,
    pub wires: Wires,
}

/// A station's sockets.
#[derive(Debug)]
pub struct Wires {
    sip: UdpSocket,
    rtp: Vec<UdpSocket>,
    buffer: Box<[u8; limits::SIP_MESSAGE_BYTES]>,
}

impl Wires {
    pub fn open(sip: SocketAddr, rtp_sockets: usize) -> io::Result<Self> {
        let any = SocketAddr::new(sip.ip(), 0);
        let rtp = (0..rtp_sockets.max(1)).map(|_| bound(any)).collect::<io::Result<_>>()?;
        Ok(Self { sip: bound(sip)?, rtp, buffer: Box::new([0; limits::SIP_MESSAGE_BYTES]) })
    }

    pub fn sip_address(&self) -> io::Result<SocketAddr> {
        self.sip.local_addr()
    }

    pub fn rtp_addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.rtp.iter().map(UdpSocket::local_addr).collect()
    }

    /// Every socket, SIP first.
    pub fn all(&mut self) -> impl Iterator<Item = &mut UdpSocket> {
        std::iter::once(&mut self.sip).chain(&mut self.rtp)
    }

    pub const fn sink<'a>(&'a self, id: StationId, told: &'a mut Vec<(StationId, Event)>) -> Outlet<'a> {
        Outlet { wires: Sending { sip: &self.sip, rtp: self.rtp.as_slice() }, id, told }
    }
}

impl Post {
    /// Reads the `socket`th socket, SIP being 0; says whether more may be there.
    pub fn read(
        &mut self,
        socket: usize,
        id: StationId,
        epoch: Instant,
        told: &mut Vec<(StationId, Event)>,
    ) -> bool {
        let Wires { sip, rtp, buffer } = &mut self.wires;
        let Some(source) = socket.checked_sub(1).map_or(Some(&*sip), |place| rtp.get(place)) else {
            return false;
        };
        for _ in 0..READS_PER_TURN {
            let (length, from) = match source.recv_from(buffer.as_mut_slice()) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // A peer's closed port, told by ICMP: the next datagram is none the worse for it.
                Err(_) => continue,
            };
            let now = Moment::from_nanos(u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX));
            let mut sink = Outlet { wires: Sending { sip, rtp }, id, told };
            match socket.checked_sub(1) {
                None => self.station.handle_sip(now, from, &buffer[..length], &mut sink),
                Some(place) => self.station.handle_rtp(now, place, from, &buffer[..length], &mut sink),
            }
        }
        true
    }
}

#[derive(Clone, Copy)]
struct Sending<'a> {
    sip: &'a UdpSocket,
    rtp: &'a [UdpSocket],
}

/// Where a station's packets and events go.
pub struct Outlet<'a> {
    wires: Sending<'a>,
    id: StationId,
    told: &'a mut Vec<(StationId, Event)>,
}

impl Sink for Outlet<'_> {
    fn sip(&mut self, flow: Flow, message: &[u8]) {
        // What the kernel does not take is lost as on any network: SIP sends it again.
        let _ = self.wires.sip.send_to(message, flow.remote);
    }

    fn rtp(&mut self, socket: usize, to: SocketAddr, packet: &[u8]) {
        if let Some(socket) = self.wires.rtp.get(socket) {
            // Counted as lost by whoever listens.
            let _ = socket.send_to(packet, to);
        }
    }

    fn event(&mut self, event: Event) {
        self.told.push((self.id, event));
    }
}

fn bound(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // The default buffers serve too, only with less room for bursts.
    let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(BUFFER_BYTES);
    socket.bind(&address.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}
