//! Which RTP ports are free, ready, lent, draining or cooling. Lives with whoever owns the calls, and is pure: it says
//! what to open and what may be lent. Must never know what a port carries.

use super::PortId;
use crate::base::{Map, Moment, limits};
use std::collections::{BTreeSet, VecDeque};
use std::ops::RangeInclusive;

/// What a pair of ports is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PortState {
    /// Closed, and may be opened.
    Free,
    /// Asked to be opened.
    Opening,
    /// Open, lent to nobody.
    Ready,
    /// In use by a leg.
    Lent,
    /// Given back; its sockets are open until the media thread says otherwise.
    Draining(Moment),
    /// Closed, or could not be opened; not to be opened before the moment.
    Cooling(Moment),
}

#[derive(Debug, Default)]
struct Lane {
    free: VecDeque<u16>,
    ready: VecDeque<u16>,
    opening: usize,
    lent: usize,
    starved: usize,
}

impl Lane {
    /// How many ports should be open and unlent: more as more are lent, and more after each time none was left.
    fn wanted(&self) -> usize {
        let (rest, most) = limits::PORTS_READY;
        ((rest << self.starved.min(8)) + self.lent / 8).min(most)
    }

    fn shortage(&self) -> usize {
        self.wanted().saturating_sub(self.ready.len() + self.opening)
    }
}

/// The pairs of one port range, shared out among the boards.
#[derive(Debug)]
pub struct PortPool {
    lanes: Vec<Lane>,
    states: Map<u16, PortState>,
    cooling: BTreeSet<(Moment, PortId)>,
}

impl PortPool {
    /// Every even number of `range` whose successor is in it too, dealt to `boards` boards (at least one) in turn.
    #[must_use]
    pub fn new(range: RangeInclusive<u16>, boards: u8) -> Self {
        let mut lanes: Vec<Lane> = (0..boards.max(1)).map(|_| Lane::default()).collect();
        let mut states = Map::default();
        let first = range.start().checked_add(range.start() % 2);
        for number in first.into_iter().flat_map(|first| (first..*range.end()).step_by(2)) {
            let lane = states.len() % lanes.len();
            lanes[lane].free.push_back(number);
            states.insert(number, PortState::Free);
        }
        Self { lanes, states, cooling: BTreeSet::new() }
    }

