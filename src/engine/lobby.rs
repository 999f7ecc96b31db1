//! The lobby: calls that have come and are not begun, while the engine is behind. Messages of what goes on pass by it, so
//! that a flood of new calls costs those that stand nothing; each trunk waits in a line of its own and they take turns, so
//! that a flood in one trunk's name costs the others' calls nothing either. What has waited too long, or finds its line
//! full, is turned away. Must never read a message.

use crate::base::{Flow, Moment, TrunkId, limits};
use crate::signaling::Patience;
use std::collections::{BTreeMap, VecDeque};

/// The lobby. Whoever reads the sockets fills it, and empties it when nothing more urgent is to be read.
#[derive(Debug, Default)]
pub struct Lobby {
    lines: BTreeMap<TrunkId, Line>,
    /// Whose turn it was.
    last: TrunkId,
}

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<Waiting>,
    /// Of those who wait, together.
    bytes: usize,
    /// It was full, and is not half empty yet.
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    since: Moment,
    flow: Flow,
    bytes: Box<[u8]>,
    /// Whether it may be turned away in the end.
    begins: bool,
}

/// What becomes of a message that has just come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Welcome {
    /// Handle it now.
    Now,
    /// It waits; its bytes are kept.
    Waits,
    /// Turn it away.
    TurnedAway,
}

/// What becomes of the one whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Handle it.
    Serve(Flow, Box<[u8]>),
    /// It waited too long: turn it away.
    TurnAway(Flow, Box<[u8]>),
}

impl Lobby {
    /// Takes a message in, or says what to do with it instead.
    pub fn enter(&mut self, now: Moment, flow: Flow, bytes: &[u8], patience: Patience) -> Welcome {
        let (trunk, begins) = match patience {
            Patience::None => return Welcome::Now,
            Patience::Whole(trunk) => (trunk, true),
            Patience::Behind(trunk) => (trunk, false),
        };
        let line = self.lines.entry(trunk).or_default();
        let crowd = line.waiting.len();
        if begins {
            let full = crowd >= limits::LOBBY || line.bytes >= limits::LOBBY_BYTES;
            let half_full = crowd > limits::LOBBY / 2 || line.bytes > limits::LOBBY_BYTES / 2;
            line.closed = full || line.closed && half_full;
            if line.closed {
                return Welcome::TurnedAway;
            }
        } else if crowd == 0 || crowd >= limits::LOBBY * 2 || line.bytes >= limits::LOBBY_BYTES * 2 {
            return Welcome::Now;
        }
        line.bytes += bytes.len();
        line.waiting.push_back(Waiting { since: now, flow, bytes: bytes.into(), begins });
        Welcome::Waits
    }

