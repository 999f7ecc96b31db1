//! The RTP of a station's calls: what is due goes out, what comes in is told apart by its source and counted.
//! Must never know why a call speaks.

mod hearing;
mod key_press;
mod speech;
mod stamp;
mod stream;

pub use hearing::Measured;

use super::Sink;
use super::script::Voice;
use crate::base::{Codec, Map, Moment, Random};
use crate::signaling::{LegKey, RemoteMedia};
use crate::wire::rtp::RtpPacket;
use hearing::Run;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::Duration;
use stream::Stream;

/// Audio in one packet.
const PACKET: Duration = Duration::from_millis(20);
/// Samples in one packet, at 8 kHz.
const SAMPLES: usize = 160;
/// Packets sent in one turn: the clock is read again before the next, so that no stamp is old when it leaves.
const SENDS_PER_TURN: usize = 8;

/// The audio of one station's calls.
#[derive(Debug)]
pub struct Streams {
    streams: Map<LegKey, Stream>,
    /// Many calls share a socket: what comes is told apart by where it comes from.
    by_source: Map<(usize, SocketAddr), LegKey>,
    due: BinaryHeap<Reverse<(Moment, LegKey)>>,
    run: Run,
    random: Random,
}

impl Streams {
    pub fn new(random: Random) -> Self {
        Self {
            streams: Map::default(),
            by_source: Map::default(),
            due: BinaryHeap::new(),
            run: Run::default(),
            random,
        }
    }

    /// A call's audio begins, or its far end moved.
    pub fn open(&mut self, now: Moment, call: LegKey, socket: usize, voice: Voice, media: &RemoteMedia) {
        self.by_source.insert((socket, media.rtp), call);
        if let Some(stream) = self.streams.get_mut(&call) {
            if stream.remote != media.rtp {
                self.by_source.remove(&(socket, stream.remote));
            }
            stream.turn_to(media);
            return;
        }
        let stream = Stream::new(socket, voice, media, &mut self.random);
        self.streams.insert(call, stream);
        if matches!(voice, Voice::Stamped | Voice::Tone(_)) {
            // Phones do not beat in time with each other.
            let phase = Duration::from_nanos(self.random.below(PACKET.as_nanos() as u64));
            self.schedule(now + phase, call);
        }
    }

    /// A call's audio is over.
    pub fn close(&mut self, call: LegKey) {
        if let Some(stream) = self.streams.remove(&call) {
            self.by_source.remove(&(stream.socket, stream.remote));
        }
    }

    /// Presses a key (RFC 4733), after those still being pressed.
    pub fn press(&mut self, now: Moment, call: LegKey, digit: char) {
        let Some(stream) = self.streams.get_mut(&call) else { return };
        stream.press(digit);
        self.schedule(now, call);
    }

    /// When the next packet is due.
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    /// Sends what is due, at most [`SENDS_PER_TURN`] packets.
    pub fn handle_timeout(&mut self, now: Moment, sink: &mut impl Sink) {
        for _ in 0..SENDS_PER_TURN {
            let Some(Reverse((at, call))) = self.due.peek().copied().filter(|Reverse((at, _))| *at <= now)
            else {
                return;
            };
            self.due.pop();
            // A stream that closed, or was set again for a key, leaves its old deadline behind.
            let Some(stream) = self.streams.get_mut(&call).filter(|stream| stream.next == Some(at)) else {
                continue;
            };
            let (socket, to) = (stream.socket, stream.remote);
            if let Some(packet) = stream.packet(now, &mut self.run) {
                sink.rtp(socket, to, packet);
            }
            stream.next = stream.speaks().then(|| (at + PACKET).max(now - PACKET * 10));
            if let Some(next) = stream.next {
                self.due.push(Reverse((next, call)));
            }
        }
    }

    /// A packet came; gives the call whose first one it is.
    pub fn received(
        &mut self,
        now: Moment,
        socket: usize,
        from: SocketAddr,
        packet: &[u8],
    ) -> Option<LegKey> {
        let call = *self.by_source.get(&(socket, from))?;
        let stream = self.streams.get_mut(&call)?;
        let RtpPacket { header, payload } = RtpPacket::read(packet)?;
        let is_audio = Codec::ALL.iter().any(|codec| codec.payload_type() == header.payload_type);
        if !is_audio {
            return None;
        }
        let payload = packet.get(payload)?;
        stream.hearing.heard(now, header.ssrc, header.sequence, payload, &mut self.run).then_some(call)
    }

    /// What was counted since [`Streams::begin_measuring`].
    pub const fn measured(&self) -> &Measured {
        &self.run.measured
    }

    /// Counts from zero, as run `number`, not 0; both stations of a measurement need the same.
    pub fn begin_measuring(&mut self, number: u32) {
        self.run = Run { number, open: true, measured: Measured::default() };
    }

    /// Packets sent from now on are out of the count; stamped ones under way still come into it.
    pub const fn end_measuring(&mut self) {
        self.run.open = false;
    }

    fn schedule(&mut self, at: Moment, call: LegKey) {
        if let Some(stream) = self.streams.get_mut(&call).filter(|stream| stream.next.is_none()) {
            stream.next = Some(at);
            self.due.push(Reverse((at, call)));
        }
    }
}

#[cfg(test)]
mod tests;
