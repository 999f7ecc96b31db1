//! One media thread's loop: wait for packets, commands or the next beat; hand them to the board; send what it says.
//! Allocates nothing per packet. Must never wait for anything but epoll.

use super::Config;
use super::epoll::{Epoll, Ready, Waker};
use super::sockets::{SocketName, Sockets};
use crate::base::{Moment, Random, limits};
use crate::media::{Board, Command, Event, Kind, PortId, Sink};
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Beyond every port number: commands have come.
const COMMANDS: u64 = 1 << 16;
/// Pairs opened between two looks at the sockets: a burst of opening must not delay audio.
const OPENS_PER_TURN: usize = 4;
/// The engine learns of ports opened, closed and counted within this; it is woken sooner only by what a call awaits.
const BOOKKEEPING: Duration = Duration::from_millis(100);
/// Sockets epoll reports at once.
const READY_PER_TURN: usize = 256;

/// Where a thread tells what happened.
#[derive(Debug)]
pub struct Outlet {
    pub events: Sender<Event>,
    pub dropped: Arc<AtomicU64>,
}

/// One thread's whole state.
#[derive(Debug)]
pub struct MediaThread {
    board: Board,
    id: u8,
    epoch: Instant,
    epoll: Epoll,
    waker: Waker,
    commands: Receiver<Vec<Command>>,
    to_open: VecDeque<PortId>,
    io: SocketSink,
    buffer: Box<[u8; limits::MEDIA_DATAGRAM_BYTES]>,
}

/// The board's way out.
#[derive(Debug)]
struct SocketSink {
    sockets: Sockets,
    outlet: Outlet,
    told: Told,
    /// The turn's moment.
    now: Moment,
    closed: Vec<u16>,
}

/// What the engine has to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    /// What it may learn when it wakes anyway, or at this moment at the latest.
    Bookkeeping(Moment),
    /// What a call waits for.
    Awaited,
}

impl Told {
    fn is_due(self, now: Moment) -> bool {
        match self {
            Self::Nothing => false,
            Self::Bookkeeping(by) => by <= now,
            Self::Awaited => true,
        }
    }
}

/// Whether no call waits for it.
const fn is_bookkeeping(event: &Event) -> bool {
    match event {
        Event::Opened { .. } | Event::Closed { .. } | Event::Stats { .. } | Event::FirstPacket { .. } => true,
        Event::OpenFailed { .. }
        | Event::Digit { .. }
        | Event::PlayEnded { .. }
        | Event::Silent { .. }
        | Event::CommandRefused { .. } => false,
    }
}

