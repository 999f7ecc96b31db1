//! A port's life: opened, lent, released, drained, closed; and commands out of turn.

use super::*;
use crate::base::limits;

#[test]
fn a_released_port_forwards_nothing_and_closes_after_its_drain() {
    let mut bench = Bench::bridged();
    let mut phones = [Phone::new(phone_a(), Codec::Pcma), Phone::new(phone_b(), Codec::Pcma)];
    talk(&mut bench, A, &mut phones[0], 3);
    bench.events();
    bench.heard(B);
    bench.command(Command::Release { port: A });
    let stats = bench.events();
    assert!(matches!(stats[..], [Event::Stats { port: A, tag: 1, stats }] if stats.received == 3));
    talk(&mut bench, A, &mut phones[0], 5);
    talk(&mut bench, B, &mut phones[1], 5);
    assert_eq!((bench.heard(A).len(), bench.heard(B).len()), (0, 0));
    assert_eq!((bench.board.open_ports(), bench.board.lent_ports()), (2, 1));
    bench.advance(limits::PORT_DRAIN);
    assert!(bench.events().contains(&Event::Closed { port: A }));
    assert_eq!(bench.board.open_ports(), 1);
    bench.command(Command::Release { port: B });
    bench.advance_ms(1_000);
    assert_eq!((bench.board.open_ports(), bench.board.poll_timeout()), (0, None));
}

#[test]
fn commands_out_of_turn_are_refused_and_change_nothing() {
    let mut bench = Bench::new();
    let strange = PortId { board: 0, number: 2 };
    let other_board = PortId { board: 3, ..A };
    let refused = |bench: &mut Bench, command: Command, refusal| {
        let port = command.port();
        bench.command(command);
        assert_eq!(bench.events(), [Event::CommandRefused { port, refusal }]);
    };
    refused(&mut bench, Command::Tone { port: strange, tone: Tone::Silence }, Refusal::NotOpen);
    refused(&mut bench, Command::Release { port: strange }, Refusal::NotOpen);
    refused(&mut bench, Command::Quiet { port: other_board }, Refusal::NotOpen);
    refused(&mut bench, Command::Connect { a: A, b: other_board }, Refusal::NotConnectable);
    refused(&mut bench, Command::Connect { a: A, b: strange }, Refusal::NotOpen);
    refused(&mut bench, Command::Close { port: A }, Refusal::Lent);
    refused(&mut bench, Command::Open { port: A }, Refusal::Lent);
    bench.command(Command::Open { port: strange });
    bench.events();
    refused(&mut bench, Command::Quiet { port: strange }, Refusal::NotLent);
    refused(&mut bench, Command::Connect { a: A, b: strange }, Refusal::NotLent);
    bench.command(Command::Close { port: strange });
    assert_eq!(bench.events(), [Event::Closed { port: strange }]);
    refused(&mut bench, Command::Close { port: strange }, Refusal::NotOpen);
    bench.command(Command::Release { port: A });
    bench.events();
    refused(&mut bench, Command::Release { port: A }, Refusal::NotLent);
    refused(&mut bench, Command::Attach { port: A, tag: 1, setup: strict(phone_a()) }, Refusal::NotLent);
}

#[test]
fn connecting_elsewhere_frees_the_one_left_behind() {
    let mut bench = Bench::bridged();
    let third = PortId { board: 0, number: 40_004 };
    bench.command(Command::Open { port: third });
    bench.command(Command::Attach { port: third, tag: 3, setup: strict(address("192.0.2.3:30000")) });
    bench.command(Command::Connect { a: A, b: third });
    talk(&mut bench, B, &mut Phone::new(phone_b(), Codec::Pcma), 3);
    talk(&mut bench, A, &mut Phone::new(phone_a(), Codec::Pcma), 3);
    assert_eq!((bench.heard(A).len(), bench.heard(B).len(), bench.heard(third).len()), (0, 0, 3));
}

#[test]
fn a_peer_without_an_address_is_sent_nothing() {
    let mut bench = Bench::with(strict(address("0.0.0.0:4000")), strict(phone_b()));
    bench.command(Command::Tone { port: A, tone: Tone::Silence });
    bench.advance_ms(10_000);
    assert_eq!((bench.heard(A).len(), bench.sent(A, Kind::Rtcp).len()), (0, 0));
}

#[test]
fn a_stream_gone_silent_is_told_of_again_and_again_until_it_is_heard() {
    let mut bench = Bench::new();
    let mut phone = Phone::new(phone_a(), Codec::Pcma);
    talk(&mut bench, A, &mut phone, 10);
    let since = bench.now - Duration::from_millis(20);
    bench.advance_ms(90_000);
    let silent = |bench: &mut Bench| -> Vec<Event> {
        bench.events().into_iter().filter(|event| matches!(event, Event::Silent { port: A, .. })).collect()
    };
    let told = silent(&mut bench);
    assert!((2..=3).contains(&told.len()), "each 30 s, looked at with the reports: {told:?}");
    assert!(told.iter().all(|told| *told == Event::Silent { port: A, tag: 1, since }), "{told:?}");
    talk(&mut bench, A, &mut phone, 1);
    bench.advance_ms(29_000);
    assert_eq!(silent(&mut bench), []);
}
