//! The same world with every word on the wire: the whole engine between stations of our own, over a network in virtual
//! time, with real prompts and voices in RTP. Whatever crosses the engine's boundary is watched: facts by
//! `invariants`, SIP by `watch`, audio by `ears`.

mod by_letter;
mod ears;
pub mod lossy;
mod network;
pub mod races;
pub mod random;
pub mod site;
mod verdict;
mod watch;

#[allow(unused_imports, reason = "stories name voices; the simulation draws them")]
pub use ears::{AGENT, CALLER, TARGET, Tone};
pub use network::Weather;
pub use site::engine as engine_config;
pub use site::{GATEWAY, STRANGER};
#[allow(unused_imports, reason = "stories told by hand look at headers")]
pub use watch::Spoken;

use self::ears::Ears;
use self::network::{Datagram, Network};
use self::watch::Watch;
use super::invariants::Invariants;
use super::ladder::Ladder;
use super::outcome::Outcomes;
use spillway::base::{Flow, JournalSeq, LegId, Moment, Now, Random, Transport};
use spillway::dialplan::Plan;
use spillway::endpoint::{self, Dial, Happened, Pickup, Station, Story};
use spillway::engine::{Effect, Engine, Event, Observation};
use spillway::media::{self, Board, Kind, PortId};
use spillway::signaling::SessionSettings;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// The public network: callers and targets.
pub const OPERATEUR: usize = 0;
/// The IPBX: agents.
pub const IPOFFICE: usize = 1;

/// The world.
pub struct Wired {
    now: Now,
    engine: Engine,
    board: Board,
    stations: [Station; 2],
    network: Network,
    /// Facts on their way to the disk.
    disk: BTreeMap<Moment, JournalSeq>,
    disk_takes: Duration,
    /// Ports that are being opened.
    opening: BTreeMap<(Moment, u16), media::Event>,
    opening_takes: Duration,
    dials: BTreeMap<(Moment, u64), Dial>,
    /// When a peer's network is cut, and until when.
    cut: Option<(usize, Moment, Moment)>,
    /// Whose SIP is heard by nobody, while its audio flows.
    mute: Option<usize>,
    /// Whose ACKs arrive nowhere, callers', or at whom none does, agents.
    acks_lost: Option<usize>,
    /// In a simulation, how phones take calls is up to chance.
    whims: Option<Random>,
    media_events: VecDeque<media::Event>,
    /// What came to those who are no station, in order.
    letters: Vec<(SocketAddr, Vec<u8>)>,
    stories: Vec<(usize, Story)>,
    ladder: Ladder,
    outcomes: Outcomes,
    invariants: Invariants,
    watch: Watch,
    ears: Ears,
}

/// Callers and targets on one side, agents on the other.
fn stations(session: SessionSettings, chance: &mut Random) -> [Station; 2] {
    [site::operateur(session, chance.fork()), site::ipoffice(session, chance.fork())]
}

/// Where stations and boards put what they send.
#[derive(Default)]
struct Sent {
    datagrams: Vec<Datagram>,
    media_events: Vec<media::Event>,
    happened: Vec<endpoint::Event>,
    /// The station's own addresses, when a station sends.
    rtp: Vec<SocketAddr>,
    /// What the board sent, for the ears.
    audio: Vec<(PortId, Vec<u8>)>,
    listens: bool,
}

impl endpoint::Sink for Sent {
    fn sip(&mut self, flow: Flow, message: &[u8]) {
        self.datagrams.push(Datagram {
            sip: true,
            from: flow.local,
            to: flow.remote,
            bytes: message.to_vec(),
        });
    }

    fn rtp(&mut self, socket: usize, to: SocketAddr, packet: &[u8]) {
        self.datagrams.push(Datagram { sip: false, from: self.rtp[socket], to, bytes: packet.to_vec() });
    }

    fn event(&mut self, event: endpoint::Event) {
        self.happened.push(event);
    }
}

impl media::Sink for Sent {
    fn send(&mut self, port: PortId, kind: Kind, to: SocketAddr, packet: &[u8]) {
        // Where nobody has a voice nobody listens either: the board paces, and its packets go nowhere.
        if kind == Kind::Rtp && self.listens {
            let from = SocketAddr::new(site::SPILLWAY.into(), port.number);
            self.datagrams.push(Datagram { sip: false, from, to, bytes: packet.to_vec() });
            self.audio.push((port, packet.to_vec()));
        }
    }

    fn event(&mut self, event: media::Event) {
        self.media_events.push(event);
    }
}

