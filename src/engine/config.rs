//! What an engine is told once, at its making.

use super::Sounds;
use super::core::{PhoneLine, TrunkLine};
use crate::base::{CallId, Flow, JournalSeq, Name, TrunkId};
use crate::dialplan::Plan;
use crate::signaling::{Admission, BanPolicy, IdentityPolicy, Listen, PhoneSettings, StackConfig, TrunkPeer};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// Everything an engine needs to know.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Its sounds.
    pub sounds: Sounds,
    /// Trunks, by [`crate::base::TrunkId`].
    pub trunks: Vec<EngineTrunk>,
    /// Phones that register here.
    pub phones: Option<EnginePhones>,
    /// Where SIP is received.
    pub listens: Vec<Listen>,
    /// RTP and RTCP ports.
    pub ports: RangeInclusive<u16>,
    /// Media threads.
    pub boards: u8,
    /// When strangers are banned.
    pub ban: BanPolicy,
    /// The next call's id.
    pub next_call: CallId,
    /// The next fact's number.
    pub next_seq: JournalSeq,
}

/// The phones that register here, as every floor needs them.
#[derive(Clone, Debug)]
pub struct EnginePhones {
    /// As signaling knows them.
    pub settings: PhoneSettings,
    /// Where emergency numbers dialled on them go.
    pub emergency: Option<TrunkId>,
    /// Where other numbers outside dialled on them go.
    pub outside: Option<TrunkId>,
    /// The number trunks see of them.
    pub caller: Option<Name>,
}

impl EnginePhones {
    pub(super) fn line(&self) -> PhoneLine {
        PhoneLine {
            line: self.settings.line,
            extensions: self.settings.phones.iter().map(|phone| phone.extension.clone()).collect(),
            emergency: self.emergency,
            outside: self.outside,
            caller: self.caller.clone(),
        }
    }
}

/// Where audio is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaAddress {
    /// As the far end's network sees it.
    pub told: IpAddr,
    /// The local address its sockets are bound to; unspecified: any of that kind.
    pub bound: IpAddr,
}

impl MediaAddress {
    /// One that is what it seems.
    #[must_use]
    pub const fn plain(address: IpAddr) -> Self {
        Self { told: address, bound: address }
    }
}

/// One trunk, as every floor needs it.
#[derive(Clone, Debug)]
pub struct EngineTrunk {
    /// As signaling knows it.
    pub peer: TrunkPeer,
    /// As the core knows it.
    pub line: TrunkLine,
    /// How long a peer may say nothing at all to an INVITE; `None`: Timer B, 32 s (RFC 3261 section 17.1.1.2).
    pub invite_timeout: Option<Duration>,
    /// How it is told who calls.
    pub identity: IdentityPolicy,
    /// How agents' phones on it are to ring: Alert-Info and Call-Info, from the configuration alone.
    pub alerting: Vec<(&'static str, String)>,
    /// Where its audio is received.
    pub media: MediaAddress,
}

impl EngineConfig {
    pub(super) fn stack(&self) -> StackConfig {
        let trunks = self.trunks.iter().map(|trunk| trunk.peer.clone()).collect();
        let phones = self.phones.as_ref().map(|phones| phones.settings.clone());
        let usual = StackConfig::new(self.listens.clone(), Admission::Trunks(trunks));
        StackConfig { ban: self.ban, phones, ..usual }
    }

    /// Where the audio of whoever is at the far end of a path is received, when no trunk says otherwise: where SIP is.
    pub(super) fn media(&self, flow: Flow) -> MediaAddress {
        MediaAddress::plain(self.public(flow).ip())
    }

    /// Our address as the far end of a path is told it.
    fn public(&self, flow: Flow) -> SocketAddr {
        let mut listens = self.listens.iter();
        let own = listens.find(|listen| listen.transport == flow.transport && listen.address == flow.local);
        own.map_or(flow.local, Listen::public)
    }
}
