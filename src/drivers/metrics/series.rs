//! The handles, grouped by what they are labelled with.

use super::names as n;
use super::progress::Doing;
use super::registry::{Registry, Table};
use super::sip::SipSeries;
use super::tls::TlsSeries;
use super::{Levels, NOBODY, Oldest};
use crate::base::{Cause, Map, Name, Outcome};
use crate::call::{LegEnd, Record, VisitEnd};
use crate::engine::Observation;
use crate::engine::status::AGENT_STATES;
use metrics::{Counter, Gauge, Histogram};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Verdicts by indicator.
type Verdicts = Table<Table<Counter>>;

/// What an agent is before any fact.
pub(super) const AT_FIRST: &str = "logged_out";
const OUTCOMES: [&str; Outcome::ALL.len()] = labels!(Outcome);
const CAUSES: [&str; Cause::ALL.len()] = labels!(Cause);
const VISIT_ENDS: [&str; VisitEnd::ALL.len()] = labels!(VisitEnd);

/// The labels of a closed list, in its order.
macro_rules! labels {
    ($of:ident) => {{
        let mut labels = [""; $of::ALL.len()];
        let mut index = 0;
        while index < labels.len() {
            labels[index] = $of::ALL[index].label();
            index += 1;
        }
        labels
    }};
}
use labels;

/// The closed list's own copy of an agent state's name.
pub(super) fn agent_state(state: &str) -> Option<&'static str> {
    AGENT_STATES.into_iter().find(|known| *known == state)
}

/// The label of a ring's end; `forwarded`: the one who was rung is not who answered.
pub(super) const fn leg_end(end: LegEnd, forwarded: bool) -> &'static str {
    n::RING_ENDS[match end {
        LegEnd::Answered if forwarded => 6,
        LegEnd::Answered => 0,
        LegEnd::NoAnswer => 1,
        LegEnd::Busy => 2,
        LegEnd::Declined => 3,
        LegEnd::Unreachable => 4,
        LegEnd::Cancelled => 5,
        LegEnd::Deflected => 7,
    }]
}

/// Connections of one transport.
#[derive(Debug)]
pub(super) struct StreamSeries {
    now: Gauge,
    accepted: Counter,
}

impl StreamSeries {
    fn new(registry: &Registry, transport: &'static str) -> Self {
        let labels = [("transport", transport)];
        Self {
            now: registry.gauge(n::CONNECTIONS, &labels),
            accepted: registry.counter(n::CONNECTIONS_ACCEPTED, &labels),
        }
    }
}

/// What needs no label, or one from a closed list.
#[derive(Debug)]
pub(super) struct Series {
    pub sources_refused: Counter,
    pub not_sip: Counter,
    pub sip_stray: Counter,
    pub sip_limited: Table<Counter>,
    pub sip_unread: Counter,
    pub overloaded: Gauge,
    pub bans: Counter,
    sip_banned: Gauge,
    pub store_late: Counter,
    pub limits: Table<Counter>,
    pub faults: Counter,
    pub unknown_names: Counter,
    store_lost: Counter,
    rtp_unsent: Counter,
    sip_uncaptured: Counter,
    streams: [StreamSeries; 4],
    websockets_refused: [Counter; 4],
    pub tls: TlsSeries,
    store_backlog: Gauge,
    legs: Gauge,
    media_ports: Gauge,
    sip_transactions: Gauge,
    sip_dialogs: Gauge,
}

