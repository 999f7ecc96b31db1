//! The service: opens the drivers, owns the engine loop, shuts down. The only place that knows every driver.
//! Must never decide anything about a call.
#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the loop waits on real clocks and real threads: it is where the pure library meets them"
)]

mod assemble;
mod followers;
mod outward;

pub use assemble::{Service, load};

use crate::base::{Flow, JournalSeq, Name, Random, limits};
use crate::drivers::certificates::Certificates;
use crate::drivers::clock::Clock;
use crate::drivers::console::ConsoleError;
use crate::drivers::control::ControlError;
use crate::drivers::hep::Hep;
use crate::drivers::media_threads::{self, MediaThreads};
use crate::drivers::metrics::Page;
use crate::drivers::resolver::Resolver;
use crate::drivers::sockets::{Received, SocketError, Sockets};
use crate::drivers::store::{Store, StoreError, StoreHandle};
use crate::engine::traces::Traces;
use crate::engine::{Engine, Event, Lobby, Turn, Welcome};
use crate::settings::Listen;
use assemble::FoundAddresses;
use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, unbounded};
use outward::Outward;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Messages taken from the sockets before timers and other threads get their turn.
const MESSAGES_PER_TURN: usize = 512;
/// Calls begun before the sockets are looked at again: what goes on waits for these at the most.
const CALLS_PER_TURN: usize = 16;
/// After the last call was told to end, its BYEs and registrars get this long to answer.
const FAREWELL: Duration = Duration::from_secs(2);
/// At the start SIP waits at most this long for the first RTP ports; without any, calls are refused one by one.
const FIRST_PORTS: Duration = Duration::from_secs(2);
/// What is still in memory gets this long to reach the disk.
const LAST_COMMIT: Duration = Duration::from_secs(10);

