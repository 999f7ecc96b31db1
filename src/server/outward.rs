//! Everything that looks at the engine: the store, the metrics, the logs, the console, the control socket, a watcher.

use super::followers::Followers;
use super::{Handle, ServeError, Service};
use crate::base::{AgentId, Name, Now, SiteId, Transport};
use crate::call::{Entry, Record};
use crate::dialplan::Plan;
use crate::drivers::certificates::Certificates;
use crate::drivers::clock::Clock;
use crate::drivers::console::{Console, ConsoleHandle, Readiness, ReadinessSign};
use crate::drivers::control::{Answer, Command, Control};
use crate::drivers::logs;
use crate::drivers::media_threads::MediaThreads;
use crate::drivers::metrics::{ConfiguredNames, Levels, Metrics, Page, SiteNames, StreamLevels, TlsLevels};
use crate::drivers::sockets::{Connections, FailedHandshakes, Sockets, dropped};
use crate::drivers::store::StoreHandle;
use crate::engine::status::StoreStatus;
use crate::engine::traces::Traces;
use crate::engine::{Engine, Observation};
use crate::settings::{PHONES, Trunk};
use crossbeam_channel::Sender;
use std::sync::Arc;

/// Who looks.
pub(super) struct Outward {
    entries: Vec<Arc<Entry>>,
    records: Vec<Arc<Record>>,
    metrics: Metrics,
    sign: ReadinessSign,
    /// Kept for its thread, which ends with it.
    _console: Option<ConsoleHandle>,
    control: Option<Control>,
    followers: Followers,
    watcher: Option<Sender<Observation>>,
    draining: bool,
}

impl Outward {
    pub fn open(
        service: &mut Service,
        sockets: &Sockets,
        handle: &Handle,
        clock: Clock,
    ) -> Result<Self, ServeError> {
        let metrics = Metrics::new(&names(&service.plan, &service.trunks, service.phones.is_some()));
        let sign = ReadinessSign::default();
        let console = match service.http {
            Some(address) => {
                let page = metrics.page();
                let unread = metrics.unread();
                let addresses: Vec<_> = sockets.udp_addresses().collect();
                let render = move || {
                    dropped(&addresses).inspect(|count| unread.absolute(*count));
                    page.render(clock.now().moment)
                };
                Some(Console::bind(address)?.start(sign.clone(), render)?)
            }
            None => None,
        };
        let control = match &service.control {
            Some(path) => {
                let waker = Arc::clone(&handle.waker);
                Some(Control::open(path, move || drop(waker.wake()))?)
            }
            None => None,
        };
        Ok(Self {
            entries: Vec::new(),
            records: Vec::new(),
            metrics,
            sign,
            _console: console,
            control,
            followers: Followers::default(),
            watcher: service.watcher.take(),
            draining: false,
        })
    }

    pub fn page(&self) -> Page {
        self.metrics.page()
    }

    /// New calls are taken.
    pub fn ready(&mut self) {
        self.sign.set(Readiness::Ready);
    }

    /// New calls are refused from here on.
    pub fn draining(&mut self) {
        self.draining = true;
        self.sign.set(Readiness::Draining);
    }

    pub fn observe(&mut self, observation: Observation) {
        match &observation {
            Observation::Fact(entry) => self.entries.push(Arc::clone(entry)),
            Observation::Recorded(record) => self.records.push(Arc::clone(record)),
            Observation::LegCalled { .. }
            | Observation::QueueLine { .. }
            | Observation::Judged { .. }
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
            | Observation::LimitReached { .. }
            | Observation::Fault { .. } => {}
        }
        self.metrics.observe(&observation);
        logs::observe(&observation);
        if let Some(watcher) = &self.watcher
            && watcher.send(observation).is_err()
        {
            self.watcher = None;
        }
    }

    /// What was observed since the last time goes to the store in one batch.
    pub fn store(&mut self, store: &StoreHandle) {
        if !self.entries.is_empty() || !self.records.is_empty() {
            store.append(self.entries.drain(..), self.records.drain(..));
        }
    }