impl Series {
    pub fn new(registry: &Registry) -> Self {
        registry.gauge(n::BUILD_INFO, &[("version", env!("CARGO_PKG_VERSION"))]).set(1.0);
        Self {
            sources_refused: registry.counter(n::SOURCES_REFUSED, &[]),
            not_sip: registry.counter(n::NOT_SIP, &[]),
            sip_stray: registry.counter(n::SIP_STRAY, &[]),
            sip_limited: Table::new(&n::SIP_LIMITS, |limit| {
                registry.counter(n::SIP_LIMITED, &[("limit", limit)])
            }),
            bans: registry.counter(n::BANS, &[]),
            sip_banned: registry.gauge(n::BANNED, &[]),
            sip_unread: registry.counter(n::UNREAD, &[]),
            overloaded: registry.gauge(n::OVERLOADED, &[]),
            store_late: registry.counter(n::STORE_LATE, &[]),
            limits: Table::new(&n::LIMITS_REACHED, |limit| registry.counter(n::LIMITS, &[("limit", limit)])),
            faults: registry.counter(n::FAULTS, &[]),
            unknown_names: registry.counter(n::UNKNOWN_NAMES, &[]),
            store_lost: registry.counter(n::STORE_LOST, &[]),
            rtp_unsent: registry.counter(n::RTP_UNSENT, &[]),
            sip_uncaptured: registry.counter(n::SIP_UNCAPTURED, &[]),
            streams: n::TRANSPORTS.map(|transport| StreamSeries::new(registry, transport)),
            websockets_refused: n::WEBSOCKET_REFUSALS
                .map(|why| registry.counter(n::WEBSOCKETS_REFUSED, &[("why", why)])),
            tls: TlsSeries::new(registry),
            store_backlog: registry.gauge(n::STORE_BACKLOG, &[]),
            legs: registry.gauge(n::LEGS, &[]),
            media_ports: registry.gauge(n::MEDIA_PORTS, &[]),
            sip_transactions: registry.gauge(n::SIP_TRANSACTIONS, &[]),
            sip_dialogs: registry.gauge(n::SIP_DIALOGS, &[]),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "levels are far below 2⁵³")]
    pub fn set_levels(&self, levels: &Levels) {
        self.legs.set(levels.legs as f64);
        self.media_ports.set(levels.media_ports as f64);
        self.sip_transactions.set(levels.sip_transactions as f64);
        self.sip_dialogs.set(levels.sip_dialogs as f64);
        let limited = [
            ("streams", levels.sip_streams_crowded_out),
            ("idle", levels.sip_streams_idle),
            ("handshakes", levels.tls_handshakes_limited),
        ];
        for (limit, count) in limited {
            self.sip_limited.get(limit).inspect(|counter| counter.absolute(count));
        }
        self.sip_banned.set(levels.sip_banned as f64);
        self.store_backlog.set(levels.store_backlog as f64);
        self.store_lost.absolute(levels.store_lost);
        self.rtp_unsent.absolute(levels.rtp_unsent);
        self.sip_uncaptured.absolute(levels.sip_uncaptured);
        for (series, levels) in self.streams.iter().zip([levels.tcp, levels.tls, levels.ws, levels.wss]) {
            series.now.set(levels.now as f64);
            series.accepted.absolute(levels.accepted);
        }
        for (counter, refused) in self.websockets_refused.iter().zip(levels.websockets_refused) {
            counter.absolute(refused);
        }
    }
}

/// Calls to one site.
#[derive(Debug)]
pub(super) struct CallSeries {
    pub trunks: Map<Name, OfferedSeries>,
    in_progress: Table<Gauge>,
    causes: Table<Counter>,
    talk: Histogram,
}

/// Calls to one site over one trunk.
#[derive(Debug)]
pub(super) struct OfferedSeries {
    pub offered: Counter,
    pub outcomes: Table<Counter>,
}

impl CallSeries {
    pub fn new(registry: &Registry, site: &Name) -> Self {
        Self {
            trunks: Map::default(),
            in_progress: Table::new(&n::CALL_STATES, |state| {
                registry.gauge(n::CALLS_IN_PROGRESS, &[("site", site), ("state", state)])
            }),
            causes: Table::new(&CAUSES, |cause| {
                registry.counter(n::CALLS_ENDED, &[("site", site), ("cause", cause)])
            }),
            talk: registry.histogram(n::TALK, &[("site", site)]),
        }
    }

    /// A call went from one state to another, came or left.
    pub fn moved(&self, from: Option<Doing>, to: Option<Doing>) {
        if let Some(gauge) = from.and_then(|from| self.in_progress.get(from.label())) {
            gauge.decrement(1.0);
        }
        if let Some(gauge) = to.and_then(|to| self.in_progress.get(to.label())) {
            gauge.increment(1.0);
        }
    }

