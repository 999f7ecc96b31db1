//! A station: many user agents on one SIP address over one stack. Calls it places and takes follow their scripts.
//! Packets and time come in; packets and events go out to a [`Sink`].

mod call;
mod legs;
mod traffic;

pub use traffic::Traffic;

use super::audio::{Measured, Streams};
use super::event::{Event, Happened};
use super::script::{Dial, Pickup};
use super::{LegKey, Sink};
use crate::base::{Codec, Flow, Map, Moment, Name, Random, Timers, Transport};
use crate::signaling::{
    Admission, Caller, Direction, Invite, Listen, LocalMedia, SessionSettings, Stack, StackConfig,
    TimerSettings,
};
use call::Call;
use std::net::SocketAddr;

/// What a station is told once.
#[derive(Clone, Debug)]
pub struct StationConfig {
    /// What its User-Agent header says.
    pub name: Name,
    /// Its SIP address, UDP.
    pub sip: SocketAddr,
    /// Its RTP addresses, at least one; calls share them in turn.
    pub rtp: Vec<SocketAddr>,
    /// What it speaks, in order of preference.
    pub codecs: Vec<Codec>,
    /// Base values of its SIP timers.
    pub timers: TimerSettings,
    /// Its session timers.
    pub session: SessionSettings,
    /// Calls at once; above it an INVITE gets 503.
    pub max_calls: usize,
}

impl StationConfig {
    /// An A-law station, everything else as usual.
    #[must_use]
    pub fn new(name: &str, sip: SocketAddr, rtp: Vec<SocketAddr>) -> Self {
        Self {
            name: Name::from(name),
            sip,
            rtp,
            codecs: vec![Codec::Pcma],
            timers: TimerSettings::default(),
            session: SessionSettings::default(),
            max_calls: 100_000,
        }
    }
}

/// Which deadline of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// Answer it.
    Answer,
    /// Press the key of this place in the script.
    Press(u16),
    /// Hang up: the talk is over.
    TalkEnd,
    /// Hang up or give up: the caller's patience is over.
    Patience,
}

/// Many user agents on one SIP address.
#[derive(Debug)]
pub struct Station {
    config: StationConfig,
    stack: Stack,
    streams: Streams,
    calls: Map<LegKey, Call>,
    timers: Timers<(LegKey, Due)>,
    phones: Map<String, Pickup>,
    anyone: Pickup,
    next_socket: usize,
    traffic: Traffic,
    random: Random,
}

impl Station {
    /// A station whose every user refuses with 404 until told otherwise.
    #[must_use]
    pub fn new(config: StationConfig, mut random: Random) -> Self {
        let listen = Listen { transport: Transport::Udp, address: config.sip, advertised: None };
        let stack = StackConfig {
            user_agent: config.name.clone(),
            codecs: config.codecs.clone(),
            timers: config.timers,
            session: config.session,
            max_legs: config.max_calls,
            ..StackConfig::new(vec![listen], Admission::Anyone)
        };
        Self {
            stack: Stack::new(stack, random.fork()),
            streams: Streams::new(random.fork()),
            calls: Map::default(),
            timers: Timers::default(),
            phones: Map::default(),
            anyone: Pickup::Refuse(404),
            next_socket: 0,
            traffic: Traffic::default(),
            random,
            config,
        }
    }

    /// How the phone of `user` takes calls from now on.
    pub fn phone(&mut self, user: &str, pickup: Pickup) {
        self.phones.insert(user.into(), pickup);
    }

    /// How users without a phone of their own take calls.
    pub const fn anyone(&mut self, pickup: Pickup) {
        self.anyone = pickup;
    }

    /// What it was told.
    #[must_use]
    pub const fn config(&self) -> &StationConfig {
        &self.config
    }

