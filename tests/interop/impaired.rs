//! A station of our own on a real UDP socket whose datagrams are lost, doubled and delayed by chance, both ways, before
//! anybody sees them. Must never know what they say.

use spillway::base::{Flow, Moment, Random};
use spillway::endpoint::{Dial, Event, Happened, Sink, Station, Story};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The longest extra way, ms: longer than between two datagrams of a call, so that they overtake each other.
const SLOWEST_MS: u64 = 100;
/// Datagrams that come twice, of a hundred.
const DOUBLED: u64 = 5;
/// How often the socket is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// The longest datagram.
const DATAGRAM_BYTES: usize = 65_535;

/// What is on its way, and where it goes.
enum Way {
    In(SocketAddr),
    Out(SocketAddr),
}

/// The bad line.
struct Line {
    lost_of_100: u64,
    chance: Random,
    under_way: BTreeMap<(Moment, u64), (Way, Vec<u8>)>,
    taken: u64,
    lost: u64,
}

impl Line {
    fn take(&mut self, now: Moment, way: impl Fn() -> Way, bytes: &[u8]) {
        let copies = 1 + u64::from(self.chance.below(100) < DOUBLED);
        for _ in 0..copies {
            if self.chance.below(100) < self.lost_of_100 {
                self.lost += 1;
                continue;
            }
            self.taken += 1;
            let late = Duration::from_millis(self.chance.below(SLOWEST_MS + 1));
            self.under_way.insert((now + late, self.taken), (way(), bytes.to_vec()));
        }
    }
}

/// A station at the end of a bad line.
pub struct Impaired {
    station: Station,
    socket: UdpSocket,
    line: Line,
    since: Instant,
    /// What it tells of calls that ended.
    pub stories: Vec<Story>,
}

/// What a station wants sent and told.
#[derive(Default)]
struct Said {
    sip: Vec<(SocketAddr, Vec<u8>)>,
    stories: Vec<Story>,
}

impl Sink for Said {
    fn sip(&mut self, flow: Flow, message: &[u8]) {
        self.sip.push((flow.remote, message.to_vec()));
    }

    fn rtp(&mut self, _socket: usize, _to: SocketAddr, _packet: &[u8]) {}

    fn event(&mut self, event: Event) {
        if let Happened::Ended(story) = event.happened {
            self.stories.push(*story);
        }
    }
}

impl Impaired {
    /// Binds the station's address; so many of a hundred datagrams are lost each way.
    pub fn new(station: Station, lost_of_100: u64, seed: u64) -> Self {
        let socket = UdpSocket::bind(station.config().sip).expect("nobody else has this address");
        socket.set_nonblocking(true).expect("a socket option");
        let chance = Random::from_number(seed);
        let line = Line { lost_of_100, chance, under_way: BTreeMap::new(), taken: 0, lost: 0 };
        Self { station, socket, line, since: Instant::now(), stories: Vec::new() }
    }

    /// Places a call.
    pub fn dial(&mut self, dial: Dial) {
        self.act(|station, now, said| {
            station.dial(now, dial, said);
        });
    }

    /// How many datagrams were lost.
    pub const fn lost(&self) -> u64 {
        self.line.lost
    }

    /// Calls that have not ended, and what their transactions left.
    pub fn left(&self) -> usize {
        self.station.calls() + self.station.left()
    }

    fn now(&self) -> Moment {
        Moment::from_millis(1_000) + self.since.elapsed()
    }

    fn act(&mut self, act: impl FnOnce(&mut Station, Moment, &mut Said)) {
        let now = self.now();
        let mut said = Said::default();
        act(&mut self.station, now, &mut said);
        for (to, bytes) in said.sip {
            self.line.take(now, || Way::Out(to), &bytes);
        }
        self.stories.extend(said.stories);
    }

    /// Does all that is due by now.
    pub fn turn(&mut self) {
        let mut buffer = vec![0; DATAGRAM_BYTES];
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            let now = self.now();
            self.line.take(now, || Way::In(from), &buffer[..length]);
        }
        let now = self.now();
        while let Some(first) = self.line.under_way.first_entry().filter(|first| first.key().0 <= now) {
            match first.remove() {
                (Way::In(from), bytes) => {
                    self.act(|station, now, said| station.handle_sip(now, from, &bytes, said));
                }
                (Way::Out(to), bytes) => {
                    self.socket.send_to(&bytes, to).expect("loopback is up");
                }
            }
        }
        if self.station.poll_timeout().is_some_and(|due| due <= now) {
            self.act(|station, now, said| station.handle_timeout(now, said));
        }
    }
}

/// Lets both ends of a story go on for a while.
pub fn go_on(ends: &mut [Impaired; 2], how_long: Duration) {
    let until = Instant::now() + how_long;
    while Instant::now() < until {
        ends.iter_mut().for_each(Impaired::turn);
        std::thread::sleep(LOOK);
    }
}
