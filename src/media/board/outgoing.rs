//! The one stream a peer hears from us, whatever it is made of: same SSRC, sequence and timestamps that go on from
//! prompt to bridge to music. Must never know what the packets carry or where they go.

use crate::base::{Moment, Random};
use crate::media::stats::samples_at;
use crate::wire::rtp::RtpHeader;

/// Where a packet stands in the outgoing stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// RFC 3551 section 4.1: the first packet of a talkspurt.
    pub marker: bool,
    pub sequence: u16,
    pub timestamp: u32,
}

/// The sender's side of one stream.
#[derive(Debug)]
pub struct Outgoing {
    pub ssrc: u32,
    next: u16,
    timestamp: u32,
    last: Option<Last>,
    splice: Option<Splice>,
    pub packets: u64,
    pub octets: u64,
}

/// The newest packet sent.
#[derive(Clone, Copy, Debug)]
struct Last {
    timestamp: u32,
    at: Moment,
    samples: u32,
}

/// How a relayed run's numbers become ours.
#[derive(Debug)]
struct Splice {
    run: u32,
    sequence_offset: u16,
    timestamp_offset: u32,
    highest: u16,
    /// Numbers from the splice to `highest`: older packets would collide with what was sent before it.
    since: u16,
}

impl Outgoing {
    /// RFC 3550 section 5.1: SSRC, first sequence number and first timestamp are drawn.
    pub fn new(random: &mut Random) -> Self {
        let (ssrc, start) = (random.below(1 << 32), random.below(1 << 48));
        Self {
            ssrc: u32::try_from(ssrc).expect("below 2^32"),
            next: u16::try_from(start >> 32).expect("below 2^16"),
            timestamp: u32::try_from(start & 0xffff_ffff).expect("masked"),
            last: None,
            splice: None,
            packets: 0,
            octets: 0,
        }
    }

    /// Places a packet of our own making, due at `at`.
    pub fn generated(&mut self, at: Moment, samples: u32) -> Place {
        let relayed_before = self.splice.take().is_some();
        let timestamp = self.timestamp_at(at);
        let marker = match self.last {
            Some(last) => relayed_before || timestamp != last.timestamp.wrapping_add(last.samples),
            None => true,
        };
        let sequence = self.next;
        self.advance(sequence, timestamp, at, samples);
        Place { marker, sequence, timestamp }
    }

    /// Places a packet of `run`; `None` when it is older than the splice or too old to matter, so it must be dropped.
    pub fn relayed(&mut self, now: Moment, run: u32, header: &RtpHeader, samples: u32) -> Option<Place> {
        let splice = match &mut self.splice {
            Some(splice) if splice.run == run => splice,
            Some(_) | None => {
                let (sequence, timestamp) = (self.next, self.timestamp_at(now));
                self.splice = Some(Splice {
                    run,
                    sequence_offset: sequence.wrapping_sub(header.sequence),
                    timestamp_offset: timestamp.wrapping_sub(header.timestamp),
                    highest: header.sequence,
                    since: 0,
                });
                self.advance(sequence, timestamp, now, samples);
                return Some(Place { marker: true, sequence, timestamp });
            }
        };
        let ahead = header.sequence.wrapping_sub(splice.highest);
        let newest = ahead != 0 && ahead < 1 << 15;
        if newest {
            splice.highest = header.sequence;
            splice.since = splice.since.saturating_add(ahead);
        } else if ahead.wrapping_neg() > splice.since {
            return None;
        }
        let sequence = header.sequence.wrapping_add(splice.sequence_offset);
        let timestamp = header.timestamp.wrapping_add(splice.timestamp_offset);
        if newest {
            self.advance(sequence, timestamp, now, samples);
        }
        Some(Place { marker: header.marker, sequence, timestamp })
    }

    /// Closes the gap a packet of the relayed run leaves when it is not passed on.
    pub fn left_out(&mut self, run: u32, header: &RtpHeader) {
        if let Some(splice) = &mut self.splice
            && splice.run == run
            && header.sequence == splice.highest.wrapping_add(1)
        {
            splice.highest = header.sequence;
            splice.sequence_offset = splice.sequence_offset.wrapping_sub(1);
        }
    }

    /// Nothing is relayed any more, or for a while: what comes next is spliced on anew.
    pub fn pause(&mut self) {
        self.splice = None;
    }

    /// The timestamp of now, for a report; `None` before the first packet.
    pub fn clock(&self, now: Moment) -> Option<u32> {
        self.last.map(|last| last.timestamp.wrapping_add(samples_at(now).wrapping_sub(samples_at(last.at))))
    }

    /// As much later than the last packet as the clock says, but never within it.
    fn timestamp_at(&self, at: Moment) -> u32 {
        let Some(last) = self.last else { return self.timestamp };
        let passed = if at > last.at { samples_at(at).wrapping_sub(samples_at(last.at)) } else { 0 };
        last.timestamp.wrapping_add(passed.max(last.samples))
    }

    fn advance(&mut self, sequence: u16, timestamp: u32, at: Moment, samples: u32) {
        self.next = sequence.wrapping_add(1);
        self.last = Some(Last { timestamp, at, samples });
    }
}
