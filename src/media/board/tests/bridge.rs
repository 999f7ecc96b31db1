//! Two legs connected: what each hears of the other, and of what came before and after.

use super::*;
use crate::media::tone::{level_db, sine, snr_db};

/// 440 Hz one way and 660 Hz the other, for two seconds.
fn cross(a: Codec, b: Codec) -> (Bench, [Vec<i16>; 2]) {
    let mut bench = Bench::with(setup(phone_a(), a), setup(phone_b(), b));
    bench.command(Command::Connect { a: A, b: B });
    let mut phones = [Phone::new(phone_a(), a), Phone::new(phone_b(), b)];
    let tones = [440.0, 660.0].map(|hz| sine(hz, 8_000.0, 8_000, 16_000));
    for n in 0..100 {
        for (index, port) in [A, B].into_iter().enumerate() {
            let packet = phones[index].audio(&tones[index][n * 160..][..160]);
            bench.arrive(port, Kind::Rtp, phones[index].at, &packet);
        }
        bench.advance_ms(20);
    }
    let at_b = bench.heard(B);
    let at_a = bench.heard(A);
    assert!(at_a.iter().all(|sent| sent.to == phone_a()) && at_b.iter().all(|sent| sent.to == phone_b()));
    assert_one_stream(&at_a);
    assert_one_stream(&at_b);
    (bench, [linear(&at_a, a), linear(&at_b, b)])
}

#[test]
fn each_side_hears_the_other_and_not_itself() {
    let (_, [at_a, at_b]) = cross(Codec::Pcma, Codec::Pcma);
    assert_eq!((at_a.len(), at_b.len()), (16_000, 16_000));
    assert!(snr_db(&at_b, 440.0) > 30.0 && level_db(&at_b, 440.0) - level_db(&at_b, 660.0) > 40.0);
    assert!(snr_db(&at_a, 660.0) > 30.0 && level_db(&at_a, 660.0) - level_db(&at_a, 440.0) > 40.0);
}

#[test]
fn the_two_laws_are_turned_into_each_other_and_counted() {
    let (mut bench, [at_a, at_b]) = cross(Codec::Pcma, Codec::Pcmu);
    assert!(snr_db(&at_b, 440.0) > 30.0, "{} dB", snr_db(&at_b, 440.0));
    assert!(snr_db(&at_a, 660.0) > 30.0, "{} dB", snr_db(&at_a, 660.0));
    let figures = bench.figures(A);
    assert_eq!((figures.received, figures.sent, figures.transcoded, figures.lost), (100, 100, 100, 0));
}

#[test]
fn a_law_that_was_not_agreed_is_understood_all_the_same() {
    let mut bench = Bench::bridged();
    let mut phone = Phone::new(phone_a(), Codec::Pcmu);
    talk(&mut bench, A, &mut phone, 1);
    let sent = bench.heard(B);
    assert_eq!(sent[0].header().payload_type, 8);
    assert!((linear(&sent, Codec::Pcma)[0] - 1_000).abs() < 40);
}

#[test]
fn prompt_bridge_music_and_bridge_again_are_one_stream() {
    let mut bench = Bench::new();
    let sound = Arc::new(Sound::from_samples(&sine(500.0, 8_000.0, 8_000, 4_000)));
    let mut phone = Phone::new(phone_b(), Codec::Pcma);
    bench.command(Command::Play { port: A, token: 1, sound: Arc::clone(&sound), repeat: false });
    bench.advance_ms(613);
    bench.command(Command::Connect { a: A, b: B });
    bench.advance_ms(151);
    talk(&mut bench, B, &mut phone, 10);
    // The agent consults: music, then the same source again, its numbers having gone on meanwhile.
    bench.command(Command::Play { port: A, token: 2, sound, repeat: true });
    talk(&mut bench, B, &mut phone, 25);
    bench.command(Command::Connect { a: A, b: B });
    talk(&mut bench, B, &mut phone, 10);
    // Another agent: another source altogether.
    let mut other = Phone { ssrc: 5, sequence: 9, timestamp: 77, ..phone };
    talk(&mut bench, B, &mut other, 10);
    let sent = bench.heard(A);
    assert!(sent.len() >= 30 + 10 + 24 + 10 + 10, "{}", sent.len());
    assert_one_stream(&sent);
    let spurts: Vec<u64> =
        sent.iter().filter(|s| s.header().marker).map(|s| s.at.as_nanos() / 1_000_000).collect();
    assert_eq!(spurts.len(), 5, "one marker where each of the five begins: {spurts:?}");
}

#[test]
fn loss_and_reordering_pass_through_as_they_are() {
    let mut bench = Bench::bridged();
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    let packets: Vec<_> = (0..6).map(|_| phone.audio(&[0; 160])).collect();
    for index in [0, 1, 4, 3, 5] {
        bench.arrive(A, Kind::Rtp, phone.at, &packets[index]);
        bench.advance_ms(20);
    }
    let sent = bench.heard(B);
    let first = sent[0].header();
    let steps: Vec<_> = sent
        .iter()
        .map(|s| {
            (
                s.header().sequence.wrapping_sub(first.sequence),
                s.header().timestamp.wrapping_sub(first.timestamp),
            )
        })
        .collect();
    assert_eq!(steps, [(0, 0), (1, 160), (4, 640), (3, 480), (5, 800)]);
    assert_eq!(bench.figures(A).lost, 1);
}

