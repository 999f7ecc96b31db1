//! Everything that looks at the engine: the store, the metrics, the logs, the console, the control socket, a watcher.

use super::{Handle, ServeError, Service};
use crate::base::Now;
use crate::call::{Entry, Record};
use crate::drivers::store::StoreHandle;
use crate::engine::{Engine, Observation};
use crossbeam_channel::Sender;
use std::sync::Arc;

/// Who looks.
pub(super) struct Outward {
    entries: Vec<Arc<Entry>>,
    records: Vec<Arc<Record>>,
    watcher: Option<Sender<Observation>>,
}

impl Outward {
    pub fn open(service: &mut Service, _handle: &Handle) -> Result<Self, ServeError> {
        Ok(Self { entries: Vec::new(), records: Vec::new(), watcher: service.watcher.take() })
    }

    pub fn ready(&self, _ready: bool) {}

    pub fn observe(&mut self, observation: Observation) {
        match &observation {
            Observation::Fact(entry) => self.entries.push(Arc::clone(entry)),
            Observation::Recorded(record) => self.records.push(Arc::clone(record)),
            Observation::QueueLine { .. }
            | Observation::Judged { .. }
            | Observation::Trunk { .. }
            | Observation::SipResponse { .. }
            | Observation::SipRequest { .. }
            | Observation::SipRetransmission { .. }
            | Observation::SourceRefused
            | Observation::NotSip
            | Observation::Audio { .. }
            | Observation::StoreLate { .. }
            | Observation::LimitReached { .. }
            | Observation::Fault { .. } => {}
        }
        if let Some(watcher) = &self.watcher
            && watcher.send(observation).is_err()
        {
            self.watcher = None;
        }
    }

    /// What was observed in this turn goes to the store in one batch.
    pub fn flush(&mut self, store: &StoreHandle, _engine: &Engine) {
        if !self.entries.is_empty() || !self.records.is_empty() {
            store.append(self.entries.drain(..), self.records.drain(..));
        }
    }

    pub fn close(&self, _engine: &Engine, _now: Now) {}
}
