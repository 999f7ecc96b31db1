//! Keys pressed during a prompt, in a bridge, over a bad network.

use super::*;

/// A press as phones send it: three packets under way, three that end it.
fn press(phone: &mut Phone, event: u8) -> Vec<Vec<u8>> {
    let steps = [(160, false), (320, false), (480, false), (640, true), (640, true), (640, true)];
    let packets = steps.map(|(duration, end)| phone.event(event, duration, end)).to_vec();
    phone.timestamp = phone.timestamp.wrapping_add(960);
    packets
}

#[test]
fn a_key_during_a_prompt_is_told_once_whatever_is_lost_or_doubled() {
    for lost in 0..64u32 {
        let mut bench = Bench::new();
        let mut phone = Phone::new(phone_a(), Codec::Pcma);
        bench.command(Command::Tone { port: A, tone: Tone::Ringback });
        talk(&mut bench, A, &mut phone, 2);
        for (index, packet) in press(&mut phone, 11).iter().enumerate() {
            if lost & 1 << index == 0 {
                bench.arrive(A, Kind::Rtp, phone.at, packet);
                bench.arrive(A, Kind::Rtp, phone.at, packet);
            }
            bench.advance_ms(20);
        }
        talk(&mut bench, A, &mut phone, 2);
        assert_eq!(bench.keys(), if lost == 63 { "" } else { "#" }, "lost {lost:06b}");
    }
}

#[test]
fn keys_are_told_with_the_lease_they_belong_to() {
    let mut bench = Bench::new();
    let mut phone = Phone::new(phone_b(), Codec::Pcma);
    let first = press(&mut phone, 4).remove(0);
    bench.arrive(B, Kind::Rtp, phone.at, &first);
    let told = bench.events();
    assert_eq!(told, [Event::FirstPacket { port: B, tag: 2 }, Event::Digit { port: B, tag: 2, digit: '4' }]);
    assert_eq!(bench.figures(B).digits, 1);
}

#[test]
fn a_bridge_passes_events_on_under_the_other_sides_number() {
    let other = StreamSetup { dtmf_send: Some(96), ..setup(phone_b(), Codec::Pcma) };
    let mut bench = Bench::with(setup(phone_a(), Codec::Pcma), other);
    bench.command(Command::Connect { a: A, b: B });
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    talk(&mut bench, A, &mut phone, 1);
    for packet in press(&mut phone, 7) {
        bench.arrive(A, Kind::Rtp, phone.at, &packet);
    }
    talk(&mut bench, A, &mut phone, 1);
    let sent = bench.heard(B);
    assert_eq!(
        sent.iter().map(|s| s.header().payload_type).collect::<Vec<_>>(),
        [8, 96, 96, 96, 96, 96, 96, 8]
    );
    let stamps: Vec<_> =
        sent.iter().map(|s| s.header().timestamp.wrapping_sub(sent[0].header().timestamp)).collect();
    assert_eq!(stamps, [0, 160, 160, 160, 160, 160, 160, 1_120]);
    assert!(sent.windows(2).all(|w| w[1].header().sequence == w[0].header().sequence.wrapping_add(1)));
    assert_eq!(bench.keys(), "7");
}

#[test]
fn a_side_that_takes_no_events_gets_a_stream_without_holes() {
    let deaf = StreamSetup { dtmf_send: None, ..setup(phone_b(), Codec::Pcma) };
    let mut bench = Bench::with(setup(phone_a(), Codec::Pcma), deaf);
    bench.command(Command::Connect { a: A, b: B });
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    talk(&mut bench, A, &mut phone, 3);
    for packet in press(&mut phone, 7) {
        bench.arrive(A, Kind::Rtp, phone.at, &packet);
    }
    talk(&mut bench, A, &mut phone, 3);
    let sent = bench.heard(B);
    assert_eq!(sent.len(), 6);
    assert_one_stream(&sent);
    assert_eq!(bench.keys(), "7");
    assert_eq!(bench.figures(B).unrelayed, 6);
}

#[test]
fn keys_are_understood_under_either_sides_number() {
    let ours_and_theirs = StreamSetup { dtmf_send: Some(96), ..setup(phone_a(), Codec::Pcma) };
    let mut bench = Bench::with(ours_and_theirs, setup(phone_b(), Codec::Pcma));
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    for number in [EVENT_TYPE, 96] {
        let packet = phone.packet(number, true, &[5, 10, 0, 160]);
        phone.timestamp = phone.timestamp.wrapping_add(1_600);
        bench.arrive(A, Kind::Rtp, phone.at, &packet);
    }
    assert_eq!(bench.keys(), "55");
}
