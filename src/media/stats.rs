//! One lease's figures, and how the receiver's are counted (RFC 3550 appendix A). Must never know what is in a packet.

use crate::base::Moment;
use crate::wire::rtp;
use std::time::Duration;

/// What one lease of a port sent and received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamStats {
    /// RTP packets accepted from the locked source.
    pub received: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Packets that never came (RFC 3550 appendix A.3); negative when duplicates outnumber them.
    pub lost: i64,
    /// Interarrival jitter at the end (RFC 3550 section 6.4.1).
    pub jitter: Duration,
    /// Packets sent in the other G.711 law than they came in.
    pub transcoded: u64,
    /// Packets from anyone but the locked source, dropped.
    pub refused_source: u64,
    /// Packets dropped because what follows them had been sent already.
    pub late: u64,
    /// Datagrams that are no RTP, dropped.
    pub malformed: u64,
    /// Packets whose payload the other side could not take, dropped.
    pub unrelayed: u64,
    /// Keys reported.
    pub digits: u32,
    /// Packets the peer says it did not get from us (its last RTCP report).
    pub remote_lost: u32,
    /// Jitter the peer says it sees (its last RTCP report).
    pub remote_jitter: Duration,
    /// Round trip by the peer's last RTCP report, when it carried one (RFC 3550 section 6.4.1).
    pub round_trip: Option<Duration>,
}

/// RFC 3550 appendix A.1: how far ahead a sequence number may jump and still belong to the same run.
const MAX_DROPOUT: u16 = 3_000;
/// RFC 3550 appendix A.1: how far behind a packet may come and still be counted as misordered.
const MAX_MISORDER: u16 = 100;

/// How a packet stands in its source's sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// In the run, in order or nearly.
    InRun,
    /// The first of a run: a new source, or the old one began anew.
    RunBegan,
    /// Far from the run; the next packet tells whether a new one began. To be dropped.
    Doubtful,
}

/// The receiver's side of one stream.
#[derive(Debug, Default)]
pub(super) struct Reception {
    run: Option<Run>,
    received: u64,
    /// Expected in runs that are over.
    expected_before: u64,
    /// Sixteen times the jitter, in samples (RFC 3550 appendix A.8).
    jitter: u32,
    /// Both as they stood at the last report.
    reported: (u64, u64),
}

#[derive(Debug)]
struct Run {
    ssrc: u32,
    first: u16,
    highest: u16,
    cycles: u32,
    doubtful_next: Option<u16>,
    transit: Option<u32>,
}

impl Run {
    const fn begin(ssrc: u32, sequence: u16) -> Self {
        Self { ssrc, first: sequence, highest: sequence, cycles: 0, doubtful_next: None, transit: None }
    }

    fn expected(&self) -> u64 {
        (u64::from(self.cycles) << 16) + u64::from(self.highest) + 1 - u64::from(self.first)
    }
}

impl Reception {
    /// Counts one packet of the locked source.
    pub fn arrived(&mut self, ssrc: u32, sequence: u16) -> Arrival {
        let arrival = match &mut self.run {
            Some(run) if run.ssrc == ssrc => Self::place(run, sequence),
            Some(_) | None => Arrival::RunBegan,
        };
        match arrival {
            Arrival::Doubtful => return arrival,
            Arrival::InRun => {}
            Arrival::RunBegan => {
                self.close_run();
                self.run = Some(Run::begin(ssrc, sequence));
            }
        }
        self.received += 1;
        arrival
    }

    fn place(run: &mut Run, sequence: u16) -> Arrival {
        let ahead = sequence.wrapping_sub(run.highest);
        if ahead < MAX_DROPOUT {
            if sequence < run.highest {
                run.cycles += 1;
            }
            run.highest = sequence;
        } else if ahead <= u16::MAX - MAX_MISORDER {
            if run.doubtful_next == Some(sequence) {
                return Arrival::RunBegan;
            }
            run.doubtful_next = Some(sequence.wrapping_add(1));
            return Arrival::Doubtful;
        }
        run.doubtful_next = None;
        Arrival::InRun
    }

    /// Ends the run, if any: the next packet begins another.
    pub fn close_run(&mut self) {
        if let Some(run) = self.run.take() {
            self.expected_before += run.expected();
        }
    }