/// Why the service could not start, or stopped on its own.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A socket.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// Trunks that would be told different addresses for one that is all of them.
    #[error(
        "{listen} stands for several addresses: trunk `{}` sees {} and `{}` {}; listen on each of them instead",
        trunks[0], addresses[0], trunks[1], addresses[1]
    )]
    Wildcard {
        /// As configured.
        listen: Listen,
        /// The trunks.
        trunks: [Name; 2],
        /// The address of ours each is reached from.
        addresses: [IpAddr; 2],
    },
    /// The machine has no route to a trunk.
    #[error("there is no way from here to trunk `{trunk}` at {peer}: {source}")]
    NoWay {
        /// Which.
        trunk: Name,
        /// Where.
        peer: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A trunk leads back here.
    #[error("the peer of trunk `{trunk}` is Spillway itself")]
    OwnPeer {
        /// Which.
        trunk: Name,
    },
    /// A trunk's audio is to be received where this machine is not.
    #[error("audio of trunk `{trunk}` can't be received at {address}: {source}")]
    MediaAddress {
        /// Which.
        trunk: Name,
        /// As configured.
        address: IpAddr,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// A trunk's audio has an address of its own, and others' can be received on all only.
    #[error(
        "audio of trunk `{trunk}` has {address} of its own, and that of phones would be received on every address; \
         listen on each address instead"
    )]
    AudioEverywhere {
        /// Which.
        trunk: Name,
        /// As configured.
        address: IpAddr,
    },
    /// Each address costs two open files for each RTP port that is kept ready.
    #[error("audio would be received at {count} addresses; {} at the most", limits::MEDIA_ADDRESSES)]
    MediaAddresses {
        /// How many.
        count: usize,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A prompt or a piece of music can't be used.
    #[error("{file}: {why}")]
    Sound {
        /// Which.
        file: String,
        /// Why.
        why: String,
    },
    /// The operating system gives no thread, no entropy, or no way to wait.
    #[error("the operating system refuses: {0}")]
    System(#[from] std::io::Error),
    /// HTTP.
    #[error(transparent)]
    Console(#[from] ConsoleError),
    /// The control socket.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A media thread ended by itself: its calls have no audio.
    #[error("media thread {0} stopped")]
    MediaThread(u8),
}

/// What others may ask of a running service.
#[derive(Debug)]
pub enum Request {
    /// No new calls; end when the running ones have.
    Drain,
    /// End the running calls too.
    End,
}

/// How others reach a running service.
#[derive(Clone, Debug)]
pub struct Handle {
    requests: Sender<Request>,
    waker: Arc<mio::Waker>,
}

impl Handle {
    /// Asks; a service that has stopped asks for nothing more.
    pub fn ask(&self, request: Request) {
        if self.requests.send(request).is_ok() {
            // A service that can't be woken looks at its next timer.
            let _ = self.waker.wake();
        }
    }
}

/// A service whose drivers are open.
pub struct Server {
    clock: Clock,
    engine: Engine,
    sockets: Sockets,
    lobby: Lobby,
    certificates: Certificates,
    media: MediaThreads,
    /// Where a trunk is found by its name.
    resolver: Option<Resolver>,
    found: FoundAddresses,
    store: StoreHandle,
    stored: JournalSeq,
    strained: bool,
    outward: Outward,
    hep: Option<Hep>,
    traces: Traces,
    requests: Receiver<Request>,
    handle: Handle,
    drain: Duration,
    stage: Stage,
}

/// How far the shutdown has come.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Serving,
    /// Running calls may go on until then.
    Draining(Instant),
    /// They have been told to end.
    Ending(Instant),
}

impl Server {
    /// Opens every driver and starts the engine. Nothing is answered before [`Self::run`].
    ///
    /// # Errors
    /// When a port is taken, the store can't be opened, or a sound can't be read.
    pub fn open(mut service: Service) -> Result<Self, ServeError> {
        let clock = Clock::start();
        let listens: Vec<_> =
            service.listens.iter().map(|listen| (listen.transport, listen.address)).collect();
        let found = FoundAddresses::default();
        let mut sockets = Sockets::open(&listens, service.accepts(found.clone()))?;
        sockets.speak_tls(service.tls(found.clone()));
        sockets.admit_pages(&service.origins);
        let certificates = service.certificates.clone();
        certificates.watch()?;
        let (requests_in, requests) = unbounded();
        let handle = Handle { requests: requests_in, waker: sockets.waker() };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(std::io::Error::other)?;
        let mut random = Random::from_seed(seed);
        let waker = sockets.waker();
        let (store, opened) = Store::open(&service.store, move || drop(waker.wake()))?;
        let outward = Outward::open(&mut service, &sockets, &handle, clock)?;
        let drain = service.drain;
        let traces = Traces::new(service.trace, random.number());
        let hep = service.hep.map(|hep| Hep::start(hep.to, hep.id)).transpose()?;
        let (config, addresses) = service.engine(&sockets, opened)?;
        let waker = sockets.waker();
        let media = MediaThreads::start(
            media_threads::Config { threads: config.boards, addresses, epoch: clock.epoch() },
            &mut random,
            move || drop(waker.wake()),
        )?;
        let has_names = config.trunks.iter().any(|trunk| trunk.peer.found_by.is_some());
        let waker = sockets.waker();
        let resolver = has_names.then(|| Resolver::start(move || drop(waker.wake()))).transpose()?;
        let engine = Engine::new(clock.now(), config, random);
        let stored = store.stored();
        Ok(Self {
            clock,
            engine,
            sockets,
            lobby: Lobby::default(),
            certificates,
            media,
            resolver,
            found,
            store,
            stored,
            strained: false,
            outward,
            hep,
            traces,
            requests,
            handle,
            drain,
            stage: Stage::Serving,
        })
    }

    /// How to reach it while it runs.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The metrics page, also after the service has stopped.
    #[must_use]
    pub fn page(&self) -> Page {
        self.outward.page()
    }

    /// Serves until asked to stop.
    ///
    /// # Errors
    /// When a driver gives up, or the last facts can't be written.
    pub fn run(mut self) -> Result<(), ServeError> {
        self.carry_out();
        self.open_first_ports()?;
        self.outward.ready();
        while !self.is_over() {
            let due = self.engine.poll_timeout().map(|(at, _)| self.clock.until(at));
            let shutdown = self.until_next_stage();
            let waiting = (!self.lobby.is_empty()).then_some(Duration::ZERO);
            self.sockets.wait(due.into_iter().chain(shutdown).chain(waiting).min())?;
            self.turn()?;
        }
        self.engine.handle(self.clock.now(), Event::Stop);
        self.carry_out();
        Ok(self.store.close(LAST_COMMIT)?)
    }

    /// Calls that come while the first ports are being opened would wait for them one by one: SIP waits instead.
    fn open_first_ports(&mut self) -> Result<(), ServeError> {
        let until = Instant::now() + FIRST_PORTS;
        while !self.engine.ports().is_filled() && Instant::now() < until {
            self.sockets.wait(Some(until.saturating_duration_since(Instant::now())))?;
            while let Some(event) = self.media.try_event() {
                self.engine.handle(self.clock.now(), Event::Media(event));
            }
            self.carry_out();
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), ServeError> {
        self.read();
        self.begin_calls();
        while let Some(event) = self.media.try_event() {
            self.engine.handle(self.clock.now(), Event::Media(event));
        }
        while let Some((question, answer)) = self.resolver.as_ref().and_then(Resolver::next_answer) {
            self.found.learn(&question, &answer);
            self.engine.handle(self.clock.now(), Event::Resolved { question, answer });
        }
        let stored = self.store.stored();
        if stored != self.stored {
            self.stored = stored;
            self.engine.handle(self.clock.now(), Event::Stored(stored));
        }
        let strained = self.store.health().strained;
        if strained != self.strained {
            self.strained = strained;
            self.engine.handle(self.clock.now(), Event::StoreStrained(strained));
        }
        while let Ok(request) = self.requests.try_recv() {
            self.answer(request);
        }
        let now = self.clock.now();
        if self.engine.poll_timeout().is_some_and(|(at, _)| at <= now.moment) {
            self.engine.handle_timeout(now);
        }
        self.carry_out();
        let uncaptured = self.hep.as_ref().map_or(0, Hep::dropped);
        self.outward.levels(&self.engine, &self.sockets, &self.media, &self.store, uncaptured);
        self.outward.tls(self.sockets.failed_handshakes(), &self.certificates);
        self.outward.answer(&self.engine, self.clock.now(), &self.store, &mut self.traces);
        self.media.failed().map_or(Ok(()), |board| Err(ServeError::MediaThread(board)))
    }

    /// Takes what the sockets have: what goes on at once, new calls into the lobby.
    fn read(&mut self) {
        for _ in 0..MESSAGES_PER_TURN {
            let Some(received) = self.sockets.receive() else { break };
            let now = self.clock.now();
            let event = match received {
                Received::Message { flow, bytes } => {
                    if let Some(hep) = &self.hep {
                        hep.received(
                            now.utc,
                            flow,
                            bytes,
                            self.traces.correlation(bytes).unwrap_or_default(),
                        );
                    }
                    let patience = self.engine.patience(&flow, bytes);
                    match self.lobby.enter(now.moment, flow, bytes, patience) {
                        Welcome::Now => Event::Sip { flow, bytes },
                        Welcome::Waits => continue,
                        Welcome::TurnedAway => Event::TurnedAway { flow, bytes },
                    }
                }
                Received::Unframed { flow, bytes } => Event::Unframed { flow, bytes },
                Received::Lost(flow) => Event::FlowLost(flow),
            };
            if let Event::Sip { flow, bytes } = event {
                self.traces.received(now, flow, bytes);
            }
            self.engine.handle(now, event);
            self.carry_out();
        }
    }

    /// Begins calls that wait; those that waited too long cost next to nothing, so they do not count.
    fn begin_calls(&mut self) {
        let mut begun = 0;
        while begun < CALLS_PER_TURN {
            let now = self.clock.now();
            match self.lobby.next(now.moment) {
                Some(Turn::Serve(flow, bytes)) => {
                    self.traces.received(now, flow, &bytes);
                    self.engine.handle(now, Event::Sip { flow, bytes: &bytes });
                    begun += 1;
                }
                Some(Turn::TurnAway(flow, bytes)) => {
                    self.engine.handle(now, Event::TurnedAway { flow, bytes: &bytes });
                }
                None => break,
            }
            self.carry_out();
        }
    }

    /// Hands the engine's effects to the drivers.
    fn carry_out(&mut self) {
        use crate::engine::Effect;
        use crate::media::MediaPlane;
        while let Some(effect) = self.engine.poll() {
            match effect {
                Effect::Send { flow, bytes } => {
                    if self.hep.is_some() || self.traces.keeps() {
                        self.copy_sent(flow, &bytes);
                    }
                    self.sockets.send(flow, &bytes);
                }
                Effect::Resolve(question) => {
                    if let Some(resolver) = &self.resolver {
                        resolver.ask(question);
                    }
                }
                Effect::Prove { flow } => self.sockets.trust(flow),
                Effect::Distrust { flow } => self.sockets.distrust(flow),
                Effect::Close { flow } => self.sockets.close(flow),
                Effect::Reuse { flow, address } => self.sockets.reuse(flow, address),
                Effect::Media(command) => self.media.send(command),
                Effect::Observe(observation) => {
                    self.traces.observe(&observation);
                    self.outward.observe(observation);
                }
            }
        }
        self.media.flush();
        self.outward.store(&self.store);
    }

    fn copy_sent(&mut self, flow: Flow, bytes: &Bytes) {
        let now = self.clock.now();
        self.traces.sent(now, flow, bytes);
        if let Some(hep) = &self.hep {
            hep.sent(now.utc, flow, bytes, self.traces.correlation(bytes).unwrap_or_default());
        }
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Drain => self.drain(),
            Request::End => self.end(),
        }
    }

    fn drain(&mut self) {
        if let Stage::Serving = self.stage {
            self.stage = Stage::Draining(Instant::now() + self.drain);
            self.outward.draining();
            self.engine.handle(self.clock.now(), Event::StopAccepting);
        }
    }

    fn end(&mut self) {
        self.drain();
        if let Stage::Draining(_) = self.stage {
            self.stage = Stage::Ending(Instant::now() + FAREWELL);
            self.engine.handle(self.clock.now(), Event::EndAll);
        }
    }

    fn until_next_stage(&self) -> Option<Duration> {
        match self.stage {
            Stage::Serving => None,
            Stage::Draining(until) | Stage::Ending(until) => {
                Some(until.saturating_duration_since(Instant::now()))
            }
        }
    }

    /// Moves the shutdown on; says whether it is over.
    fn is_over(&mut self) -> bool {
        if let Stage::Draining(until) = self.stage
            && (self.engine.core().open_calls() == 0 || until <= Instant::now())
        {
            self.end();
            self.carry_out();
        }
        match self.stage {
            Stage::Serving | Stage::Draining(_) => false,
            Stage::Ending(until) => {
                let is_gone = self.engine.leg_count() == 0 && !self.engine.stack().is_unregistering();
                is_gone || until <= Instant::now()
            }
        }
    }
}