    /// A call is over.
    pub fn ended(&self, record: &Record) {
        self.causes.get(record.cause.label()).inspect(|counter| counter.increment(1));
        if record.talk_ms > 0 {
            self.talk.record(std::time::Duration::from_millis(record.talk_ms));
        }
    }
}

impl OfferedSeries {
    pub fn new(registry: &Registry, site: &Name, trunk: &Name) -> Self {
        Self {
            offered: registry.counter(n::CALLS_OFFERED, &[("site", site), ("trunk", trunk)]),
            outcomes: Table::new(&OUTCOMES, |outcome| {
                registry.counter(n::CALLS, &[("site", site), ("trunk", trunk), ("outcome", outcome)])
            }),
        }
    }
}

/// One site's.
#[derive(Debug)]
pub(super) struct SiteSeries {
    pub agents: Table<Gauge>,
    pub queues: Map<Name, QueueSeries>,
    pub targets: Map<Name, Table<Counter>>,
    /// By SLA, then by the queue or target it is attached to.
    pub slas: Map<Name, Map<Name, Verdicts>>,
}

impl SiteSeries {
    pub fn new(registry: &Registry, site: &Name) -> Self {
        let agents =
            Table::new(&AGENT_STATES, |state| registry.gauge(n::AGENTS, &[("site", site), ("state", state)]));
        Self { agents, queues: Map::default(), targets: Map::default(), slas: Map::default() }
    }
}

/// Targets rung, by end.
pub(super) fn target(registry: &Registry, site: &Name, target: &Name) -> Table<Counter> {
    Table::new(&n::RING_ENDS, |end| {
        registry.counter(n::TARGETS, &[("site", site), ("target", target), ("end", end)])
    })
}

/// Verdicts of one SLA on one queue or target.
pub(super) fn sla(registry: &Registry, site: &Name, sla: &Name, on: &Name) -> Verdicts {
    Table::new(&n::INDICATORS, |indicator| {
        Table::new(&n::VERDICTS, |verdict| {
            let labels = [
                ("site", &**site),
                ("sla", &**sla),
                ("on", &**on),
                ("indicator", indicator),
                ("verdict", verdict),
            ];
            registry.counter(n::SLA_CALLS, &labels)
        })
    })
}

/// One queue's.
#[derive(Debug)]
pub(super) struct QueueSeries {
    pub entries: Counter,
    pub ends: Table<(Counter, Histogram)>,
    pub waiting: Gauge,
    pub oldest: Arc<AtomicU64>,
    pub agents: Table<Gauge>,
    pub rings: Table<Counter>,
}

impl QueueSeries {
    pub fn new(registry: &Registry, site: &Name, queue: &Name) -> (Self, Oldest) {
        let since = Arc::new(AtomicU64::new(NOBODY));
        let gauge = registry.gauge(n::QUEUE_OLDEST, &[("site", site), ("queue", queue)]);
        let series = Self {
            entries: registry.counter(n::QUEUE_ENTRIES, &[("site", site), ("queue", queue)]),
            ends: Table::new(&VISIT_ENDS, |outcome| {
                let labels = [("site", &**site), ("queue", &**queue), ("outcome", outcome)];
                (registry.counter(n::QUEUE_CALLS, &labels), registry.histogram(n::QUEUE_WAIT, &labels))
            }),
            waiting: registry.gauge(n::QUEUE_WAITING, &[("site", site), ("queue", queue)]),
            oldest: Arc::clone(&since),
            agents: Table::new(&AGENT_STATES, |state| {
                registry.gauge(n::QUEUE_AGENTS, &[("site", site), ("queue", queue), ("state", state)])
            }),
            rings: Table::new(&n::RING_ENDS, |end| {
                registry.counter(n::RINGS, &[("site", site), ("queue", queue), ("end", end)])
            }),
        };
        (series, (gauge, since))
    }
}

