//! RTCP: a report every 5 s, a goodbye at the end, and what the peer's reports say of us (RFC 3550 section 6). Must
//! never be relayed: each leg has its own.

use super::stream::Stream;
use crate::base::{Moment, Random};
use crate::media::stats::samples_long;
use crate::wire::rtp::{Reception, RtcpItem, SenderInfo, read_rtcp, write_rtcp};
use std::net::SocketAddr;
use std::time::Duration;

/// Room for a sender report with one block, a CNAME and a goodbye.
pub const REPORT_BYTES: usize = 128;

/// RFC 3550 section 6.2: no oftener than every 5 s on average, each interval drawn from half to one and a half times
/// that (section 6.3.1) so that a thousand calls' reports do not fall together.
pub fn interval(random: &mut Random) -> Duration {
    Duration::from_millis(2_500 + random.below(5_000))
}

/// What one stream remembers between reports.
#[derive(Debug, Default)]
pub struct Reports {
    /// Where the peer's reports come from, once one has.
    source: Option<SocketAddr>,
    /// The middle of the peer's last sender report's timestamp, and when it came.
    heard: Option<(u32, Moment)>,
    /// Packets sent at the last report: more since means we are a sender.
    sent_before: u64,
}

impl Reports {
    /// The peer has moved.
    pub fn forget_source(&mut self) {
        self.source = None;
    }
}

impl Stream {
    /// Takes a datagram of the RTCP port.
    pub fn report_arrived(&mut self, now: Moment, from: SocketAddr, datagram: &[u8]) {
        let signalled = self.setup.remote_rtcp.unwrap_or(self.setup.remote).ip();
        if from.ip() != self.lock.source().map_or(signalled, |source| source.ip()) && from.ip() != signalled {
            self.counts.refused_source += 1;
            return;
        }
        let whole = read_rtcp(datagram, |item| match item {
            RtcpItem::Sender { info, .. } => self.reports.heard = Some((middle(info.ntp), now)),
            RtcpItem::Reception { reception, .. } => self.judged(now, &reception),
            RtcpItem::Bye { .. } => {}
        });
        if whole {
            self.reports.source = Some(from);
        } else {
            self.counts.malformed += 1;
        }
    }

    /// The peer's view of what we send.
    fn judged(&mut self, now: Moment, theirs: &Reception) {
        if theirs.ssrc != self.outgoing.ssrc {
            return;
        }
        self.counts.remote_lost = u32::try_from(theirs.lost).unwrap_or(0);
        self.counts.remote_jitter = samples_long(theirs.jitter);
        if theirs.last_sender_report != 0 {
            let since = middle(ntp(now)).wrapping_sub(theirs.last_sender_report);
            let trip = since.wrapping_sub(theirs.delay_since);
            // Over a minute it is the peer's arithmetic, not the network.
            if trip < 60 << 16 {
                self.counts.round_trip = Some(Duration::from_nanos((u64::from(trip) * 1_000_000_000) >> 16));
            }
        }
    }

    /// Where reports go: where the peer's come from, else where it said, else beside its audio.
    pub fn report_destination(&self) -> Option<SocketAddr> {
        let beside = || {
            let audio = self.lock.source().unwrap_or(self.setup.remote);
            Some(SocketAddr::new(audio.ip(), audio.port().checked_add(1)?))
        };
        let to = self.reports.source.or(self.setup.remote_rtcp).or_else(beside)?;
        (to.port() > 1 && !to.ip().is_unspecified()).then_some(to)
    }

    /// Writes the report due now, with a goodbye when the stream ends; returns its length.
    pub fn write_report(
        &mut self,
        now: Moment,
        cname: &str,
        goodbye: bool,
        into: &mut [u8; REPORT_BYTES],
    ) -> usize {
        let sent = self.outgoing.packets;
        let sends = std::mem::replace(&mut self.reports.sent_before, sent) < sent;
        let sender = self.outgoing.clock(now).filter(|_| sends).map(|rtp_timestamp| SenderInfo {
            ntp: ntp(now),
            rtp_timestamp,
            packets: wrapping(sent),
            bytes: wrapping(self.outgoing.octets),
        });
        let heard = self.reports.heard;
        let reception = self.reception.report().map(|reception| Reception {
            last_sender_report: heard.map_or(0, |(timestamp, _)| timestamp),
            delay_since: heard.map_or(0, |(_, at)| middle(ntp(Moment::ZERO + now.since(at)))),
            ..reception
        });
        write_rtcp(into, self.outgoing.ssrc, cname, sender, reception, goodbye)
            .expect("two reports' worth of room")
    }
}

/// The engine's age as an NTP timestamp: RFC 3550 section 6.4.1 allows elapsed time to whom has no calendar.
fn ntp(now: Moment) -> u64 {
    let nanos = u128::from(now.as_nanos());
    u64::try_from((nanos << 32) / 1_000_000_000).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_possible_truncation, reason = "the middle 32 bits are what is asked for")]
const fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "RFC 3550 section 6.4.1: the counts wrap")]
const fn wrapping(count: u64) -> u32 {
    count as u32
}
