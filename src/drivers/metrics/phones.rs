//! The figures of phones that register here. Must never carry an extension in a label.

use super::names as n;
use super::registry::{Registry, Table};
use crate::base::{Map, Name};
use crate::call::Record;
use crate::engine::PhoneObservation;
use metrics::{Counter, Gauge};

/// Counters and levels of the registrar.
#[derive(Debug)]
pub(super) struct PhoneSeries {
    challenged: Counter,
    withheld: Counter,
    refused: Table<Counter>,
    answered: Table<Counter>,
    replaced: Counter,
    lamps_refused: Counter,
    calls: Table<Counter>,
    registered: Gauge,
    contacts: Gauge,
    /// Contacts of each phone that has any.
    of: Map<Name, usize>,
}

impl PhoneSeries {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            challenged: registry.counter(n::PHONE_CHALLENGES, &[]),
            withheld: registry.counter(n::PHONE_WITHHELD, &[]),
            refused: Table::new(&n::PHONE_REFUSALS, |why| {
                registry.counter(n::PHONE_REFUSED, &[("why", why)])
            }),
            answered: Table::new(&n::REGISTRAR_RESULTS, |result| {
                registry.counter(n::REGISTRAR_ANSWERS, &[("result", result)])
            }),
            replaced: registry.counter(n::PHONE_REPLACED, &[]),
            lamps_refused: registry.counter(n::LAMPS_REFUSED, &[]),
            calls: Table::new(&n::PHONE_CALLEES, |to| registry.counter(n::PHONE_CALLS, &[("to", to)])),
            registered: registry.gauge(n::PHONES_REGISTERED, &[]),
            contacts: registry.gauge(n::PHONE_CONTACTS, &[]),
            of: Map::default(),
        }
    }

    /// A phone's call that is over, to no number of ours.
    pub(super) fn recorded(&self, record: &Record) {
        let to = record.target.as_deref().unwrap_or_default();
        self.calls.get_or_rest(to).inspect(|counter| counter.increment(1));
    }

    pub(super) fn observe(&mut self, seen: &PhoneObservation) {
        match seen {
            PhoneObservation::Challenged => self.challenged.increment(1),
            PhoneObservation::Withheld => self.withheld.increment(1),
            PhoneObservation::Refused { why } => {
                self.refused.get(why).inspect(|counter| counter.increment(1));
            }
            PhoneObservation::Answered { result } => {
                self.answered.get(result).inspect(|counter| counter.increment(1));
            }
            PhoneObservation::LampRefused => self.lamps_refused.increment(1),
            PhoneObservation::Replaced => self.replaced.increment(1),
            PhoneObservation::Contacts { extension, contacts } => {
                match contacts {
                    0 => self.of.remove(extension),
                    some => self.of.insert(extension.clone(), *some),
                };
                self.registered.set(self.of.len() as f64);
                self.contacts.set(self.of.values().sum::<usize>() as f64);
            }
        }
    }
}
