//! RTCP (RFC 3550 section 6): what peers report of our stream, what we report of theirs, and goodbye.

use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, Compound, ReceiverReport, ReportBlock, RtcpPacket, Sdes, SdesChunk, SdesItem, SenderReport,
};

/// What a peer says of one stream it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// The stream it is about.
    pub ssrc: u32,
    /// Of 256 packets since the last report, how many were lost.
    pub fraction_lost: u8,
    /// Lost since the start; below zero when duplicates outnumber losses.
    pub lost: i32,
    /// The highest sequence number seen, wraps in the upper half.
    pub highest_sequence: u32,
    /// The spread of arrival times, in clock ticks.
    pub jitter: u32,
    /// The middle of the last sender report's NTP time, 0 for none.
    pub last_sender_report: u32,
    /// How long ago that came, in 1/65,536 s.
    pub delay_since: u32,
}

/// What a sender says of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Seconds since 1900 in the upper half, their fraction in the lower.
    pub ntp: u64,
    /// The same instant on the stream's clock.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub bytes: u32,
}

/// One thing an RTCP packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtcpItem {
    /// `ssrc` sends.
    Sender {
        /// Who.
        ssrc: u32,
        /// What.
        info: SenderInfo,
    },
    /// `from` receives a stream.
    Reception {
        /// Who.
        from: u32,
        /// How well.
        reception: Reception,
    },
    /// `ssrc` is gone.
    Bye {
        /// Who.
        ssrc: u32,
    },
}

/// Tells `each` what a compound packet says, in order; false when it ends in bytes that are no RTCP.
pub fn read_rtcp(packet: &[u8], mut each: impl FnMut(RtcpItem)) -> bool {
    let mut rest = packet;
    while let [first, kind, high, low, ..] = *rest {
        let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
        if first >> 6 != 2 || length > rest.len() {
            return false;
        }
        let (one, after) = rest.split_at(length);
        if !read_one(kind, one, &mut each) {
            return false;
        }
        rest = after;
    }
    rest.is_empty() && !packet.is_empty()
}

fn read_one(kind: u8, one: &[u8], each: &mut impl FnMut(RtcpItem)) -> bool {
    match kind {
        SenderReport::PACKET_TYPE => {
            let Ok(report) = SenderReport::parse(one) else { return false };
            let info = SenderInfo {
                ntp: report.ntp_timestamp(),
                rtp_timestamp: report.rtp_timestamp(),
                packets: report.packet_count(),
                bytes: report.octet_count(),
            };
            each(RtcpItem::Sender { ssrc: report.ssrc(), info });
            for block in report.report_blocks() {
                each(RtcpItem::Reception { from: report.ssrc(), reception: reception(&block) });
            }
        }
        ReceiverReport::PACKET_TYPE => {
            let Ok(report) = ReceiverReport::parse(one) else { return false };
            for block in report.report_blocks() {
                each(RtcpItem::Reception { from: report.ssrc(), reception: reception(&block) });
            }
        }
        Bye::PACKET_TYPE => {
            let Ok(bye) = Bye::parse(one) else { return false };
            bye.ssrcs().for_each(|ssrc| each(RtcpItem::Bye { ssrc }));
        }
        _ => {}
    }
    true
}

/// What a 24-bit count is shifted by to reach the sign of 32.
const SIGN: u32 = 8;
/// The largest and smallest 24-bit count (RFC 3550 section 6.4.1).
const MOST_LOST: i32 = (1 << 23) - 1;

fn reception(block: &ReportBlock<'_>) -> Reception {
    Reception {
        ssrc: block.ssrc(),
        fraction_lost: block.fraction_lost(),
        lost: (block.cumulative_lost() << SIGN).cast_signed() >> SIGN,
        highest_sequence: block.extended_sequence_number(),
        jitter: block.interarrival_jitter(),
        last_sender_report: block.last_sender_report_timestamp(),
        delay_since: block.delay_since_last_sender_report_timestamp(),
    }
}

