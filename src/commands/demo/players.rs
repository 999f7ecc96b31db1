//! The thread that plays the trunk and the IPBX: places the callers at their rate, tells how each call went.

use super::cast::{self, Part};
use crate::base::{Moment, Random};
use crate::drivers::stations::{StationId, Stations};
use crate::endpoint::{Happened, LegKey, Side, Story};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Callers share so many RTP sockets.
const RTP_SOCKETS: usize = 16;
/// How often the thread looks whether it should end.
const LOOK: Duration = Duration::from_millis(50);
/// Players who were told to leave get this long to take leave; loopback needs a few milliseconds.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many call, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// No more calls than this.
    pub calls: u64,
    /// Calls a second, after the opening.
    pub rate: f64,
    /// No new calls after this.
    pub until: Option<Duration>,
}

/// What the thread tells.
#[derive(Debug)]
pub enum Told {
    /// A call was placed.
    Placed,
    /// A caller's call is over.
    Ended(Box<Story>),
    /// No more calls will be placed.
    AllPlaced,
    /// The operating system refuses to go on.
    Failed(io::Error),
}

/// The trunk and the IPBX, ready to play.
#[derive(Debug)]
pub struct Players {
    stations: Stations,
    trunk: StationId,
    ipbx: StationId,
    /// Calls that are not over, of both.
    running: BTreeSet<(StationId, LegKey)>,
}

/// The running thread. Dropping it ends it: everybody hangs up first.
#[derive(Debug)]
pub struct Playing {
    /// What it tells.
    pub told: Receiver<Told>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Players {
    /// Opens their sockets on loopback.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn open(mut random: Random) -> io::Result<Self> {
        let mut stations = Stations::new()?;
        let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let trunk = stations.open("demo-trunk", any, RTP_SOCKETS, random.fork())?;
        let ipbx = stations.open("demo-ipbx", any, RTP_SOCKETS, random.fork())?;
        stations.station(trunk).phone(cast::PROVIDER, cast::provider());
        for extension in cast::TECHNICIANS {
            stations.station(ipbx).phone(extension, cast::agent(false));
        }
        for extension in cast::CLERKS {
            stations.station(ipbx).phone(extension, cast::agent(true));
        }
        Ok(Self { stations, trunk, ipbx, running: BTreeSet::new() })
    }

    /// The addresses of the trunk and the IPBX.
    pub fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.stations.address(self.trunk), self.stations.address(self.ipbx))
    }

    /// Begins to play against `server`.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn play(mut self, server: SocketAddr, pace: Pace) -> io::Result<Playing> {
        let (tell, told) = unbounded();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("players".into()).spawn(move || {
            if let Err(error) = self.run(server, pace, &tell, &stopped) {
                // Nobody listens any more when the demo was given up.
                let _ = tell.send(Told::Failed(error));
            }
        })?;
        Ok(Playing { told, stop, thread: Some(thread) })
    }

    fn run(
        &mut self,
        server: SocketAddr,
        pace: Pace,
        tell: &Sender<Told>,
        stop: &AtomicBool,
    ) -> io::Result<()> {
        let begun = self.stations.now();
        let mut next = Some(0);
        while !stop.load(Ordering::Acquire) {
            let now = self.stations.now();
            if let Some(number) = next.filter(|number| due(pace, begun, *number) <= now) {
                next = pace.more(number + 1, now.since(begun));
                let call = self.stations.dial(self.trunk, Part::of(number).dial(number, server));
                self.running.insert((self.trunk, call));
                // As above.
                let _ = tell.send(Told::Placed);
                if next.is_none() {
                    let _ = tell.send(Told::AllPlaced);
                }
            }
            let until = next.map_or(now + LOOK, |number| due(pace, begun, number).min(now + LOOK));
            self.turn(until, tell)?;
        }
        self.hang_up(tell)
    }

    fn turn(&mut self, until: Moment, tell: &Sender<Told>) -> io::Result<()> {
        for (station, event) in self.stations.turn(until)? {
            match event.happened {
                Happened::Invited { .. } => drop(self.running.insert((station, event.call))),
                Happened::Ended(story) => {
                    self.running.remove(&(station, event.call));
                    if story.side == Side::Placed {
                        // Nobody listens any more when the demo was given up.
                        let _ = tell.send(Told::Ended(story));
                    }
                }
                Happened::Ringing | Happened::Answered | Happened::FirstAudio => {}
            }
        }
        Ok(())
    }

    /// Everybody hangs up, and the far ends get a moment to agree.
    fn hang_up(&mut self, tell: &Sender<Told>) -> io::Result<()> {
        let until = self.stations.now() + FAREWELL;
        for (station, call) in self.running.clone() {
            self.stations.hang_up(station, call);
        }
        while !self.running.is_empty() && self.stations.now() < until {
            self.turn(until.min(self.stations.now() + LOOK), tell)?;
        }
        // What the service still says to them, answered: a BYE that crossed theirs.
        self.turn(self.stations.now() + LOOK, tell)
    }
}

impl Pace {
    /// The next caller's number, if there is one.
    fn more(self, number: u64, played: Duration) -> Option<u64> {
        let in_time = self.until.is_none_or(|until| played < until);
        (number < self.calls && in_time).then_some(number)
    }
}

/// When a caller calls: the opening first, then at the rate.
fn due(pace: Pace, begun: Moment, number: u64) -> Moment {
    let step = |count: u64, step: Duration| step.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    let opening = step(number.min(cast::OPENING), cast::OPENING_STEP);
    let between = Duration::try_from_secs_f64(1.0 / pace.rate).unwrap_or(Duration::MAX);
    begun + opening + step(number.saturating_sub(cast::OPENING), between)
}

impl Playing {
    /// Everybody hangs up and the thread ends; what it still had to tell is in [`Self::told`].
    pub fn end(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic there was printed when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.end();
    }
}
