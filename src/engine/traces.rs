//! The last calls as they went: their facts, and the SIP messages of all their legs, in order and within limits, for whoever
//! looks at one. A message belongs to a call by its Call-ID: the caller's, or one we gave a leg. Messages of no call are not
//! kept, so a flood of them takes nobody's place. Must never look at a clock, nor decide anything about a call.

use super::observation::Observation;
use super::wanted::{Wanted, is_same};
use crate::base::{CallId, Flow, LegId, Map, Moment, Now, limits, seeded_map};
use crate::call::{Entry, Fact, Subject};
use crate::wire::sip::{blank_secrets, spot_call_id};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::mem::size_of;
use std::sync::Arc;

/// An INVITE, its 100 and a refusal: what passes before a call is known.
const PENDING: usize = 4;

/// One thing that happened to a call, as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It was found; what follows is about it.
    Call(CallId),
    /// A fact.
    Fact(Entry),
    /// A SIP message of one of its legs.
    Message(Passed),
    /// So many facts and messages were not kept.
    Omitted(u64),
}

/// A SIP message that passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// When.
    pub at: Now,
    /// The leg it belongs to; 0 is the caller's.
    pub leg: u16,
    /// Whether we sent it.
    pub sent: bool,
    /// Which way.
    pub flow: Flow,
    /// All of it, its secrets blanked; bytes that are no text are replaced.
    pub text: String,
}

/// The last calls.
#[derive(Debug)]
pub struct Traces {
    /// Facts and messages are kept, not only which leg is called what.
    keeps: bool,
    calls: BTreeMap<CallId, Traced>,
    legs: Map<Box<[u8]>, LegId>,
    /// Calls that are over, the oldest first.
    over: VecDeque<CallId>,
    /// Of everything kept.
    bytes: usize,
    /// Messages that may be those of a call about to be known.
    pending: Vec<Message>,
}

/// One call.
#[derive(Debug, Default)]
struct Traced {
    /// The caller's first.
    call_ids: Vec<Box<[u8]>>,
    steps: Vec<Kept>,
    bytes: usize,
    omitted: u64,
    over: bool,
    /// Somebody looks on: nothing is left out for want of room.
    followed: bool,
}

#[derive(Debug)]
enum Kept {
    Fact(Arc<Entry>),
    Message(Message),
}

#[derive(Debug)]
struct Message {
    at: Now,
    leg: u16,
    sent: bool,
    flow: Flow,
    /// Copied: the writer's buffer is shared by many messages, one of which would keep the others.
    bytes: Box<[u8]>,
}

impl Traces {
    /// Nothing yet. Unless it `keeps` facts and messages it only knows which Call-IDs are one call's.
    #[must_use]
    pub fn new(keeps: bool, seed: u64) -> Self {
        Self {
            keeps,
            calls: BTreeMap::new(),
            legs: seeded_map(seed),
            over: VecDeque::new(),
            bytes: 0,
            pending: Vec::new(),
        }
    }

    /// Whether facts and messages are kept.
    #[must_use]
    pub const fn keeps(&self) -> bool {
        self.keeps
    }

    /// A message is about to be handled.
    pub fn received(&mut self, at: Now, flow: Flow, bytes: &[u8]) {
        self.pending.clear();
        if !self.keeps {
            return;
        }
        let Some(call_id) = spot_call_id(bytes) else { return };
        if let Some(leg) = self.legs.get(call_id).copied() {
            self.message(leg, at, flow, false, bytes);
        } else if bytes.starts_with(b"INVITE ") {
            self.pending.push(Message { at, leg: 0, sent: false, flow, bytes: bytes.into() });
        }
    }