    /// The first of the line whose turn it is.
    pub fn next(&mut self, now: Moment) -> Option<Turn> {
        let (before, after) =
            (..=self.last, (std::ops::Bound::Excluded(self.last), std::ops::Bound::Unbounded));
        let is_line = |(_, line): &(&TrunkId, &Line)| !line.waiting.is_empty();
        let next = self.lines.range(after).find(is_line).or_else(|| self.lines.range(before).find(is_line));
        self.last = *next?.0;
        let line = self.lines.get_mut(&self.last)?;
        let Waiting { since, flow, bytes, begins } = line.waiting.pop_front()?;
        line.bytes -= bytes.len();
        let late = begins && now.since(since) > limits::LOBBY_WAIT;
        Some(if late { Turn::TurnAway(flow, bytes) } else { Turn::Serve(flow, bytes) })
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.values().all(|line| line.waiting.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Transport;
    use std::time::Duration;

    const CARRIER: TrunkId = TrunkId(0);
    const OTHER: TrunkId = TrunkId(1);

    fn flow() -> Flow {
        let address = |text: &str| text.parse().expect("an address");
        Flow {
            transport: Transport::Udp,
            local: address("192.0.2.1:5060"),
            remote: address("192.0.2.2:5060"),
        }
    }

    fn enter(lobby: &mut Lobby, bytes: &str, patience: Patience) -> Welcome {
        lobby.enter(Moment::ZERO, flow(), bytes.as_bytes(), patience)
    }

    fn serve(bytes: &str) -> Turn {
        Turn::Serve(flow(), bytes.as_bytes().into())
    }

    fn fill(lobby: &mut Lobby, count: usize) -> usize {
        let enters = |_: &usize| enter(lobby, "INVITE", Patience::Whole(CARRIER)) == Welcome::Waits;
        (0..count).filter(enters).count()
    }

    #[test]
    fn who_comes_first_is_served_first_and_what_goes_on_never_waits() {
        let mut lobby = Lobby::default();
        assert_eq!(enter(&mut lobby, "CANCEL", Patience::Behind(CARRIER)), Welcome::Now, "nothing waits");
        assert_eq!(enter(&mut lobby, "INVITE 1", Patience::Whole(CARRIER)), Welcome::Waits);
        assert_eq!(enter(&mut lobby, "BYE", Patience::None), Welcome::Now);
        assert_eq!(enter(&mut lobby, "CANCEL 1", Patience::Behind(CARRIER)), Welcome::Waits);
        let served = std::iter::from_fn(|| lobby.next(Moment::ZERO)).collect::<Vec<_>>();
        assert_eq!(served, [serve("INVITE 1"), serve("CANCEL 1")]);
        assert!(lobby.is_empty());
    }

    #[test]
    fn a_full_line_turns_away_until_it_is_half_empty() {
        let mut lobby = Lobby::default();
        assert_eq!(fill(&mut lobby, 3 * limits::LOBBY), limits::LOBBY);
        for _ in 0..limits::LOBBY / 2 - 1 {
            assert!(matches!(lobby.next(Moment::ZERO), Some(Turn::Serve(..))));
        }
        assert_eq!(fill(&mut lobby, 1), 0, "not yet");
        lobby.next(Moment::ZERO);
        assert_eq!(fill(&mut lobby, limits::LOBBY), limits::LOBBY / 2);
    }

    #[test]
    fn a_flood_in_one_trunks_name_costs_another_trunks_call_one_turn() {
        let mut lobby = Lobby::default();
        fill(&mut lobby, 3 * limits::LOBBY);
        assert_eq!(enter(&mut lobby, "INVITE 2", Patience::Whole(OTHER)), Welcome::Waits);
        let turns = [lobby.next(Moment::ZERO), lobby.next(Moment::ZERO)].map(|turn| turn.expect("a turn"));
        assert!(turns.contains(&serve("INVITE 2")), "{turns:?}");
        assert_eq!(lobby.next(Moment::ZERO), Some(serve("INVITE")));
    }

    #[test]
    fn who_waited_too_long_is_turned_away_and_who_gives_up_is_not() {
        let mut lobby = Lobby::default();
        fill(&mut lobby, 1);
        enter(&mut lobby, "CANCEL", Patience::Behind(CARRIER));
        let late = Moment::ZERO + limits::LOBBY_WAIT + Duration::from_millis(1);
        assert_eq!(lobby.next(late), Some(Turn::TurnAway(flow(), b"INVITE".as_slice().into())));
        assert_eq!(lobby.next(late), Some(serve("CANCEL")));
    }

    #[test]
    fn a_few_large_messages_fill_a_line_too() {
        let mut lobby = Lobby::default();
        let large = "I".repeat(limits::SIP_MESSAGE_BYTES);
        let mut enters = || enter(&mut lobby, &large, Patience::Whole(CARRIER)) == Welcome::Waits;
        assert_eq!((0..limits::LOBBY).filter(|_| enters()).count(), limits::LOBBY_BYTES / large.len() + 1);
        while lobby.next(Moment::ZERO).is_some() {}
        assert_eq!(fill(&mut lobby, limits::LOBBY), limits::LOBBY, "and leave room as they go");
    }

    #[test]
    fn requests_that_give_up_can_not_fill_memory() {
        let mut lobby = Lobby::default();
        fill(&mut lobby, 1);
        let waits = |_: &usize| enter(&mut lobby, "CANCEL", Patience::Behind(CARRIER)) == Welcome::Waits;
        assert_eq!((0..3 * limits::LOBBY).filter(waits).count(), 2 * limits::LOBBY - 1);
    }
}
