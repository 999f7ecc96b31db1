//! What a stack is told once, at its making: where it listens, who may call, how long its timers are.
//! Must never know of dialplans or calls.

use super::own_address::{self, OwnAddress};
use crate::base::{Codec, Flow, Name, Secret, Transport, TrunkId, limits};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One address the stack receives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// How.
    pub transport: Transport,
    /// The bound address, as `Flow::local` carries it.
    pub address: SocketAddr,
    /// What Via and Contact say instead, behind an address translation or when bound to every address.
    pub advertised: Option<SocketAddr>,
}

impl Listen {
    /// The address peers are told.
    #[must_use]
    pub fn public(&self) -> SocketAddr {
        self.advertised.unwrap_or(self.address)
    }
}

/// Whose requests are served.
#[derive(Clone, Debug)]
pub enum Admission {
    /// Those of these trunks; the rest get a rate-limited stateless 403 and a counter.
    Trunks(Vec<TrunkPeer>),
    /// Anyone's: a phone or a trunk of our own, in the demo, the benches and the simulator.
    Anyone,
}

/// Which header carries a caller's number on a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallerHeader {
    /// `From` alone.
    #[default]
    From,
    /// `P-Asserted-Identity` (RFC 3325), with `From` beside it.
    PAssertedIdentity,
    /// `P-Preferred-Identity` (RFC 3325 section 9.2): what a carrier asserts once it has looked.
    PPreferredIdentity,
    /// `Remote-Party-ID`, which never became an RFC and never went away.
    RemotePartyId,
}

/// How a trunk is told who sent a call on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiversionHeader {
    /// By `Diversion` (RFC 5806).
    #[default]
    Diversion,
    /// By `History-Info` (RFC 7044).
    HistoryInfo,
    /// By both.
    Both,
    /// Not at all.
    Off,
}

/// How a trunk is told who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityPolicy {
    /// Which header carries the caller's number.
    pub header: CallerHeader,
    /// Whether it is told the numbers of those who asked to stay unknown (RFC 3325's trust domain).
    pub is_trusted: bool,
    /// The number the called party sees for every call, instead of the caller's.
    pub number: Option<Name>,
    /// How it is told who sent the call on.
    pub diversion: DiversionHeader,
    /// Whether signed identities (RFC 8224) go on to it while they hold.
    pub relays: bool,
}

/// A trunk as the signaling knows it.
#[derive(Clone, Debug)]
pub struct TrunkPeer {
    /// Its place in spillway.toml.
    pub id: TrunkId,
    /// Its name there.
    pub name: Name,
    /// How it is reached.
    pub transport: Transport,
    /// Where it is reached.
    pub peer: SocketAddr,
    /// Every peer where it has several, the one above among them; empty: that one alone.
    pub peers: Vec<Peer>,
    /// The name its peers are found by; then none is written above, and `peer` says nothing.
    pub found_by: Option<PeerName>,
    /// Which of our addresses it is reached from, and which it is shown.
    pub own: OwnAddress,
    /// Requests too large for UDP go over TCP (RFC 3261 section 18.1.1), and over UDP where nobody takes them there.
    pub large_over_tcp: bool,
    /// Networks it may call from: address and prefix length. Empty: its own address alone.
    pub accept: Vec<(IpAddr, u8)>,
    /// How often it is asked for a sign of life; `None`: never.
    pub ping: Option<Duration>,
    /// Where its callers' numbers are read.
    pub caller_from: CallerHeader,
    /// Codecs allowed on it, in order of preference.
    pub codecs: Vec<Codec>,
    /// Whether provisional responses may be reliable on it (RFC 3262), where the stack allows it.
    pub prack: bool,
    /// The domain its peer serves, where that is not its address: what REGISTER and INVITE then name.
    pub domain: Option<Name>,
    /// What its peer's challenges are answered with; `None`: they are refusals.
    pub account: Option<TrunkAccount>,
}

/// The name and password that a trunk's peer knows us by.
#[derive(Clone, Debug)]
pub struct TrunkAccount {
    /// The name.
    pub user: Name,
    /// The password.
    pub password: Secret,
    /// The one realm that is answered; `None`: the first one heard.
    pub realm: Option<Name>,
    /// For how long to register with the peer; `None`: not at all.
    pub register: Option<Duration>,
}

/// Where peers are to be looked for (RFC 3263).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerName {
    /// How they are reached, where that was said; else the DNS says.
    pub transport: Option<Transport>,
    /// The domain or host.
    pub host: Name,
    /// The port, where that was said: then the name is a host's.
    pub port: Option<u16>,
}

/// One of a trunk's peers, and its part of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// How it is reached.
    pub transport: Transport,
    /// Where it is reached.
    pub address: SocketAddr,
    /// The lowest that lives is tried first (RFC 2782).
    pub priority: u16,
    /// Its share of the calls among peers of one priority.
    pub weight: u16,
}

impl TrunkPeer {
    /// The host a request along `flow` is for: the trunk's domain, else the peer's address.
    #[must_use]
    pub fn host_of(&self, flow: Flow) -> String {
        self.domain.as_ref().map_or_else(|| flow.remote.to_string(), ToString::to_string)
    }

