//! Floor 1: config/spillway.toml → [`Settings`]: what the machine is and whom it is wired to.
//! Must never know of dialplans' contents, nor open anything: what only a running machine can find wrong, the places
//! kept in [`Located`] let it say with the line.
#![forbid(unsafe_code)]

mod account;
mod identity;
mod keys;
mod large;
mod load;
mod own_address;
mod peers;
mod phones;
mod tls;
mod trunk;
mod websocket;
mod wording;

pub use crate::base::finding::Located;
pub use account::{Account, PasswordSource};
pub use identity::{CallerHeader, DiversionHeader, Identity};
pub use load::{load, outline};
pub use own_address::OwnAddress;
pub use peers::{Peer, PeerName};
pub use phones::{PHONES, PhoneUser, Phones, is_extension, read_users};
pub use tls::{CertificateFiles, ServerTls, TrunkTls};
pub use trunk::{Channels, Deflect, NumberFormat, Prefix, Trunk};

use crate::base::{Name, Transport, TrunkId};
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// Everything spillway.toml says. Paths are ready to be opened: relative ones were read from the file's own folder.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of sites.
    pub dialplans: Located<PathBuf>,
    /// Where records, journal and the control socket live.
    pub data: Located<PathBuf>,
    /// The control socket; placed where `data` is when nothing is written of it.
    pub control: Located<PathBuf>,
    /// SIP.
    pub sip: Sip,
    /// RTP and RTCP.
    pub media: Media,
    /// Metrics and health; not served when `None`.
    pub http: Option<Located<SocketAddr>>,
    /// Trunks by [`TrunkId`], in written order.
    pub trunks: Vec<Trunk>,
    /// Phones that register here; none when `None`.
    pub phones: Option<Phones>,
}

/// `[sip]`.
#[derive(Clone, Debug)]
pub struct Sip {
    /// Where requests are taken, at least one.
    pub listen: Vec<Located<Listen>>,
    /// What TLS is spoken with, where it is listened for.
    pub tls: Option<ServerTls>,
    /// The web pages whose browser phones may connect over WebSocket, as browsers name them; every page when empty.
    pub origins: Vec<Name>,
    /// How long running calls may go on after SIGTERM; 60 s by default.
    pub drain: Duration,
    /// Where copies of all messages go; nowhere when `None`.
    pub hep: Option<Located<Hep>>,
    /// Whether the last calls' messages are kept in memory for `spillway trace`; true by default.
    pub trace: bool,
    /// When strangers are banned.
    pub ban: Ban,
}

/// A capture server that takes HEPv3 over UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hep {
    /// Where it listens.
    pub to: SocketAddr,
    /// What it is to call us.
    pub id: u32,
}

/// `ban`: a stranger that is surely there, over a stream or by its answer to a challenge, is not listened to any more when
/// it was refused too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Refusals still forgiven; 20 by default.
    pub after: u32,
    /// The time in which they are counted; a minute by default.
    pub within: Duration,
    /// How long it lasts (`for`); ten minutes by default.
    pub lasts: Duration,
}

/// One listening address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Listen {
    /// How.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

impl Listen {
    /// Whether it receives what is sent to the other: the same address, or all addresses of its kind.
    fn covers(self, other: Self) -> bool {
        let (mine, its) = (self.address, other.address);
        let every = mine.ip().is_unspecified() && mine.is_ipv4() == its.is_ipv4();
        let same_kind = self.transport.is_reliable() == other.transport.is_reliable();
        same_kind && mine.port() == its.port() && (every || mine.ip() == its.ip())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport.name(), self.address)
    }
}

/// `[media]`.
#[derive(Clone, Debug)]
pub struct Media {
    /// RTP on even ports, RTCP on the odd ones after them.
    pub ports: Located<RangeInclusive<u16>>,
}

impl Settings {
    /// The trunk with this name.
    #[must_use]
    pub fn trunk(&self, name: &str) -> Option<&Trunk> {
        self.trunks.iter().find(|trunk| &*trunk.name == name)
    }

    /// The trunks' names and ids, as a dialplan needs them; the phones' line is one more.
    #[must_use]
    pub fn trunk_names(&self) -> Vec<(Name, TrunkId)> {
        let trunks = self.trunks.iter().map(|trunk| (trunk.name.clone(), trunk.id));
        trunks.chain(self.phones.as_ref().map(|phones| (PHONES.into(), phones.line))).collect()
    }
}

#[cfg(test)]
mod tests;