    /// A message goes out.
    pub fn sent(&mut self, at: Now, flow: Flow, bytes: &[u8]) {
        if !self.keeps {
            return;
        }
        let Some(call_id) = spot_call_id(bytes) else { return };
        if let Some(leg) = self.legs.get(call_id).copied() {
            self.message(leg, at, flow, true, bytes);
        } else if self.pending.len() < PENDING
            && self.pending.first().is_some_and(|first| spot_call_id(&first.bytes) == Some(call_id))
        {
            self.pending.push(Message { at, leg: 0, sent: true, flow, bytes: bytes.into() });
        }
    }

    /// The engine said something.
    pub fn observe(&mut self, observation: &Observation) {
        if let Observation::Fact(entry) = observation {
            if let Subject::Call(call) = entry.subject {
                self.fact(call, entry);
            }
        } else if let Observation::LegCalled { leg, sip_call_id } = observation {
            self.called(*leg, sip_call_id.clone());
        } else if let Observation::Recorded(record) = observation {
            self.ended(record.call);
        }
    }

    /// The Call-ID under which all messages of a message's call are found: its caller's, or the message's own.
    #[must_use]
    pub fn correlation<'a>(&'a self, message: &'a [u8]) -> Option<&'a [u8]> {
        let own = spot_call_id(message)?;
        let call = self.legs.get(own).and_then(|leg| self.calls.get(&leg.call));
        Some(call.and_then(|call| call.call_ids.first()).map_or(own, |first| &**first))
    }

    /// The call that is meant, if it is kept; of those that are over only where `running` does not rule them out.
    #[must_use]
    pub fn find(&self, wanted: &Wanted, running: bool) -> Option<CallId> {
        let open = |traced: &Traced| !running || !traced.over;
        match wanted {
            Wanted::Call(call) => self.calls.get(call).filter(|traced| open(traced)).map(|_| *call),
            Wanted::Last => self.calls.iter().rev().find(|(_, traced)| open(traced)).map(|(call, _)| *call),
            Wanted::Number(number) => {
                let mut calls = self.calls.iter().rev();
                calls.find(|(_, traced)| open(traced) && traced.is_of(number)).map(|(call, _)| *call)
            }
        }
    }

    /// Whether a call is over, or not kept.
    #[must_use]
    pub fn is_over(&self, call: CallId) -> bool {
        self.calls.get(&call).is_none_or(|traced| traced.over)
    }

    /// Leaves nothing out of a call from here on, or as before.
    pub fn follow(&mut self, call: CallId, followed: bool) {
        if let Some(traced) = self.calls.get_mut(&call) {
            traced.followed = followed;
        }
    }

    /// What is kept of a call, from its `first` step on, by the time of each: what an event brought about is told as one, and
    /// a message goes out later than the facts it waited for.
    pub fn steps(&self, call: CallId, first: usize) -> impl Iterator<Item = Step> {
        let steps = self.calls.get(&call).and_then(|traced| traced.steps.get(first..)).unwrap_or_default();
        let mut steps: Vec<&Kept> = steps.iter().collect();
        steps.sort_by_key(|kept| kept.at());
        steps.into_iter().map(Kept::shown)
    }

    /// How much of a call was left out.
    #[must_use]
    pub fn omitted(&self, call: CallId) -> u64 {
        self.calls.get(&call).map_or(0, |traced| traced.omitted)
    }

    fn fact(&mut self, call: CallId, entry: &Arc<Entry>) {
        if let Fact::Arrived { sip_call_id, .. } = &entry.fact {
            self.called(LegId::caller(call), sip_call_id.as_bytes().into());
            let pending = std::mem::take(&mut self.pending);
            for message in pending {
                if spot_call_id(&message.bytes) == Some(sip_call_id.as_bytes()) {
                    self.keep(call, Kept::Message(message));
                }
            }
        }
        if let Fact::LegTaken { leg, call: from, call_leg } = &entry.fact {
            self.taken(LegId { call: *from, number: *call_leg }, LegId { call, number: *leg });
        }
        if self.keeps {
            self.keep(call, Kept::Fact(Arc::clone(entry)));
        }
    }