#[test]
fn a_straggler_from_before_the_bridge_is_dropped() {
    let mut bench = Bench::new();
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    let early = phone.audio(&[0; 160]);
    talk(&mut bench, A, &mut phone, 2);
    bench.command(Command::Tone { port: B, tone: Tone::Ringback });
    bench.advance_ms(100);
    bench.command(Command::Connect { a: A, b: B });
    talk(&mut bench, A, &mut phone, 2);
    bench.arrive(A, Kind::Rtp, phone.at, &early);
    assert_one_stream(&bench.heard(B));
    assert_eq!(bench.figures(B).late, 1);
}

#[test]
fn hold_stops_each_direction_by_itself_and_leaves_no_hole_after_it() {
    let mut bench = Bench::bridged();
    let mut phones = [Phone::new(phone_a(), Codec::Pcma), Phone::new(phone_b(), Codec::Pcma)];
    let both = |bench: &mut Bench, phones: &mut [Phone; 2]| {
        let (a, b) = phones.split_at_mut(1);
        talk(bench, A, &mut a[0], 5);
        talk(bench, B, &mut b[0], 5);
        (bench.heard(A), bench.heard(B))
    };
    let (mut at_a, _) = both(&mut bench, &mut phones);
    assert_eq!(at_a.len(), 5);
    let held = StreamSetup { send: false, ..setup(phone_a(), Codec::Pcma) };
    bench.command(Command::Attach { port: A, tag: 1, setup: held });
    let (silent, at_b) = both(&mut bench, &mut phones);
    assert_eq!((silent.len(), at_b.len()), (0, 5));
    let deaf = StreamSetup { receive: false, ..setup(phone_a(), Codec::Pcma) };
    bench.command(Command::Attach { port: A, tag: 1, setup: deaf });
    let (resumed, at_b) = both(&mut bench, &mut phones);
    assert_eq!((resumed.len(), at_b.len()), (5, 0));
    at_a.extend(resumed);
    assert_one_stream(&at_a);
}

#[test]
fn header_extensions_and_contributing_sources_are_not_passed_on() {
    let mut bench = Bench::bridged();
    // Version 2, extension, one CSRC; then the CSRC, an extension of one word, two bytes of audio.
    let odd = [0x91, 8, 0, 1, 0, 0, 0, 9, 0, 0, 0, 3, 1, 1, 1, 1, 0xbe, 0xde, 0, 1, 5, 5, 5, 5, 0x11, 0x22];
    bench.arrive(A, Kind::Rtp, phone_a(), &odd);
    let sent = bench.heard(B);
    assert_eq!((sent[0].bytes.len(), sent[0].bytes[0], sent[0].payload()), (14, 0x80, &[0x11, 0x22][..]));
}

#[test]
fn quieting_either_side_silences_both() {
    let mut bench = Bench::bridged();
    bench.command(Command::Quiet { port: B });
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    talk(&mut bench, A, &mut phone, 3);
    assert_eq!((bench.heard(B).len(), bench.heard(A).len()), (0, 0));
    bench.command(Command::Connect { a: B, b: A });
    talk(&mut bench, A, &mut phone, 3);
    assert_eq!(bench.heard(B).len(), 3);
    bench.command(Command::Connect { a: A, b: A });
    assert_eq!(
        bench.events().last(),
        Some(&Event::CommandRefused { port: A, refusal: Refusal::NotConnectable })
    );
}

/// A setup whose peer takes A-law under a number of its own.
fn numbered(remote: std::net::SocketAddr, number: u8) -> StreamSetup {
    let mut setup = setup(remote, Codec::Pcma);
    setup.payload_types.assign(Codec::Pcma, number);
    setup
}

#[test]
fn each_side_hears_its_codec_under_its_own_number() {
    let mut bench = Bench::with(numbered(phone_a(), 97), numbered(phone_b(), 118));
    bench.command(Command::Connect { a: A, b: B });
    let mut a = Phone::new(phone_a(), Codec::Pcma);
    let mut b = Phone::new(phone_b(), Codec::Pcma);
    for number in [97, 8] {
        let packet = a.packet(number, false, &[0x55; 160]);
        a.timestamp = a.timestamp.wrapping_add(160);
        bench.arrive(A, Kind::Rtp, a.at, &packet);
        bench.advance_ms(20);
    }
    talk(&mut bench, B, &mut b, 1);
    let numbers = |sent: &[Sent]| sent.iter().map(|s| s.header().payload_type).collect::<Vec<_>>();
    let (at_a, at_b) = (bench.heard(A), bench.heard(B));
    assert_eq!((numbers(&at_b), numbers(&at_a)), (vec![118, 118], vec![97]));
    assert_eq!(at_b[0].payload(), [0x55; 160]);
    bench.command(Command::Tone { port: A, tone: Tone::Ringback });
    bench.advance_ms(60);
    assert!(numbers(&bench.heard(A)).iter().all(|number| *number == 97), "what we play goes under it too");
    assert_eq!(bench.figures(B).transcoded, 0, "another number is no other codec");
}
