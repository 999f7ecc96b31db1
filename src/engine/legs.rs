//! The legs of all calls: which SIP leg, which port, what is heard there. The one place that knows all three.

use super::keys::Keys;
use crate::base::{CallId, LegId, Map, MusicId, PromptId, TrunkId, give_back};
use crate::media::PortId;
use crate::signaling::{Caller, Diversion, LegKey, RemoteMedia};

/// How far a leg has come, as far as ending it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It called us and is not answered.
    Calling,
    /// We called it and it has not answered.
    Called,
    /// Answered.
    Up,
    /// Hung up, refused or cancelled by either side: signaling is cleaning up.
    Over,
}

/// What a leg is to hear. Kept until there is somewhere to send it, and again after a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    Prompt { prompt: PromptId, token: u64 },
    Music { music: MusicId, played: u32 },
    Ringback,
    Silence,
    Peer(LegId),
}

/// One leg.
#[derive(Debug)]
pub(super) struct Leg {
    pub key: LegKey,
    pub trunk: TrunkId,
    pub stage: Stage,
    pub port: Option<PortId>,
    /// What the far end last said of its audio.
    pub remote: Option<RemoteMedia>,
    /// Whether we made the offer: then telephone events come with our payload type.
    pub offered: bool,
    /// Whether the port is lent to a stream: only then can it be told what to send.
    pub attached: bool,
    pub heard: Heard,
    /// What was pressed lately.
    pub keys: Keys,
    /// What the initial INVITE said, on the caller's leg.
    pub inbound: Option<Box<Inbound>>,
}

/// What a caller's INVITE said that later legs need.
#[derive(Debug)]
pub(super) struct Inbound {
    pub caller: Caller,
    pub max_forwards: u8,
    pub diversions: Vec<Diversion>,
    pub identities: Vec<Box<[u8]>>,
}

impl Leg {
    pub fn new(key: LegKey, trunk: TrunkId, stage: Stage) -> Self {
        Self {
            key,
            trunk,
            stage,
            port: None,
            remote: None,
            offered: false,
            attached: false,
            heard: Heard::Nothing,
            keys: Keys::default(),
            inbound: None,
        }
    }
}

/// Every leg, by both of its names.
#[derive(Debug, Default)]
pub(super) struct Legs {
    by_id: Map<LegId, Leg>,
    by_key: Map<LegKey, LegId>,
}

impl Legs {
    pub fn insert(&mut self, id: LegId, leg: Leg) {
        self.by_key.insert(leg.key, id);
        self.by_id.insert(id, leg);
    }

    pub fn get(&self, id: LegId) -> Option<&Leg> {
        self.by_id.get(&id)
    }

    pub fn get_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        self.by_id.get_mut(&id)
    }

    pub fn id(&self, key: LegKey) -> Option<LegId> {
        self.by_key.get(&key).copied()
    }

    /// Another SIP leg stands for this one from now on.
    pub fn rename(&mut self, id: LegId, key: LegKey) {
        let Some(leg) = self.by_id.get_mut(&id) else { return };
        self.by_key.remove(&std::mem::replace(&mut leg.key, key));
        self.by_key.insert(key, id);
    }

    pub fn remove(&mut self, id: LegId) -> Option<Leg> {
        let leg = self.by_id.remove(&id)?;
        self.by_key.remove(&leg.key);
        give_back(&mut self.by_id);
        give_back(&mut self.by_key);
        Some(leg)
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }
}

/// A leg's name on the media plane.
pub(super) const fn tag(leg: LegId) -> u64 {
    leg.call.0 << 16 | leg.number as u64
}

/// The leg of a media tag.
pub(super) const fn untag(tag: u64) -> LegId {
    LegId { call: CallId(tag >> 16), number: (tag & 0xffff) as u16 }
}