/// One trunk's.
#[derive(Debug)]
pub(super) struct TrunkSeries {
    pub up: Gauge,
    /// Of a trunk that registers.
    pub registered: Option<Gauge>,
    pub credentials_refused: Table<Counter>,
    pub peers: Map<SocketAddr, Gauge>,
    pub failovers: Table<Counter>,
    pub lookups_failed: Counter,
    pub limits: Table<Counter>,
    pub deflections: Table<Counter>,
    pub unknown_number: Counter,
    pub received: Counter,
    pub sent: Counter,
    pub lost: Counter,
    pub transcoded: Counter,
    pub refused: Counter,
    pub sip: SipSeries,
}

impl TrunkSeries {
    /// It registers.
    pub fn register(&mut self, registry: &Registry, trunk: &Name) {
        self.registered.get_or_insert_with(|| registry.gauge(n::TRUNK_REGISTERED, &[("trunk", trunk)]));
    }

    /// Counts what was seen of the trunk; says whether there is a series for it.
    pub fn observe(&self, observation: &Observation) -> bool {
        let level =
            |gauge: Option<&Gauge>, is: bool| gauge.map(|gauge| gauge.set(if is { 1.0 } else { 0.0 }));
        let count = |counter: Option<&Counter>| counter.map(|counter| counter.increment(1));
        let done = if let Observation::Trunk { up, .. } = observation {
            level(Some(&self.up), *up)
        } else if let Observation::Peer { peer, up, .. } = observation {
            // One found by its name has none: the address is nobody's configuration.
            level(self.peers.get(peer), *up).or(Some(()))
        } else if let Observation::LookupFailed { .. } = observation {
            count(Some(&self.lookups_failed))
        } else if let Observation::Failover { why, .. } = observation {
            count(self.failovers.get(why))
        } else if let Observation::TrunkLimit { limit, .. } = observation {
            count(self.limits.get(limit))
        } else if let Observation::Deflection { result, .. } = observation {
            count(self.deflections.get(result))
        } else if let Observation::Registration { registered, .. } = observation {
            level(self.registered.as_ref(), *registered)
        } else if let Observation::CredentialsRefused { why, .. } = observation {
            count(self.credentials_refused.get(why))
        } else {
            None
        };
        done.is_some()
    }

    /// It has a peer there.
    pub fn peer(&mut self, registry: &Registry, trunk: &Name, peer: SocketAddr) {
        let gauge = || registry.gauge(n::PEER_UP, &[("trunk", trunk), ("peer", &peer.to_string())]);
        let gauge = self.peers.entry(peer).or_insert_with(gauge);
        gauge.set(1.0);
    }

    pub fn new(registry: &Registry, trunk: &Name) -> Self {
        let label = [("trunk", &**trunk)];
        let up = registry.gauge(n::TRUNK_UP, &label);
        // Until it is known to be down, calls are tried over it.
        up.set(1.0);
        Self {
            up,
            registered: None,
            credentials_refused: Table::new(&n::CREDENTIAL_REFUSALS, |why| {
                registry.counter(n::CREDENTIALS_REFUSED, &[("trunk", trunk), ("why", why)])
            }),
            peers: Map::default(),
            lookups_failed: registry.counter(n::TRUNK_LOOKUPS_FAILED, &label),
            failovers: Table::new(&n::FAILOVERS, |why| {
                registry.counter(n::TRUNK_FAILOVERS, &[("trunk", trunk), ("why", why)])
            }),
            limits: Table::new(&n::TRUNK_LIMITS, |limit| {
                registry.counter(n::TRUNK_LIMITS_REACHED, &[("trunk", trunk), ("limit", limit)])
            }),
            deflections: Table::new(&n::DEFLECTIONS, |result| {
                registry.counter(n::TRUNK_DEFLECTIONS, &[("trunk", trunk), ("result", result)])
            }),
            unknown_number: registry.counter(n::CALLS_UNKNOWN_NUMBER, &label),
            received: registry.counter(n::RTP_RECEIVED, &label),
            sent: registry.counter(n::RTP_SENT, &label),
            lost: registry.counter(n::RTP_LOST, &label),
            transcoded: registry.counter(n::RTP_TRANSCODED, &label),
            refused: registry.counter(n::RTP_REFUSED, &label),
            sip: SipSeries::new(registry, trunk),
        }
    }
}
