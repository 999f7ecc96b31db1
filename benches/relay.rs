//! What a relayed packet costs a media thread, beside the barest epoll loop that could relay it: CPU per packet by
//! thread, added latency, loss. Loopback only. `cargo bench --bench relay -- [CALLS] [SECONDS]`, 400 and 8 by default.
//! Must never reach beyond loopback.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench measures real time on real sockets and prints what it found"
)]

use mio::{Events, Interest, Poll, Token};
use spillway::base::{Codec, Random};
use spillway::drivers::media_threads::{Config, MediaThreads};
use spillway::media::{Command, Event, MediaPlane, PortId, StreamSetup};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Below the ephemeral range.
const FIRST_PORT: u16 = 16_000;
const ROUNDS: usize = 3;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let calls = u16::try_from(numbers.next().unwrap_or(400).clamp(1, 2_000)).expect("clamped");
    let seconds = numbers.next().unwrap_or(8).clamp(1, 60);
    let phones = Phones::new(2 * usize::from(calls));
    let each = Duration::from_secs(seconds) / u32::try_from(ROUNDS).expect("three");
    let media = Media::start(calls, &phones);
    let bare = Bare::start(calls, &phones);
    let mut costs = [Vec::new(), Vec::new()];
    let mut run = 0;
    for _ in 0..ROUNDS {
        for (index, (name, thread, ports)) in
            [("bare epoll", "bare", &bare.ports), ("media thread", "media-0", &media.ports)]
                .into_iter()
                .enumerate()
        {
            run += 1;
            let before = cpu(thread);
            let figures = phones.talk(run, ports, each);
            let spent = cpu(thread).saturating_sub(before);
            let cost = spent.as_secs_f64() * 1e6 / figures.sent as f64;
            println!(
                "{name:<13} {calls} calls: {} sent, {} lost, {cost:.2} µs a packet, {:.4} % of a core a call, \
                 latency p50 {:.0} µs p99 {:.0} µs",
                figures.sent,
                figures.sent - figures.latencies.len(),
                100.0 * spent.as_secs_f64() / each.as_secs_f64() / f64::from(calls),
                figures.percentile(50) * 1e6,
                figures.percentile(99) * 1e6,
            );
            costs[index].push(cost);
        }
    }
    let [bare_cost, media_cost] = costs.map(|mut each| {
        each.sort_by(f64::total_cmp);
        each[ROUNDS / 2]
    });
    println!(
        "medians: bare {bare_cost:.2} µs, media {media_cost:.2} µs a packet; ratio {:.2}",
        media_cost / bare_cost
    );
}

/// All phones of all calls behind one address: whose packet it is, the payload says.
struct Phones {
    socket: UdpSocket,
    count: usize,
}

struct Figures {
    sent: usize,
    latencies: Vec<Duration>,
}

impl Figures {
    fn percentile(&self, percent: usize) -> f64 {
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).map_or(f64::NAN, Duration::as_secs_f64)
    }
}

impl Phones {
    fn new(count: usize) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20).expect("a buffer");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
        Self { socket, count }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("bound")
    }

    /// Sends A-law both ways at 20 ms, spread evenly, and hears what comes back.
    fn talk(&self, run: u8, ports: &[u16], during: Duration) -> Figures {
        let start = Instant::now();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let ears = scope.spawn(|| self.hear(run, start, &over));
            let mut sent = 0;
            let mut packet = [run; 172];
            for slot in 0.. {
                let due = Duration::from_millis(slot);
                if due >= during {
                    break;
                }
                std::thread::sleep(due.saturating_sub(start.elapsed()));
                for phone in (0..self.count).filter(|phone| *phone as u64 % 20 == slot % 20) {
                    let round = u16::try_from(slot / 20).expect("a minute at most");
                    packet[..12].copy_from_slice(&[0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                    packet[2..4].copy_from_slice(&round.to_be_bytes());
                    packet[4..8].copy_from_slice(&(u32::from(round) * 160).to_be_bytes());
                    // Each run is a stream of its own: numbers that start over in a known one are doubted at first.
                    let source = u32::from(run) << 16 | u32::try_from(phone).expect("thousands");
                    packet[8..12].copy_from_slice(&source.to_be_bytes());
                    let stamp = u64::try_from(start.elapsed().as_nanos()).expect("minutes");
                    packet[12..20].copy_from_slice(&stamp.to_be_bytes());
                    sent += usize::from(
                        self.socket.send_to(&packet, (Ipv4Addr::LOCALHOST, ports[phone])).is_ok(),
                    );
                }
            }
            std::thread::sleep(Duration::from_millis(300));
            over.store(true, Ordering::Relaxed);
            Figures { sent, latencies: ears.join().expect("ears") }
        })
    }

    fn hear(&self, run: u8, start: Instant, over: &AtomicBool) -> Vec<Duration> {
        let mut latencies = Vec::with_capacity(1 << 20);
        let mut buffer = [0; 2_048];
        while !over.load(Ordering::Relaxed) {
            // A straggler of the run before is not this run's.
            if matches!(self.socket.recv_from(&mut buffer), Ok((172, _))) && buffer[171] == run {
                let stamp = u64::from_be_bytes(*buffer[12..].first_chunk().expect("172 bytes"));
                latencies.push(start.elapsed().saturating_sub(Duration::from_nanos(stamp)));
            }
        }
        latencies.sort();
        latencies
    }
}

