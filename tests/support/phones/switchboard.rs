//! The boards of this world, and who hears whom on them: RTP itself, put in where a far end would send it and looked for
//! where it goes. Must never know of calls.

use super::{Desk, SDP, World};
use spillway::base::{Moment, Random};
use spillway::media::{Board, Command, Event, Kind, PortId, Sink};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Boards the ports are shared out among.
pub const BOARDS: u8 = 2;
/// Where [`SDP`] says that RTP is taken.
const RTP: u16 = 4_000;

/// What the boards send.
#[derive(Default)]
struct Sent(Vec<SocketAddr>);

impl Sink for Sent {
    fn send(&mut self, _: PortId, kind: Kind, to: SocketAddr, _: &[u8]) {
        if kind == Kind::Rtp {
            self.0.push(to);
        }
    }

    fn event(&mut self, event: Event) {
        if let Event::CommandRefused { port, refusal } = event {
            panic!("{port}: {refusal:?}");
        }
    }
}

/// The boards.
pub struct Switchboard {
    boards: Vec<Board>,
    packets: u16,
}

impl Default for Switchboard {
    fn default() -> Self {
        let board = |id| Board::new(id, Random::from_number(u64::from(id)));
        Self { boards: (0..BOARDS).map(board).collect(), packets: 0 }
    }
}

impl Switchboard {
    pub fn command(&mut self, now: Moment, command: &Command) {
        let board = usize::from(command.port().board);
        // What was released has drained by the time its port is opened again.
        self.boards[board].tick(now, &mut Sent::default());
        self.boards[board].command(now, command.clone(), &mut Sent::default());
    }

    /// What the boards send of their own until now.
    fn own(&mut self, now: Moment) -> Vec<SocketAddr> {
        let mut sent = Sent::default();
        for board in &mut self.boards {
            while let Some(at) = board.poll_timeout().filter(|at| *at <= now) {
                board.tick(at, &mut sent);
            }
        }
        sent.0
    }

    /// Where a packet goes that comes to this port from there.
    fn passes(&mut self, now: Moment, from: SocketAddr, number: u16) -> Vec<SocketAddr> {
        self.packets += 1;
        let mut packet = vec![0x80, 8];
        packet.extend(self.packets.to_be_bytes());
        packet.extend((u32::from(self.packets) * 160).to_be_bytes());
        packet.extend([0, 0, 0, 9]);
        packet.extend([0x55; 160]);
        let mut sent = Sent::default();
        for (id, board) in (0..BOARDS).zip(&mut self.boards) {
            let port = PortId { board: id, number };
            board.packet(now, port, Kind::Rtp, from, &mut packet.clone(), &mut sent);
        }
        sent.0
    }
}

impl Desk {
    /// Where it takes RTP.
    fn rtp(&self) -> SocketAddr {
        SocketAddr::new(self.remote.ip(), RTP)
    }

    /// What it offers and answers.
    pub(super) fn sdp(&self) -> String {
        SDP.replace("198.51.100.1", &self.remote.ip().to_string())
    }
}

impl World {
    /// Whether what one says is heard by the other: it goes to a port the one was told of, and from there to where the other
    /// takes it.
    pub fn hears(&mut self, listener: &Desk, speaker: &Desk) -> bool {
        let told = self.sent.iter().filter(|(to, _)| *to == speaker.remote);
        let ports: BTreeSet<u16> = told
            .filter_map(|(_, text)| text.split("m=audio ").nth(1)?.split(' ').next()?.parse().ok())
            .collect();
        let now = self.now.moment;
        let mut heard = ports.into_iter().flat_map(|port| self.boards.passes(now, speaker.rtp(), port));
        heard.any(|to| to == listener.rtp())
    }

    /// Packets of our own making that somebody hears in the next so many milliseconds.
    pub fn plays_to(&mut self, listener: &Desk, millis: u64) -> usize {
        self.boards.own(self.now.moment);
        self.wait_ms(millis);
        let sent = self.boards.own(self.now.moment);
        sent.into_iter().filter(|to| *to == listener.rtp()).count()
    }

    /// Whether two hear each other.
    pub fn talk(&mut self, one: &Desk, other: &Desk) -> bool {
        let heard = (self.hears(one, other), self.hears(other, one));
        assert_eq!(heard.0, heard.1, "one way only");
        heard.0
    }
}
