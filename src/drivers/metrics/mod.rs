//! The metrics: one more fold over the core's observations. [`Metrics`] counts, on the engine's side; [`Page`] renders, on
//! the HTTP thread's. Must never know of HTTP, nor label anything with what a message said.

mod names;
mod progress;
mod registry;
mod series;
#[cfg(test)]
mod tests;

use crate::base::{CallId, Map, Moment, Name};
use crate::call::{Entry, Fact, Record, Subject};
use crate::engine::Observation;
use metrics::{Counter, Gauge};
use metrics_exporter_prometheus::PrometheusHandle;
use progress::Progress;
use registry::{Registry, Table};
use series::{CallSeries, QueueSeries, Series, SipSeries, TrunkSeries};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Histograms keep each value until somebody renders; this many, and we fold them ourselves.
const UNFOLDED_VALUES: u32 = 4_096;
/// « Nobody waits », as a moment.
const NOBODY: u64 = u64::MAX;

/// Everything a label may be named after.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredNames {
    /// Each queue with the agents who serve it, as facts name them.
    pub queues: Vec<(Name, Vec<Name>)>,
    /// Targets.
    pub targets: Vec<Name>,
    /// Trunks.
    pub trunks: Vec<Name>,
    /// Each SLA with one queue or target it is attached to.
    pub slas: Vec<(Name, Name)>,
}

/// Levels nobody announces: read every second or so and set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Legs that hold anything.
    pub legs: u64,
    /// RTP ports lent to legs.
    pub media_ports: u64,
    /// RTP and RTCP packets the operating system did not take, since the start.
    pub rtp_unsent: u64,
    /// SIP transactions held.
    pub sip_transactions: u64,
    /// SIP dialogs held.
    pub sip_dialogs: u64,
    /// Rows the store has not written yet.
    pub store_backlog: u64,
    /// Rows the store gave up.
    pub store_lost: u64,
}

/// Since when the caller at the head of a line waits, and the gauge that says how long that is.
type Oldest = (Gauge, Arc<AtomicU64>);

/// An SLA's verdicts on one queue or target, by indicator.
type Verdicts = Table<Table<Counter>>;

/// Counts what the core lets the world see.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    page: Page,
    series: Series,
    calls: CallSeries,
    sip: SipSeries,
    queues: Map<Name, QueueSeries>,
    trunks: Map<Name, TrunkSeries>,
    targets: Map<Name, Table<Counter>>,
    slas: Map<Name, Vec<(Name, Verdicts)>>,
    serves: Map<Name, Vec<Name>>,
    agents: Map<Name, &'static str>,
    progress: Map<CallId, Progress>,
    unfolded: u32,
}

/// The page Prometheus reads. Cheap to copy to another thread.
#[derive(Clone)]
pub struct Page {
    handle: PrometheusHandle,
    oldest: Arc<Mutex<Vec<Oldest>>>,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

impl Page {
    /// The text, with waits as they are at `now`.
    #[must_use]
    pub fn render(&self, now: Moment) -> String {
        for (gauge, since) in self.oldest.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let since = since.load(Ordering::Relaxed);
            let waited =
                if since == NOBODY { 0.0 } else { now.since(Moment::from_nanos(since)).as_secs_f64() };
            gauge.set(waited);
        }
        self.handle.render()
    }
}

impl Metrics {
    /// Everything at 0.
    #[must_use]
    pub fn new(names: &ConfiguredNames) -> Self {
        let registry = Registry::new();
        let page = Page { handle: registry.handle(), oldest: Arc::default() };
        let mut metrics = Self {
            series: Series::new(&registry),
            calls: CallSeries::new(&registry),
            sip: SipSeries::new(&registry),
            registry,
            page,
            queues: Map::default(),
            trunks: Map::default(),
            targets: Map::default(),
            slas: Map::default(),
            serves: Map::default(),
            agents: Map::default(),
            progress: Map::default(),
            unfolded: 0,
        };
        metrics.learn(names);
        metrics
    }

