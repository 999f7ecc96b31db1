//! Sounds and tones: their beat, their end, what follows.

use super::*;
use crate::media::tone::{power, sine, snr_db};

#[test]
fn a_thousand_players_send_every_20_ms_exactly_and_never_burst() {
    let mut bench = Bench::new();
    let sound = Arc::new(Sound::from_samples(&[100; 8_000]));
    let ports: std::collections::BTreeSet<_> =
        (0..1_000).map(|n| PortId { board: 0, number: 10_000 + 2 * n }).collect();
    for port in ports.iter().copied() {
        bench.command(Command::Open { port });
        bench.command(Command::Attach { port, tag: 0, setup: setup(phone_a(), Codec::Pcma) });
        bench.command(Command::Play { port, token: 0, sound: Arc::clone(&sound), repeat: true });
    }
    bench.advance_ms(2_000);
    let mut by_moment = std::collections::BTreeMap::<Moment, usize>::new();
    let mut by_port = std::collections::BTreeMap::<PortId, Vec<Sent>>::new();
    bench.all_heard().into_iter().for_each(|sent| by_port.entry(sent.port).or_default().push(sent));
    assert!(by_port.keys().eq(&ports));
    for sent in by_port.into_values() {
        assert_eq!(sent.len(), 100);
        assert!(sent.windows(2).all(|w| w[1].at.since(w[0].at) == Duration::from_millis(20)));
        assert!(sent.iter().all(|s| s.payload().len() == 160));
        assert_one_stream(&sent);
        assert_eq!(
            sent.last().expect("a hundred").header().timestamp.wrapping_sub(sent[0].header().timestamp),
            99 * 160
        );
        sent.iter().for_each(|s| *by_moment.entry(s.at).or_default() += 1);
    }
    assert_eq!(by_moment.values().max(), Some(&50));
}

#[test]
fn a_prompt_is_heard_whole_its_end_is_told_and_silence_follows() {
    let mut bench = Bench::new();
    let prompt = sine(700.0, 9_000.0, 8_000, 1_650);
    let sound = Arc::new(Sound::from_samples(&prompt));
    bench.command(Command::Play { port: A, token: 42, sound, repeat: false });
    bench.advance_ms(219);
    assert_eq!(bench.events(), []);
    bench.advance_ms(1_000);
    assert_eq!(bench.events(), [Event::PlayEnded { port: A, tag: 1, token: 42 }]);
    let sent = bench.heard(A);
    assert_one_stream(&sent);
    let heard = linear(&sent, Codec::Pcma);
    assert!(snr_db(&heard[..1_650], 700.0) > 30.0);
    assert!(heard[1_650..].iter().all(|sample| sample.abs() <= 8));
    assert_eq!(sent.iter().filter(|s| s.header().marker).count(), 1);
}

#[test]
fn a_replaced_sound_does_not_end_and_a_repeated_one_never_does() {
    let mut bench = Bench::new();
    let sound = Arc::new(Sound::from_samples(&[7; 500]));
    bench.command(Command::Play { port: A, token: 1, sound: Arc::clone(&sound), repeat: false });
    bench.advance_ms(40);
    bench.command(Command::Play { port: A, token: 2, sound, repeat: true });
    bench.advance_ms(2_000);
    bench.command(Command::Play {
        port: A,
        token: 3,
        sound: Arc::new(Sound::from_samples(&[])),
        repeat: false,
    });
    bench.advance_ms(40);
    assert_eq!(bench.events(), [Event::PlayEnded { port: A, tag: 1, token: 3 }]);
    let heard = linear(&bench.heard(A)[2..100], Codec::Pcma);
    assert!(heard.iter().all(|sample| *sample == heard[0]), "the loop has no seam");
}

#[test]
fn ringback_is_440_hz_for_a_second_and_a_half_in_five() {
    let mut bench = Bench::with(setup(phone_a(), Codec::Pcmu), setup(phone_b(), Codec::Pcma));
    bench.command(Command::Tone { port: A, tone: Tone::Ringback });
    bench.advance_ms(10_000);
    let heard = linear(&bench.heard(A), Codec::Pcmu);
    for start in [0, 40_000] {
        assert!(snr_db(&heard[start..start + 12_000], 440.0) > 30.0);
        assert!(power(&heard[start + 12_000..start + 39_840]) < 1.0);
    }
}

#[test]
fn silence_keeps_the_path_open_and_quiet_sends_nothing() {
    let mut bench = Bench::new();
    bench.command(Command::Tone { port: A, tone: Tone::Silence });
    bench.advance_ms(1_000);
    let sent = bench.heard(A);
    assert_eq!(sent.len(), 50);
    assert!(sent.iter().all(|s| s.payload() == [g711::PCMA_SILENCE; 160]));
    bench.command(Command::Quiet { port: A });
    bench.advance_ms(1_000);
    assert_eq!((bench.heard(A).len(), bench.board.playing_ports()), (0, 0));
}

#[test]
fn music_goes_on_unheard_while_the_caller_holds_us() {
    let mut bench = Bench::new();
    let sound = Arc::new(Sound::from_samples(&[1; 1_600]));
    bench.command(Command::Play { port: A, token: 5, sound, repeat: false });
    let held = StreamSetup { send: false, ..setup(phone_a(), Codec::Pcma) };
    bench.command(Command::Attach { port: A, tag: 1, setup: held });
    bench.advance_ms(300);
    assert_eq!(bench.heard(A).len(), 0);
    assert_eq!(bench.events(), [Event::PlayEnded { port: A, tag: 1, token: 5 }]);
}

#[test]
fn a_connected_port_makes_nothing_of_its_own() {
    let mut bench = Bench::new();
    bench.command(Command::Tone { port: A, tone: Tone::Ringback });
    bench.command(Command::Tone { port: B, tone: Tone::Silence });
    bench.command(Command::Connect { a: A, b: B });
    bench.advance_ms(1_000);
    assert_eq!((bench.heard(A).len(), bench.heard(B).len(), bench.board.playing_ports()), (0, 0, 0));
}
