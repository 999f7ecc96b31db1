//! A lent port: one leg's audio, both directions. Must never know the other ports.

use super::digits::Digits;
use super::fill::Fill;
use super::outgoing::{Outgoing, Place};
use super::pace::Phase;
use super::playing::{FRAME, Playing};
use super::report::Reports;
use super::source::SourceLock;
use crate::base::{Codec, Moment, Random};
use crate::media::stats::{Arrival, Reception};
use crate::media::{Kind, PortId, Sink, StreamSetup, StreamStats, g711};
use crate::wire::rtp::RtpHeader;
use std::net::SocketAddr;
use std::ops::Range;

const HEADER_BYTES: usize = RtpHeader::BYTES;

/// What a port sends.
#[derive(Debug)]
pub enum Sends {
    /// Nothing.
    Nothing,
    /// A sound or a tone, at the pace of its phase.
    Sound(Playing, Phase),
    /// What arrives on the peer's port.
    Relayed {
        /// The peer's RTP port, on the same board, which relays this port's packets in turn.
        peer: u16,
        /// What is heard while nothing arrives there, where the peer holds.
        fill: Option<Fill>,
    },
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Audio.
    Audio(Codec),
    /// Telephone-events.
    Digits,
    /// Comfort noise, or what nobody negotiated.
    Foreign,
}

/// One lease of a port.
#[derive(Debug)]
pub struct Stream {
    pub tag: u64,
    pub setup: StreamSetup,
    pub lock: SourceLock,
    pub reception: Reception,
    /// Counts the runs received, so that whoever relays them sees where one began.
    pub run: u32,
    pub digits: Digits,
    pub outgoing: Outgoing,
    pub sends: Sends,
    pub reports: Reports,
    /// When the last packet came, or the lease began.
    pub heard: Moment,
    /// When a silence was last told of, or the lease began.
    pub silence_told: Moment,
    /// Figures counted directly; the rest are filled in by [`Stream::stats`].
    pub counts: StreamStats,
}

impl Stream {
    pub fn new(now: Moment, tag: u64, setup: StreamSetup, random: &mut Random) -> Self {
        Self {
            tag,
            setup,
            lock: SourceLock::default(),
            reception: Reception::default(),
            run: 0,
            digits: Digits::default(),
            outgoing: Outgoing::new(random),
            sends: Sends::Nothing,
            reports: Reports::default(),
            heard: now,
            silence_told: now,
            counts: StreamStats::default(),
        }
    }

    /// A re-INVITE's outcome: what goes on goes on, and a changed remote must prove itself anew.
    pub fn change(&mut self, tag: u64, setup: StreamSetup) {
        if (setup.remote, setup.locking) != (self.setup.remote, self.setup.locking) {
            self.lock = SourceLock::default();
            self.reports.forget_source();
        }
        (self.tag, self.setup) = (tag, setup);
    }

    /// What a payload type stands for on this stream. Either G.711 law is taken, whichever was agreed. Events are taken
    /// under either side's number: a peer that offers anew may change which one it was answered with.
    pub fn payload(&self, payload_type: u8) -> Payload {
        if Some(payload_type) == self.setup.dtmf {
            return Payload::Digits;
        }
        match self.setup.payload_types.codec(payload_type) {
            Some(codec) => Payload::Audio(codec),
            None if Some(payload_type) == self.setup.dtmf_send => Payload::Digits,
            None => Payload::Foreign,
        }
    }

    /// Counts a packet of the locked source; says whether it is to be used.
    pub fn arrived(&mut self, now: Moment, header: &RtpHeader) -> bool {
        match self.reception.arrived(header.ssrc, header.sequence) {
            Arrival::InRun => {}
            Arrival::RunBegan => self.run = self.run.wrapping_add(1),
            Arrival::Doubtful => {
                self.counts.late += 1;
                return false;
            }
        }
        self.heard = now;
        true
    }

    /// Where audio goes: to the locked source (symmetric RTP, RFC 4961), before that to the signalled address. `None`
    /// while the peer does not want to hear us or has named no address (RFC 3264 section 8.4's old hold).
    pub fn destination(&self) -> Option<SocketAddr> {
        let to = self.lock.source().unwrap_or(self.setup.remote);
        (self.setup.send && to.port() != 0 && !to.ip().is_unspecified()).then_some(to)
    }