/// Writes a compound packet from `ssrc`: a sender report when it sends, else a receiver report; its CNAME, which
/// every compound packet carries (RFC 3550 section 6.1); goodbye when `bye`. Says how many bytes it took, nothing
/// when `buffer` is too small. Runs every few seconds, so it may allocate.
pub fn write_rtcp(
    buffer: &mut [u8],
    ssrc: u32,
    cname: &str,
    sender: Option<SenderInfo>,
    reception: Option<Reception>,
    bye: bool,
) -> Option<usize> {
    let block = reception.map(|reception| {
        ReportBlock::builder(reception.ssrc)
            .fraction_lost(reception.fraction_lost)
            .cumulative_lost(reception.lost.clamp(-MOST_LOST - 1, MOST_LOST).cast_unsigned() & 0xff_ffff)
            .extended_sequence_number(reception.highest_sequence)
            .interarrival_jitter(reception.jitter)
            .last_sender_report_timestamp(reception.last_sender_report)
            .delay_since_last_sender_report_timestamp(reception.delay_since)
    });
    let compound = match sender {
        Some(info) => {
            let report = SenderReport::builder(ssrc)
                .ntp_timestamp(info.ntp)
                .rtp_timestamp(info.rtp_timestamp)
                .packet_count(info.packets)
                .octet_count(info.bytes);
            Compound::builder()
                .add_packet(block.into_iter().fold(report, |report, block| report.add_report_block(block)))
        }
        None => {
            let report = ReceiverReport::builder(ssrc);
            Compound::builder()
                .add_packet(block.into_iter().fold(report, |report, block| report.add_report_block(block)))
        }
    };
    let name = SdesChunk::builder(ssrc).add_item(SdesItem::builder(SdesItem::CNAME, cname));
    let mut compound = compound.add_packet(Sdes::builder().add_chunk(name));
    if bye {
        compound = compound.add_packet(Bye::builder().add_source(ssrc));
    }
    compound.write_into(buffer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn items(packet: &[u8]) -> (Vec<RtcpItem>, bool) {
        let mut items = Vec::new();
        let whole = read_rtcp(packet, |item| items.push(item));
        (items, whole)
    }

    #[test]
    fn reports_are_read_as_they_were_written() {
        let info = SenderInfo { ntp: 0xdead_beef_0000_0001, rtp_timestamp: 160, packets: 1, bytes: 160 };
        let reception = Reception {
            ssrc: 2,
            fraction_lost: 25,
            lost: -3,
            highest_sequence: 65_537,
            jitter: 80,
            last_sender_report: 9,
            delay_since: 65_536,
        };
        let mut buffer = [0; 200];
        let length = write_rtcp(&mut buffer, 1, "a@b", Some(info), Some(reception), true).expect("room");
        let expected = [
            RtcpItem::Sender { ssrc: 1, info },
            RtcpItem::Reception { from: 1, reception },
            RtcpItem::Bye { ssrc: 1 },
        ];
        assert_eq!(items(&buffer[..length]), (expected.to_vec(), true));
        let length = write_rtcp(&mut buffer, 1, "a@b", None, Some(reception), false).expect("room");
        assert_eq!(items(&buffer[..length]), (vec![RtcpItem::Reception { from: 1, reception }], true));
        assert_eq!(write_rtcp(&mut buffer[..20], 1, "a@b", None, None, true), None);
        assert!(!items(&buffer[..length - 1]).1);
        assert!(!items(b"").1);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(mut packet in proptest::collection::vec(any::<u8>(), 0..120), kind in 199_u8..206, words: u8) {
            items(&packet);
            if packet.len() >= 4 {
                let start = [0x80 | packet[0] & 0x3f, kind, 0, words % 30];
                packet[..4].copy_from_slice(&start);
            }
            items(&packet);
        }
    }
}