    /// A leg is another call's from here on: what it says now is found there, and what it has said too.
    fn taken(&mut self, from: LegId, to: LegId) {
        let Some(left) = self.calls.get(&from.call) else { return };
        let mut call_ids = left.call_ids.clone();
        call_ids.retain(|call_id| self.legs.get(call_id) == Some(&from));
        let said = left.steps.iter().filter_map(|step| match step {
            Kept::Message(message) if message.leg == from.number => Some(message.of_leg(to.number)),
            Kept::Message(_) | Kept::Fact(_) => None,
        });
        let said: Vec<Message> = said.collect();
        for call_id in call_ids {
            self.called(to, call_id);
        }
        for message in said {
            self.keep(to.call, Kept::Message(message));
        }
    }

    fn called(&mut self, leg: LegId, call_id: Box<[u8]>) {
        self.legs.insert(call_id.clone(), leg);
        self.calls.entry(leg.call).or_default().call_ids.push(call_id);
    }

    fn message(&mut self, leg: LegId, at: Now, flow: Flow, sent: bool, bytes: &[u8]) {
        let message = Message { at, leg: leg.number, sent, flow, bytes: bytes.into() };
        self.keep(leg.call, Kept::Message(message));
    }

    fn keep(&mut self, call: CallId, step: Kept) {
        let size = step.size();
        while self.bytes + size > limits::TRACE_BYTES && self.forget_oldest() {}
        let Some(traced) = self.calls.get_mut(&call) else { return };
        let has_room = traced.followed || self.bytes + size <= limits::TRACE_BYTES;
        if !has_room || traced.steps.len() >= limits::TRACE_STEPS {
            traced.omitted += 1;
            return;
        }
        traced.steps.push(step);
        traced.bytes += size;
        self.bytes += size;
    }

    fn ended(&mut self, call: CallId) {
        let Some(traced) = self.calls.get_mut(&call) else { return };
        traced.over = true;
        self.over.push_back(call);
        if self.over.len() > limits::TRACE_CALLS {
            self.forget_oldest();
        }
    }

    /// Makes room; false when every call still runs.
    fn forget_oldest(&mut self) -> bool {
        let Some(call) = self.over.pop_front() else { return false };
        let Some(traced) = self.calls.remove(&call) else { return true };
        self.bytes -= traced.bytes;
        for call_id in &traced.call_ids {
            // A caller may have used it again since.
            if self.legs.get(call_id).is_some_and(|leg| leg.call == call) {
                self.legs.remove(call_id);
            }
        }
        true
    }
}

impl Message {
    /// The same, as another leg's.
    fn of_leg(&self, leg: u16) -> Self {
        let Self { at, sent, flow, ref bytes, .. } = *self;
        Self { at, leg, sent, flow, bytes: bytes.clone() }
    }
}

impl Traced {
    fn is_of(&self, number: &str) -> bool {
        self.steps.iter().any(|step| match step {
            Kept::Fact(entry) => {
                if let Fact::Arrived { caller, dialled, .. } = &entry.fact {
                    is_same(number, caller) || is_same(number, dialled)
                } else {
                    false
                }
            }
            Kept::Message(_) => false,
        })
    }
}

impl Kept {
    /// Bytes, about.
    fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Fact(_) => size_of::<Entry>(),
                Self::Message(message) => message.bytes.len(),
            }
    }

    fn at(&self) -> Moment {
        match self {
            Self::Fact(entry) => entry.now.moment,
            Self::Message(message) => message.at.moment,
        }
    }

    fn shown(&self) -> Step {
        match self {
            Self::Fact(entry) => Step::Fact((**entry).clone()),
            Self::Message(Message { at, leg, sent, flow, bytes }) => Step::Message(Passed {
                at: *at,
                leg: *leg,
                sent: *sent,
                flow: *flow,
                text: String::from_utf8_lossy(&blank_secrets(bytes)).into_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
