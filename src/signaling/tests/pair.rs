//! Both ends and the clock in one struct: two stacks, a wire between them that loses, doubles and delays.
//! Every message that crosses it is also read by rsip, so that our printer is never judged by our own parser alone.

use crate::base::{Codec, Flow, Moment, Name, Random, Transport, TrunkId};
use crate::signaling::{
    Admission, Caller, CallerHeader, Carried, Direction, Invitation, Invite, LegEvent, LegKey, Listen,
    LocalMedia, MediaOffer, Observation, Output, OwnAddress, SessionSettings, Stack, StackConfig, TrunkPeer,
};
use bytes::Bytes;
use smallvec::smallvec;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// The two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Calls, and serves anyone.
    Left,
    /// Serves its one trunk, which is the left end.
    Right,
}

use End::{Left, Right};

/// A stack and what it said.
pub(super) struct Side {
    pub(super) stack: Stack,
    pub(super) invited: Vec<(LegKey, Invitation)>,
    pub(super) events: Vec<(Moment, LegKey, LegEvent)>,
    pub(super) observed: Vec<Observation>,
}

/// A message on its way.
struct Crossing {
    to: End,
    flow: Flow,
    bytes: Bytes,
}

/// Decides what becomes of a message: lost when it says so.
type Loss = Box<dyn FnMut(End, &str) -> bool>;

/// Two stacks and the wire.
pub(super) struct Pair {
    pub(super) now: Moment,
    pub(super) left: Side,
    pub(super) right: Side,
    transport: Transport,
    crossing: BTreeMap<(Moment, u64), Crossing>,
    sent: u64,
    /// What crossed: who sent it, its first line cut short.
    pub(super) ladder: Vec<(Moment, End, String)>,
    lose: Loss,
    /// In a hundred: lost, doubled; and the longest extra delay, ms.
    pub(super) faults: (u64, u64, u64),
    pub(super) random: Random,
}

pub(super) const LEFT: &str = "192.0.2.1:5060";
pub(super) const RIGHT: &str = "192.0.2.2:5060";
/// One way.
const DELAY: Duration = Duration::from_millis(5);

pub(super) fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

pub(in crate::signaling) fn trunk(peer: &str) -> TrunkPeer {
    TrunkPeer {
        id: TrunkId(0),
        name: Name::from("trunk"),
        transport: Transport::Udp,
        peer: address(peer),
        peers: Vec::new(),
        found_by: None,
        own: OwnAddress::default(),
        large_over_tcp: false,
        accept: Vec::new(),
        ping: None,
        caller_from: CallerHeader::From,
        codecs: Codec::ALL.to_vec(),
        prack: true,
        domain: None,
        account: None,
    }
}

pub(super) fn local(port: u16) -> LocalMedia {
    LocalMedia {
        rtp: SocketAddr::new(address(LEFT).ip(), port),
        codecs: smallvec![Codec::Pcma, Codec::Pcmu],
        direction: Direction::SendRecv,
    }
}

impl Side {
    fn new(
        listen: &str,
        transport: Transport,
        admission: Admission,
        session: SessionSettings,
        random: Random,
    ) -> Self {
        let listen = Listen { transport, address: address(listen), advertised: None };
        let config = StackConfig { session, ..StackConfig::new(vec![listen], admission) };
        let stack = Stack::new(config, random);
        Self { stack, invited: Vec::new(), events: Vec::new(), observed: Vec::new() }
    }

    /// Everything a leg was said to do, in order; not what it brought for another.
    pub(super) fn of(&self, leg: LegKey) -> Vec<LegEvent> {
        let events = self.events.iter().filter(|(_, key, _)| *key == leg).map(|(_, _, event)| event);
        events.filter(|event| !matches!(event, LegEvent::Brought { .. })).cloned().collect()
    }

    /// What a leg brought for another.
    pub(super) fn brought(&self, leg: LegKey) -> Vec<Carried> {
        let events = self.events.iter().filter(|(_, key, _)| *key == leg);
        events
            .filter_map(
                |(_, _, event)| {
                    if let LegEvent::Brought { carried } = event { Some(carried.clone()) } else { None }
                },
            )
            .collect()
    }

    /// Nothing is left.
    pub(super) fn is_idle(&self) -> bool {
        (self.stack.legs(), self.stack.transactions(), self.stack.timers()) == (0, 0, 0)
    }
}

impl Pair {
    pub(super) fn new(seed: u64) -> Self {
        Self::over(Transport::Udp, seed)
    }

    pub(super) fn over(transport: Transport, seed: u64) -> Self {
        Self::timed(transport, SessionSettings::default(), seed)
    }

    /// Both ends with these session timers.
    pub(super) fn timed(transport: Transport, session: SessionSettings, seed: u64) -> Self {
        let mut random = Random::from_number(seed);
        let peer = TrunkPeer { transport, ..trunk(LEFT) };
        Self {
            now: Moment::from_millis(1_000),
            left: Side::new(LEFT, transport, Admission::Anyone, session, random.fork()),
            right: Side::new(RIGHT, transport, Admission::Trunks(vec![peer]), session, random.fork()),
            transport,
            crossing: BTreeMap::new(),
            sent: 0,
            ladder: Vec::new(),
            lose: Box::new(|_, _| false),
            faults: (0, 0, 0),
            random,
        }
    }

    pub(super) fn side(&mut self, end: End) -> &mut Side {
        match end {
            Left => &mut self.left,
            Right => &mut self.right,
        }
    }

