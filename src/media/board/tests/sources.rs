//! Strict RTP: whom a port believes, and what an attacker gets.

use super::*;

fn attacker() -> SocketAddr {
    address("198.51.100.66:4000")
}

fn behind_nat() -> SocketAddr {
    address("203.0.113.9:51234")
}

#[test]
fn the_signalled_source_is_believed_at_once_and_nobody_else_after_it() {
    let mut bench = Bench::bridged();
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    let mut injected = Phone { at: attacker(), ssrc: 6, ..phone.clone() };
    talk(&mut bench, A, &mut phone, 1);
    assert_eq!(bench.events(), [Event::FirstPacket { port: A, tag: 1 }]);
    talk(&mut bench, A, &mut injected, 50);
    talk(&mut bench, A, &mut phone, 1);
    assert_eq!(bench.heard(B).len(), 2);
    let figures = bench.figures(A);
    assert_eq!((figures.received, figures.refused_source, figures.lost), (2, 50, 0));
}

#[test]
fn a_peer_behind_nat_is_learned_in_three_packets_and_answered_there() {
    let mut bench = Bench::bridged();
    let mut phone = Phone::new(behind_nat(), Codec::Pcma);
    talk(&mut bench, A, &mut phone, 2);
    assert_eq!((bench.heard(B).len(), bench.events()), (0, vec![]));
    talk(&mut bench, A, &mut phone, 3);
    assert_eq!(bench.heard(B).len(), 3);
    assert_eq!(bench.events(), [Event::FirstPacket { port: A, tag: 1 }]);
    let mut agent = Phone::new(phone_b(), Codec::Pcma);
    talk(&mut bench, B, &mut agent, 1);
    assert_eq!(bench.heard(A)[0].to, behind_nat());
}

#[test]
fn a_spray_of_unrelated_packets_convinces_nobody() {
    let mut bench = Bench::bridged();
    let mut spray = Phone::new(attacker(), Codec::Pcma);
    for n in 0..200u16 {
        spray.sequence = n.wrapping_mul(7_919);
        let packet = spray.audio(&[0; 160]);
        bench.arrive(A, Kind::Rtp, spray.at, &packet);
    }
    // Three in a row, but each from another port.
    for port in 0..3 {
        let packet = spray.audio(&[0; 160]);
        bench.arrive(A, Kind::Rtp, SocketAddr::new(attacker().ip(), 5_000 + port), &packet);
    }
    assert_eq!((bench.heard(B).len(), bench.events()), (0, vec![]));
}

#[test]
fn whoever_came_first_gives_way_to_the_signalled_source() {
    let mut bench = Bench::bridged();
    let mut early = Phone::new(attacker(), Codec::Pcma);
    talk(&mut bench, A, &mut early, 10);
    let mut phone = Phone { ssrc: 2, ..Phone::new(phone_a(), Codec::Pcma) };
    talk(&mut bench, A, &mut phone, 1);
    bench.heard(B);
    talk(&mut bench, A, &mut early, 10);
    assert_eq!(bench.heard(B).len(), 0);
    let mut agent = Phone::new(phone_b(), Codec::Pcma);
    talk(&mut bench, B, &mut agent, 1);
    assert_eq!(bench.heard(A)[0].to, phone_a());
}

#[test]
fn an_exact_stream_learns_nobody() {
    let exact = StreamSetup { locking: SourceLocking::Exact, ..strict(phone_a()) };
    let mut bench = Bench::with(exact, strict(phone_b()));
    bench.command(Command::Connect { a: A, b: B });
    talk(&mut bench, A, &mut Phone::new(behind_nat(), Codec::Pcma), 20);
    assert_eq!(bench.heard(B).len(), 0);
    talk(&mut bench, A, &mut Phone::new(phone_a(), Codec::Pcma), 1);
    assert_eq!(bench.heard(B).len(), 1);
}

#[test]
fn a_changed_remote_must_prove_itself_and_an_unchanged_one_need_not() {
    let mut bench = Bench::bridged();
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    talk(&mut bench, A, &mut phone, 1);
    bench.command(Command::Attach { port: A, tag: 9, setup: strict(phone_a()) });
    talk(&mut bench, A, &mut phone, 1);
    assert_eq!(bench.events(), [Event::FirstPacket { port: A, tag: 1 }]);
    let moved = address("192.0.2.77:8000");
    bench.command(Command::Attach { port: A, tag: 9, setup: strict(moved) });
    let mut elsewhere = Phone { at: moved, ssrc: 3, ..phone.clone() };
    talk(&mut bench, A, &mut elsewhere, 1);
    talk(&mut bench, A, &mut phone, 5);
    assert_eq!(bench.events(), [Event::FirstPacket { port: A, tag: 9 }]);
    assert_eq!(bench.heard(B).len(), 3);
    let figures = bench.figures(A);
    assert_eq!((figures.received, figures.refused_source), (3, 5));
}

#[test]
fn noise_is_counted_and_harms_nothing() {
    let mut bench = Bench::bridged();
    for noise in
        [&b""[..], b"x", b"INVITE sip:a SIP/2.0", &[0xff; 1_500], &[0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]]
    {
        bench.arrive(A, Kind::Rtp, phone_a(), noise);
        bench.arrive(A, Kind::Rtcp, phone_a(), noise);
    }
    assert_eq!((bench.heard(B).len(), bench.events()), (0, vec![]));
    assert!(bench.figures(A).malformed >= 9);
}

proptest::proptest! {
    #[test]
    fn no_datagram_makes_a_board_panic(
        datagrams in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..64), 0..20)
    ) {
        let mut bench = Bench::bridged();
        for mut datagram in datagrams {
            bench.arrive(A, Kind::Rtcp, phone_a(), &datagram);
            bench.arrive(A, Kind::Rtp, phone_a(), &datagram);
            if let [first, second, ..] = datagram.as_mut_slice() {
                (*first, *second) = (0x80 | *first & 0x3f, 8 | *second & 0x80);
            }
            bench.arrive(A, Kind::Rtp, phone_a(), &datagram);
            bench.arrive(A, Kind::Rtcp, phone_a(), &datagram);
        }
        bench.advance_ms(20_000);
    }
}