    /// The ports to send [`super::Command::Open`] for now: a small batch per board, so that opening delays no audio.
    pub fn refill(&mut self) -> impl Iterator<Item = PortId> + '_ {
        let Self { lanes, states, .. } = self;
        lanes.iter_mut().enumerate().flat_map(|(board, lane)| {
            let room = limits::PORTS_PER_BATCH.saturating_sub(lane.opening);
            // A batch or nothing: opening one port wakes the media thread as much as opening many.
            let shortage = lane.shortage();
            let scarce = lane.ready.len() < limits::PORTS_PER_BATCH / 2;
            let shortage = if scarce || shortage >= limits::PORTS_PER_BATCH { shortage } else { 0 };
            let batch = shortage.min(room).min(lane.free.len());
            lane.opening += batch;
            lane.free
                .drain(..batch)
                .map(|number| {
                    states.insert(number, PortState::Opening);
                    PortId { board: board_number(board), number }
                })
                .collect::<Vec<_>>()
        })
    }

    /// A port was opened.
    pub fn opened(&mut self, port: PortId) {
        if self.states.get(&port.number) == Some(&PortState::Opening) {
            self.states.insert(port.number, PortState::Ready);
            let lane = self.lane(port);
            lane.opening -= 1;
            lane.ready.push_back(port.number);
        }
    }

    /// A port could not be opened; it is tried again after the cooling time.
    pub fn failed(&mut self, port: PortId, now: Moment) {
        if self.states.get(&port.number) == Some(&PortState::Opening) {
            self.lane(port).opening -= 1;
            self.cool(port, now + limits::PORT_COOLING);
        }
    }

    /// Lends a port: of `board` when the other leg of the call is there already, else of the board with the fewest
    /// lent. `None` when none is ready.
    pub fn take(&mut self, board: Option<u8>) -> Option<PortId> {
        let board = match board {
            Some(board) => usize::from(board),
            None => {
                let with_ready = self.lanes.iter().enumerate().filter(|(_, lane)| !lane.ready.is_empty());
                with_ready.min_by_key(|(_, lane)| lane.lent).map_or(0, |(board, _)| board)
            }
        };
        let lane = self.lanes.get_mut(board)?;
        let number = lane.ready.pop_front()?;
        lane.lent += 1;
        self.states.insert(number, PortState::Lent);
        Some(PortId { board: board_number(board), number })
    }

    /// A lent port is given back: send [`super::Command::Release`]. It cools from now on.
    pub fn release(&mut self, port: PortId, now: Moment) {
        if self.states.get(&port.number) == Some(&PortState::Lent) {
            self.states.insert(port.number, PortState::Draining(now));
            self.lane(port).lent -= 1;
        }
    }

    /// A port's sockets are closed ([`super::Event::Closed`]). It is lent again no sooner than
    /// [`limits::PORT_COOLING`] after its release.
    pub fn closed(&mut self, port: PortId, now: Moment) {
        match self.states.get(&port.number) {
            Some(PortState::Draining(released)) => self.cool(port, *released + limits::PORT_COOLING),
            Some(PortState::Ready) => {
                self.lane(port).ready.retain(|number| *number != port.number);
                self.cool(port, now);
            }
            Some(PortState::Free | PortState::Opening | PortState::Lent | PortState::Cooling(_)) | None => {}
        }
    }

    /// Ports that have cooled by `now` may be opened again: follow with [`PortPool::refill`].
    pub fn tick(&mut self, now: Moment) {
        while let Some((at, port)) = self.cooling.first().copied() {
            if at > now {
                return;
            }
            self.cooling.pop_first();
            self.states.insert(port.number, PortState::Free);
            self.lane(port).free.push_back(port.number);
        }
    }

    /// When [`PortPool::tick`] is due: only while a board is short of ports and has none to open.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let short = self.lanes.iter().any(|lane| lane.free.is_empty() && lane.shortage() > 0);
        self.cooling.first().filter(|_| short).map(|(at, _)| *at)
    }

    /// Ports in use by legs.
    #[must_use]
    pub fn lent(&self) -> usize {
        self.lanes.iter().map(|lane| lane.lent).sum()
    }

    /// Somebody needed a port and none was ready: more are kept ready from now on.
    pub fn starved(&mut self) {
        self.lanes.iter_mut().filter(|lane| lane.ready.is_empty()).for_each(|lane| lane.starved += 1);
    }

    /// Whether more ports may become ready soon: some are being opened, or can be.
    #[must_use]
    pub fn may_open(&self) -> bool {
        self.lanes.iter().any(|lane| lane.opening > 0 || !lane.free.is_empty())
    }

    /// Whether as many ports are ready as should be, or as there are.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        self.lanes.iter().all(|lane| {
            lane.opening == 0 && (lane.free.is_empty() || lane.shortage() < limits::PORTS_PER_BATCH)
        })
    }

    /// Ports of a board open and lent to nobody.
    #[must_use]
    pub fn ready_on(&self, board: u8) -> usize {
        self.lanes.get(usize::from(board)).map_or(0, |lane| lane.ready.len())
    }

    /// Ports open and lent to nobody.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.lanes.iter().map(|lane| lane.ready.len()).sum()
    }

    /// Ports lent to nobody that are open or may be opened now.
    #[must_use]
    pub fn left(&self) -> usize {
        self.lanes.iter().map(|lane| lane.ready.len() + lane.opening + lane.free.len()).sum()
    }

    /// Ports in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.states.len()
    }

    /// The boards the ports are shared among.
    #[must_use]
    pub fn boards(&self) -> u8 {
        board_number(self.lanes.len())
    }

    fn cool(&mut self, port: PortId, until: Moment) {
        self.states.insert(port.number, PortState::Cooling(until));
        self.cooling.insert((until, port));
    }

    /// Only for ports found in `states`, whose board is therefore one of ours.
    fn lane(&mut self, port: PortId) -> &mut Lane {
        &mut self.lanes[usize::from(port.board)]
    }
}