    /// Sets the levels nobody announces.
    pub fn levels(
        &self,
        engine: &Engine,
        sockets: &Sockets,
        media: &MediaThreads,
        store: &StoreHandle,
        uncaptured: u64,
    ) {
        let streams = |transport| {
            let Connections { now, accepted } = sockets.connections(transport);
            StreamLevels { now, accepted }
        };
        let websockets = sockets.refused_websockets();
        let (health, limited) = (store.health(), sockets.limited());
        self.metrics.set_levels(&Levels {
            legs: count(engine.leg_count()),
            media_ports: count(engine.ports().lent()),
            rtp_unsent: media.dropped_sends(),
            sip_uncaptured: uncaptured,
            tcp: streams(Transport::Tcp),
            tls: streams(Transport::Tls),
            ws: streams(Transport::Ws),
            wss: streams(Transport::Wss),
            websockets_refused: [
                websockets.malformed,
                websockets.subprotocol,
                websockets.page,
                websockets.too_long,
            ],
            sip_transactions: count(engine.stack().transactions()),
            sip_streams_crowded_out: limited.crowded_out,
            sip_streams_idle: limited.idle,
            tls_handshakes_limited: limited.handshakes,
            sip_banned: count(engine.stack().ban_count()),
            sip_dialogs: count(engine.stack().legs()),
            store_backlog: health.backlog,
            store_lost: health.lost,
        });
    }

    /// The same of TLS.
    pub fn tls(&self, failed: FailedHandshakes, certificates: &Certificates) {
        self.metrics.set_tls(&TlsLevels {
            failed_in: failed.received,
            failed_out: failed.opened,
            expires: certificates.expires(),
            unusable: certificates.is_unusable(),
        });
    }

    /// Answers whoever asks over the control socket.
    pub fn answer(&mut self, engine: &Engine, now: Now, store: &StoreHandle, traces: &mut Traces) {
        let Some(control) = &self.control else { return };
        self.followers.tell(traces);
        while let Some(request) = control.next_request() {
            let answer = match request.command {
                Command::Trace { .. } => {
                    self.followers.answer(request, traces);
                    continue;
                }
                Command::Status => {
                    let health = store.health();
                    let mut status = engine.status(now);
                    status.draining = self.draining;
                    status.store =
                        StoreStatus { backlog: health.backlog, lost: health.lost, failing: health.failing };
                    Answer::Status(Box::new(status))
                }
            };
            request.answer(answer);
        }
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Everything a metric may be labelled with: names from configuration, nothing else.
fn names(plan: &Plan, trunks: &[Trunk], has_phones: bool) -> ConfiguredNames {
    let sites = (0..).zip(&plan.sites).map(|(number, site)| site_names(plan, SiteId(number), &site.id));
    ConfiguredNames {
        trunks: trunks
            .iter()
            .map(|trunk| trunk.name.clone())
            .chain(has_phones.then(|| PHONES.into()))
            .collect(),
        registering: trunks.iter().filter(|trunk| registers(trunk)).map(|trunk| trunk.name.clone()).collect(),
        peers: trunks
            .iter()
            .flat_map(|trunk| trunk.peers.iter().map(|peer| (trunk.name.clone(), peer.value.address)))
            .collect(),
        sites: sites.collect(),
    }
}

fn registers(trunk: &Trunk) -> bool {
    trunk.account.as_ref().is_some_and(|account| account.register.is_some())
}

fn site_names(plan: &Plan, site: SiteId, name: &Name) -> SiteNames {
    let key = |agent: &AgentId| plan.agent(*agent).map(|agent| agent.key.clone());
    let queues = || plan.queues.iter().flatten().filter(|queue| queue.site == site);
    let targets = || plan.targets.iter().filter(|target| target.site == site);
    let of_queues = queues().filter_map(|queue| Some((queue.sla?, queue.name.clone())));
    let of_targets = targets().filter_map(|target| Some((target.sla?, target.name.clone())));
    SiteNames {
        site: name.clone(),
        queues: queues()
            .map(|queue| (queue.name.clone(), queue.agents.iter().filter_map(key).collect()))
            .collect(),
        targets: targets().map(|target| target.name.clone()).collect(),
        slas: of_queues
            .chain(of_targets)
            .map(|(sla, on)| (plan.slas[sla.index()].name.clone(), on))
            .collect(),
    }
}