impl Wired {
    /// A world around a plan, in this weather, with people's voices or without.
    pub fn new(plan: &Arc<Plan>, weather: Weather, voices: bool, seed: u64) -> Self {
        Self::slow_to_open(plan, weather, voices, seed, Duration::ZERO)
    }

    /// The same, on a machine that takes so long to open an RTP port.
    pub fn slow_to_open(
        plan: &Arc<Plan>,
        weather: Weather,
        voices: bool,
        seed: u64,
        opening_takes: Duration,
    ) -> Self {
        let mut chance = Random::from_number(seed);
        let now = Now { moment: Moment::from_millis(1_000), utc: super::in_paris(super::MONDAY_MORNING) };
        let config = site::engine(plan, voices);
        let mut world = Self {
            now,
            engine: Engine::new(now, config, chance.fork()),
            board: Board::new(0, chance.fork()),
            stations: stations(SessionSettings::default(), &mut chance),
            network: Network::new(weather, chance.fork()),
            disk: BTreeMap::new(),
            disk_takes: Duration::from_millis(3),
            opening: BTreeMap::new(),
            opening_takes,
            dials: BTreeMap::new(),
            cut: None,
            mute: None,
            acks_lost: None,
            whims: None,
            media_events: VecDeque::new(),
            letters: Vec::new(),
            stories: Vec::new(),
            ladder: Ladder::default(),
            outcomes: Outcomes::default(),
            invariants: Invariants::new(Arc::clone(plan)),
            watch: Watch::new(),
            ears: Ears::new(voices, weather == Weather::CLEAR),
        };
        world.settle();
        world
    }

    /// The stations' sessions last so long unless refreshed; to be said before anybody calls.
    pub fn sessions_last(&mut self, interval_s: u32, chance: &mut Random) {
        let session = SessionSettings { interval_s, ..SessionSettings::default() };
        self.stations = stations(session, chance);
    }

    /// Somebody will dial, so long from now.
    pub fn will_dial(&mut self, after: Duration, dial: Dial) {
        let place = u64::try_from(self.dials.len()).expect("few calls");
        self.dials.insert((self.now.moment + after, place), dial);
    }

    /// A call from the public network to a number of ours.
    pub fn call(number: &str, caller: &str) -> Dial {
        Dial::new(site::SIP, number, caller)
    }

    /// The disk refuses so long that little more fits in memory; or has caught up.
    pub fn store_strained(&mut self, strained: bool) {
        self.engine.handle(self.now, Event::StoreStrained(strained));
        self.settle();
    }

    /// How a phone or a target takes calls from now on.
    pub fn phone(&mut self, station: usize, user: &str, pickup: Pickup) {
        self.stations[station].phone(user, pickup);
    }

    /// Lets time pass.
    pub fn advance(&mut self, by: Duration) {
        let until = self.now.moment + by;
        while let Some(next) = self.next_moment().filter(|next| *next <= until) {
            self.move_to(next);
            self.one_step();
        }
        self.move_to(until);
    }

    fn move_to(&mut self, moment: Moment) {
        self.now = self.now.later(moment.since(self.now.moment));
    }

    fn next_moment(&self) -> Option<Moment> {
        let stations = self.stations.iter().filter_map(Station::poll_timeout).min();
        let candidates = [
            self.network.next_arrival(),
            self.engine.poll_timeout().map(|(at, _)| at),
            self.board.poll_timeout(),
            self.disk.first_key_value().map(|(at, _)| *at),
            self.opening.first_key_value().map(|((at, _), _)| *at),
            self.dials.first_key_value().map(|((at, _), _)| *at),
            stations,
        ];
        candidates.into_iter().flatten().min()
    }

    fn one_step(&mut self) {
        let at = self.now.moment;
        if let Some(datagram) = self.network.arrived(at) {
            return self.deliver(datagram);
        }
        if let Some(first) = self.dials.first_entry().filter(|first| first.key().0 <= at) {
            let dial = first.remove();
            return self.station(OPERATEUR, |station, sink| {
                station.dial(at, dial, sink);
            });
        }
        for side in [OPERATEUR, IPOFFICE] {
            if self.stations[side].poll_timeout().is_some_and(|due| due <= at) {
                return self.station(side, |station, sink| station.handle_timeout(at, sink));
            }
        }
        if self.board.poll_timeout().is_some_and(|due| due <= at) {
            return self.on_board(|board, sink| board.tick(at, sink));
        }
        if let Some(first) = self.disk.first_entry().filter(|first| *first.key() <= at) {
            let stored = first.remove();
            self.watch.stored(stored);
            self.engine.handle(self.now, Event::Stored(stored));
            return self.settle();
        }
        if let Some(first) = self.opening.first_entry().filter(|first| first.key().0 <= at) {
            self.media_events.push_back(first.remove());
            return self.settle();
        }
        self.engine.handle_timeout(self.now);
        self.settle();
    }

