//! What a call hears, counted: order, gaps, and the time stamped packets took. Must never know of sockets.

use super::stamp::Stamp;
use crate::base::Moment;
use crate::endpoint::spread::Spread;

/// What a station sent and heard while it measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Audio packets sent.
    pub sent: u64,
    /// Audio packets received.
    pub received: u64,
    /// Holes in the sequence numbers of what was received, less what came late.
    pub lost: i64,
    /// Packets sent with a stamp.
    pub stamped_sent: u64,
    /// Packets received with a stamp of this measurement.
    pub stamped_received: u64,
    /// Times between one packet of a stream and the next.
    pub gaps: Spread,
    /// Times stamped packets took from station to station.
    pub latency: Spread,
}

/// A measurement.
#[derive(Debug, Default)]
pub struct Run {
    /// Its number; 0: none.
    pub number: u32,
    /// Whether packets sent now belong to it.
    pub open: bool,
    /// Its figures.
    pub measured: Measured,
}

impl Run {
    /// The stamp of a packet sent now.
    pub const fn stamp(&self, now: Moment) -> Stamp {
        Stamp { run: if self.open { self.number } else { 0 }, sent: now }
    }
}

/// The receiving side of one stream.
#[derive(Debug, Default)]
pub struct Hearing {
    began: bool,
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    run: u32,
    ssrc: u32,
    highest: u16,
    at: Moment,
}

impl Hearing {
    /// Counts one audio packet; says whether it is the first of all.
    pub fn heard(&mut self, now: Moment, ssrc: u32, sequence: u16, payload: &[u8], run: &mut Run) -> bool {
        if let Some(stamp) = Stamp::read(payload).filter(|stamp| stamp.run != 0 && stamp.run == run.number) {
            run.measured.stamped_received += 1;
            run.measured.latency.record(now.since(stamp.sent));
        }
        if run.open {
            run.measured.received += 1;
            self.follow(now, ssrc, sequence, run);
        }
        !std::mem::replace(&mut self.began, true)
    }

    fn follow(&mut self, now: Moment, ssrc: u32, sequence: u16, run: &mut Run) {
        let begun = Last { run: run.number, ssrc, highest: sequence, at: now };
        let Some(last) = self.last.as_mut().filter(|last| last.run == run.number && last.ssrc == ssrc) else {
            self.last = Some(begun);
            return;
        };
        run.measured.gaps.record(now.since(last.at));
        last.at = now;
        let ahead = sequence.wrapping_sub(last.highest).cast_signed();
        run.measured.lost += match ahead {
            1.. => i64::from(ahead) - 1,
            0 => 0,
            // Counted as lost when the one after it came.
            ..0 => -1,
        };
        if ahead > 0 {
            last.highest = sequence;
        }
    }
}