    /// Adds names of a newer plan, at 0. What is known stays as it is.
    pub fn learn(&mut self, names: &ConfiguredNames) {
        for (queue, agents) in &names.queues {
            if !self.queues.contains_key(queue) {
                let (series, oldest) = QueueSeries::new(&self.registry, queue);
                self.page.oldest.lock().unwrap_or_else(PoisonError::into_inner).push(oldest);
                self.queues.insert(queue.clone(), series);
            }
            for agent in agents {
                self.hire(agent, queue);
            }
        }
        for trunk in &names.trunks {
            self.trunks.entry(trunk.clone()).or_insert_with(|| TrunkSeries::new(&self.registry, trunk));
        }
        for target in &names.targets {
            self.targets.entry(target.clone()).or_insert_with(|| series::target(&self.registry, target));
        }
        for (sla, on) in &names.slas {
            let attached = self.slas.entry(sla.clone()).or_default();
            if !attached.iter().any(|(known, _)| known == on) {
                attached.push((on.clone(), series::sla(&self.registry, sla, on)));
            }
        }
    }

    /// The page, for whoever serves it.
    #[must_use]
    pub fn page(&self) -> Page {
        self.page.clone()
    }

    /// An agent serves a queue. Until a fact says otherwise, agents are logged out.
    fn hire(&mut self, agent: &Name, queue: &Name) {
        let state = *self.agents.entry(agent.clone()).or_insert_with(|| {
            self.series.agents.get(series::AT_FIRST).inspect(|gauge| gauge.increment(1.0));
            series::AT_FIRST
        });
        let serves = self.serves.entry(agent.clone()).or_default();
        if !serves.contains(queue) {
            serves.push(queue.clone());
            if let Some(gauge) = self.queues.get(queue).and_then(|queue| queue.agents.get(state)) {
                gauge.increment(1.0);
            }
        }
    }

    /// Counts one observation.
    pub fn observe(&mut self, observation: &Observation) {
        match observation {
            Observation::Fact(entry) => self.fact(entry),
            Observation::Recorded(record) => self.recorded(record),
            Observation::QueueLine { queue, waiting, oldest } => match self.queues.get(queue) {
                Some(series) => {
                    series.waiting.set(f64::from(*waiting));
                    let since = oldest.map_or(NOBODY, |now| now.moment.as_nanos());
                    series.oldest.store(since, Ordering::Relaxed);
                }
                None => self.unknown(),
            },
            Observation::Judged { sla, on, indicator, verdict } => {
                let attached =
                    self.slas.get(sla).and_then(|attached| attached.iter().find(|(known, _)| known == on));
                let counter = attached.and_then(|(_, table)| table.get(indicator)?.get(verdict));
                self.count(counter.cloned());
            }
            Observation::Trunk { trunk, up } => match self.trunks.get(trunk) {
                Some(series) => series.up.set(if *up { 1.0 } else { 0.0 }),
                None => self.unknown(),
            },
            Observation::SipResponse { direction, method, code } => {
                self.sip.response(direction, method, *code)
            }
            Observation::SipRequest { direction, method } => self.sip.request(direction, method),
            Observation::SipRetransmission { direction } => self.sip.retransmission(direction),
            Observation::SourceRefused => self.series.sources_refused.increment(1),
            Observation::NotSip => self.series.not_sip.increment(1),
            Observation::SipStray => self.series.sip_stray.increment(1),
            Observation::Audio { trunk, received, sent, lost, transcoded, refused } => {
                match self.trunks.get(trunk) {
                    Some(series) => {
                        series.received.increment(*received);
                        series.sent.increment(*sent);
                        series.lost.increment(*lost);
                        series.transcoded.increment(*transcoded);
                        series.refused.increment(*refused);
                    }
                    None => self.unknown(),
                }
            }
            Observation::StoreLate { .. } => self.series.store_late.increment(1),
            Observation::LimitReached { limit, .. } => {
                self.series.limits.get_or_rest(limit).inspect(|counter| counter.increment(1));
            }
            Observation::Fault { .. } => self.series.faults.increment(1),
        }
    }

    /// Sets what nobody announces.
    pub fn set_levels(&self, levels: &Levels) {
        self.series.set_levels(levels);
    }

