//! The network between Spillway and its peers: every datagram takes its time, and a bad network loses some, doubles some
//! and lets some overtake others. Never a word is changed.

use spillway::base::{Moment, Random};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Datagrams lost, of a hundred.
    pub lost: u64,
    /// Datagrams that arrive twice, of a hundred.
    pub doubled: u64,
    /// The shortest way.
    pub delay: Duration,
    /// How much longer a datagram may take; more than the gap between two, and they overtake each other.
    pub jitter: Duration,
}

impl Weather {
    /// A wire on a desk.
    pub const CLEAR: Self =
        Self { lost: 0, doubled: 0, delay: Duration::from_millis(1), jitter: Duration::ZERO };

    /// Up to a fifth lost, doubled and late.
    pub fn drawn(chance: &mut Random) -> Self {
        if chance.one_in(4) {
            return Self::CLEAR;
        }
        Self {
            lost: chance.below(21),
            doubled: chance.below(21),
            delay: Duration::from_millis(1 + chance.below(40)),
            jitter: Duration::from_millis(chance.below(200)),
        }
    }
}

/// A datagram under way.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// Whether it is SIP; else it is RTP or RTCP.
    pub sip: bool,
    /// Where it was sent from.
    pub from: SocketAddr,
    /// Where it goes.
    pub to: SocketAddr,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// Everything under way.
#[derive(Debug)]
pub struct Network {
    weather: Weather,
    chance: Random,
    under_way: BTreeMap<(Moment, u64), Datagram>,
    sent: u64,
    lost: u64,
}

impl Network {
    /// An empty network.
    pub fn new(weather: Weather, chance: Random) -> Self {
        Self { weather, chance, under_way: BTreeMap::new(), sent: 0, lost: 0 }
    }

    /// Takes a datagram to carry, or to lose.
    pub fn carry(&mut self, now: Moment, datagram: Datagram) {
        if self.chance.below(100) < self.weather.doubled {
            self.lay(now, datagram.clone());
        }
        self.lay(now, datagram);
    }

    fn lay(&mut self, now: Moment, datagram: Datagram) {
        if self.chance.below(100) < self.weather.lost {
            self.lost += 1;
            return;
        }
        let jitter = u64::try_from(self.weather.jitter.as_micros()).expect("a jitter of seconds at most");
        let late = Duration::from_micros(self.chance.below(jitter + 1));
        self.sent += 1;
        self.under_way.insert((now + self.weather.delay + late, self.sent), datagram);
    }

    /// When the next one arrives.
    pub fn next_arrival(&self) -> Option<Moment> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// The one that has arrived by now.
    pub fn arrived(&mut self, now: Moment) -> Option<Datagram> {
        let first = self.under_way.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    /// How many were lost.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// The storm is over: from here on nothing is lost.
    pub const fn calms(&mut self) {
        self.weather.lost = 0;
    }
}
