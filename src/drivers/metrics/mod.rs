//! The metrics: one more fold over the core's observations. [`Metrics`] counts, on the engine's side; [`Page`] renders, on
//! the HTTP thread's. Must never know of HTTP, nor label anything with what a message said.

mod names;
mod phones;
mod progress;
mod registry;
mod series;
mod sip;
#[cfg(test)]
mod tests;
mod tls;

use crate::base::{CallId, Map, Moment, Name, give_back};
use crate::call::{Entry, Fact, Record, Subject};
use crate::engine::Observation;
use crate::settings::PHONES;
use metrics::{Counter, Gauge};
use metrics_exporter_prometheus::PrometheusHandle;
use phones::PhoneSeries;
use progress::Progress;
use registry::Registry;
use series::{CallSeries, OfferedSeries, QueueSeries, Series, SiteSeries, TrunkSeries};
use sip::SipSeries;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
pub use tls::TlsLevels;

/// Histograms keep each value until somebody renders; this many, and we fold them ourselves.
const UNFOLDED_VALUES: u32 = 4_096;
/// « Nobody waits », as a moment.
const NOBODY: u64 = u64::MAX;

/// Everything a label may be named after.
#[derive(Clone, Debug, Default)]
pub struct ConfiguredNames {
    /// Trunks.
    pub trunks: Vec<Name>,
    /// Of these, who register.
    pub registering: Vec<Name>,
    /// Peers at an address that is written down: their trunk and that address.
    pub peers: Vec<(Name, SocketAddr)>,
    /// Sites, and the names that are unique within one.
    pub sites: Vec<SiteNames>,
}

/// The names of one site.
#[derive(Clone, Debug, Default)]
pub struct SiteNames {
    /// The site.
    pub site: Name,
    /// Each queue with the agents who serve it, by key: `201@ipoffice`.
    pub queues: Vec<(Name, Vec<Name>)>,
    /// Targets.
    pub targets: Vec<Name>,
    /// Each SLA with one queue or target it is attached to.
    pub slas: Vec<(Name, Name)>,
}

/// SIP connections of one transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamLevels {
    /// Now.
    pub now: u64,
    /// Opened by others, since the start.
    pub accepted: u64,
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
    /// Copies of SIP messages the capture server did not get.
    pub sip_uncaptured: u64,
    /// SIP connections over TCP.
    pub tcp: StreamLevels,
    /// SIP connections over TLS.
    pub tls: StreamLevels,
    /// SIP connections over WebSocket.
    pub ws: StreamLevels,
    /// SIP connections over WebSocket within TLS.
    pub wss: StreamLevels,
    /// WebSocket handshakes refused, since the start: malformed, not for SIP, from a page that may not connect, too long.
    pub websockets_refused: [u64; 4],
    /// SIP transactions held.
    pub sip_transactions: u64,
    /// SIP dialogs held.
    pub sip_dialogs: u64,
    /// SIP streams closed for want of room, since the start.
    pub sip_streams_crowded_out: u64,
    /// SIP streams closed because nothing whole came on them, since the start.
    pub sip_streams_idle: u64,
    /// SIP streams closed because their source began TLS too often, since the start.
    pub tls_handshakes_limited: u64,
    /// Sources banned.
    pub sip_banned: u64,
    /// Rows the store has not written yet.
    pub store_backlog: u64,
    /// Rows the store gave up.
    pub store_lost: u64,
}

/// Since when the caller at the head of a line waits, and the gauge that says how long that is.
type Oldest = (Gauge, Arc<AtomicU64>);

/// One who answers, at whatever sites.
#[derive(Debug)]
struct Agent {
    state: &'static str,
    sites: Vec<Name>,
    /// By site and name.
    queues: Vec<(Name, Name)>,
}