fn board_number(index: usize) -> u8 {
    u8::try_from(index).expect("made from at most 255 boards")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn filled(pool: &mut PortPool) -> usize {
        let mut opened = 0;
        loop {
            let batch: Vec<_> = pool.refill().collect();
            if batch.is_empty() {
                return opened;
            }
            assert!(batch.len() <= limits::PORTS_PER_BATCH * usize::from(pool.boards()));
            batch.iter().for_each(|port| pool.opened(*port));
            opened += batch.len();
        }
    }

    #[test]
    fn only_even_ports_with_a_successor_are_dealt_to_the_boards_in_turn() {
        let mut pool = PortPool::new(10_001..=10_008, 2);
        assert_eq!((pool.capacity(), filled(&mut pool), pool.ready()), (3, 3, 3));
        let taken: Vec<_> =
            std::iter::from_fn(|| pool.take(None)).map(|port| (port.board, port.number)).collect();
        assert_eq!(taken, [(0, 10_002), (1, 10_004), (0, 10_006)]);
        assert_eq!((pool.lent(), pool.ready()), (3, 0));
        assert_eq!(PortPool::new(65_535..=65_535, 1).capacity(), 0);
        #[expect(clippy::reversed_empty_ranges, reason = "a configuration may say so")]
        let backwards = PortPool::new(9..=3, 0);
        assert_eq!((backwards.capacity(), backwards.boards()), (0, 1));
    }

    #[test]
    fn a_released_port_is_not_lent_again_for_five_seconds() {
        let mut pool = PortPool::new(20_000..=20_001, 1);
        filled(&mut pool);
        let port = pool.take(None).expect("one port");
        let released = Moment::from_millis(50_000);
        pool.release(port, released);
        assert_eq!((pool.lent(), pool.take(Some(0))), (0, None));
        pool.closed(port, released + limits::PORT_DRAIN);
        let cooled = released + limits::PORT_COOLING;
        assert_eq!(pool.poll_timeout(), Some(cooled));
        pool.tick(cooled - Duration::from_millis(1));
        assert_eq!(filled(&mut pool), 0);
        pool.tick(cooled);
        assert_eq!(filled(&mut pool), 1);
        assert_eq!(pool.take(None), Some(port));
    }

    #[test]
    fn more_is_kept_ready_as_more_is_lent_and_after_a_famine() {
        let mut pool = PortPool::new(10_000..=30_000, 1);
        let rest = limits::PORTS_READY.0;
        assert_eq!(filled(&mut pool), rest);
        assert_eq!(std::iter::from_fn(|| pool.take(None)).count(), rest);
        pool.starved();
        assert_eq!(filled(&mut pool), 2 * rest + rest / 8);
        for _ in 0..3 {
            while pool.take(None).is_some() {}
            pool.starved();
            filled(&mut pool);
        }
        assert_eq!(pool.ready(), limits::PORTS_READY.1);
    }

    #[test]
    fn the_other_leg_gets_a_port_of_the_same_board_and_new_calls_the_idlest() {
        let mut pool = PortPool::new(10_000..=12_000, 3);
        filled(&mut pool);
        let calls: Vec<_> = (0..9).map(|_| pool.take(None).expect("plenty").board).collect();
        assert_eq!(calls, [0, 1, 2, 0, 1, 2, 0, 1, 2]);
        assert_eq!(pool.take(Some(1)).map(|port| port.board), Some(1));
        assert_eq!(pool.take(Some(9)), None);
    }

    #[test]
    fn a_port_somebody_else_has_is_tried_again_later_and_answers_out_of_turn_are_ignored() {
        let mut pool = PortPool::new(10_000..=10_003, 1);
        let batch: Vec<_> = pool.refill().collect();
        pool.failed(batch[0], Moment::ZERO);
        pool.opened(batch[1]);
        pool.opened(batch[0]);
        pool.closed(PortId { board: 0, number: 6 }, Moment::ZERO);
        pool.release(batch[1], Moment::ZERO);
        assert_eq!((pool.ready(), pool.lent()), (1, 0));
        pool.tick(Moment::ZERO + limits::PORT_COOLING);
        assert_eq!(pool.refill().collect::<Vec<_>>(), [batch[0]]);
    }
}
