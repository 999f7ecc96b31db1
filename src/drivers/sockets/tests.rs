//! Sockets over loopback. Connections are told their time: an hour passes without waiting for it.

mod tls;
mod websocket;

use super::*;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

const OPTIONS: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";
/// No trunk accepts it.
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// What loopback takes at the most.
const PATIENCE: Duration = Duration::from_secs(10);

/// The streams of a service and whoever connects to them.
struct Doorstep {
    poll: Poll,
    streams: Streams,
    address: SocketAddr,
    start: Instant,
    messages: Vec<Flow>,
    /// What came on them.
    heard: Vec<(Brought, Vec<u8>)>,
    lost: VecDeque<Flow>,
}

impl Doorstep {
    /// Room for three; a trunk accepts 127.0.0.1.
    fn new() -> Self {
        Self::with_room_for(3)
    }

    fn with_room_for(most: usize) -> Self {
        Self::listening(Transport::Tcp, most)
    }

    fn listening(transport: Transport, most: usize) -> Self {
        let poll = Poll::new().expect("epoll");
        let mut streams = Streams::new(Box::new(|source| source == Ipv4Addr::LOCALHOST), most);
        let address =
            streams.listen(poll.registry(), transport, (Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        Self {
            poll,
            streams,
            address,
            start: Instant::now(),
            messages: Vec::new(),
            heard: Vec::new(),
            lost: VecDeque::new(),
        }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    /// A trunk's connection.
    fn connect(&self) -> TcpStream {
        self.connect_from(Ipv4Addr::LOCALHOST)
    }

    fn connect_from(&self, source: Ipv4Addr) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((source, 0)).into()).expect("loopback");
        socket.connect(&self.address.into()).expect("listens");
        socket.set_nonblocking(true).expect("a socket option");
        socket.into()
    }

    /// Serves, with the time standing still, until something has come about.
    fn until(&mut self, now: Instant, mut come: impl FnMut(&mut Self) -> bool) {
        let mut events = Events::with_capacity(EVENTS);
        let mut buffer = vec![0; limits::SIP_MESSAGE_BYTES];
        let patience = Instant::now() + PATIENCE;
        while !come(self) {
            assert!(Instant::now() < patience, "nothing came of it");
            self.poll.poll(&mut events, Some(Duration::from_millis(5))).expect("epoll");
            let registry = self.poll.registry();
            for event in &events {
                if event.is_writable() {
                    self.streams.flush(event.token(), registry, &mut self.lost);
                }
                while let Some((flow, brought)) =
                    self.streams.read(event.token(), registry, &mut buffer, now, &mut self.lost)
                {
                    self.messages.push(flow);
                    let (Brought::Message(length) | Brought::Unframed(length, _)) = brought;
                    self.heard.push((brought, buffer[..length].to_vec()));
                    self.streams.close_doomed(registry, &mut self.lost);
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
        self.exchange(from, bytes, b"\r\n", now);
    }

    fn exchange(&mut self, from: &mut TcpStream, bytes: &[u8], expected: &[u8], now: Instant) {
        from.write_all(bytes).expect("taken");
        let mut answered = Vec::new();
        self.until(now, |_| {
            read_some(from, &mut answered);
            answered == expected
        });
    }

    /// Connections closed by this time.
    fn closed_by(&mut self, now: Instant) -> usize {
        self.streams.expire(now, self.poll.registry(), &mut self.lost);
        std::mem::take(&mut self.lost).len()
    }
}

/// Whether the other side closed it.
fn is_closed(connection: &mut TcpStream) -> bool {
    matches!(connection.read(&mut [0; 8]), Ok(0))
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
fn a_stranger_s_connection_ends_soon_whatever_it_sends() {
    let mut doorstep = Doorstep::new();
    let mut stranger = doorstep.connect_from(STRANGER);
    let flow = doorstep.request(&mut stranger, doorstep.start);
    let now = doorstep.at(10);
    let refusal = b"SIP/2.0 403 Forbidden\r\n\r\n";
    doorstep.streams.send(flow, refusal, doorstep.poll.registry(), now, &mut doorstep.lost);
    doorstep.exchange(&mut stranger, b"", refusal, now);
    doorstep.keep_alive(&mut stranger, b"\r\n\r\n", doorstep.at(20));
    doorstep.request(&mut stranger, doorstep.at(29));
    assert_eq!(doorstep.closed_by(doorstep.at(29)), 0);
    assert_eq!(doorstep.closed_by(doorstep.at(30)), 1);
}

#[test]
fn a_trusted_stranger_s_connection_lasts_until_it_is_trusted_no_more() {
    let mut doorstep = Doorstep::new();
    let mut phone = doorstep.connect_from(STRANGER);
    let flow = doorstep.request(&mut phone, doorstep.start);
    doorstep.streams.of(flow).expect("connected").trust();
    assert_eq!(doorstep.closed_by(doorstep.at(3_600)), 0);
    doorstep.keep_alive(&mut phone, b"\r\n\r\n", doorstep.at(3_600));
    let unregistered = doorstep.at(7_200);
    doorstep.streams.of(flow).expect("connected").distrust(unregistered);
    doorstep.request(&mut phone, doorstep.at(7_210));
    assert_eq!(doorstep.closed_by(doorstep.at(7_229)), 0);
    assert_eq!(doorstep.closed_by(doorstep.at(7_230)), 1);
    assert!(doorstep.streams.of(flow).is_none());
}

#[test]
fn trust_buys_no_time_for_a_half_sent_message_and_is_not_taken_from_a_trunk() {
    let mut doorstep = Doorstep::new();
    let mut phone = doorstep.connect_from(STRANGER);
    let flow = doorstep.request(&mut phone, doorstep.start);
    doorstep.streams.of(flow).expect("connected").trust();
    let mut trunk = doorstep.connect();
    let trunk_flow = doorstep.request(&mut trunk, doorstep.start);
    let start = doorstep.start;
    doorstep.streams.of(trunk_flow).expect("connected").distrust(start);
    doorstep.keep_alive(&mut phone, b"\r\n\r\nOPTIONS sip:a", doorstep.at(60));
    assert_eq!(doorstep.closed_by(doorstep.at(89)), 0);
    assert_eq!(doorstep.closed_by(doorstep.at(90)), 1);
    assert!(doorstep.streams.of(trunk_flow).is_some());
}

#[test]
fn a_message_sent_byte_by_byte_ends_its_connection_in_time() {
    let mut doorstep = Doorstep::new();
    let mut peer = doorstep.connect();
    doorstep.request(&mut peer, doorstep.start);
    doorstep.keep_alive(&mut peer, b"\r\n\r\nO", doorstep.at(100));
    for (second, byte) in (101..130).zip(&OPTIONS[1..]) {
        peer.write_all(&[*byte]).expect("taken");
        // The byte has no visible effect: what loopback takes to bring it.
        std::thread::sleep(Duration::from_millis(2));
        let mut turns = 0..2;
        doorstep.until(doorstep.at(second), |_| turns.next().is_none());
        assert_eq!(doorstep.closed_by(doorstep.at(second)), 0, "second {second}");
    }
    assert_eq!(doorstep.closed_by(doorstep.at(130)), 1);
}

#[test]
fn one_source_opens_a_hundred_connections_and_no_more() {
    let mut doorstep = Doorstep::with_room_for(2 * limits::STREAMS_PER_SOURCE);
    let now = doorstep.start;
    let mut taken: Vec<_> = (0..limits::STREAMS_PER_SOURCE)
        .map(|_| {
            let mut peer = doorstep.connect();
            doorstep.request(&mut peer, now);
            peer
        })
        .collect();
    let mut refused = doorstep.connect();
    doorstep.until(now, |_| is_closed(&mut refused));
    let mut other = doorstep.connect_from(STRANGER);
    doorstep.request(&mut other, now);
    assert_eq!(doorstep.streams.count(Transport::Tcp), Connections { now: 101, accepted: 101 });
    assert_eq!(doorstep.streams.limited.crowded_out, 1);
    drop(taken.pop());
    doorstep.until(now, |doorstep| !doorstep.lost.is_empty());
    let mut next = doorstep.connect();
    doorstep.request(&mut next, now);
    assert_eq!(doorstep.streams.count(Transport::Tcp), Connections { now: 101, accepted: 102 });
    assert_eq!(doorstep.streams.limited.crowded_out, 1);
}

#[test]
fn in_a_full_house_strangers_make_room_for_a_trunk_and_nobody_makes_room_for_them() {
    let mut doorstep = Doorstep::new();
    let now = doorstep.start;
    let mut strangers = [(); 3].map(|()| {
        let mut stranger = doorstep.connect_from(STRANGER);
        doorstep.request(&mut stranger, now);
        stranger
    });
    let mut fourth = doorstep.connect_from(STRANGER);
    doorstep.until(now, |_| is_closed(&mut fourth));
    let trunks = [(); 3].map(|()| {
        let mut trunk = doorstep.connect();
        doorstep.request(&mut trunk, now);
        trunk
    });
    assert!(strangers.iter_mut().all(is_closed));
    assert_eq!(std::mem::take(&mut doorstep.lost).len(), 3);
    let mut another = doorstep.connect();
    doorstep.until(now, |_| is_closed(&mut another));
    let own = Flow { transport: Transport::Tcp, local: doorstep.address, remote: doorstep.address };
    doorstep.streams.send(own, OPTIONS, doorstep.poll.registry(), now, &mut doorstep.lost);
    assert_eq!(doorstep.lost, [own], "what can't be opened is said to be lost");
    drop(trunks);
}

#[test]
fn line_ends_without_end_are_no_keep_alives() {
    let mut doorstep = Doorstep::new();
    let mut peer = doorstep.connect();
    let flood = vec![b'\n'; 64 * 1_024];
    doorstep.until(doorstep.start, |doorstep| {
        while peer.write(&flood).is_ok() {}
        !doorstep.lost.is_empty()
    });
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
    let mut sockets = Sockets::open(&[(Transport::Udp, loopback)], |_| true).expect("a free port");
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

#[test]
fn a_stream_that_cannot_be_cut_into_messages_is_shown_may_be_answered_and_is_closed() {
    for bytes in [
        "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP b\r\n\r\n",
        "OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        "OPTIONS sip:a SIP/2.0\r\nContent-Length: 4000000000\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: spillway\r\n\r\n",
        "once upon a time\r\n\r\n",
    ] {
        // A listener's own port is not told: the kernel's choice is found first, and taken again.
        let loopback = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = loopback.local_addr().expect("bound");
        drop(loopback);
        let mut sockets = Sockets::open(&[(Transport::Tcp, address)], |_| true).expect("still free");
        let mut peer = TcpStream::connect(address).expect("listens");
        peer.set_read_timeout(Some(PATIENCE)).expect("a socket option");
        peer.write_all(bytes.as_bytes()).expect("taken");
        let flow = loop {
            sockets.wait(Some(PATIENCE)).expect("epoll");
            match sockets.receive() {
                Some(Received::Unframed { flow, bytes: shown }) => {
                    assert_eq!(shown, bytes.as_bytes());
                    break flow;
                }
                None => {}
                other @ Some(Received::Message { .. } | Received::Lost(_)) => panic!("{bytes}: {other:?}"),
            }
        };
        sockets.send(flow, b"no");
        assert!(matches!(sockets.receive(), Some(Received::Lost(lost)) if lost == flow), "{bytes}");
        assert!(sockets.receive().is_none(), "{bytes}");
        let mut heard = Vec::new();
        peer.read_to_end(&mut heard).expect("closed");
        assert_eq!(heard, b"no", "{bytes}");
    }
}

#[test]
fn all_ipv6_addresses_leave_ipv4_to_others() {
    let every = |address: &str| address.parse().expect("an address");
    let Ok(six) = Sockets::open(&[(Transport::Udp, every("[::]:0"))], |_| true) else {
        return; // This machine has no IPv6.
    };
    let port = six.udp_addresses().next().expect("one").port();
    let four = Sockets::open(&[(Transport::Udp, SocketAddr::from(([0, 0, 0, 0], port)))], |_| true);
    assert!(four.is_ok());
}

#[test]
fn a_phone_behind_a_nat_learns_its_address_and_what_only_looks_like_its_question_is_shown() {
    let loopback = (Ipv4Addr::LOCALHOST, 0).into();
    let mut sockets = Sockets::open(&[(Transport::Udp, loopback)], |_| false).expect("a free port");
    let service = sockets.udp_addresses().next().expect("one");
    let phone = std::net::UdpSocket::bind(loopback).expect("a free port");
    phone.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    let question = b"\x00\x01\x00\x00\x21\x12\xa4\x42twelve bytes";
    for datagram in [&question[..], &question[..19], OPTIONS] {
        phone.send_to(datagram, service).expect("taken");
    }
    for shown in [&question[..19], OPTIONS] {
        loop {
            match sockets.receive() {
                Some(Received::Message { bytes, .. }) => break assert_eq!(bytes, shown),
                None => sockets.wait(Some(PATIENCE)).expect("epoll"),
                other @ Some(Received::Unframed { .. } | Received::Lost(_)) => panic!("{other:?}"),
            }
        }
    }
    let mut response = [0; 100];
    let length = phone.recv(&mut response).expect("an answer");
    let [high, low] = phone.local_addr().expect("bound").port().to_be_bytes();
    let seen = [0x00, 0x20, 0, 8, 0, 1, high ^ 0x21, low ^ 0x12, 127 ^ 0x21, 0x12, 0xa4, 1 ^ 0x42];
    assert_eq!(response[8..length], [b"twelve bytes".as_slice(), &seen].concat());
}
