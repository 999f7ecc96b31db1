//! The lobby: calls that have come and are not begun, while the engine is behind. Messages of what goes on pass by it, so
//! that a flood of new calls costs those that stand nothing. What has waited too long, or finds the lobby full, is turned
//! away. Must never read a message.

use crate::base::{Flow, Moment, limits};
use crate::signaling::Patience;
use std::collections::VecDeque;

/// The lobby. Whoever reads the sockets fills it, and empties it when nothing more urgent is to be read.
#[derive(Debug, Default)]
pub struct Lobby {
    waiting: VecDeque<Waiting>,
    /// It was full, and is not half empty yet.
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    since: Moment,
    flow: Flow,
    bytes: Box<[u8]>,
    patience: Patience,
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

/// What becomes of the one that waited longest.
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
        let crowd = self.waiting.len();
        match patience {
            Patience::None => return Welcome::Now,
            Patience::Behind if crowd == 0 || crowd >= limits::LOBBY * 2 => return Welcome::Now,
            Patience::Behind => {}
            Patience::Whole => {
                self.closed = crowd >= limits::LOBBY || self.closed && crowd > limits::LOBBY / 2;
                if self.closed {
                    return Welcome::TurnedAway;
                }
            }
        }
        self.waiting.push_back(Waiting { since: now, flow, bytes: bytes.into(), patience });
        Welcome::Waits
    }

    /// The one that has waited longest.
    pub fn next(&mut self, now: Moment) -> Option<Turn> {
        let Waiting { since, flow, bytes, patience } = self.waiting.pop_front()?;
        let late = patience == Patience::Whole && now.since(since) > limits::LOBBY_WAIT;
        Some(if late { Turn::TurnAway(flow, bytes) } else { Turn::Serve(flow, bytes) })
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Transport;
    use std::time::Duration;

    fn flow() -> Flow {
        let address = |text: &str| text.parse().expect("an address");
        Flow {
            transport: Transport::Udp,
            local: address("192.0.2.1:5060"),
            remote: address("192.0.2.2:5060"),
        }
    }

    fn fill(lobby: &mut Lobby, now: Moment, count: usize) -> usize {
        let enter = |_: &usize| lobby.enter(now, flow(), b"INVITE", Patience::Whole) == Welcome::Waits;
        (0..count).filter(enter).count()
    }

    #[test]
    fn who_comes_first_is_served_first_and_what_goes_on_never_waits() {
        let (mut lobby, now) = (Lobby::default(), Moment::ZERO);
        assert_eq!(lobby.enter(now, flow(), b"CANCEL", Patience::Behind), Welcome::Now, "nothing waits");
        assert_eq!(lobby.enter(now, flow(), b"INVITE 1", Patience::Whole), Welcome::Waits);
        assert_eq!(lobby.enter(now, flow(), b"BYE", Patience::None), Welcome::Now);
        assert_eq!(lobby.enter(now, flow(), b"CANCEL 1", Patience::Behind), Welcome::Waits);
        let served = std::iter::from_fn(|| lobby.next(now)).collect::<Vec<_>>();
        let expected = [b"INVITE 1".as_slice(), b"CANCEL 1"].map(|bytes| Turn::Serve(flow(), bytes.into()));
        assert_eq!(served, expected);
        assert!(lobby.is_empty());
    }

    #[test]
    fn a_full_lobby_turns_away_until_it_is_half_empty() {
        let (mut lobby, now) = (Lobby::default(), Moment::ZERO);
        assert_eq!(fill(&mut lobby, now, 3 * limits::LOBBY), limits::LOBBY);
        for _ in 0..limits::LOBBY / 2 - 1 {
            assert!(matches!(lobby.next(now), Some(Turn::Serve(..))));
        }
        assert_eq!(fill(&mut lobby, now, 1), 0, "not yet");
        lobby.next(now);
        assert_eq!(fill(&mut lobby, now, limits::LOBBY), limits::LOBBY / 2);
    }

    #[test]
    fn who_waited_too_long_is_turned_away_and_who_gives_up_is_not() {
        let (mut lobby, now) = (Lobby::default(), Moment::ZERO);
        fill(&mut lobby, now, 1);
        lobby.enter(now, flow(), b"CANCEL", Patience::Behind);
        let late = now + limits::LOBBY_WAIT + Duration::from_millis(1);
        assert_eq!(lobby.next(late), Some(Turn::TurnAway(flow(), b"INVITE".as_slice().into())));
        assert_eq!(lobby.next(late), Some(Turn::Serve(flow(), b"CANCEL".as_slice().into())));
    }

    #[test]
    fn requests_that_give_up_can_not_fill_memory() {
        let (mut lobby, now) = (Lobby::default(), Moment::ZERO);
        fill(&mut lobby, now, 1);
        let cancel = |lobby: &mut Lobby| lobby.enter(now, flow(), b"CANCEL", Patience::Behind);
        let kept = (0..3 * limits::LOBBY).filter(|_| cancel(&mut lobby) == Welcome::Waits).count();
        assert_eq!(kept, 2 * limits::LOBBY - 1);
    }
}
