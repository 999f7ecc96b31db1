//! Two stations' audio laid against each other, without a network.

use super::*;
use crate::base::{Flow, PayloadTypes};
use crate::endpoint::Event;
use crate::signaling::Direction;
use crate::wire::rtp::RtpHeader;

const CALL: LegKey = LegKey(1);

#[derive(Default)]
struct Packets(Vec<(SocketAddr, Vec<u8>)>);

impl Sink for Packets {
    fn sip(&mut self, _: Flow, _: &[u8]) {}
    fn rtp(&mut self, _: usize, to: SocketAddr, packet: &[u8]) {
        self.0.push((to, packet.to_vec()));
    }
    fn event(&mut self, _: Event) {}
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn towards(port: u16) -> RemoteMedia {
    RemoteMedia {
        rtp: address(port),
        rtcp: address(port + 1),
        codec: Codec::Pcma,
        codecs: [Codec::Pcma].into_iter().collect(),
        payload_types: PayloadTypes::STATIC,
        dtmf: Some(101),
        direction: Direction::SendRecv,
        ptime_ms: 20,
    }
}

fn speaking(voice: Voice) -> Streams {
    let mut streams = Streams::new(Random::from_number(9));
    streams.open(Moment::ZERO, CALL, 0, voice, &towards(4_000));
    streams
}

/// Runs `streams` to `until_ms`, packets going to `hand`.
fn run(streams: &mut Streams, until_ms: u64, mut hand: impl FnMut(Moment, &[u8])) -> usize {
    let mut sent = 0;
    while let Some(at) = streams.poll_timeout().filter(|at| *at < Moment::from_millis(until_ms)) {
        let mut packets = Packets::default();
        streams.handle_timeout(at, &mut packets);
        sent += packets.0.len();
        packets.0.iter().for_each(|(_, packet)| hand(at, packet));
    }
    sent
}

#[test]
fn what_one_sends_the_other_hears_with_its_loss_its_gaps_and_its_delay() {
    let mut near = speaking(Voice::Stamped);
    let mut far = Streams::new(Random::from_number(2));
    far.open(Moment::ZERO, CALL, 3, Voice::Listening, &towards(5_000));
    near.begin_measuring(7);
    far.begin_measuring(7);
    let (mut count, mut firsts) = (0, 0);
    let sent = run(&mut near, 1_000, |at, packet| {
        count += 1;
        if count != 10 {
            let heard = far.received(at + Duration::from_millis(3), 3, address(5_000), packet);
            firsts += usize::from(heard == Some(CALL));
        }
        assert_eq!(far.received(at, 3, address(5_002), packet), None, "a stranger");
    });
    let (out, heard) = (near.measured(), far.measured());
    assert_eq!((sent, firsts), (50, 1));
    assert_eq!((out.sent, out.stamped_sent, heard.received, heard.stamped_received), (50, 50, 49, 49));
    assert_eq!(heard.lost, 1);
    assert_eq!(heard.latency.percentile(99).map(|d| d.as_micros() / 100), Some(30));
    assert_eq!(heard.gaps.percentile(50).map(|d| d.as_millis()), Some(20));
    assert_eq!(heard.gaps.percentile(100).map(|d| d.as_millis()), Some(40));
}

#[test]
fn stamps_under_way_when_the_measurement_ends_still_count_and_later_ones_do_not() {
    let mut near = speaking(Voice::Stamped);
    let mut far = Streams::new(Random::from_number(2));
    far.open(Moment::ZERO, CALL, 0, Voice::Listening, &towards(5_000));
    near.begin_measuring(1);
    far.begin_measuring(1);
    let mut under_way = Vec::new();
    run(&mut near, 100, |_, packet| under_way.push(packet.to_vec()));
    near.end_measuring();
    far.end_measuring();
    run(&mut near, 200, |_, packet| under_way.push(packet.to_vec()));
    for packet in &under_way {
        far.received(Moment::from_millis(300), 0, address(5_000), packet);
    }
    assert_eq!(under_way.len(), 10);
    assert_eq!((near.measured().stamped_sent, far.measured().stamped_received), (5, 5));
}

#[test]
fn a_silent_call_presses_its_keys_and_falls_silent_again() {
    let mut streams = speaking(Voice::Off);
    assert_eq!(streams.poll_timeout(), None);
    streams.press(Moment::ZERO, CALL, '1');
    streams.press(Moment::ZERO, CALL, '#');
    let mut events = Vec::new();
    let sent = run(&mut streams, 10_000, |_, packet| {
        let header = RtpPacket::read(packet).expect("RTP").header;
        assert_eq!(header.payload_type, 101);
        events.push((header.timestamp, header.marker, packet[RtpHeader::BYTES]));
    });
    assert_eq!((sent, streams.poll_timeout()), (16, None));
    assert!(events[..8].iter().all(|event| event.0 == events[0].0 && event.2 == 1));
    assert!(events[8..].iter().all(|event| event.0 == events[8].0 && event.2 == 11));
    assert_eq!(events.iter().filter(|event| event.1).count(), 2);
    assert_eq!(events[8].0.wrapping_sub(events[0].0), 11 * 160);
}

#[test]
fn a_call_put_on_hold_or_closed_sends_nothing() {
    let mut streams = speaking(Voice::Tone(440));
    assert_eq!(run(&mut streams, 100, |_, _| {}), 5);
    let held = RemoteMedia { direction: Direction::SendOnly, ..towards(4_000) };
    streams.open(Moment::from_millis(100), CALL, 0, Voice::Tone(440), &held);
    assert_eq!(run(&mut streams, 200, |_, _| {}), 0);
    streams.open(Moment::from_millis(200), CALL, 0, Voice::Tone(440), &towards(4_000));
    assert_eq!(run(&mut streams, 300, |_, _| {}), 5);
    streams.close(CALL);
    assert_eq!(run(&mut streams, 400, |_, _| {}), 0);
}
