//! Floods over real sockets while people talk: every conversation goes on, memory stays bounded, and a stream that sends
//! slowly or nothing is closed. `SPILLWAY_INTEROP=full` floods with 20,000 requests a second, built for release.

use crate::machine::in_real_time;
use crate::place::{CALLERS, OPERATOR, PBX, Place, SPILLWAY, WATCHER};
use crate::process::until;
use crate::service::{Service, Setting};
use spillway::base::Random;
use spillway::drivers::stations::{StationId, Stations};
use spillway::endpoint::{Answering, Between, Dial, Ending, Event, Happened, Pickup, Side, Voice};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

const SITE: &str = r#"
version = 1
[site]
name     = "Siège"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ go = "prestataire" }]
[target.prestataire]
via    = "ipbx1"
number = "03 84 00 00 01"
ring   = "20s"
else   = "rappelez"
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "court"
"#;

const METHODS: [&str; 15] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "INFO",
    "REFER",
    "MESSAGE",
    "UPDATE",
    "DANCE",
];
const SOON: Duration = Duration::from_secs(10);
/// What a flood may leave in memory at the most: journal, buffers and records of refused calls, KiB.
const GROWTH_KIB: u64 = 200 * 1_024;

/// How much is thrown.
#[derive(Clone, Copy)]
struct Size {
    calls: u64,
    per_second: u32,
    /// Of each method.
    span: Duration,
}

fn size() -> Size {
    if std::env::var("SPILLWAY_INTEROP").is_ok_and(|size| size == "full") {
        Size { calls: 50, per_second: 20_000, span: Duration::from_secs(5) }
    } else {
        Size { calls: 10, per_second: 1_000, span: Duration::from_millis(500) }
    }
}

/// People who talk: callers on one side, whom they call on the other.
struct Talk {
    stations: Stations,
    trunk: StationId,
    pbx: StationId,
    calls: Vec<spillway::endpoint::LegKey>,
    endings: Vec<Ending>,
}

impl Talk {
    fn begin(place: &Place, calls: u64) -> Self {
        let mut stations = Stations::new().expect("an epoll instance");
        let mut open = |host: u8, seed: u64| {
            let at = SocketAddr::from((place.ip(host), 5060));
            stations.open("talk", at, 64, Random::from_number(seed)).expect("nobody else has this address")
        };
        let (trunk, pbx) = (open(OPERATOR, 1), open(PBX, 2));
        let ring = Between::exactly(Duration::from_millis(50));
        let answers = Answering { ring, talk: None, voice: Voice::Stamped };
        stations.station(pbx).anyone(Pickup::Answer(answers));
        let to = SocketAddr::from((place.ip(SPILLWAY), 5060));
        let calls = (1..=calls).map(|tag| {
            // Each from a number of their own: one number that comes back while it is sent on is a loop.
            let caller = format!("+336123{tag:05}");
            stations
                .dial(trunk, Dial { tag, voice: Voice::Stamped, ..Dial::new(to, "+33384961370", &caller) })
        });
        let calls: Vec<_> = calls.collect();
        let mut talk = Self { stations, trunk, pbx, calls, endings: Vec::new() };
        let mut answered = 0;
        talk.play(SOON, |event| {
            answered += usize::from(matches!(event.happened, Happened::Answered));
        });
        assert_eq!(answered, 2 * talk.calls.len(), "both sides of every call");
        talk
    }

    fn play(&mut self, span: Duration, mut on: impl FnMut(&Event)) {
        let until = self.stations.now() + span;
        let all = 2 * self.calls.len();
        let mut seen = 0;
        while self.stations.now() < until && seen < all {
            for (_, event) in self.stations.turn(until).expect("epoll") {
                seen += usize::from(matches!(event.happened, Happened::Answered | Happened::Ended(_)));
                if let Happened::Ended(story) = &event.happened
                    && story.side == Side::Placed
                {
                    self.endings.push(story.ending);
                }
                on(&event);
            }
        }
    }

    /// Places a call from the IPBX, to be answered there, each from a number of its own: one that comes back while it is sent
    /// on is a loop.
    fn another(&mut self, place: &Place, nth: usize) {
        let to = SocketAddr::from((place.ip(SPILLWAY), 5060));
        self.stations.dial(self.pbx, Dial::new(to, "+33384961370", &(300 + nth).to_string()));
    }

    /// Lets them talk for a moment; gives how often somebody answered or heard an answer.
    fn breathe(&mut self) -> usize {
        let until = self.stations.now() + Duration::from_millis(2);
        let mut answered = 0;
        for (_, event) in self.stations.turn(until).expect("epoll") {
            match event.happened {
                Happened::Ended(story) => panic!("a conversation ended: {story:?}"),
                Happened::Answered => answered += 1,
                _ => {}
            }
        }
        answered
    }

