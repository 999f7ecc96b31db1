//! Sockets over loopback. Connections are told their time: an hour passes without waiting for it.

use super::*;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

const OPTIONS: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";
/// What loopback takes at the most.
const PATIENCE: Duration = Duration::from_secs(10);

/// The streams of a service and whoever connects to them.
struct Doorstep {
    poll: Poll,
    streams: Streams,
    address: SocketAddr,
    start: Instant,
    messages: Vec<Flow>,
    lost: VecDeque<Flow>,
}

impl Doorstep {
    fn new() -> Self {
        let poll = Poll::new().expect("epoll");
        let mut streams = Streams::default();
        let address = streams.listen(poll.registry(), (Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        Self { poll, streams, address, start: Instant::now(), messages: Vec::new(), lost: VecDeque::new() }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("listens");
        stream.set_nonblocking(true).expect("a socket option");
        stream
    }

    /// Serves, with the time standing still, until something has come about.
    fn until(&mut self, now: Instant, mut come: impl FnMut(&mut Self) -> bool) {
        let mut events = Events::with_capacity(EVENTS);
        let mut buffer = vec![0; crate::base::limits::SIP_MESSAGE_BYTES];
        let patience = Instant::now() + PATIENCE;
        while !come(self) {
            assert!(Instant::now() < patience, "nothing came of it");
            self.poll.poll(&mut events, Some(Duration::from_millis(5))).expect("epoll");
            let registry = self.poll.registry();
            for event in &events {
                if event.is_writable() {
                    self.streams.flush(event.token(), registry, &mut self.lost);
                }
                while let Some((flow, _)) =
                    self.streams.read(event.token(), registry, &mut buffer, now, &mut self.lost)
                {
                    self.messages.push(flow);
                }
            }
        }
    }

    /// Sends a request and has it taken.
    fn request(&mut self, from: &mut TcpStream, now: Instant) -> Flow {
        let before = self.messages.len();
        from.write_all(OPTIONS).expect("taken");
        self.until(now, |doorstep| doorstep.messages.len() > before);
        self.messages[before]
    }

    /// Sends line ends and waits for as many to come back.
    fn keep_alive(&mut self, from: &mut TcpStream, bytes: &[u8], now: Instant) {
        from.write_all(bytes).expect("taken");
        let mut answered = Vec::new();
        self.until(now, |_| {
            read_some(from, &mut answered);
            answered == b"\r\n"
        });
    }

    /// Connections closed by this time.
    fn closed_by(&mut self, now: Instant) -> usize {
        self.streams.expire(now, self.poll.registry(), &mut self.lost);
        std::mem::take(&mut self.lost).len()
    }
}

fn read_some(from: &mut TcpStream, into: &mut Vec<u8>) {
    let mut some = [0; 256];
    let length = from.read(&mut some).unwrap_or(0);
    into.extend_from_slice(&some[..length]);
}

#[test]
fn a_connection_kept_alive_once_a_minute_lasts() {
    let mut doorstep = Doorstep::new();
    let mut peer = doorstep.connect();
    doorstep.request(&mut peer, doorstep.start);
    for minute in 1..=60 {
        doorstep.keep_alive(&mut peer, b"\r\n\r\n", doorstep.at(60 * minute));
        assert_eq!(doorstep.closed_by(doorstep.at(60 * minute + 59)), 0, "minute {minute}");
    }
    assert_eq!(doorstep.streams.next_deadline(), None);
}

#[test]
fn keep_alives_buy_no_time_for_a_message_that_stays_half_sent() {
    let mut doorstep = Doorstep::new();
    let mut peer = doorstep.connect();
    doorstep.request(&mut peer, doorstep.start);
    doorstep.keep_alive(&mut peer, b"\r\n\r\nOPTIONS sip:a", doorstep.at(60));
    assert_eq!(doorstep.closed_by(doorstep.at(89)), 0);
    assert_eq!(doorstep.closed_by(doorstep.at(90)), 1);
}

#[test]
fn keep_alives_alone_make_no_first_message() {
    let mut doorstep = Doorstep::new();
    let mut peer = doorstep.connect();
    doorstep.keep_alive(&mut peer, b"\r\n\r\n", doorstep.start);
    doorstep.keep_alive(&mut peer, b"\r\n\r\n", doorstep.at(20));
    assert_eq!(doorstep.closed_by(doorstep.at(29)), 0);
    assert_eq!(doorstep.closed_by(doorstep.at(30)), 1);
}

#[test]
fn a_connection_opened_from_here_may_be_silent_once_it_stands() {
    let mut doorstep = Doorstep::new();
    let remote = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let flow = Flow {
        transport: Transport::Tcp,
        local: doorstep.address,
        remote: remote.local_addr().expect("bound"),
    };
    let now = doorstep.start;
    doorstep.streams.send(flow, OPTIONS, doorstep.poll.registry(), now, &mut doorstep.lost);
    let (mut peer, _) = remote.accept().expect("somebody connects");
    peer.set_nonblocking(true).expect("a socket option");
    let mut received = Vec::new();
    doorstep.until(now, |_| {
        read_some(&mut peer, &mut received);
        received == OPTIONS
    });
    assert_eq!(doorstep.closed_by(doorstep.at(3_600)), 0);
}

#[test]
fn a_datagram_the_kernel_refuses_is_a_datagram_lost_and_no_path() {
    let loopback = (Ipv4Addr::LOCALHOST, 0).into();
    let mut sockets = Sockets::open(&[(Transport::Udp, loopback)]).expect("a free port");
    let local = sockets.udp_addresses().next().expect("one");
    let peer = std::net::UdpSocket::bind(loopback).expect("a free port");
    peer.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    let towards = |remote| Flow { transport: Transport::Udp, local, remote };
    let remote = peer.local_addr().expect("bound");

    let too_long = vec![b'x'; 65_530];
    sockets.send(towards(remote), &too_long);
    sockets.send(towards((Ipv4Addr::BROADCAST, 5060).into()), OPTIONS);
    let gone =
        std::net::UdpSocket::bind(loopback).and_then(|socket| socket.local_addr()).expect("a free port");
    sockets.send(towards(gone), OPTIONS);
    sockets.send(towards(remote), OPTIONS);
    let mut received = [0; 100];
    let length = peer.recv(&mut received).expect("nothing of it kept this from its peer");
    assert_eq!(&received[..length], OPTIONS);
    sockets.wait(Some(Duration::from_millis(20))).expect("epoll");
    assert!(sockets.receive().is_none());

    // No socket here could ever reach this one.
    sockets.send(towards("[::1]:5060".parse().expect("an address")), OPTIONS);
    assert!(matches!(sockets.receive(), Some(Received::Lost(_))));
}