/// Counts what the core lets the world see.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    page: Page,
    series: Series,
    sip: SipSeries,
    phones: PhoneSeries,
    trunks: Map<Name, TrunkSeries>,
    /// By site.
    calls: Map<Name, CallSeries>,
    sites: Map<Name, SiteSeries>,
    agents: Map<Name, Agent>,
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
            sip: SipSeries::new(&registry, names::NO_TRUNK),
            phones: PhoneSeries::new(&registry),
            registry,
            page,
            trunks: Map::default(),
            calls: Map::default(),
            sites: Map::default(),
            agents: Map::default(),
            progress: Map::default(),
            unfolded: 0,
        };
        metrics.learn(names);
        metrics
    }

    /// Adds names of a newer plan, at 0. What is known stays as it is.
    pub fn learn(&mut self, names: &ConfiguredNames) {
        for trunk in &names.trunks {
            self.trunks.entry(trunk.clone()).or_insert_with(|| TrunkSeries::new(&self.registry, trunk));
        }
        for trunk in &names.registering {
            if let Some(series) = self.trunks.get_mut(trunk) {
                series.register(&self.registry, trunk);
            }
        }
        for (trunk, peer) in &names.peers {
            if let Some(series) = self.trunks.get_mut(trunk) {
                series.peer(&self.registry, trunk, *peer);
            }
        }
        for SiteNames { site, .. } in &names.sites {
            let calls =
                self.calls.entry(site.clone()).or_insert_with(|| CallSeries::new(&self.registry, site));
            for trunk in self.trunks.keys() {
                let series = || OfferedSeries::new(&self.registry, site, trunk);
                calls.trunks.entry(trunk.clone()).or_insert_with(series);
            }
        }
        for site in &names.sites {
            self.learn_site(site);
        }
    }

    fn learn_site(&mut self, names: &SiteNames) {
        let SiteNames { site, queues, targets, slas } = names;
        let registry = &self.registry;
        let series = self.sites.entry(site.clone()).or_insert_with(|| SiteSeries::new(registry, site));
        for (queue, _) in queues {
            series.queues.entry(queue.clone()).or_insert_with(|| {
                let (series, oldest) = QueueSeries::new(registry, site, queue);
                self.page.oldest.lock().unwrap_or_else(PoisonError::into_inner).push(oldest);
                series
            });
        }
        for target in targets {
            let counters = || series::target(registry, site, target);
            series.targets.entry(target.clone()).or_insert_with(counters);
        }
        for (sla, on) in slas {
            let verdicts = || series::sla(registry, site, sla, on);
            series.slas.entry(sla.clone()).or_default().entry(on.clone()).or_insert_with(verdicts);
        }
        for (queue, agents) in queues {
            agents.iter().for_each(|agent| self.hire(agent, site, queue));
        }
    }

    /// The page, for whoever serves it.
    #[must_use]
    pub fn page(&self) -> Page {
        self.page.clone()
    }

    /// An agent serves a queue. Until a fact says otherwise, agents are logged out.
    fn hire(&mut self, agent: &Name, site: &Name, queue: &Name) {
        let agent = self.agents.entry(agent.clone()).or_insert_with(|| Agent {
            state: series::AT_FIRST,
            sites: Vec::new(),
            queues: Vec::new(),
        });
        let Some(series) = self.sites.get(site) else { return };
        if !agent.sites.contains(site) {
            agent.sites.push(site.clone());
            series.agents.get(agent.state).inspect(|gauge| gauge.increment(1.0));
        }
        let served = (site.clone(), queue.clone());
        if !agent.queues.contains(&served) {
            agent.queues.push(served);
            let gauge = series.queues.get(queue).and_then(|queue| queue.agents.get(agent.state));
            gauge.inspect(|gauge| gauge.increment(1.0));
        }
    }

    /// Counts one observation.
    pub fn observe(&mut self, observation: &Observation) {
        match observation {
            Observation::Fact(entry) => self.fact(entry),
            Observation::Recorded(record) => self.recorded(record),
            Observation::LegCalled { .. } => {}
            Observation::QueueLine { site, queue, waiting, oldest } => {
                match self.sites.get(site).and_then(|site| site.queues.get(queue)) {
                    Some(series) => {
                        series.waiting.set(f64::from(*waiting));
                        let since = oldest.map_or(NOBODY, |now| now.moment.as_nanos());
                        series.oldest.store(since, Ordering::Relaxed);
                    }
                    None => self.unknown(),
                }
            }
            Observation::Judged { site, sla, on, indicator, verdict } => {
                let verdicts = self.sites.get(site).and_then(|site| site.slas.get(sla)?.get(on));
                self.count(verdicts.and_then(|table| table.get(indicator)?.get(verdict)));
            }
            Observation::Trunk { trunk, .. }
            | Observation::Peer { trunk, .. }
            | Observation::LookupFailed { trunk }
            | Observation::Failover { trunk, .. }
            | Observation::TrunkLimit { trunk, .. }
            | Observation::Deflection { trunk, .. }
            | Observation::Registration { trunk, .. }
            | Observation::CredentialsRefused { trunk, .. } => match self.trunks.get(trunk) {
                Some(series) if series.observe(observation) => {}
                Some(_) | None => self.unknown(),
            },
            Observation::Phone(seen) => self.phones.observe(seen),
            Observation::SipResponse { trunk, .. }
            | Observation::SipRequest { trunk, .. }
            | Observation::SipRetransmission { trunk, .. }
            | Observation::SipFirstResponse { trunk, .. } => match trunk {
                None => self.sip.observe(observation),
                Some(trunk) => match self.trunks.get(trunk) {
                    Some(series) => series.sip.observe(observation),
                    None => self.unknown(),
                },
            },
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
            Observation::SipLimited { limit } => self.count(self.series.sip_limited.get(limit)),
            Observation::Banned { .. } => self.series.bans.increment(1),
            Observation::Overload { overloaded } => {
                self.series.overloaded.set(if *overloaded { 1.0 } else { 0.0 });
            }
            Observation::Fault { .. } => self.series.faults.increment(1),
        }
    }

    /// SIP datagrams the kernel dropped: for whoever renders the page to look up and set.
    pub fn unread(&self) -> Counter {
        self.series.sip_unread.clone()
    }

    /// Sets what nobody announces.
    pub fn set_levels(&self, levels: &Levels) {
        self.series.set_levels(levels);
    }

    /// The same of TLS.
    pub fn set_tls(&self, levels: &TlsLevels) {
        self.series.tls.set(levels);
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
        if let Fact::Arrived { trunk, number, site, .. } = fact {
            if number.is_none() && &**trunk == PHONES {
                // Whom a phone dialled needs no number of ours: its record says who it was.
                return;
            }
            if number.is_none() {
                return self.count(self.trunks.get(trunk).map(|series| &series.unknown_number));
            }
            let site = site.clone().unwrap_or_default();
            let series = self.calls.get(&site);
            self.count(series.and_then(|series| Some(&series.trunks.get(trunk)?.offered)));
            self.moved(&site, None, Some(progress::Doing::Arriving));
            self.progress.insert(call, Progress::arrived(site));
            return;
        }
        self.visit_fact(call, fact, at);
        let Some(progress) = self.progress.get_mut(&call) else { return };
        let before = progress.doing;
        progress.take(fact, at);
        let (after, site) = (progress.doing, progress.site.clone());
        if matches!(fact, Fact::Ended { .. }) {
            self.progress.remove(&call);
            give_back(&mut self.progress);
            self.moved(&site, Some(before), None);
        } else if before != after {
            self.moved(&site, Some(before), Some(after));
        }
    }

    fn moved(&self, site: &Name, from: Option<progress::Doing>, to: Option<progress::Doing>) {
        self.calls.get(site).inspect(|series| series.moved(from, to));
    }

    /// What a fact says of queues, rings and targets, before the call moves on.
    fn visit_fact(&mut self, call: CallId, fact: &Fact, at: Moment) {
        let Some(progress) = self.progress.get(&call) else { return };
        let site = self.sites.get(&progress.site);
        let of_queue = |queue| site.and_then(|site| site.queues.get(queue));
        if let Fact::Enqueued { queue, .. } = fact {
            self.count(of_queue(queue).map(|series| &series.entries));
        } else if let Fact::Dequeued { queue, end } = fact {
            let waited = progress.entered.map_or(0.0, |entered| at.since(entered).as_secs_f64());
            match of_queue(queue).and_then(|series| series.ends.get(end.label())) {
                Some((counter, wait)) => {
                    counter.increment(1);
                    wait.record(waited);
                    self.fold();
                }
                None => self.unknown(),
            }
        } else if let Fact::RingEnded { leg, end, .. } = fact {
            let series = progress.rung_for(*leg).and_then(of_queue);
            let end = series::leg_end(*end, progress.is_forwarded(*leg));
            self.count(series.and_then(|series| series.rings.get(end)));
        } else if let Fact::TargetEnded { target, leg, end } = fact {
            let ends = site.and_then(|site| site.targets.get(target));
            let end = series::leg_end(*end, progress.is_forwarded(*leg));
            self.count(ends.and_then(|ends| ends.get(end)));
        }
    }

    fn recorded(&mut self, record: &Record) {
        if !record.is_offered() {
            if &*record.trunk == PHONES {
                self.phones.recorded(record);
            }
            return;
        }
        let series = record.site.as_ref().and_then(|site| self.calls.get(site));
        let outcomes = series.and_then(|series| series.trunks.get(&record.trunk)).map(|of| &of.outcomes);
        self.count(outcomes.and_then(|outcomes| outcomes.get(record.outcome.label())));
        series.inspect(|series| series.ended(record));
        if record.talk_ms > 0 {
            self.fold();
        }
    }

    fn agent_became(&mut self, agent: &Name, state: &str) {
        let (Some(agent), Some(after)) = (self.agents.get_mut(agent), series::agent_state(state)) else {
            return self.unknown();
        };
        let before = std::mem::replace(&mut agent.state, after);
        let of_sites = agent.sites.iter().filter_map(|site| Some(&self.sites.get(site)?.agents));
        let of_queues = agent
            .queues
            .iter()
            .filter_map(|(site, queue)| Some(&self.sites.get(site)?.queues.get(queue)?.agents));
        for table in of_sites.chain(of_queues) {
            table.get(before).inspect(|gauge| gauge.decrement(1.0));
            table.get(after).inspect(|gauge| gauge.increment(1.0));
        }
    }

    fn count(&self, counter: Option<&Counter>) {
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
