//! The legs of all calls: which SIP leg, which port, what is heard there. The one place that knows all three.

use super::MediaAddress;
use super::keys::Keys;
use crate::base::{CallId, Cause, LegId, Map, MusicId, Name, PromptId, TrunkId, give_back};
use crate::media::PortId;
use crate::signaling::{Caller, Diversion, LegKey, RemoteMedia, UserToUser};
use smallvec::SmallVec;
use std::collections::BTreeSet;

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
    Prompt {
        prompt: PromptId,
        token: u64,
    },
    Music {
        music: MusicId,
        played: u32,
    },
    Ringback,
    Silence,
    Whisper(Option<PromptId>),
    Peer(LegId),
    /// The peer, who holds, and what we play meanwhile.
    Held {
        by: LegId,
        music: Option<MusicId>,
        played: u32,
    },
}

impl Heard {
    /// Whose audio is relayed.
    pub const fn peer(self) -> Option<LegId> {
        match self {
            Self::Peer(peer) | Self::Held { by: peer, .. } => Some(peer),
            Self::Nothing
            | Self::Prompt { .. }
            | Self::Music { .. }
            | Self::Ringback
            | Self::Silence
            | Self::Whisper(_) => None,
        }
    }
}

/// One leg.
#[derive(Debug)]
pub(super) struct Leg {
    pub key: LegKey,
    /// A phone's further contacts that ring with it, until one answers.
    pub others: SmallVec<[LegKey; 1]>,
    /// Whose phone it is, where that may be watched.
    pub party: Option<Name>,
    /// It is known to ring.
    pub rings: bool,
    /// What contacts that ring no more said.
    pub refused: Option<Cause>,
    pub trunk: TrunkId,
    /// Where its audio is received.
    pub media: MediaAddress,
    pub stage: Stage,
    pub port: Option<PortId>,
    /// What the far end last said of its audio.
    pub remote: Option<RemoteMedia>,
    /// Whether we made the offer: then telephone events come with our payload type.
    pub offered: bool,
    /// Whether the port is lent to a stream: only then can it be told what to send.
    pub attached: bool,
    pub heard: Heard,
    /// Its far end sent us on from another phone: that is followed once.
    pub moved: bool,
    /// The leg whose ringing its own side is asked to see to.
    pub deflecting: Option<Deflecting>,
    /// What was pressed lately.
    pub keys: Keys,
    /// What the initial INVITE said, on the caller's leg.
    pub inbound: Option<Box<Inbound>>,
}

/// How far a REFER of ours has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeflectingStage {
    /// It is not answered.
    Asked,
    /// The far end has said that it will try.
    Accepted,
    /// We ring the target; the far end may yet do it.
    GivenUp,
}

/// A REFER of ours under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deflecting {
    /// The leg that would have been dialled, in the call's own count.
    pub leg: u16,
    /// How far it has come.
    pub stage: DeflectingStage,
}

/// What a caller's INVITE said that later legs need.
#[derive(Debug)]
pub(super) struct Inbound {
    pub caller: Caller,
    pub max_forwards: u8,
    pub diversions: Vec<Diversion>,
    pub identities: Vec<Box<[u8]>>,
    pub user_to_user: Option<UserToUser>,
}

impl Leg {
    pub fn new(key: LegKey, trunk: TrunkId, media: MediaAddress, stage: Stage) -> Self {
        Self {
            key,
            others: SmallVec::new(),
            party: None,
            rings: false,
            refused: None,
            trunk,
            media,
            stage,
            port: None,
            remote: None,
            offered: false,
            attached: false,
            heard: Heard::Nothing,
            moved: false,
            deflecting: None,
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
    by_party: Map<Name, SmallVec<[LegId; 2]>>,
    /// Whose legs have changed.
    touched: BTreeSet<Name>,
}

impl Legs {
    pub fn insert(&mut self, id: LegId, leg: Leg) {
        if let Some(party) = &leg.party {
            self.by_party.entry(party.clone()).or_default().push(id);
            self.touched.insert(party.clone());
        }
        self.by_key.insert(leg.key, id);
        self.by_key.extend(leg.others.iter().map(|other| (*other, id)));
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

    /// A leg goes on under another name.
    pub fn renumber(&mut self, from: LegId, to: LegId) {
        let Some(leg) = self.by_id.remove(&from) else { return };
        for key in std::iter::once(leg.key).chain(leg.others.iter().copied()) {
            self.by_key.insert(key, to);
        }
        if let Some(party) = &leg.party {
            self.touched.insert(party.clone());
            for id in self.by_party.get_mut(party).into_iter().flatten().filter(|id| **id == from) {
                *id = to;
            }
        }
        self.by_id.insert(to, leg);
    }

    pub fn remove(&mut self, id: LegId) -> Option<Leg> {
        let leg = self.by_id.remove(&id)?;
        if let Some(party) = &leg.party {
            self.touched.insert(party.clone());
            if let Some(legs) = self.by_party.get_mut(party) {
                legs.retain(|leg| *leg != id);
                if legs.is_empty() {
                    self.by_party.remove(party);
                }
            }
        }
        self.by_key.remove(&leg.key);
        for other in &leg.others {
            self.by_key.remove(other);
        }
        give_back(&mut self.by_id);
        give_back(&mut self.by_key);
        Some(leg)
    }

    /// One of a leg's contacts has it; gives the others, which are the leg's no more.
    pub fn keep_only(&mut self, id: LegId, key: LegKey) -> SmallVec<[LegKey; 1]> {
        let Some(leg) = self.by_id.get_mut(&id) else { return SmallVec::new() };
        let mut losers = std::mem::take(&mut leg.others);
        losers.push(std::mem::replace(&mut leg.key, key));
        losers.retain(|loser| *loser != key);
        for loser in &losers {
            self.by_key.remove(loser);
        }
        losers
    }

    /// One of a leg's several contacts is the leg's no more.
    pub fn drop_contact(&mut self, id: LegId, key: LegKey) {
        let Some(leg) = self.by_id.get_mut(&id) else { return };
        if leg.key == key
            && let Some(other) = leg.others.pop()
        {
            leg.key = other;
        }
        leg.others.retain(|other| *other != key);
        self.by_key.remove(&key);
    }

    /// A leg's stage has changed.
    pub fn touch(&mut self, id: LegId) {
        let party = self.by_id.get(&id).and_then(|leg| leg.party.as_ref());
        self.touched.extend(party.cloned());
    }

    /// Somebody whose legs have changed.
    pub fn take_touched(&mut self) -> Option<Name> {
        self.touched.pop_first()
    }

    /// Somebody's legs.
    pub fn of(&self, party: &Name) -> Vec<(LegId, &Leg)> {
        let ids = self.by_party.get(party).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.by_id.get(id)?))).collect()
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