/// The media thread with every call connected.
struct Media {
    ports: Vec<u16>,
    _threads: MediaThreads,
}

impl Media {
    fn start(calls: u16, phones: &Phones) -> Self {
        let config =
            Config { threads: 1, addresses: vec![Ipv4Addr::LOCALHOST.into()], epoch: Instant::now() };
        let (wake, woken) = std::sync::mpsc::channel();
        let wake = move || wake.send(()).unwrap_or(());
        let mut threads = MediaThreads::start(config, &mut Random::from_number(1), wake).expect("a thread");
        let ports: Vec<u16> = (0..2 * calls).map(|n| FIRST_PORT + 2 * n).collect();
        let id = |number: u16| PortId { board: 0, number };
        ports.iter().for_each(|number| threads.send(Command::Open { port: id(*number) }));
        threads.flush();
        let mut opened = 0;
        while opened < ports.len() {
            match threads.try_event() {
                Some(Event::Opened { .. }) => opened += 1,
                Some(event) => panic!("{event:?}"),
                None => woken.recv().expect("the thread lives"),
            }
        }
        for pair in ports.chunks_exact(2) {
            for number in pair {
                let setup = StreamSetup::both_ways(phones.address(), Codec::Pcma);
                threads.send(Command::Attach { port: id(*number), tag: 0, setup });
            }
            threads.send(Command::Connect { a: id(pair[0]), b: id(pair[1]) });
        }
        threads.flush();
        Self { ports, _threads: threads }
    }
}

/// One thread that reads each socket until it is empty and sends what it read from the socket's partner.
struct Bare {
    ports: Vec<u16>,
    stop: Arc<AtomicBool>,
}

impl Bare {
    fn start(calls: u16, phones: &Phones) -> Self {
        let mut sockets: Vec<_> = (0..2 * calls)
            .map(|_| mio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port"))
            .collect();
        let ports = sockets.iter().map(|socket| socket.local_addr().expect("bound").port()).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let (to, stopped) = (phones.address(), Arc::clone(&stop));
        let run = move || {
            let mut poll = Poll::new().expect("epoll");
            for (index, socket) in sockets.iter_mut().enumerate() {
                poll.registry().register(socket, Token(index), Interest::READABLE).expect("epoll");
            }
            let mut ready = Events::with_capacity(256);
            let mut buffer = [0; 2_048];
            while !stopped.load(Ordering::Relaxed) {
                poll.poll(&mut ready, Some(Duration::from_millis(100))).expect("epoll");
                for event in &ready {
                    let Token(index) = event.token();
                    while let Ok((length, _)) = sockets[index].recv_from(&mut buffer) {
                        let _ = sockets[index ^ 1].send_to(&buffer[..length], to);
                    }
                }
            }
        };
        std::thread::Builder::new().name("bare".into()).spawn(run).expect("a thread");
        Self { ports, stop }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// CPU time of our thread of that name so far, by the scheduler's own account.
fn cpu(name: &str) -> Duration {
    let nanos = std::fs::read_dir("/proc/self/task")
        .expect("Linux")
        .filter_map(|task| {
            let path = task.ok()?.path();
            let named = std::fs::read_to_string(path.join("comm")).ok()?;
            let spent = std::fs::read_to_string(path.join("schedstat")).ok()?;
            (named.trim() == name).then(|| spent.split(' ').next()?.parse::<u64>().ok()).flatten()
        })
        .sum();
    Duration::from_nanos(nanos)
}
