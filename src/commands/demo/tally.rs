//! What the service showed and what the callers lived through, laid against each other: outcomes, indicators, faults.

use super::cast::{self, Part};
use crate::base::{Map, Name, Outcome};
use crate::call::Record;
use crate::endpoint::Story;
use crate::engine::Observation;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One indicator's verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// In N and in the numerator.
    pub hits: u64,
    /// In N only.
    pub misses: u64,
    /// Immediate hang-ups, nowhere.
    pub ignored: u64,
}

impl Verdicts {
    /// Calls that count.
    pub const fn counted(self) -> u64 {
        self.hits + self.misses
    }

    /// Tenths of a percent that hit; nothing when nothing counts.
    pub fn permille(self) -> Option<u64> {
        (self.hits * 1_000).checked_div(self.counted())
    }
}

/// Everything seen so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls placed.
    pub placed: u64,
    /// Callers' own stories, by their number in the cast.
    pub stories: BTreeMap<u64, Box<Story>>,
    /// Records by the caller's number.
    records: Map<String, Vec<Arc<Record>>>,
    /// Records.
    pub recorded: u64,
    /// Verdicts by what is judged and the indicator.
    pub judged: BTreeMap<(Name, &'static str), Verdicts>,
    /// Faults the service caught.
    faults: Vec<String>,
}

impl Tally {
    /// Takes note of what the service showed.
    pub fn observe(&mut self, observation: &Observation) {
        match observation {
            Observation::Recorded(record) => {
                self.recorded += 1;
                self.records.entry(record.caller.clone()).or_default().push(Arc::clone(record));
            }
            Observation::Judged { on, indicator, verdict, .. } => {
                let verdicts = self.judged.entry((on.clone(), *indicator)).or_default();
                match *verdict {
                    "hit" => verdicts.hits += 1,
                    "miss" => verdicts.misses += 1,
                    _ => verdicts.ignored += 1,
                }
            }
            Observation::Fault { what } => self.faults.push(what.clone()),
            Observation::Fact(_)
            | Observation::LegCalled { .. }
            | Observation::QueueLine { .. }
            | Observation::Trunk { .. }
            | Observation::Peer { .. }
            | Observation::LookupFailed { .. }
            | Observation::Failover { .. }
            | Observation::TrunkLimit { .. }
            | Observation::Deflection { .. }
            | Observation::Registration { .. }
            | Observation::CredentialsRefused { .. }
            | Observation::Phone(_)
            | Observation::SipResponse { .. }
            | Observation::SipRequest { .. }
            | Observation::SipRetransmission { .. }
            | Observation::SipFirstResponse { .. }
            | Observation::SourceRefused
            | Observation::NotSip
            | Observation::SipStray
            | Observation::Audio { .. }
            | Observation::StoreLate { .. }
            | Observation::SipLimited { .. }
            | Observation::Banned { .. }
            | Observation::Overload { .. }
            | Observation::LimitReached { .. } => {}
        }
    }

    /// Whether every call placed is over, for its caller and for the service.
    pub fn is_complete(&self) -> bool {
        self.stories.len() as u64 == self.placed && self.recorded >= self.placed
    }

    /// How many calls had each outcome; those that none had are left out.
    pub fn outcomes(&self) -> Vec<(Outcome, u64)> {
        let count = |outcome| self.records.values().flatten().filter(|r| r.outcome == outcome).count() as u64;
        Outcome::ALL.into_iter().map(|outcome| (outcome, count(outcome))).filter(|(_, n)| *n > 0).collect()
    }

    /// Faults the service caught: never right, however the demo ended.
    pub fn faults(&self) -> Vec<String> {
        self.faults.clone()
    }

    /// Every call that did not go as it should, in words.
    pub fn wrongs(&self) -> Vec<String> {
        let calls = (0..self.placed).filter_map(|number| self.wrong(number));
        let strangers = self.recorded.saturating_sub(self.placed);
        let strangers = (strangers > 0).then(|| format!("{strangers} records of calls nobody placed"));
        calls.chain(strangers).chain(self.faults.iter().cloned()).collect()
    }

    fn wrong(&self, number: u64) -> Option<String> {
        let (part, caller) = (Part::of(number), cast::caller(number));
        let what = match (self.stories.get(&number), self.records.get(&caller).map(Vec::as_slice)) {
            (None, _) => "its call never ended".into(),
            (Some(story), _) if !part.went_well(story) => format!("lived through {story:?}"),
            (Some(_), None | Some([])) => "has no record".into(),
            (Some(_), Some([record])) if part.outcomes().contains(&record.outcome) => return None,
            (Some(_), Some([record])) => format!("was recorded as {}", record.outcome.label()),
            (Some(_), Some(records)) => format!("has {} records", records.len()),
        };
        Some(format!("{caller} ({part:?}) {what}"))
    }
}
