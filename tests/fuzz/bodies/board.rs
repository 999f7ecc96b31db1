//! Datagrams on a media board in virtual time: one record each, its head saying which port, RTP or RTCP, from where,
//! and how much later. Two ports relay to each other, a third plays. It never panics, what it sends is RTP or RTCP, a
//! packet makes at most one other, and no more keys are heard than a second may have.

use spillway::base::{Codec, Moment, Random, limits};
use spillway::media::{Board, Command, Event, Kind, PortId, Sink, SourceLocking, StreamSetup, Tone};
use spillway::wire::rtp::{RtpPacket, is_rtcp, read_rtcp};
use std::net::SocketAddr;
use std::time::Duration;

/// Bytes before each datagram: port and kind, source, wait, length.
const HEAD: usize = 4;

#[derive(Default)]
struct Seen {
    sent: usize,
    digits: usize,
}

impl Sink for Seen {
    fn send(&mut self, _: PortId, kind: Kind, to: SocketAddr, packet: &[u8]) {
        assert!(to.port() != 0 && !to.ip().is_unspecified());
        match kind {
            Kind::Rtp => assert!(RtpPacket::read(packet).is_some() && !is_rtcp(packet)),
            Kind::Rtcp => assert!(read_rtcp(packet, |_| {})),
        }
        self.sent += 1;
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Digit { digit, .. } => {
                assert!("0123456789*#ABCD".contains(digit));
                self.digits += 1;
            }
            Event::CommandRefused { refusal, .. } => panic!("{refusal:?}"),
            Event::Stats { stats, .. } => drop(format!("{stats:?}")),
            _ => {}
        }
    }
}

fn port(number: u8) -> PortId {
    PortId { board: 0, number: 20_000 + 2 * u16::from(number) }
}

fn remote(number: u8) -> SocketAddr {
    ([192, 0, 2, number], 4_000).into()
}

fn lend(board: &mut Board, now: Moment, sink: &mut Seen) {
    for (number, codec) in [(0, Codec::Pcma), (1, Codec::Pcmu), (2, Codec::Pcma)] {
        let both = StreamSetup::both_ways(remote(number), codec);
        let locking = if number == 2 { SourceLocking::Exact } else { SourceLocking::Strict };
        let setup = StreamSetup { dtmf: Some(101), dtmf_send: Some(96 + number), locking, ..both };
        board.command(now, Command::Open { port: port(number) }, sink);
        board.command(now, Command::Attach { port: port(number), tag: 1, setup }, sink);
    }
    board.command(now, Command::Connect { a: port(0), b: port(1) }, sink);
    board.command(now, Command::Tone { port: port(2), tone: Tone::Ringback }, sink);
}

pub fn run(bytes: &[u8]) {
    let (mut now, mut sink) = (Moment::from_millis(1_000), Seen::default());
    let (mut board, mut rest) = (Board::new(0, Random::from_number(7)), bytes);
    lend(&mut board, now, &mut sink);
    let start = now;
    while let Some(([target, source, wait, length], after)) = rest.split_first_chunk::<HEAD>() {
        let (datagram, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        let until = now + Duration::from_millis(u64::from(*wait) * u64::from(*wait) / 8);
        while let Some(at) = board.poll_timeout().filter(|at| *at <= until) {
            now = now.max(at);
            board.tick(now, &mut sink);
        }
        now = until;
        let kind = if target & 4 == 0 { Kind::Rtp } else { Kind::Rtcp };
        let from = SocketAddr::new(remote(source % 4).ip(), 4_000 + u16::from(source / 4 % 2));
        let before = sink.sent;
        board.packet(now, port(target % 3), kind, from, &mut datagram.to_vec(), &mut sink);
        assert!(sink.sent <= before + 1, "a packet made many");
    }
    let seconds = usize::try_from(now.since(start).as_secs()).expect("few") + 1;
    assert!(sink.digits <= 3 * (seconds + 1) * usize::try_from(limits::DIGITS_PER_SECOND).expect("few"));
    for number in 0..3 {
        board.command(now, Command::Release { port: port(number) }, &mut sink);
    }
    board.tick(now + Duration::from_secs(1), &mut sink);
    assert_eq!(board.open_ports(), 0);
}
