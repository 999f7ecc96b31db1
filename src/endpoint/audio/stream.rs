//! One call's audio: its source, its sequence, the keys still to press. Must never know of sockets beyond their index.

use super::hearing::{Hearing, Run};
use super::key_press::{KeyPacket, KeyPress};
use super::{SAMPLES, speech};
use crate::base::{Codec, Moment, Random};
use crate::endpoint::script::Voice;
use crate::signaling::RemoteMedia;
use crate::wire::rtp::RtpHeader;
use std::collections::VecDeque;
use std::net::SocketAddr;

const SAMPLES_PER_PACKET: u32 = SAMPLES as u32;
const PACKET_BYTES: usize = RtpHeader::BYTES + SAMPLES;

/// The audio of one call.
#[derive(Debug)]
pub struct Stream {
    /// The station's socket it uses.
    pub socket: usize,
    /// The far end.
    pub remote: SocketAddr,
    /// When its next packet is due; none while it has nothing to say.
    pub next: Option<Moment>,
    /// What it heard.
    pub hearing: Hearing,
    voice: Voice,
    codec: Codec,
    payload_type: u8,
    dtmf: Option<u8>,
    /// Whether the far end listens.
    wanted: bool,
    ssrc: u32,
    sequence: u16,
    /// The RTP timestamp at sample 0 of `spoken`.
    origin: u32,
    /// Samples since the beginning, sent or not.
    spoken: u32,
    started: bool,
    keys: VecDeque<KeyPress>,
    packet: [u8; PACKET_BYTES],
}

impl Stream {
    /// A stream towards `media`.
    #[expect(clippy::cast_possible_truncation, reason = "any bits will do (RFC 3550 section 5.1)")]
    pub fn new(socket: usize, voice: Voice, media: &RemoteMedia, random: &mut Random) -> Self {
        let chance = random.number();
        let mut stream = Self {
            socket,
            remote: media.rtp,
            next: None,
            hearing: Hearing::default(),
            voice,
            codec: media.codec,
            payload_type: media.payload_types.of(media.codec),
            dtmf: None,
            wanted: true,
            ssrc: chance as u32,
            sequence: (chance >> 32) as u16,
            origin: (chance >> 24) as u32,
            spoken: 0,
            started: false,
            keys: VecDeque::new(),
            packet: [0; PACKET_BYTES],
        };
        stream.turn_to(media);
        stream
    }

    /// Takes the far end's address, codec and direction.
    pub fn turn_to(&mut self, media: &RemoteMedia) {
        self.remote = media.rtp;
        self.codec = media.codec;
        self.payload_type = media.payload_types.of(media.codec);
        self.dtmf = media.dtmf;
        self.wanted = media.direction.receives() && !media.rtp.ip().is_unspecified();
    }

    /// Presses a key, after those still being pressed.
    pub fn press(&mut self, digit: char) {
        self.keys.extend(KeyPress::new(digit));
    }

    /// Whether it has packets to send from here on.
    pub fn speaks(&self) -> bool {
        !self.keys.is_empty() || matches!(self.voice, Voice::Stamped | Voice::Tone(_))
    }

    /// The next packet; none where this 20 ms stays empty.
    pub fn packet(&mut self, now: Moment, run: &mut Run) -> Option<&[u8]> {
        let packet = match self.key_packet() {
            Some(KeyPacket::Event { payload, first, held }) => self.key(payload, first, held),
            Some(KeyPacket::Pause) => None,
            None => self.audio(now, run),
        };
        self.spoken = self.spoken.wrapping_add(SAMPLES_PER_PACKET);
        packet.map(|length| &self.packet[..length])
    }

    fn key_packet(&mut self) -> Option<KeyPacket> {
        while let Some(press) = self.keys.front_mut() {
            if let Some(packet) = press.next() {
                return Some(packet);
            }
            self.keys.pop_front();
        }
        None
    }

    fn key(&mut self, event: [u8; 4], first: bool, held: u16) -> Option<usize> {
        let payload_type = self.dtmf?;
        let down = self.spoken.wrapping_sub(u32::from(held) * SAMPLES_PER_PACKET);
        self.head(payload_type, first, down);
        self.packet[RtpHeader::BYTES..RtpHeader::BYTES + event.len()].copy_from_slice(&event);
        Some(RtpHeader::BYTES + event.len())
    }

    fn audio(&mut self, now: Moment, run: &mut Run) -> Option<usize> {
        if !self.wanted || !self.speaks() {
            return None;
        }
        self.head(self.payload_type, !self.started, self.spoken);
        self.started = true;
        let payload = self.packet[RtpHeader::BYTES..].first_chunk_mut::<SAMPLES>().expect("172 bytes");
        speech::fill(payload, self.voice, self.codec, self.spoken, run.stamp(now));
        if run.open {
            run.measured.sent += 1;
            run.measured.stamped_sent += u64::from(self.voice == Voice::Stamped);
        }
        Some(PACKET_BYTES)
    }

    fn head(&mut self, payload_type: u8, marker: bool, spoken: u32) {
        let header = self.packet.first_chunk_mut::<{ RtpHeader::BYTES }>().expect("172 bytes");
        let timestamp = self.origin.wrapping_add(spoken);
        let Self { sequence, ssrc, .. } = *self;
        RtpHeader { payload_type, marker, sequence, timestamp, ssrc }.write(header);
        self.sequence = sequence.wrapping_add(1);
    }
}
