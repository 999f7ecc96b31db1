//! A board in virtual time, with phones on the other side of an imagined network.

mod bridge;
mod hold;
mod keys;
mod lease;
mod pacing;
mod reports;
mod sources;

use super::*;
use crate::base::Codec;
use crate::media::{SourceLocking, g711};
use crate::wire::rtp::{RtpHeader, RtpPacket};
use std::net::SocketAddr;
use std::time::Duration;

pub const A: PortId = PortId { board: 0, number: 40_000 };
pub const B: PortId = PortId { board: 0, number: 40_002 };
pub const EVENT_TYPE: u8 = 101;

pub fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

pub fn phone_a() -> SocketAddr {
    address("192.0.2.1:30000")
}

pub fn phone_b() -> SocketAddr {
    address("192.0.2.2:30000")
}

pub fn setup(remote: SocketAddr, codec: Codec) -> StreamSetup {
    let dtmf = Some(EVENT_TYPE);
    StreamSetup { dtmf, dtmf_send: dtmf, ..StreamSetup::both_ways(remote, codec) }
}

/// One packet the board sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: Moment,
    pub port: PortId,
    pub kind: Kind,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

impl Sent {
    pub fn header(&self) -> RtpHeader {
        RtpPacket::read(&self.bytes).expect("we send RTP").header
    }

    pub fn payload(&self) -> &[u8] {
        &self.bytes[RtpPacket::read(&self.bytes).expect("we send RTP").payload]
    }
}

#[derive(Default)]
struct Outbox {
    now: Moment,
    sent: Vec<Sent>,
    events: Vec<Event>,
}

impl Sink for Outbox {
    fn send(&mut self, port: PortId, kind: Kind, to: SocketAddr, packet: &[u8]) {
        self.sent.push(Sent { at: self.now, port, kind, to, bytes: packet.to_vec() });
    }

    fn event(&mut self, event: Event) {
        self.events.push(event);
    }
}

/// A board, its clock, and all that came out of it.
pub struct Bench {
    pub board: Board,
    pub now: Moment,
    out: Outbox,
}

impl Bench {
    /// Two open ports, lent to the legs of two phones; `A`'s tag is 1, `B`'s 2.
    pub fn with(a: StreamSetup, b: StreamSetup) -> Self {
        let board = Board::new(0, Random::from_number(7));
        let mut bench = Self { board, now: Moment::from_millis(1_000), out: Outbox::default() };
        for (port, tag, setup) in [(A, 1, a), (B, 2, b)] {
            bench.command(Command::Open { port });
            bench.command(Command::Attach { port, tag, setup });
        }
        assert_eq!(bench.events(), [Event::Opened { port: A }, Event::Opened { port: B }]);
        bench
    }

    pub fn new() -> Self {
        Self::with(setup(phone_a(), Codec::Pcma), setup(phone_b(), Codec::Pcma))
    }

    pub fn bridged() -> Self {
        let mut bench = Self::new();
        bench.command(Command::Connect { a: A, b: B });
        bench
    }

    pub fn command(&mut self, command: Command) {
        self.out.now = self.now;
        self.board.command(self.now, command, &mut self.out);
    }

    pub fn arrive(&mut self, port: PortId, kind: Kind, from: SocketAddr, datagram: &[u8]) {
        self.out.now = self.now;
        self.board.packet(self.now, port, kind, from, &mut datagram.to_vec(), &mut self.out);
    }