    /// Places a call.
    pub fn dial(&mut self, now: Moment, dial: Dial, sink: &mut impl Sink) -> LegKey {
        let flow = Flow { transport: Transport::Udp, local: self.config.sip, remote: dial.to };
        let socket = self.take_socket();
        let caller = Caller { number: dial.caller.clone(), display: None, anonymous: false };
        let invite = Invite::new(flow, &dial.number, caller, self.local_media(socket));
        let leg = self.stack.invite(now, invite);
        if let Some(patience) = dial.patience {
            self.timers.set((leg, Due::Patience), now + patience);
        }
        self.calls.insert(leg, Call::placed(now, dial, socket));
        self.drain(now, sink);
        leg
    }

    /// Hangs up, gives up or refuses, whichever the call's state asks for.
    pub fn hang_up(&mut self, now: Moment, call: LegKey, sink: &mut impl Sink) {
        self.leave(now, call, sink);
        self.drain(now, sink);
    }

    /// Presses a key (RFC 4733).
    pub fn press(&mut self, now: Moment, call: LegKey, digit: char) {
        self.streams.press(now, call, digit);
    }

    /// A SIP datagram came.
    pub fn handle_sip(&mut self, now: Moment, from: SocketAddr, message: &[u8], sink: &mut impl Sink) {
        let flow = Flow { transport: Transport::Udp, local: self.config.sip, remote: from };
        self.stack.receive(now, flow, message);
        self.drain(now, sink);
    }

    /// An RTP datagram came on the `socket`th of [`StationConfig::rtp`].
    pub fn handle_rtp(
        &mut self,
        now: Moment,
        socket: usize,
        from: SocketAddr,
        packet: &[u8],
        sink: &mut impl Sink,
    ) {
        if let Some(leg) = self.streams.received(now, socket, from, packet)
            && let Some(call) = self.calls.get_mut(&leg)
        {
            call.story.first_audio = Some(now);
            sink.event(Event { at: now, call: leg, happened: Happened::FirstAudio });
        }
    }

    /// When [`Station::handle_timeout`] is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let sip = self.stack.poll_timeout().map(|(at, _)| at);
        let script = self.timers.next().map(|(at, _)| at);
        [sip, script, self.streams.poll_timeout()].into_iter().flatten().min()
    }

    /// Does what is due: a bounded piece of it, so ask [`Station::poll_timeout`] again, with the clock read anew.
    pub fn handle_timeout(&mut self, now: Moment, sink: &mut impl Sink) {
        self.streams.handle_timeout(now, sink);
        while let Some((_, (leg, due))) = self.timers.pop_due(now) {
            self.fall_due(now, leg, due, sink);
        }
        if self.stack.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.stack.handle_timeout(now);
        }
        self.drain(now, sink);
    }

    /// Calls that have not ended.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// SIP legs and transactions of which anything is left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.stack.legs() + self.stack.transactions()
    }

    /// What went over the wire so far.
    #[must_use]
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The audio figures since [`Station::begin_measuring`].
    #[must_use]
    pub const fn measured(&self) -> &Measured {
        self.streams.measured()
    }

    /// Counts audio from zero, as run `number`, not 0; both stations of a measurement need the same.
    pub fn begin_measuring(&mut self, number: u32) {
        self.streams.begin_measuring(number);
    }

    /// Audio sent from now on is out of the count; stamped packets under way still come into it.
    pub const fn end_measuring(&mut self) {
        self.streams.end_measuring();
    }

    fn take_socket(&mut self) -> usize {
        self.next_socket = (self.next_socket + 1) % self.config.rtp.len();
        self.next_socket
    }

    fn local_media(&self, socket: usize) -> LocalMedia {
        LocalMedia {
            rtp: self.config.rtp[socket],
            codecs: self.config.codecs.iter().copied().collect(),
            direction: Direction::SendRecv,
        }
    }

    fn pickup_of(&self, user: &str) -> Pickup {
        self.phones.get(user).copied().unwrap_or(self.anyone)
    }
}

#[cfg(test)]
mod tests;
