//! Trunks: the networks calls come from and go to, and how to tell from its source which one is calling.

use crate::base::finding::Located;
use crate::base::{Codec, Name, Transport, TrunkId};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One `[trunk.NAME]`.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// Its place in [`super::Settings::trunks`].
    pub id: TrunkId,
    /// Its name.
    pub name: Name,
    /// Where its requests go, and the exact source its own come from.
    pub peer: Located<(Transport, SocketAddr)>,
    /// Who else may call in on it; empty means the peer's address.
    pub accept: Vec<Located<Prefix>>,
    /// Which header carries the caller's number on it, both ways.
    pub caller_header: CallerHeader,
    /// Calls at once; no limit of its own when `None`.
    pub channels: Option<Channels>,
    /// How numbers are written towards it.
    pub numbers: NumberFormat,
    /// How often it is asked whether it lives, with OPTIONS; never when `None`.
    pub ping: Option<Duration>,
    /// What it speaks, in order of preference.
    pub codecs: Vec<Codec>,
    /// Whether agents' phones are behind it.
    pub agents: bool,
}

/// Where the caller's number stands (`caller_in`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerHeader {
    /// In From: the default.
    From,
    /// In P-Asserted-Identity (RFC 3325); From when it is absent.
    PAssertedIdentity,
}

/// `channels`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channels {
    /// Legs at once, both directions.
    pub total: u32,
    /// Of these, how many stay free for overflow when everything else is taken.
    pub keep_out: u32,
}

/// How numbers are written towards a trunk (`numbers`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// `+33384961370`: the default.
    E164,
    /// `0384961370`, as dialled within the site's country.
    National,
}

/// A range of addresses, `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// Its first address.
    pub address: IpAddr,
    /// How many leading bits count.
    pub length: u8,
}

impl Prefix {
    /// Reads `192.0.2.0/24`, or an address alone for itself.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address.parse::<IpAddr>().ok()?, Some(length.parse::<u8>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let length = length.unwrap_or(bits);
        (length <= bits).then_some(Self { address, length }).filter(|prefix| prefix.is_network())
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(mine), IpAddr::V4(other)) => {
                (u64::from(u32::from(mine) ^ u32::from(other))) >> (32 - u32::from(self.length)) == 0
            }
            (IpAddr::V6(mine), IpAddr::V6(other)) => {
                let differing = u128::from(mine) ^ u128::from(other);
                differing.checked_shr(128 - u32::from(self.length)).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether no bit is set beyond its length: `192.0.2.7/24` is a slip of the pen.
    fn is_network(&self) -> bool {
        match self.address {
            IpAddr::V4(address) => (u64::from(u32::from(address)) << self.length) & 0xffff_ffff == 0,
            IpAddr::V6(address) => u128::from(address).checked_shl(u32::from(self.length)).unwrap_or(0) == 0,
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// Who is calling: the exact peer (over TCP its address alone, when one trunk has it), then the longest `accept`
/// prefix, then the address of a peer without `accept`. Nobody is `None`, and two that can't be told apart too.
#[must_use]
pub fn identify(trunks: &[Trunk], transport: Transport, source: SocketAddr) -> Option<TrunkId> {
    let address = source.ip().to_canonical();
    let same_address = |trunk: &&Trunk| trunk.peer.value.1.ip() == address;
    let exact = match transport {
        Transport::Udp => {
            trunks.iter().find(|trunk| same_address(trunk) && trunk.peer.value.1.port() == source.port())
        }
        Transport::Tcp => only(trunks.iter().filter(same_address)),
    };
    let by_prefix = || {
        let accepts =
            trunks.iter().flat_map(|trunk| trunk.accept.iter().map(move |prefix| (prefix.value, trunk)));
        accepts.filter(|(prefix, _)| prefix.contains(address)).max_by_key(|(prefix, _)| prefix.length)
    };
    exact
        .or_else(|| by_prefix().map(|(_, trunk)| trunk))
        .or_else(|| only(trunks.iter().filter(|trunk| trunk.accept.is_empty()).filter(same_address)))
        .map(|trunk| trunk.id)
}

fn only<'a>(mut trunks: impl Iterator<Item = &'a Trunk>) -> Option<&'a Trunk> {
    let first = trunks.next()?;
    trunks.next().is_none().then_some(first)
}