    /// Lets time pass, each deadline at its moment.
    pub fn advance(&mut self, by: Duration) {
        let until = self.now + by;
        while let Some(at) = self.board.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.out.now = self.now;
            self.board.tick(self.now, &mut self.out);
        }
        self.now = until;
    }

    pub fn advance_ms(&mut self, millis: u64) {
        self.advance(Duration::from_millis(millis));
    }

    /// The RTP sent from `port` since the last look.
    pub fn heard(&mut self, port: PortId) -> Vec<Sent> {
        self.sent(port, Kind::Rtp)
    }

    /// The RTP sent from every port since the last look.
    pub fn all_heard(&mut self) -> Vec<Sent> {
        let all = std::mem::take(&mut self.out.sent);
        all.into_iter().filter(|sent| sent.kind == Kind::Rtp).collect()
    }

    pub fn sent(&mut self, port: PortId, kind: Kind) -> Vec<Sent> {
        let (taken, kept) = std::mem::take(&mut self.out.sent)
            .into_iter()
            .partition(|sent| (sent.port, sent.kind) == (port, kind));
        self.out.sent = kept;
        taken
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.out.events)
    }

    pub fn keys(&mut self) -> String {
        let key = |event| if let Event::Digit { digit, .. } = event { Some(digit) } else { None };
        self.events().into_iter().filter_map(key).collect()
    }

    /// The figures of `port`, by releasing it.
    pub fn figures(&mut self, port: PortId) -> StreamStats {
        self.command(Command::Release { port });
        let figures = |event| if let Event::Stats { stats, .. } = event { Some(stats) } else { None };
        self.events().into_iter().find_map(figures).expect("stats at release")
    }
}

use crate::media::StreamStats;

/// A phone's outgoing stream.
#[derive(Clone, Debug)]
pub struct Phone {
    pub at: SocketAddr,
    pub codec: Codec,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
}

impl Phone {
    pub fn new(at: SocketAddr, codec: Codec) -> Self {
        Self { at, codec, ssrc: 0xaaaa_0000, sequence: 65_530, timestamp: u32::MAX - 1_000 }
    }

    /// The next 20 ms of audio.
    pub fn audio(&mut self, samples: &[i16]) -> Vec<u8> {
        let payload: Vec<u8> = samples.iter().map(|sample| g711::encode(self.codec, *sample)).collect();
        let packet = self.packet(self.codec.payload_type(), false, &payload);
        self.timestamp = self.timestamp.wrapping_add(u32::try_from(payload.len()).expect("short"));
        packet
    }

    /// One packet of a key's event, which began at the stream's present timestamp.
    pub fn event(&mut self, event: u8, duration: u16, end: bool) -> Vec<u8> {
        let [high, low] = duration.to_be_bytes();
        self.packet(EVENT_TYPE, duration <= 160, &[event, u8::from(end) << 7 | 10, high, low])
    }

    pub fn packet(&mut self, payload_type: u8, marker: bool, payload: &[u8]) -> Vec<u8> {
        let mut head = [0; RtpHeader::BYTES];
        let Self { sequence, timestamp, ssrc, .. } = *self;
        RtpHeader { payload_type, marker, sequence, timestamp, ssrc }.write(&mut head);
        self.sequence = sequence.wrapping_add(1);
        [&head, payload].concat()
    }
}

/// Talks for `packets` packets into `port`, 20 ms apart.
pub fn talk(bench: &mut Bench, port: PortId, phone: &mut Phone, packets: usize) {
    for _ in 0..packets {
        let packet = phone.audio(&[1_000; 160]);
        bench.arrive(port, Kind::Rtp, phone.at, &packet);
        bench.advance_ms(20);
    }
}

/// Asserts that packets form one stream: one SSRC, each sequence number once and in order, timestamps that rise.
pub fn assert_one_stream(sent: &[Sent]) {
    for pair in sent.windows(2) {
        let (before, after) = (pair[0].header(), pair[1].header());
        assert_eq!(after.ssrc, before.ssrc);
        assert_eq!(after.sequence, before.sequence.wrapping_add(1), "at {}", pair[1].at);
        let step = after.timestamp.wrapping_sub(before.timestamp);
        assert!((160..80_000).contains(&step), "a step of {step} at {}", pair[1].at);
    }
}

pub fn linear(sent: &[Sent], codec: Codec) -> Vec<i16> {
    sent.iter().flat_map(|sent| sent.payload().iter().map(|byte| g711::decode(codec, *byte))).collect()
}

pub fn strict(remote: SocketAddr) -> StreamSetup {
    StreamSetup { locking: SourceLocking::Strict, ..setup(remote, Codec::Pcma) }
}
