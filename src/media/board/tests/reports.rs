//! RTCP on each leg: sender and receiver reports, goodbyes, and what the peer's reports tell.

use super::*;
use rtcp_types::prelude::*;
use rtcp_types::{Compound, Packet, ReceiverReport, ReportBlock, SenderReport};

#[test]
fn a_talker_sends_reports_about_every_5_s_and_a_goodbye() {
    let mut bench = Bench::bridged();
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    for n in 0..3_000 {
        if n % 10 == 9 {
            phone.audio(&[0; 160]);
            bench.advance_ms(20);
        } else {
            talk(&mut bench, A, &mut phone, 1);
        }
    }
    let reports = bench.sent(B, Kind::Rtcp);
    assert!((9..=20).contains(&reports.len()), "{} in a minute", reports.len());
    assert!(reports.iter().all(|sent| sent.to == address("192.0.2.2:30001")));
    let packets: Vec<_> = Compound::parse(&reports[5].bytes).expect("RTCP").flatten().collect();
    assert!(
        matches!(&packets[0], Packet::Sr(report) if report.packet_count() > 100 && report.n_reports() == 0)
    );
    assert!(matches!(&packets[1], Packet::Sdes(_)));

    let at_a = bench.sent(A, Kind::Rtcp);
    let packets: Vec<_> = Compound::parse(&at_a[5].bytes).expect("RTCP").flatten().collect();
    let Packet::Rr(report) = &packets[0] else { panic!("A sends nothing, so it only reports: {packets:?}") };
    let block = report.report_blocks().next().expect("a block on what A heard");
    assert_eq!(block.ssrc(), phone.ssrc);
    assert!((20..=32).contains(&block.fraction_lost()), "a tenth of 256: {}", block.fraction_lost());

    bench.command(Command::Release { port: A });
    let last = bench.sent(A, Kind::Rtcp).pop().expect("a goodbye");
    assert!(
        Compound::parse(&last.bytes).expect("RTCP").flatten().any(|packet| matches!(packet, Packet::Bye(_)))
    );
    assert_eq!(bench.events().last().map(Event::port), Some(A));
}

#[test]
fn the_peers_report_tells_loss_jitter_and_round_trip() {
    let mut bench = Bench::new();
    bench.command(Command::Tone { port: A, tone: Tone::Silence });
    bench.advance_ms(10_000);
    let ours = bench.sent(A, Kind::Rtcp).pop().expect("a report");
    let packets: Vec<_> = Compound::parse(&ours.bytes).expect("RTCP").flatten().collect();
    let Packet::Sr(report) = &packets[0] else { panic!("A sends: {packets:?}") };
    let middle = u32::try_from(report.ntp_timestamp() >> 16 & 0xffff_ffff).expect("masked");
    // The peer answers after a second; the way there and back took the rest of what passed.
    let waited = bench.now.since(ours.at);
    let block = ReportBlock::builder(report.ssrc())
        .cumulative_lost(12)
        .interarrival_jitter(80)
        .last_sender_report_timestamp(middle)
        .delay_since_last_sender_report_timestamp(1 << 16);
    let mut answer = [0; 64];
    let length = ReceiverReport::builder(9).add_report_block(block).write_into(&mut answer).expect("room");
    bench.advance_ms(1_050);
    bench.arrive(A, Kind::Rtcp, address("192.0.2.1:30001"), &answer[..length]);
    let figures = bench.figures(A);
    assert_eq!((figures.remote_lost, figures.remote_jitter), (12, Duration::from_millis(10)));
    let trip = figures.round_trip.expect("an answer to our report") - waited;
    assert!(trip.abs_diff(Duration::from_millis(50)) < Duration::from_millis(1), "{trip:?}");
}

#[test]
fn reports_follow_the_peers_rtcp_address_and_strangers_are_refused() {
    let mut bench = Bench::new();
    let mut theirs = [0; 64];
    let length = SenderReport::builder(5).ntp_timestamp(77 << 32).write_into(&mut theirs).expect("room");
    bench.arrive(A, Kind::Rtcp, address("198.51.100.66:9"), &theirs[..length]);
    bench.arrive(A, Kind::Rtcp, address("192.0.2.1:47000"), &theirs[..length]);
    bench.advance_ms(7_500);
    assert!(bench.sent(A, Kind::Rtcp).iter().all(|sent| sent.to == address("192.0.2.1:47000")));
    assert_eq!(bench.figures(A).refused_source, 1);
}
