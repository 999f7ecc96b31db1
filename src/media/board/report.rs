//! RTCP: a report every 5 s, a goodbye at the end, and what the peer's reports say of us (RFC 3550 section 6). Must
//! never be relayed: each leg has its own.

use super::stream::Stream;
use crate::base::{Moment, Random};
use crate::media::stats::{ReceptionReport, samples_long};
use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReportBlock, ReportBlockBuilder, Sdes, SdesChunk, SdesItem,
    SenderReport,
};
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
        let Ok(compound) = Compound::parse(datagram) else {
            self.counts.malformed += 1;
            return;
        };
        self.reports.source = Some(from);
        for packet in compound.flatten() {
            if let Packet::Sr(report) = packet {
                self.reports.heard = Some((middle(report.ntp_timestamp()), now));
                report.report_blocks().for_each(|block| self.judged(now, &block));
            } else if let Packet::Rr(report) = packet {
                report.report_blocks().for_each(|block| self.judged(now, &block));
            }
        }
    }

    /// The peer's view of what we send.
    fn judged(&mut self, now: Moment, block: &ReportBlock<'_>) {
        if block.ssrc() != self.outgoing.ssrc {
            return;
        }
        self.counts.remote_lost = block.cumulative_lost();
        self.counts.remote_jitter = samples_long(block.interarrival_jitter());
        if block.last_sender_report_timestamp() != 0 {
            let since = middle(ntp(now)).wrapping_sub(block.last_sender_report_timestamp());
            let trip = since.wrapping_sub(block.delay_since_last_sender_report_timestamp());
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

    /// Writes the report due now, with a goodbye when the stream ends; returns its length. RFC 3550 section 6.1: a
    /// compound of a report, the CNAME and what else there is.
    pub fn write_report(
        &mut self,
        now: Moment,
        cname: &str,
        goodbye: bool,
        into: &mut [u8; REPORT_BYTES],
    ) -> usize {
        let ssrc = self.outgoing.ssrc;
        let block = self.reception.report().map(|report| self.block(now, &report));
        let sent = self.outgoing.packets;
        let sends = sent > self.reports.sent_before;
        self.reports.sent_before = sent;
        let mut length = match self.outgoing.clock(now).filter(|_| sends) {
            Some(clock) => {
                let report = SenderReport::builder(ssrc)
                    .ntp_timestamp(ntp(now))
                    .rtp_timestamp(clock)
                    .packet_count(wrapping(sent))
                    .octet_count(wrapping(self.outgoing.octets));
                match block {
                    Some(block) => report.add_report_block(block).write_into(into),
                    None => report.write_into(into),
                }
            }
            None => match block {
                Some(block) => ReceiverReport::builder(ssrc).add_report_block(block).write_into(into),
                None => ReceiverReport::builder(ssrc).write_into(into),
            },
        }
        .unwrap_or(0);
        let name = SdesItem::builder(SdesItem::CNAME, cname);
        let names = Sdes::builder().add_chunk(SdesChunk::builder(ssrc).add_item(name));
        length += names.write_into(&mut into[length..]).unwrap_or(0);
        if goodbye {
            length += Bye::builder().add_source(ssrc).write_into(&mut into[length..]).unwrap_or(0);
        }
        length
    }

    fn block(&self, now: Moment, report: &ReceptionReport) -> ReportBlockBuilder {
        let block = ReportBlock::builder(report.ssrc)
            .fraction_lost(report.fraction_lost)
            .cumulative_lost(report.lost.cast_unsigned() & 0x00ff_ffff)
            .extended_sequence_number(report.highest)
            .interarrival_jitter(report.jitter);
        match self.reports.heard {
            Some((timestamp, at)) => {
                let delay = now.since(at).as_nanos().saturating_mul(1 << 16) / 1_000_000_000;
                block
                    .last_sender_report_timestamp(timestamp)
                    .delay_since_last_sender_report_timestamp(u32::try_from(delay).unwrap_or(u32::MAX))
            }
            None => block,
        }
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
