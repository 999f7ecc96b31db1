//! Where phones are: what each registered, over which path, until when (RFC 3261 section 10.2). Data only: the timers and
//! the answers are others'.

use crate::base::{Flow, Map, Moment, PhoneId, limits};
use crate::signaling::guard::Source;
use std::fmt;

/// One contact of one phone. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BindingKey(pub(in crate::signaling) u64);

impl fmt::Display for BindingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "binding-{}", self.0)
    }
}

/// What a phone registers of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contact {
    /// The URI, as written.
    pub(super) uri: Box<[u8]>,
    /// `+sip.instance` as written, and `reg-id` (RFC 5626 section 4.2).
    pub(super) outbound: Option<(Box<[u8]>, u32)>,
}

/// A contact that is registered.
#[derive(Clone, Debug)]
pub(in crate::signaling) struct Binding {
    pub(in crate::signaling) key: BindingKey,
    pub(in crate::signaling) phone: PhoneId,
    pub(super) contact: Contact,
    /// The path its REGISTER came on: its requests go back there, whatever its URI says. That reaches phones behind an
    /// address translation, and nobody can have somebody else rung.
    pub(in crate::signaling) flow: Flow,
    /// The proxies between, nearest first (RFC 3327).
    pub(super) path: Box<[Box<[u8]>]>,
    pub(super) call_id: Box<[u8]>,
    pub(super) cseq: u32,
    pub(super) until: Moment,
    /// Its URI is not where it is: something translates addresses, and forgets when nothing passes.
    pub(super) is_translated: bool,
}

/// Where every phone is.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    /// By phone, the one refreshed last at the end.
    of: Vec<Vec<Binding>>,
    by_key: Map<BindingKey, PhoneId>,
    /// How many came over each path.
    flows: Map<Flow, u32>,
    next: u64,
}

impl Bindings {
    pub(super) fn new(phones: usize) -> Self {
        Self { of: vec![Vec::new(); phones], ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn of(&self, phone: PhoneId) -> &[Binding] {
        self.of.get(phone.index()).map_or(&[], Vec::as_slice)
    }

    pub(super) fn get(&self, key: BindingKey) -> Option<&Binding> {
        self.of(*self.by_key.get(&key)?).iter().find(|binding| binding.key == key)
    }

    /// Whether a phone registered over this path.
    pub(super) fn has_flow(&self, flow: Flow) -> bool {
        self.flows.contains_key(&flow)
    }

    /// Whether a phone registered from this place.
    pub(super) fn is_at(&self, place: Source) -> bool {
        self.flows.keys().any(|flow| Source::of(flow.remote.ip()) == place)
    }

    /// Every binding over this path.
    pub(super) fn on(&self, flow: Flow) -> Vec<BindingKey> {
        if !self.has_flow(flow) {
            return Vec::new();
        }
        self.of.iter().flatten().filter(|binding| binding.flow == flow).map(|binding| binding.key).collect()
    }

    /// The binding a contact of this phone would replace: the same URI; with Outbound, the same flow of the same
    /// instance (RFC 5626 section 6).
    pub(super) fn same(&self, phone: PhoneId, contact: &Contact) -> Option<&Binding> {
        self.of(phone).iter().find(|binding| match (&contact.outbound, &binding.contact.outbound) {
            (Some(one), Some(other)) => one == other,
            (Some(_) | None, None) | (None, Some(_)) => binding.contact.uri == contact.uri,
        })
    }

    /// Bindings a phone that started anew left behind: it speaks from the same path under another Call-ID.
    pub(super) fn left_behind(&self, phone: PhoneId, flow: Flow, call_id: &[u8]) -> Vec<BindingKey> {
        let left = |binding: &&Binding| {
            binding.flow == flow && *binding.call_id != *call_id && binding.path.is_empty()
        };
        self.of(phone).iter().filter(left).map(|binding| binding.key).collect()
    }

    /// Adds or replaces; gives the key, and the key of one that had to make room.
    pub(super) fn put(&mut self, mut binding: Binding) -> (BindingKey, Option<BindingKey>) {
        let same = self.same(binding.phone, &binding.contact).map(|binding| binding.key);
        if let Some(key) = same {
            self.remove(key);
            binding.key = key;
        } else {
            binding.key = BindingKey(self.next);
            self.next += 1;
        }
        let key = binding.key;
        // The one refreshed longest ago goes: a phone that lost its address registers anew, and must not be kept out by
        // what nobody answers any more.
        let of = self.of(binding.phone);
        let oldest = of.first().filter(|_| of.len() >= limits::CONTACTS).map(|binding| binding.key);
        if let Some(oldest) = oldest {
            self.remove(oldest);
        }
        let Some(of) = self.of.get_mut(binding.phone.index()) else { return (key, None) };
        *self.flows.entry(binding.flow).or_default() += 1;
        self.by_key.insert(key, binding.phone);
        of.push(binding);
        (key, oldest)
    }

    pub(super) fn remove(&mut self, key: BindingKey) -> Option<Binding> {
        let of = self.of.get_mut(self.by_key.remove(&key)?.index())?;
        let binding = of.remove(of.iter().position(|binding| binding.key == key)?);
        if let Some(count) = self.flows.get_mut(&binding.flow) {
            *count -= 1;
            if *count == 0 {
                self.flows.remove(&binding.flow);
            }
        }
        Some(binding)
    }

    /// What to ring for a phone: each contact once; of an instance with several flows the one registered last
    /// (RFC 5626 section 7).
    pub(super) fn to_ring(&self, phone: PhoneId) -> Vec<&Binding> {
        let all = self.of(phone);
        let is_last = |index: usize, binding: &Binding| {
            let Some((instance, _)) = &binding.contact.outbound else { return true };
            !all[index + 1..]
                .iter()
                .any(|later| later.contact.outbound.as_ref().is_some_and(|(same, _)| same == instance))
        };
        all.iter()
            .enumerate()
            .filter(|(index, binding)| is_last(*index, binding))
            .map(|(_, one)| one)
            .collect()
    }
}