    /// Every peer it is told of.
    pub(super) fn all(&self) -> Vec<Peer> {
        if self.found_by.is_some() {
            return Vec::new();
        }
        if self.peers.is_empty() {
            return vec![Peer { transport: self.transport, address: self.peer, priority: 0, weight: 1 }];
        }
        self.peers.clone()
    }
}

impl Peer {
    /// The path to it, from our own address as its trunk says.
    pub(super) fn path(&self, listens: &[Listen], own: OwnAddress) -> Option<Flow> {
        let local = own_address::leaving(listens, self.transport, self.address.ip(), own.listen)?;
        Some(Flow { transport: self.transport, local, remote: self.address })
    }

    /// Whether a message that came along `flow` is of this peer: a stream's source port says nothing.
    pub(super) fn is_at_end_of(&self, flow: &Flow) -> bool {
        let port_matters = flow.transport == Transport::Udp;
        self.address.ip().to_canonical() == flow.remote.ip().to_canonical()
            && (!port_matters || self.address.port() == flow.remote.port())
    }
}

/// The phones that register with the stack.
#[derive(Clone, Debug)]
pub struct PhoneSettings {
    /// Which line their calls come in on.
    pub line: TrunkId,
    /// The realm of their passwords.
    pub realm: Name,
    /// Who may register, by [`crate::base::PhoneId`].
    pub phones: Vec<PhoneAccount>,
    /// Whom phones may watch beside each other: agents elsewhere.
    pub agents: Vec<Name>,
    /// The countries of the sites, whose emergency numbers go ahead of what is asked of other calls.
    pub countries: Vec<Name>,
    /// The shortest registration that is taken, s.
    pub expires_min_s: u32,
    /// The longest that is granted, s.
    pub expires_max_s: u32,
}

/// One phone that may register.
#[derive(Clone, Debug)]
pub struct PhoneAccount {
    /// The name it registers and is dialled by.
    pub extension: Name,
    /// What its password digests to by MD5, when it may use that.
    pub ha1_md5: Option<Secret>,
    /// The same by SHA-256.
    pub ha1_sha256: Option<Secret>,
}

/// The base values of RFC 3261 section 17.1.1.1 and table 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerSettings {
    /// Round-trip estimate: 500 ms.
    pub t1: Duration,
    /// Longest interval between retransmissions: 4 s.
    pub t2: Duration,
    /// Longest life of a message in the network: 5 s.
    pub t4: Duration,
}

impl TimerSettings {
    /// 64 × T1, the span after which a peer counts as silent (RFC 3261 section 17.1.1.2).
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.t1.saturating_mul(64)
    }
}

impl Default for TimerSettings {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

/// How long a session lasts without a refresh (RFC 4028).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSettings {
    /// What we propose, and the longest we agree to, s.
    pub interval_s: u32,
    /// The shortest we take, s.
    pub min_interval_s: u32,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self { interval_s: limits::SESSION_INTERVAL_S, min_interval_s: limits::SESSION_MIN_INTERVAL_S }
    }
}

/// When a source is banned: a stranger that is surely there, over a stream or with an answer to a challenge, and was
/// refused more than `after` times `within` so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BanPolicy {
    /// Refusals that are still forgiven.
    pub after: u32,
    /// The time in which they are counted.
    pub within: Duration,
    /// How long a ban lasts.
    pub lasts: Duration,
}

impl Default for BanPolicy {
    fn default() -> Self {
        Self { after: 20, within: Duration::from_secs(60), lasts: Duration::from_secs(600) }
    }
}

/// All a stack is told.
#[derive(Clone, Debug)]
pub struct StackConfig {
    /// Where it receives; the first of a transport is the one it sends from.
    pub listens: Vec<Listen>,
    /// `User-Agent` and `Server`.
    pub user_agent: Name,
    /// Whose requests are served.
    pub admission: Admission,
    /// The phones that register; without any, REGISTER is a method not served.
    pub phones: Option<PhoneSettings>,
    /// Codecs offered to and accepted from peers that are no trunk, in order of preference.
    pub codecs: Vec<Codec>,
    /// Base values of every timer.
    pub timers: TimerSettings,
    /// Whether provisional responses may be reliable (RFC 3262).
    pub prack: bool,
    /// Session timers.
    pub session: SessionSettings,
    /// The key that marks names of ours, so that they are known again after a restart; drawn when none is given.
    pub mark_key: Option<[u8; 32]>,
    /// When strangers are banned.
    pub ban: BanPolicy,
    /// Legs at once; above it an INVITE gets 503.
    pub max_legs: usize,
}

impl StackConfig {
    /// A stack for `listens` and `admission`, everything else as usual.
    #[must_use]
    pub fn new(listens: Vec<Listen>, admission: Admission) -> Self {
        Self {
            listens,
            user_agent: Name::from("Spillway"),
            admission,
            phones: None,
            codecs: Codec::ALL.to_vec(),
            timers: TimerSettings::default(),
            prack: true,
            session: SessionSettings::default(),
            mark_key: None,
            ban: BanPolicy::default(),
            max_legs: limits::CALLS * 2,
        }
    }
}
