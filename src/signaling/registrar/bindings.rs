//! Where phones are: what each registered, over which path, until when (RFC 3261 section 10.2). Data only: the timers and
//! the answers are others'.

use crate::base::{Flow, Moment, PhoneId, limits};
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
    total: usize,
    next: u64,
}

impl Bindings {
    pub(super) fn new(phones: usize) -> Self {
        Self { of: vec![Vec::new(); phones], total: 0, next: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.total
    }

    pub(super) fn of(&self, phone: PhoneId) -> &[Binding] {
        self.of.get(phone.index()).map_or(&[], Vec::as_slice)
    }

    pub(super) fn get(&self, key: BindingKey) -> Option<&Binding> {
        self.of.iter().flatten().find(|binding| binding.key == key)
    }

    /// Whether a phone registered over this path.
    pub(super) fn has_flow(&self, flow: Flow) -> bool {
        self.total > 0 && self.of.iter().flatten().any(|binding| binding.flow == flow)
    }

    /// Every binding over this path.
    pub(super) fn on(&self, flow: Flow) -> Vec<BindingKey> {
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
        let Some(of) = self.of.get_mut(binding.phone.index()) else { return (key, None) };
        // The one refreshed longest ago goes: a phone that lost its address registers anew, and must not be kept out by
        // what nobody answers any more.
        let oldest = (of.len() >= limits::CONTACTS).then(|| of.remove(0).key);
        self.total = self.total + 1 - usize::from(oldest.is_some());
        of.push(binding);
        (key, oldest)
    }

    pub(super) fn remove(&mut self, key: BindingKey) -> Option<Binding> {
        for of in &mut self.of {
            if let Some(index) = of.iter().position(|binding| binding.key == key) {
                self.total -= 1;
                return Some(of.remove(index));
            }
        }
        None
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