    fn deliver(&mut self, datagram: Datagram) {
        let at = self.now.moment;
        if self.is_cut(&datagram) {
            return;
        }
        let Datagram { sip, from, to, mut bytes } = datagram;
        if is_outside(to) {
            return self.letters.push((to, bytes));
        }
        if to == site::SIP {
            if !is_outside(from) {
                self.watch.received(self.now.moment, from, &bytes, &mut self.ladder);
            }
            let flow = Flow { transport: Transport::Udp, local: to, remote: from };
            self.engine.handle(self.now, Event::Sip { flow, bytes: &bytes });
            if !is_outside(from) {
                self.watch.caused(at, &bytes, self.engine.core().last_seq());
            }
            return self.settle();
        }
        if to.ip() == IpAddr::from(site::SPILLWAY) {
            let port = PortId { board: 0, number: to.port() };
            return self.on_board(|board, sink| board.packet(at, port, Kind::Rtp, from, &mut bytes, sink));
        }
        let side = self.side_of(to);
        if sip {
            if let Some(chance) = self.whims.as_mut().filter(|_| bytes.starts_with(b"INVITE")) {
                let pickup = random::pickup(chance, side, self.ears.listens());
                self.stations[side].anyone(pickup);
            }
            self.station(side, |station, sink| station.handle_sip(at, from, &bytes, sink));
        } else {
            let socket = self.stations[side].config().rtp.iter().position(|rtp| *rtp == to);
            let socket = socket.expect("the engine sends audio where it was told to");
            self.station(side, |station, sink| station.handle_rtp(at, socket, from, &bytes, sink));
        }
    }

    fn side_of(&self, address: SocketAddr) -> usize {
        let side = self.stations.iter().position(|station| station.config().sip.ip() == address.ip());
        side.unwrap_or_else(|| panic!("nobody lives at {address}"))
    }

    /// Cuts the network of a side for good.
    pub fn cut_off(&mut self, side: usize) {
        self.cut = Some((side, self.now.moment, self.now.moment + Duration::from_secs(1_000_000)));
    }

    /// Loses all the SIP a side says from now on; it hears, and its audio flows.
    pub const fn mute(&mut self, side: usize) {
        self.mute = Some(side);
    }

    /// Loses every ACK between Spillway and a side from now on.
    pub const fn lose_acks_of(&mut self, side: usize) {
        self.acks_lost = Some(side);
    }

    fn is_cut(&self, datagram: &Datagram) -> bool {
        if self.mute.is_some_and(|side| datagram.sip && datagram.from == self.stations[side].config().sip) {
            return true;
        }
        if let Some(side) = self.acks_lost.filter(|_| datagram.sip && datagram.bytes.starts_with(b"ACK ")) {
            let sip = self.stations[side].config().sip;
            return [datagram.from, datagram.to].contains(&sip);
        }
        let Some((side, from, until)) = self.cut else { return false };
        let ip = self.stations[side].config().sip.ip();
        let at = self.now.moment;
        from <= at && at < until && [datagram.from.ip(), datagram.to.ip()].contains(&ip)
    }

    fn station(&mut self, side: usize, act: impl FnOnce(&mut Station, &mut Sent)) {
        let mut sent = Sent { rtp: self.stations[side].config().rtp.clone(), ..Sent::default() };
        act(&mut self.stations[side], &mut sent);
        for datagram in sent.datagrams {
            self.network.carry(self.now.moment, datagram);
        }
        for event in sent.happened {
            if let Happened::Ended(story) = event.happened {
                self.stories.push((side, *story));
            }
        }
    }

    fn on_board(&mut self, act: impl FnOnce(&mut Board, &mut Sent)) {
        let mut sent = Sent { listens: self.ears.listens(), ..Sent::default() };
        act(&mut self.board, &mut sent);
        for datagram in sent.datagrams {
            self.network.carry(self.now.moment, datagram);
        }
        for (port, packet) in sent.audio {
            self.ears.sent(self.now.moment, port, &packet);
        }
        self.media_events.extend(sent.media_events);
        if !self.media_events.is_empty() {
            self.settle();
        }
    }