    fn fact(&mut self, entry: &Entry) {
        match &entry.subject {
            Subject::Call(call) => self.call_fact(*call, &entry.fact, entry.now.moment),
            Subject::Agent(agent) => {
                if let Fact::AgentBecame { state, .. } = &entry.fact {
                    self.agent_became(agent, state);
                }
            }
            Subject::Service => {}
        }
    }

    fn call_fact(&mut self, call: CallId, fact: &Fact, at: Moment) {
        if let Fact::Arrived { trunk, .. } = fact {
            match self.trunks.get(trunk) {
                Some(series) => series.offered.increment(1),
                None => self.unknown(),
            }
            self.calls.moved(None, Some(progress::Doing::Arriving));
            self.progress.insert(call, Progress::arrived());
            return;
        }
        self.visit_fact(call, fact, at);
        let Some(progress) = self.progress.get_mut(&call) else { return };
        let before = progress.doing;
        progress.take(fact, at);
        let after = progress.doing;
        if matches!(fact, Fact::Ended { .. }) {
            self.progress.remove(&call);
            self.calls.moved(Some(before), None);
        } else if before != after {
            self.calls.moved(Some(before), Some(after));
        }
    }

    /// What a fact says of queues, rings and targets, before the call moves on.
    fn visit_fact(&mut self, call: CallId, fact: &Fact, at: Moment) {
        if let Fact::Enqueued { queue, .. } = fact {
            let counter = self.queues.get(queue).map(|series| series.entries.clone());
            self.count(counter);
        } else if let Fact::Dequeued { queue, end } = fact {
            let entered = self.progress.get(&call).and_then(|progress| progress.entered);
            let waited = entered.map_or(0.0, |entered| at.since(entered).as_secs_f64());
            match self.queues.get(queue).and_then(|series| series.ends.get(end.label())) {
                Some((counter, wait)) => {
                    counter.increment(1);
                    wait.record(waited);
                    self.fold();
                }
                None => self.unknown(),
            }
        } else if let Fact::RingEnded { leg, end, .. } = fact {
            let queue = self.progress.get(&call).and_then(|progress| progress.rung_for(*leg));
            let series = queue.and_then(|queue| self.queues.get(queue));
            let counter = series.and_then(|series| series.rings.get(series::leg_end(*end)).cloned());
            self.count(counter);
        } else if let Fact::TargetEnded { target, end, .. } = fact {
            let counter =
                self.targets.get(target).and_then(|table| table.get(series::leg_end(*end)).cloned());
            self.count(counter);
        }
    }

    fn recorded(&mut self, record: &Record) {
        let counter = self
            .trunks
            .get(&record.trunk)
            .and_then(|series| series.outcomes.get(record.outcome.label()).cloned());
        self.count(counter);
        self.calls.ended(record);
        if record.talk_ms > 0 {
            self.fold();
        }
    }

    fn agent_became(&mut self, agent: &Name, state: &str) {
        let (Some(before), Some(after)) = (self.agents.get_mut(agent), series::agent_state(state)) else {
            return self.unknown();
        };
        let before = std::mem::replace(before, after);
        let queues = self.serves.get(agent).map(Vec::as_slice).unwrap_or_default();
        let of_queues = queues.iter().filter_map(|queue| self.queues.get(queue)).map(|series| &series.agents);
        for table in of_queues.chain([&self.series.agents]) {
            table.get(before).inspect(|gauge| gauge.decrement(1.0));
            table.get(after).inspect(|gauge| gauge.increment(1.0));
        }
    }

    fn count(&self, counter: Option<Counter>) {
        match counter {
            Some(counter) => counter.increment(1),
            None => self.unknown(),
        }
    }

    fn unknown(&self) {
        self.series.unknown_names.increment(1);
    }

    /// Keeps memory bounded where nobody scrapes.
    fn fold(&mut self) {
        self.unfolded += 1;
        if self.unfolded == UNFOLDED_VALUES {
            self.unfolded = 0;
            self.page.handle.run_upkeep();
        }
    }
}
