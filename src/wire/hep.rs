//! One captured SIP message as a HEPv3 packet, as Homer, sngrep and heplify take it (the HEP3 specification of
//! sipcapture): a length, then chunks, each with vendor 0, a type and its own length. Must never know where it is sent.

use crate::base::{Transport, Utc};
use std::net::{IpAddr, SocketAddr};

/// Vendor, type and length of a chunk.
const CHUNK_HEAD: usize = 6;
/// The protocol captured: SIP.
const SIP: u8 = 1;

/// A message as it passed.
#[derive(Clone, Copy, Debug)]
pub struct Captured<'a> {
    /// How.
    pub transport: Transport,
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// When.
    pub at: Utc,
    /// What the messages of one call have in common, also where their Call-IDs differ; empty for none.
    pub correlation: &'a [u8],
    /// Its bytes.
    pub message: &'a [u8],
}

/// Writes the packet over what `packet` held. False, and nothing written, when the message is too long for one: lengths
/// have 16 bits.
#[must_use]
pub fn write(captured: &Captured<'_>, capture_id: u32, packet: &mut Vec<u8>) -> bool {
    packet.clear();
    packet.extend_from_slice(b"HEP3\0\0");
    let addresses = addresses(captured.from.ip(), captured.to.ip());
    chunk(packet, 1, &[addresses.family]);
    chunk(packet, 2, &[protocol(captured.transport)]);
    for (kind, octets) in &addresses.chunks {
        chunk(packet, *kind, octets);
    }
    chunk(packet, 7, &captured.from.port().to_be_bytes());
    chunk(packet, 8, &captured.to.port().to_be_bytes());
    let micros = captured.at.as_micros();
    // The format's seconds have 32 bits; both remainders are below a million.
    let seconds = u32::try_from(micros.div_euclid(1_000_000)).unwrap_or_default();
    let rest = u32::try_from(micros.rem_euclid(1_000_000)).unwrap_or_default();
    chunk(packet, 9, &seconds.to_be_bytes());
    chunk(packet, 10, &rest.to_be_bytes());
    chunk(packet, 11, &[SIP]);
    chunk(packet, 12, &capture_id.to_be_bytes());
    chunk(packet, 15, captured.message);
    if !captured.correlation.is_empty() {
        chunk(packet, 17, captured.correlation);
    }
    let Ok(length) = u16::try_from(packet.len()) else {
        packet.clear();
        return false;
    };
    packet[4..6].copy_from_slice(&length.to_be_bytes());
    true
}

/// A chunk whose length does not fit makes the whole too long as well.
fn chunk(packet: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(CHUNK_HEAD + value.len()).unwrap_or(u16::MAX);
    packet.extend_from_slice(&[0, 0]);
    packet.extend_from_slice(&kind.to_be_bytes());
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(value);
}

/// The number IP gives the transport (IANA, protocol numbers).
const fn protocol(transport: Transport) -> u8 {
    match transport {
        Transport::Udp => 17,
        Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => 6,
    }
}

struct Addresses {
    /// `AF_INET` or `AF_INET6`, as Linux numbers them.
    family: u8,
    chunks: [(u16, Vec<u8>); 2],
}

fn addresses(from: IpAddr, to: IpAddr) -> Addresses {
    if let (IpAddr::V4(from), IpAddr::V4(to)) = (from.to_canonical(), to.to_canonical()) {
        return Addresses { family: 2, chunks: [(3, from.octets().to_vec()), (4, to.octets().to_vec())] };
    }
    let octets = |ip| match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    Addresses { family: 10, chunks: [(5, octets(from)), (6, octets(to))] }
}