    /// Loses every message `lost` says so of, by its sender and first line.
    pub(super) fn lose(&mut self, lost: impl FnMut(End, &str) -> bool + 'static) {
        self.lose = Box::new(lost);
    }

    /// The path from an end to the other.
    pub(super) fn path(&self, from: End) -> Flow {
        let (local, remote) = match from {
            Left => (LEFT, RIGHT),
            Right => (RIGHT, LEFT),
        };
        Flow { transport: self.transport, local: address(local), remote: address(remote) }
    }

    pub(super) fn invite(&self) -> Invite {
        let caller = Caller { number: "+33384961370".into(), display: Some("Zoé".into()), anonymous: false };
        Invite::new(self.path(Left), "0385421000", caller, local(4_000))
    }

    /// The left end calls; the call is at the right end when this returns.
    pub(super) fn call(&mut self) -> (LegKey, LegKey) {
        let invite = self.invite();
        self.call_with(invite)
    }

    pub(super) fn call_with(&mut self, invite: Invite) -> (LegKey, LegKey) {
        let caller = self.left.stack.invite(self.now, invite);
        self.run_ms(20);
        let (called, _) = self.right.invited.last().expect("the INVITE arrived");
        (caller, *called)
    }

    /// The left end calls and the right one answers.
    pub(super) fn connect(&mut self) -> (LegKey, LegKey) {
        let (caller, called) = self.call();
        self.right.stack.accept(self.now, called, local(6_000));
        self.run_ms(50);
        (caller, called)
    }

    /// An end does something.
    pub(super) fn act(&mut self, end: End, verb: impl FnOnce(&mut Stack, Moment)) {
        let now = self.now;
        verb(&mut self.side(end).stack, now);
        self.collect(end);
    }

    pub(super) fn run_ms(&mut self, millis: u64) {
        self.run_until(self.now + Duration::from_millis(millis));
    }

    /// Runs until nothing is left to happen; a minute and a half is more than any timer lasts.
    pub(super) fn run_out(&mut self) {
        self.run_ms(90_000);
    }

    pub(super) fn run_until(&mut self, until: Moment) {
        self.collect(Left);
        self.collect(Right);
        while let Some(next) = self.next().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.step();
        }
        self.now = until;
    }

    fn next(&self) -> Option<Moment> {
        let wire = self.crossing.first_key_value().map(|((at, _), _)| *at);
        let timers = [&self.left, &self.right].map(|side| side.stack.poll_timeout().map(|(at, _)| at));
        timers.into_iter().chain([wire]).flatten().min()
    }

    fn step(&mut self) {
        let now = self.now;
        while let Some(entry) = self.crossing.first_entry().filter(|entry| entry.key().0 <= now) {
            let Crossing { to, flow, bytes } = entry.remove();
            self.side(to).stack.receive(now, flow, &bytes);
            self.collect(to);
        }
        for end in [Left, Right] {
            self.side(end).stack.handle_timeout(now);
            self.collect(end);
        }
    }

    /// Takes all an end has to say, and puts its messages on the wire.
    pub(super) fn collect(&mut self, from: End) {
        let now = self.now;
        while let Some(output) = self.side(from).stack.poll() {
            let side = self.side(from);
            match output {
                Output::Send { flow, bytes } => self.post(from, flow, bytes),
                Output::Invited { leg, invitation } => side.invited.push((leg, *invitation)),
                Output::Leg { leg, event } => side.events.push((now, leg, event)),
                Output::Resolve(question) => panic!("{question:?}"),
                Output::Observed(observation) => side.observed.push(observation),
            }
        }
    }

    fn post(&mut self, from: End, flow: Flow, bytes: Bytes) {
        let text = String::from_utf8_lossy(&bytes);
        rsip::SipMessage::try_from(&bytes[..]).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        let line = text.lines().next().unwrap_or_default().to_owned();
        let line = line.replace("SIP/2.0 ", "").split(" sip:").next().unwrap_or_default().to_owned();
        self.ladder.push((self.now, from, line.clone()));
        let (to, here) = match from {
            Left => (Right, RIGHT),
            Right => (Left, LEFT),
        };
        let (loss, double, delay) = self.faults;
        if flow.remote != address(here) || (self.lose)(from, &line) || self.random.below(100) < loss {
            return;
        }
        let copies = 1 + u64::from(self.random.below(100) < double);
        for _ in 0..copies {
            let extra = Duration::from_millis(self.random.below(delay + 1));
            let flow = Flow { transport: flow.transport, local: flow.remote, remote: flow.local };
            self.sent += 1;
            let crossing = Crossing { to, flow, bytes: bytes.clone() };
            self.crossing.insert((self.now + DELAY + extra, self.sent), crossing);
        }
    }

    /// What crossed the wire since the start, one word a message: `>INVITE`, `<100 Trying`.
    pub(super) fn words(&self) -> Vec<String> {
        let arrow = |end: &End| if *end == Left { ">" } else { "<" };
        self.ladder.iter().map(|(_, end, line)| format!("{}{line}", arrow(end))).collect()
    }

    pub(super) fn assert_idle(&self) {
        for (name, side) in [("left", &self.left), ("right", &self.right)] {
            assert!(
                side.is_idle(),
                "{name}: {} legs, {} transactions, {} timers\n{:#?}",
                side.stack.legs(),
                side.stack.transactions(),
                side.stack.timers(),
                self.words()
            );
        }
    }

    /// Whether a stack asks for the far end's offer.
    pub(super) fn late(&self) -> Invite {
        Invite { offer: MediaOffer::Late(local(4_000)), ..self.invite() }
    }
}
