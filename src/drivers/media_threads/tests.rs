//! A media thread over real loopback sockets: opening, relaying, refusing, closing.

use super::*;
use crate::base::Codec;
use crate::media::{PortId, StreamSetup};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

const PORTS: [PortId; 2] = [PortId { board: 0, number: 47_310 }, PortId { board: 0, number: 47_314 }];
const PAIR: [PortId; 2] = [PortId { board: 0, number: 47_330 }, PortId { board: 0, number: 47_334 }];

struct Running {
    threads: MediaThreads,
    woken: Receiver<()>,
}

impl Running {
    fn start() -> Self {
        Self::at(&[Ipv4Addr::LOCALHOST.into()])
    }

    fn at(addresses: &[IpAddr]) -> Self {
        let (wake, woken) = unbounded();
        let config = Config { threads: 1, addresses: addresses.to_vec(), epoch: Instant::now() };
        let wake = move || wake.send(()).expect("the test waits");
        let threads = MediaThreads::start(config, &mut Random::from_number(1), wake).expect("a thread");
        Self { threads, woken }
    }

    fn ask(&mut self, commands: impl IntoIterator<Item = Command>) {
        commands.into_iter().for_each(|command| self.threads.send(command));
        self.threads.flush();
    }

    fn next(&self) -> Event {
        loop {
            if let Some(event) = self.threads.try_event() {
                return event;
            }
            self.woken.recv_timeout(Duration::from_secs(5)).expect("an event within 5 s");
        }
    }
}

#[test]
fn two_phones_hear_each_other_and_the_ports_are_closed_after_them() {
    let mut running = Running::start();
    running.ask(PORTS.map(|port| Command::Open { port }));
    assert_eq!([running.next(), running.next()], PORTS.map(|port| Event::Opened { port }));

    let phones = [(); 2].map(|()| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
    for ((phone, port), tag) in phones.iter().zip(PORTS).zip(0..) {
        phone.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let setup = StreamSetup::both_ways(phone.local_addr().expect("bound"), Codec::Pcma);
        running.ask([Command::Attach { port, tag, setup }]);
    }
    running.ask([Command::Connect { a: PORTS[0], b: PORTS[1] }]);
    // Commands and packets have no common order: wait until the thread has answered.
    running.ask([Command::Close { port: PORTS[0] }]);
    assert!(matches!(running.next(), Event::CommandRefused { .. }));

    let mut packet = [0; 172];
    packet[..2].copy_from_slice(&[0x80, 8]);
    packet[12..].fill(0x55);
    for (from, to) in [(0, 1), (1, 0)] {
        phones[from].send_to(&packet, (Ipv4Addr::LOCALHOST, PORTS[from].number)).expect("loopback");
        let mut heard = [0; 200];
        let (length, source) = phones[to].recv_from(&mut heard).expect("a relayed packet");
        assert_eq!((length, source.port()), (172, PORTS[to].number));
        assert_eq!(heard[12..172], packet[12..]);
    }

    running.ask(PORTS.map(|port| Command::Release { port }));
    let mut closed = Vec::new();
    while closed.len() < 2 {
        if let Event::Closed { port } = running.next() {
            closed.push(port);
        }
    }
    assert_eq!((running.threads.failed(), running.threads.dropped_sends()), (None, 0));
    UdpSocket::bind((Ipv4Addr::LOCALHOST, PORTS[0].number)).expect("the port is free again");
}

#[test]
fn a_port_somebody_else_has_is_reported() {
    let _other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 47_321)).expect("a port");
    let mut running = Running::start();
    let port = PortId { board: 0, number: 47_320 };
    running.ask([Command::Open { port }]);
    assert!(matches!(running.next(), Event::OpenFailed { port: failed, .. } if failed == port));
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 47_320)).expect("the other half is not kept");
}

#[test]
fn phones_of_two_networks_and_of_two_families_hear_each_other_each_from_our_address_there() {
    let near: IpAddr = [127, 0, 0, 2].into();
    let sixth: IpAddr = std::net::Ipv6Addr::LOCALHOST.into();
    let ours = [near, sixth];
    let mut running = Running::at(&[[127, 0, 0, 3].into(), near, sixth]);
    running.ask(PAIR.map(|port| Command::Open { port }));
    assert_eq!([running.next(), running.next()], PAIR.map(|port| Event::Opened { port }));
    UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 3), PAIR[0].number))
        .expect_err("open everywhere until it is lent");

    let phones =
        [Ipv4Addr::LOCALHOST.into(), sixth].map(|ip: IpAddr| UdpSocket::bind((ip, 0)).expect("a port"));
    for ((phone, port), (tag, own)) in phones.iter().zip(PAIR).zip((0..).zip(ours)) {
        phone.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
        let both_ways = StreamSetup::both_ways(phone.local_addr().expect("bound"), Codec::Pcma);
        running.ask([Command::Attach { port, tag, setup: StreamSetup { local: Some(own), ..both_ways } }]);
    }
    running.ask([Command::Connect { a: PAIR[0], b: PAIR[1] }]);
    running.ask([Command::Close { port: PAIR[0] }]);
    assert!(matches!(running.next(), Event::CommandRefused { .. }));
    for port in PAIR {
        UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 3), port.number))
            .expect("closed where its lease needs none");
    }

    let mut packet = [0; 172];
    packet[..2].copy_from_slice(&[0x80, 8]);
    packet[12..].fill(0x55);
    for (from, to) in [(0, 1), (1, 0)] {
        phones[from].send_to(&packet, (ours[from], PAIR[from].number)).expect("loopback");
        let mut heard = [0; 200];
        let (length, source) = phones[to].recv_from(&mut heard).expect("a relayed packet");
        assert_eq!((length, source), (172, (ours[to], PAIR[to].number).into()));
    }
    running.ask(PAIR.map(|port| Command::Release { port }));
    let mut closed = 0;
    while closed < 2 {
        closed += usize::from(matches!(running.next(), Event::Closed { .. }));
    }
    for (own, port) in ours.into_iter().zip(PAIR) {
        UdpSocket::bind((own, port.number)).expect("the port is free again");
    }
}

#[test]
fn every_address_of_each_family_may_be_open_at_once() {
    let mut running = Running::at(&[Ipv4Addr::UNSPECIFIED.into(), std::net::Ipv6Addr::UNSPECIFIED.into()]);
    let port = PortId { board: 0, number: 47_340 };
    running.ask([Command::Open { port }]);
    assert_eq!(running.next(), Event::Opened { port });
}