    /// Every call is hung up by its caller, and every one of them was still there.
    fn end(mut self) {
        for call in self.calls.clone() {
            self.stations.hang_up(self.trunk, call);
        }
        self.play(SOON, |_| {});
        assert_eq!(self.endings, vec![Ending::HungUp; self.calls.len()]);
    }
}

/// One request; `n` tells them apart.
fn request(method: &str, from: SocketAddr, to: SocketAddr, n: u64) -> String {
    format!(
        "{method} sip:0899123456@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKflood{n};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:evil@{from}>;tag=f{n}\r\nTo: <sip:0899123456@{to}>\r\n\
         Call-ID: flood{n}\r\nCSeq: 1 {method}\r\nContact: <sip:{from}>\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Floods with these methods in turn while something goes on; gives how many requests went out.
fn flood(place: &Place, methods: &[&str], from: Ipv4Addr, size: Size, mut meanwhile: impl FnMut()) -> u64 {
    let socket = UdpSocket::bind((from, 0)).expect("nobody else has this address");
    socket.set_nonblocking(true).expect("a socket option");
    let (us, to) = (socket.local_addr().expect("bound"), SocketAddr::from((place.ip(SPILLWAY), 5060)));
    let mut sent = 0;
    let mut heard = [0; 2_048];
    for method in methods {
        let begun = Instant::now();
        let first = sent;
        while begun.elapsed() < size.span {
            let due = first + (begun.elapsed().as_secs_f64() * f64::from(size.per_second)) as u64;
            while sent < due {
                // A full buffer is a flood all the same.
                let _ = socket.send_to(request(method, us, to, sent).as_bytes(), to);
                sent += 1;
            }
            while socket.recv(&mut heard).is_ok() {}
            meanwhile();
        }
    }
    sent
}

fn survives(from: u8, check: impl Fn(&Service<'_>, u64)) {
    in_real_time(|| {
        let size = size();
        let place = Place::new();
        place.prompt("rappelez", 200.0, 0.5);
        let service = Setting::new(&place).serve(SITE);
        let mut talk = Talk::begin(&place, size.calls);
        let before = service.process.resident_kib();
        let sent = flood(&place, &METHODS, place.ip(from), size, || {
            talk.breathe();
        });
        let after = service.process.resident_kib();
        eprintln!("{sent} requests: {before} KiB before, {after} KiB after");
        assert!(after < before + GROWTH_KIB, "{before} KiB before, {after} KiB after");
        assert_eq!(service.metric("spillway_calls", &["state=\"bridged\""]), size.calls as f64);
        talk.end();
        check(&service, sent);
        service.comes_to_rest(Duration::from_secs(45));
        let answered = service.metric("spillway_calls_total", &["outcome=\"routed_answered\""]);
        assert_eq!(answered, size.calls as f64);
    });
}

#[test]
fn a_strangers_flood_of_every_method_costs_no_conversation() {
    survives(WATCHER, |service, _| {
        let limited = service.metric("spillway_sip_limited_total", &["limit=\"source\""]);
        assert!(limited > 0.0);
        assert_eq!(service.sql("SELECT count(*) FROM calls WHERE number IS NULL"), "0", "no record of them");
        assert_eq!(service.status()["banned"]["count"], 0, "a datagram bans nobody");
    });
}

#[test]
fn a_trunks_flood_of_every_method_costs_no_conversation() {
    survives(CALLERS, |service, sent| {
        let unknown = service.metric("spillway_calls_unknown_number_total", &[]);
        let turned_away = service.metric("spillway_sip_limited_total", &["limit=\"overload\""]);
        let invites = sent / METHODS.len() as u64;
        assert!(unknown > 0.0 && unknown + turned_away <= invites as f64 * 1.01, "{unknown} + {turned_away}");
    });
}

/// A call a caller still waits for after this is one they take for lost: an IP Office gives up after 4 s.
const CALLER_WAITS: Duration = Duration::from_secs(4);

#[test]
fn a_flood_of_calls_in_one_trunks_name_leaves_the_other_trunks_calls_alone() {
    in_real_time(|| {
        let size = Size { span: size().span * 8, calls: 1, ..size() };
        let place = Place::new();
        place.prompt("rappelez", 200.0, 0.5);
        let service = Setting::new(&place).serve(SITE);
        let mut talk = Talk::begin(&place, size.calls);
        let (mut placed, mut answered) = (0, 0);
        let mut next = Instant::now();
        flood(&place, &["INVITE"], place.ip(CALLERS), size, || {
            if Instant::now() >= next && placed < 40 {
                next += Duration::from_millis(90);
                talk.another(&place, placed);
                placed += 1;
            }
            answered += talk.breathe();
        });
        let until = Instant::now() + CALLER_WAITS;
        while answered < 2 * placed && Instant::now() < until {
            answered += talk.breathe();
        }
        let turned_away = service.metric("spillway_sip_limited_total", &["limit=\"overload\""]);
        eprintln!("{placed} calls beside the flood, {turned_away} of it turned away");
        assert!(placed >= 20);
        assert_eq!(answered, 2 * placed, "both sides of every call");
    });
}

/// Sends a piece every so often, and says after how long the stream was closed.
fn trickle(
    to: SocketAddr,
    mut pieces: impl Iterator<Item = &'static [u8]>,
    every: Duration,
) -> Option<Duration> {
    let mut stream = TcpStream::connect(to).expect("the service listens");
    stream.set_read_timeout(Some(every)).expect("a socket option");
    let begun = Instant::now();
    let mut heard = [0; 2_048];
    until(Duration::from_secs(45), || {
        let closed = match stream.read(&mut heard) {
            Ok(0) => true,
            Ok(_) => false,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        if closed {
            return Some(begun.elapsed());
        }
        if let Some(piece) = pieces.next() {
            // It may just have been closed: the next look says so.
            let _ = stream.write_all(piece);
        }
        None
    })
}

#[test]
fn a_stream_that_sends_slowly_or_nothing_or_line_ends_is_closed_in_30_seconds() {
    let place = Place::aside();
    place.prompt("rappelez", 200.0, 0.5);
    let service = Setting::new(&place).serve(SITE);
    let to = SocketAddr::from((place.ip(SPILLWAY), 5060));
    let half = b"INVITE sip:0384961370@x SIP/2.0\r\nSubject: ".as_slice();
    let slow = |first: &'static [u8], then: &'static [u8]| {
        std::thread::spawn(move || {
            trickle(to, std::iter::once(first).chain(std::iter::repeat(then)), Duration::from_millis(500))
        })
    };
    let streams = [
        ("nothing", slow(b"", b"")),
        ("a letter at a time", slow(half, b"x")),
        ("line ends", slow(b"", b"\r\n\r\n")),
    ];
    for (name, stream) in streams {
        let closed = stream.join().expect("no panic");
        let closed = closed.unwrap_or_else(|| panic!("{name}: still open"));
        assert!((Duration::from_secs(28)..Duration::from_secs(34)).contains(&closed), "{name}: {closed:?}");
    }
    service.comes_to_rest(SOON);
}

#[test]
fn a_stranger_on_a_stream_who_is_refused_again_and_again_is_banned_and_shown() {
    let place = Place::new();
    place.prompt("rappelez", 200.0, 0.5);
    let service = Setting::new(&place).serve(SITE);
    let to = SocketAddr::from((place.ip(SPILLWAY), 5060));
    let connect = |from: Ipv4Addr| {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((from, 0)).into()).expect("an address of loopback");
        socket.connect(&to.into()).expect("the service listens");
        TcpStream::from(socket)
    };
    let asks = |from: Ipv4Addr, count: u64| {
        let mut stream = connect(from);
        let us = stream.local_addr().expect("connected");
        for n in 0..count {
            let text = request("REGISTER", us, to, n).replace("SIP/2.0/UDP", "SIP/2.0/TCP");
            // Closed, once its source is banned.
            if stream.write_all(text.as_bytes()).is_err() {
                return (stream, n);
            }
            sleep(Duration::from_millis(2));
        }
        (stream, count)
    };
    let (_trunk, said) = asks(place.ip(CALLERS), 100);
    assert_eq!(said, 100);
    let (_stranger, said) = asks(place.ip(WATCHER), 100);
    assert!(said < 30, "closed after {said}");
    service.reaches("spillway_sip_bans_total", &[], 1.0, SOON);
    let (mut another, _) = asks(place.ip(WATCHER), 1);
    another.set_read_timeout(Some(SOON)).expect("a socket option");
    let closed = another.read(&mut [0]).map_err(|error| error.kind());
    assert!(matches!(closed, Ok(0) | Err(ErrorKind::ConnectionReset)), "unanswered: {closed:?}");
    service.reaches("spillway_sip_limited_total", &["limit=\"ban\""], 2.0, SOON);
    assert_eq!(service.metric("spillway_sip_banned_sources", &[]), 1.0);
    let banned = &service.status()["banned"];
    assert_eq!(
        (&banned["count"], &banned["sources"][0]["source"]),
        (&1.into(), &place.ip(WATCHER).to_string().into())
    );
}
