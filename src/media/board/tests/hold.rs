//! On hold: ours beside the relay, the holding phone's own first, one stream throughout.

use super::*;
use crate::base::limits;
use crate::media::tone::{sine, snr_db};

fn music() -> Arc<Sound> {
    Arc::new(Sound::from_samples(&sine(500.0, 8_000.0, 8_000, 8_000)))
}

fn fill(sound: Option<Arc<Sound>>) -> Command {
    Command::Fill { port: A, token: 7, sound, repeat: true }
}

/// The moments talk spurts begin, in ms from the first packet.
fn spurts(sent: &[Sent]) -> Vec<u64> {
    let since = |s: &Sent| u64::try_from(s.at.since(sent[0].at).as_millis()).expect("short");
    sent.iter().filter(|s| s.header().marker).map(since).collect()
}

#[test]
fn music_follows_the_voice_and_the_voice_the_music_in_one_stream() {
    let mut bench = Bench::bridged();
    let mut phone = Phone::new(phone_b(), Codec::Pcma);
    talk(&mut bench, B, &mut phone, 50);
    bench.command(fill(Some(music())));
    assert_eq!(bench.board.playing_ports(), 1);
    bench.advance_ms(2_000);
    bench.command(Command::Unfill { port: A });
    assert_eq!(bench.board.playing_ports(), 0, "nothing is left that wakes anybody");
    talk(&mut bench, B, &mut phone, 50);
    let sent = bench.heard(A);
    assert_one_stream(&sent);
    let marked: Vec<bool> = sent.iter().map(|s| s.header().marker).collect();
    let changes: Vec<usize> = (0..sent.len()).filter(|n| marked[*n]).collect();
    let music = changes[2] - changes[1];
    assert_eq!((changes.len(), changes[1], sent.len() - changes[2]), (3, 50, 50), "{changes:?}");
    assert!((94..=96).contains(&music), "for all but the first tenth of a second: {music}");
    assert!(snr_db(&linear(&sent[changes[1]..changes[2]], Codec::Pcma), 500.0) > 30.0);
    let after = linear(&sent[changes[2]..], Codec::Pcma);
    assert!(after.iter().all(|sample| (sample - 1_000).abs() < 40), "the voice alone");
}

#[test]
fn a_phone_with_music_of_its_own_is_heard_without_a_packet_of_ours() {
    let mut bench = Bench::bridged();
    let mut phone = Phone::new(phone_b(), Codec::Pcma);
    talk(&mut bench, B, &mut phone, 10);
    bench.command(fill(Some(music())));
    talk(&mut bench, B, &mut phone, 100);
    let sent = bench.heard(A);
    assert_one_stream(&sent);
    assert_eq!((sent.len(), spurts(&sent)), (110, vec![0]));
    // It ends: ours begins a second later, and gives way when it comes again.
    bench.advance_ms(2_000);
    let ours = bench.heard(A);
    assert!((49..=52).contains(&ours.len()), "{}", ours.len());
    assert!(ours[0].at.since(sent[109].at) >= limits::HOLD_GAP);
    talk(&mut bench, B, &mut phone, 25);
    let theirs = bench.heard(A);
    assert!((25..=26).contains(&theirs.len()), "{}", theirs.len());
    assert_one_stream(&[sent, ours, theirs].concat());
}

#[test]
fn whoever_is_held_without_music_hears_silence_at_the_beat() {
    let mut bench = Bench::bridged();
    bench.command(fill(None));
    bench.advance_ms(3_100);
    let sent = bench.heard(A);
    assert!((149..=151).contains(&sent.len()), "{}", sent.len());
    assert_one_stream(&sent);
    assert!(linear(&sent, Codec::Pcma).iter().all(|sample| sample.abs() <= 8));
    assert_eq!(bench.heard(B).len(), 0, "only who is held");
}

#[test]
fn the_held_one_is_heard_and_both_may_hold() {
    let mut bench = Bench::bridged();
    bench.command(fill(Some(music())));
    bench.command(Command::Fill { port: B, token: 0, sound: None, repeat: true });
    let deaf = StreamSetup { send: false, ..setup(phone_a(), Codec::Pcma) };
    bench.command(Command::Attach { port: A, tag: 1, setup: deaf });
    bench.advance_ms(1_000);
    assert_eq!(bench.heard(A).len(), 0, "it said that it does not want to hear us");
    assert!(bench.heard(B).len() > 40);
    bench.command(Command::Attach { port: A, tag: 1, setup: setup(phone_a(), Codec::Pcma) });
    bench.command(Command::Unfill { port: B });
    bench.advance_ms(1_000);
    let sent = bench.heard(A);
    assert!(snr_db(&linear(&sent, Codec::Pcma), 500.0) > 30.0);
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    talk(&mut bench, A, &mut phone, 10);
    assert_eq!(bench.heard(B).len(), 10, "who does not hold hears the one on hold");
}

#[test]
fn another_codec_on_hold_is_played_in_it() {
    let mut bench = Bench::bridged();
    bench.command(fill(Some(music())));
    bench.advance_ms(500);
    bench.heard(A);
    bench.command(Command::Attach { port: A, tag: 1, setup: setup(phone_a(), Codec::Pcmu) });
    bench.advance_ms(1_000);
    let sent = bench.heard(A);
    assert!(sent.iter().all(|s| s.header().payload_type == 0));
    assert!(snr_db(&linear(&sent, Codec::Pcmu), 500.0) > 30.0);
}

#[test]
fn pieces_follow_each_other_without_a_gap_and_each_end_is_told() {
    let mut bench = Bench::bridged();
    let piece = || Command::Fill { port: A, token: 7, sound: Some(music()), repeat: false };
    bench.command(piece());
    bench.advance_ms(1_150);
    assert_eq!(bench.events(), [Event::PlayEnded { port: A, tag: 1, token: 7 }]);
    bench.command(piece());
    bench.advance_ms(900);
    let sent = bench.heard(A);
    assert!(sent.windows(2).all(|pair| pair[1].at.since(pair[0].at) == Duration::from_millis(20)));
    assert_one_stream(&sent);
}

#[test]
fn whatever_ends_the_relay_ends_the_music_on_both_sides() {
    let ways = [
        Command::Quiet { port: B },
        Command::Tone { port: B, tone: Tone::Ringback },
        Command::Release { port: A },
        Command::Release { port: B },
    ];
    for (way, plays) in ways.into_iter().zip([0, 1, 0, 0]) {
        let mut bench = Bench::bridged();
        bench.command(fill(Some(music())));
        bench.command(Command::Fill { port: B, token: 0, sound: None, repeat: true });
        assert_eq!(bench.board.playing_ports(), 2);
        bench.command(way);
        assert_eq!(bench.board.playing_ports(), plays);
        bench.advance_ms(1_000);
        assert_eq!(bench.heard(A).len(), 0);
    }
    let mut bench = Bench::new();
    bench.command(fill(None));
    assert_eq!(bench.events(), [Event::CommandRefused { port: A, refusal: Refusal::NotConnected }]);
}
