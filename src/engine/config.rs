//! What an engine is told once, at its making.

use super::Sounds;
use super::core::TrunkLine;
use crate::base::{CallId, Flow, JournalSeq};
use crate::dialplan::Plan;
use crate::signaling::{Admission, CallerHeader, Listen, StackConfig, TrunkPeer};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Everything an engine needs to know.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Its sounds.
    pub sounds: Sounds,
    /// Trunks, by [`crate::base::TrunkId`].
    pub trunks: Vec<EngineTrunk>,
    /// Where SIP is received.
    pub listens: Vec<Listen>,
    /// RTP and RTCP ports.
    pub ports: RangeInclusive<u16>,
    /// Media threads.
    pub boards: u8,
    /// The next call's id.
    pub next_call: CallId,
    /// The next fact's number.
    pub next_seq: JournalSeq,
}

/// One trunk, as every floor needs it.
#[derive(Clone, Debug)]
pub struct EngineTrunk {
    /// As signaling knows it.
    pub peer: TrunkPeer,
    /// As the core knows it.
    pub line: TrunkLine,
    /// The path calls out take.
    pub flow: Flow,
    /// Where the caller's number is written on calls out.
    pub caller_to: CallerHeader,
    /// How agents' phones on it are to ring: Alert-Info and Call-Info, from the configuration alone.
    pub alerting: Vec<(&'static str, String)>,
    /// The address our RTP is received at, as this trunk's network sees it.
    pub media: IpAddr,
}

impl EngineConfig {
    pub(super) fn stack(&self) -> StackConfig {
        let trunks = self.trunks.iter().map(|trunk| trunk.peer.clone()).collect();
        StackConfig::new(self.listens.clone(), Admission::Trunks(trunks))
    }
}
