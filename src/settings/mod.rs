//! Floor 1: config/spillway.toml → [`Settings`]: what the machine is and whom it is wired to.
//! Must never know of dialplans' contents, nor open anything: what only a running machine can find wrong, the places
//! kept in [`Located`] let it say with the line.
#![forbid(unsafe_code)]

mod account;
mod identity;
mod keys;
mod load;
mod peers;
mod tls;
mod trunk;
mod wording;

pub use crate::base::finding::Located;
pub use account::{Account, PasswordSource};
pub use identity::{CallerHeader, DiversionHeader, Identity};
pub use load::{load, outline};
pub use peers::{Peer, PeerName};
pub use tls::{CertificateFiles, ServerTls, TrunkTls};
pub use trunk::{Channels, NumberFormat, Prefix, Trunk};

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
}

/// `[sip]`.
#[derive(Clone, Debug)]
pub struct Sip {
    /// Where requests are taken, at least one.
    pub listen: Vec<Located<Listen>>,
    /// What TLS is spoken with, where it is listened for.
    pub tls: Option<ServerTls>,
    /// How long running calls may go on after SIGTERM; 60 s by default.
    pub drain: Duration,
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

    /// The trunks' names and ids, as a dialplan needs them.
    #[must_use]
    pub fn trunk_names(&self) -> Vec<(Name, TrunkId)> {
        self.trunks.iter().map(|trunk| (trunk.name.clone(), trunk.id)).collect()
    }
}

#[cfg(test)]
mod tests;