    /// Does what the engine asks, until it asks for nothing, then looks whether everything is as it must be.
    fn settle(&mut self) {
        loop {
            if let Some(effect) = self.engine.poll() {
                self.effect(effect);
            } else if let Some(event) = self.media_events.pop_front() {
                self.engine.handle(self.now, Event::Media(event));
            } else {
                break;
            }
        }
        assert!(self.outcomes.faults.is_empty(), "{:?}", self.outcomes.faults);
        self.invariants.check(self.now, self.engine.core(), &self.outcomes);
    }

    fn effect(&mut self, effect: Effect) {
        self.watch.traced.effect(self.now, &effect);
        let at = self.now.moment;
        match effect {
            Effect::Send { flow, bytes } => {
                if !is_outside(flow.remote) {
                    self.watch.sent(at, flow.remote, &bytes, &mut self.ladder);
                }
                self.network.carry(
                    at,
                    Datagram { sip: true, from: flow.local, to: flow.remote, bytes: bytes.to_vec() },
                );
            }
            Effect::Prove { .. } | Effect::Distrust { .. } | Effect::Close { .. } | Effect::Reuse { .. } => {}
            Effect::Media(command) => {
                self.ears.commanded(at, &command);
                let mut sent = Sent::default();
                self.board.command(at, command, &mut sent);
                let (opened, others): (Vec<_>, Vec<_>) = sent
                    .media_events
                    .into_iter()
                    .partition(|event| matches!(event, media::Event::Opened { .. }));
                self.media_events.extend(others);
                for event in opened {
                    self.opening.insert((at + self.opening_takes, event.port().number), event);
                }
            }
            Effect::Resolve(question) => panic!("every peer here has an address: {question:?}"),
            Effect::Observe(seen) => {
                self.invariants.saw(self.engine.core(), &seen);
                self.ears.saw(at, self.cut.map(|(_, from, until)| (from, until)), &seen);
                if let Observation::Fact(entry) = &seen {
                    self.disk.insert(at + self.disk_takes, entry.seq);
                }
                self.outcomes.observe(self.now, seen, &mut self.ladder);
            }
        }
    }

    /// What was heard on a leg so far.
    pub fn heard(&self, leg: LegId) -> Vec<Tone> {
        self.ears.heard(leg)
    }

    /// What came out.
    pub const fn outcomes(&self) -> &Outcomes {
        &self.outcomes
    }

    /// What the stations tell of the calls that ended for them.
    pub fn stories(&self) -> &[(usize, Story)] {
        &self.stories
    }

    /// Everything said and done.
    pub const fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// What the engine said on the wire.
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Keeps what the engine says from now on, for stories that look at single headers; their far ends may be told by hand,
    /// without a voice.
    #[allow(dead_code, reason = "for stories told by hand")]
    pub fn listen_in(&mut self) {
        self.watch.listen_in();
        self.ears.expect_mutes();
    }

    /// Whether nothing is left of any call, here or there.
    pub fn is_at_rest(&self) -> bool {
        self.dials.is_empty() && self.left() == Left::default()
    }

    /// What is left of calls.
    pub fn left(&self) -> Left {
        let core = self.engine.core();
        let stations = self.stations.iter().map(|station| station.calls() + station.left());
        let owned = |agent| core.acd().agent_state(agent).owner().is_some();
        Left {
            calls: core.call_count(),
            timers: core.timer_count(),
            channels: core.channels_taken(),
            agents: core.acd().agents().filter(|agent| owned(*agent)).count(),
            legs: self.engine.leg_count() + self.engine.stack().legs(),
            transactions: self.engine.stack().transactions(),
            ports: self.board.lent_ports() + self.engine.ports().lent(),
            // A phone that lost touch with us while it rang rings on: ours has no patience of its own.
            stations: if self.cut.is_some() { 0 } else { stations.sum() },
        }
    }
}

/// Whether an address is of one who may say anything, and be told anything that is an answer.
fn is_outside(address: SocketAddr) -> bool {
    [GATEWAY.ip(), STRANGER.ip()].contains(&address.ip())
}

/// What is left of calls (invariant 20).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Calls in the core.
    pub calls: usize,
    /// Their timers.
    pub timers: usize,
    /// Channels of trunks.
    pub channels: u32,
    /// Agents who belong to a call.
    pub agents: usize,
    /// Legs of the engine and of its SIP stack.
    pub legs: usize,
    /// SIP transactions.
    pub transactions: usize,
    /// RTP ports: lent by the board, or never given back to the pool.
    pub ports: usize,
    /// Calls, legs and transactions of the stations.
    pub stations: usize,
}