impl Sink for SocketSink {
    fn send(&mut self, port: PortId, kind: Kind, to: SocketAddr, packet: &[u8]) {
        let sent =
            self.sockets.towards(port, kind, to).is_some_and(|socket| socket.send_to(packet, to).is_ok());
        if !sent {
            self.outlet.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn event(&mut self, event: Event) {
        if let Event::Closed { port } = event {
            self.closed.push(port.number);
        }
        self.told = match (self.told, is_bookkeeping(&event)) {
            (Told::Awaited, _) | (_, false) => Told::Awaited,
            (Told::Bookkeeping(by), true) => Told::Bookkeeping(by),
            (Told::Nothing, true) => Told::Bookkeeping(self.now + BOOKKEEPING),
        };
        // The receiver goes first only when all is being dropped.
        let _ = self.outlet.events.send(event);
    }
}

impl MediaThread {
    pub fn new(
        id: u8,
        config: Config,
        random: Random,
        commands: Receiver<Vec<Command>>,
        outlet: Outlet,
    ) -> io::Result<(Self, Waker)> {
        let epoll = Epoll::new()?;
        let waker = Waker::new()?;
        epoll.add(&waker, COMMANDS)?;
        let io = SocketSink {
            sockets: Sockets::new(config.addresses),
            outlet,
            told: Told::Nothing,
            now: Moment::ZERO,
            closed: Vec::new(),
        };
        let thread = Self {
            board: Board::new(id, random),
            id,
            epoch: config.epoch,
            epoll,
            waker: waker.clone(),
            commands,
            to_open: VecDeque::new(),
            io,
            buffer: Box::new([0; limits::MEDIA_DATAGRAM_BYTES]),
        };
        Ok((thread, waker))
    }

    /// Runs until the other end of `commands` is gone.
    pub fn run(mut self, wake: &impl Fn()) {
        let mut ready = Ready::with_capacity(READY_PER_TURN);
        loop {
            if let Err(error) = self.epoll.wait(&mut ready, self.patience()) {
                tracing::error!(board = self.id, %error, "epoll failed: this media thread ends");
                return;
            }
            let now = self.now();
            self.io.now = now;
            self.board.tick(now, &mut self.io);
            let mut commanded = false;
            for name in ready.names() {
                match SocketName::of_epoll(name) {
                    Some(socket) => self.read(socket, now),
                    None => commanded = true,
                }
            }
            if commanded {
                self.waker.heard();
                if !self.obey(now) {
                    return;
                }
            }
            self.open_some(now);
            self.close_finished();
            if self.io.told.is_due(now) {
                self.io.told = Told::Nothing;
                wake();
            }
        }
    }

    fn now(&self) -> Moment {
        Moment::ZERO + self.epoch.elapsed()
    }

    /// How long epoll may sleep.
    fn patience(&self) -> Option<Duration> {
        if !self.to_open.is_empty() {
            return Some(Duration::ZERO);
        }
        let told = match self.io.told {
            Told::Bookkeeping(by) => Some(by),
            Told::Nothing | Told::Awaited => None,
        };
        self.board.poll_timeout().into_iter().chain(told).min().map(|at| at.since(self.now()))
    }

    /// Reads one packet. Epoll is level-triggered: it names the socket again as long as there is more, and each
    /// socket gets its turn.
    fn read(&mut self, name: SocketName, now: Moment) {
        let number = name.number;
        let port = PortId { board: self.id, number: number & !1 };
        let kind = if number.is_multiple_of(2) { Kind::Rtp } else { Kind::Rtcp };
        let Some(socket) = self.io.sockets.get(name) else { return };
        match socket.recv_from(&mut self.buffer[..]) {
            // As long as the buffer means cut off.
            Ok((length, from)) if length < self.buffer.len() => {
                self.board.packet(now, port, kind, from, &mut self.buffer[..length], &mut self.io);
            }
            // Cut off, taken back by the kernel, or an earlier packet of ours that bounced.
            Ok(_) | Err(_) => {}
        }
    }

    /// Carries out the queued commands; says whether there will be more.
    fn obey(&mut self, now: Moment) -> bool {
        loop {
            match self.commands.try_recv() {
                Ok(batch) => batch.into_iter().for_each(|command| match command {
                    Command::Open { port } => self.to_open.push_back(port),
                    Command::Attach { port, setup, .. } => {
                        if let Some(local) = setup.local {
                            self.io.sockets.keep(port.number, local);
                        }
                        self.board.command(now, command, &mut self.io);
                    }
                    Command::Close { .. }
                    | Command::Play { .. }
                    | Command::Tone { .. }
                    | Command::Quiet { .. }
                    | Command::Connect { .. }
                    | Command::Fill { .. }
                    | Command::Unfill { .. }
                    | Command::Release { .. } => self.board.command(now, command, &mut self.io),
                }),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn open_some(&mut self, now: Moment) {
        for _ in 0..OPENS_PER_TURN {
            let Some(port) = self.to_open.pop_front() else { return };
            match self.io.sockets.open(port.number, &self.epoll) {
                Ok(()) => self.board.command(now, Command::Open { port }, &mut self.io),
                Err(error) => self.io.event(Event::OpenFailed { port, reason: error.to_string() }),
            }
        }
    }

    fn close_finished(&mut self) {
        while let Some(number) = self.io.closed.pop() {
            self.io.sockets.close(number);
        }
    }
}