    /// Follows the jitter with an audio packet's timestamp; digits repeat theirs and are left out.
    pub fn timed(&mut self, now: Moment, timestamp: u32) {
        let Some(run) = &mut self.run else { return };
        let transit = samples_at(now).wrapping_sub(timestamp);
        if let Some(before) = run.transit.replace(transit) {
            let moved = transit.wrapping_sub(before).cast_signed().unsigned_abs().min(u32::MAX >> 8);
            self.jitter = (self.jitter + moved).saturating_sub((self.jitter + 8) >> 4);
        }
    }

    /// Packets accepted.
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// Packets expected less packets received (RFC 3550 appendix A.3).
    pub fn lost(&self) -> i64 {
        self.expected().cast_signed() - self.received.cast_signed()
    }

    fn expected(&self) -> u64 {
        self.expected_before + self.run.as_ref().map_or(0, Run::expected)
    }

    /// The interarrival jitter.
    pub fn jitter(&self) -> Duration {
        samples_long(self.jitter >> 4)
    }

    /// The next report's figures (RFC 3550 section 6.4.1), but for the times of the peer's own reports. `None` when
    /// nothing has come from a source that could be named.
    pub fn report(&mut self) -> Option<rtp::Reception> {
        let run = self.run.as_ref()?;
        let (expected, received) = (self.expected(), self.received);
        let expected_since = expected.saturating_sub(self.reported.0);
        let lost_since = expected_since.saturating_sub(received.saturating_sub(self.reported.1));
        let fraction = (lost_since << 8).checked_div(expected_since).unwrap_or(0);
        let report = rtp::Reception {
            ssrc: run.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: i32::try_from(self.lost()).unwrap_or(i32::MAX),
            highest_sequence: (run.cycles << 16) | u32::from(run.highest),
            jitter: self.jitter >> 4,
            last_sender_report: 0,
            delay_since: 0,
        };
        self.reported = (expected, received);
        Some(report)
    }
}

/// A moment on the 8 kHz clock of G.711 and telephone-event, wrapping.
#[expect(clippy::cast_possible_truncation, reason = "an RTP timestamp wraps")]
pub(super) const fn samples_at(moment: Moment) -> u32 {
    (moment.as_nanos() / 125_000) as u32
}

/// How long `samples` last at 8 kHz.
pub(super) const fn samples_long(samples: u32) -> Duration {
    Duration::from_micros(samples as u64 * 125)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_what_was_expected_less_what_came_across_the_wrap() {
        let mut reception = Reception::default();
        for sequence in (65_530..=65_535u16).chain(0..10).filter(|n| *n != 65_533 && *n != 4) {
            reception.arrived(7, sequence);
        }
        assert_eq!((reception.received(), reception.lost()), (14, 2));
        let report = reception.report().expect("a run");
        assert_eq!((report.lost, report.fraction_lost, report.highest_sequence), (2, 32, 65_536 + 9));
    }

    #[test]
    fn one_stray_number_does_not_move_the_run_but_two_in_a_row_begin_another() {
        let mut reception = Reception::default();
        for sequence in 0..10 {
            reception.arrived(7, sequence);
        }
        assert_eq!(reception.arrived(7, 40_000), Arrival::Doubtful);
        assert_eq!(reception.arrived(7, 10), Arrival::InRun);
        assert_eq!(reception.arrived(7, 40_000), Arrival::Doubtful);
        assert_eq!(reception.arrived(7, 40_001), Arrival::RunBegan);
        assert_eq!(reception.arrived(9, 5), Arrival::RunBegan);
        assert_eq!(reception.lost(), 0);
    }

    #[test]
    fn a_steady_stream_has_no_jitter_and_a_shaken_one_converges_on_its_shake() {
        let mut reception = Reception::default();
        for n in 0..500u16 {
            reception.arrived(1, n);
            let shake = if n % 2 == 0 { 0 } else { 5 };
            reception.timed(Moment::from_millis(u64::from(n) * 20 + shake), u32::from(n) * 160);
        }
        let jitter = reception.jitter();
        assert!(jitter > Duration::from_micros(4_500) && jitter < Duration::from_micros(5_500), "{jitter:?}");
    }
}