    /// Sends the next 20 ms of what is playing. The sound goes on unheard while the peer holds us.
    pub fn send_frame(&mut self, port: PortId, due: Moment, sink: &mut impl Sink) {
        let codec = self.setup.codec;
        let Some(playing) = self.playing(due) else { return };
        let mut packet = [0; HEADER_BYTES + FRAME];
        let (head, frame) = packet.split_first_chunk_mut().expect("a header and a frame");
        let frame = frame.first_chunk_mut().expect("a frame");
        playing.fill(codec, frame);
        let Some(to) = self.destination() else { return };
        let place = self.outgoing.generated(due, FRAME as u32);
        self.write(head, self.setup.payload_type(), place);
        self.sent(FRAME);
        sink.send(port, Kind::Rtp, to, &packet);
    }

    /// Passes on to this stream's peer a packet that arrived on another, in place.
    pub fn relay(&mut self, port: PortId, now: Moment, incoming: &mut Incoming<'_>, sink: &mut impl Sink) {
        let Some(to) = self.destination() else {
            self.outgoing.pause();
            return;
        };
        let bytes = incoming.body.len();
        let payload_type = match incoming.carries {
            Payload::Audio(_) if bytes > 0 => Some(self.setup.payload_type()),
            Payload::Digits => self.setup.dtmf_send,
            Payload::Audio(_) | Payload::Foreign => None,
        };
        let Some(payload_type) = payload_type else {
            self.counts.unrelayed += 1;
            self.outgoing.left_out(incoming.run, &incoming.header);
            return;
        };
        // An event's packets share a timestamp, so only audio takes up time.
        let samples = if incoming.carries == Payload::Digits { 0 } else { u32::try_from(bytes).unwrap_or(0) };
        let Some(place) = self.outgoing.relayed(now, incoming.run, &incoming.header, samples) else {
            self.counts.late += 1;
            return;
        };
        // What lies before the payload (contributing sources, extensions) was for us: the new header covers it.
        let packet = &mut incoming.datagram[incoming.body.start - HEADER_BYTES..incoming.body.end];
        let (head, body) = packet.split_first_chunk_mut().expect("a payload lies after a header");
        if let Payload::Audio(codec) = incoming.carries
            && codec != self.setup.codec
        {
            g711::transcode(codec, body);
            self.counts.transcoded += 1;
        }
        if let Sends::Relayed { fill: Some(fill), .. } = &mut self.sends {
            fill.relayed(now);
        }
        self.write(head, payload_type, place);
        self.sent(bytes);
        sink.send(port, Kind::Rtp, to, packet);
    }

    /// What we play here at this moment.
    pub fn playing(&mut self, due: Moment) -> Option<&mut Playing> {
        match &mut self.sends {
            Sends::Sound(playing, _) => Some(playing),
            Sends::Relayed { fill: Some(fill), .. } => fill.playing(due),
            Sends::Nothing | Sends::Relayed { fill: None, .. } => None,
        }
    }

    fn write(&self, head: &mut [u8; HEADER_BYTES], payload_type: u8, place: Place) {
        let Place { marker, sequence, timestamp } = place;
        RtpHeader { payload_type, marker, sequence, timestamp, ssrc: self.outgoing.ssrc }.write(head);
    }

    fn sent(&mut self, payload_bytes: usize) {
        self.outgoing.packets += 1;
        self.outgoing.octets += payload_bytes as u64;
    }

    /// The lease's figures so far.
    pub fn stats(&self) -> StreamStats {
        StreamStats {
            received: self.reception.received(),
            sent: self.outgoing.packets,
            lost: self.reception.lost(),
            jitter: self.reception.jitter(),
            ..self.counts
        }
    }
}

/// A packet being relayed.
#[derive(Debug)]
pub struct Incoming<'a> {
    pub header: RtpHeader,
    pub carries: Payload,
    /// Where in the datagram the payload lies.
    pub body: Range<usize>,
    /// The run it belongs to, of the stream it arrived on.
    pub run: u32,
    pub datagram: &'a mut [u8],
}
