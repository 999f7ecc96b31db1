//! One queue's line: who is in it in what order, who of them still needs an agent, and who of the agents is free.

use crate::base::{AgentId, CallId, Map, Moment};
use crate::dialplan::{Destination, Full, Strategy};
use std::collections::BTreeSet;

/// A caller's place in every line: first come, first served, by the caller's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Turn {
    /// When the caller first entered a queue. Kept through rings, re-queues and widening.
    pub(super) since: Moment,
    /// Ties are broken by arrival: ids rise.
    pub(super) call: CallId,
}

/// Whether a caller may wait in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// In line, at this place from 1.
    Waiting {
        /// The place.
        position: u32,
    },
    /// The line is as long as it may be.
    Full(Destination),
    /// No agent is logged in.
    Nobody,
}

/// One queue.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) strategy: Strategy,
    pub(super) full: Option<Full>,
    pub(super) agents: Vec<AgentId>,
    pub(super) waits_unstaffed: bool,
    all: BTreeSet<Turn>,
    hungry: BTreeSet<Turn>,
    free: BTreeSet<(Moment, AgentId)>,
    seats: Map<AgentId, Moment>,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            strategy: Strategy::LongestIdle,
            full: None,
            agents: Vec::new(),
            waits_unstaffed: true,
            all: BTreeSet::new(),
            hungry: BTreeSet::new(),
            free: BTreeSet::new(),
            seats: Map::default(),
        }
    }
}

impl Line {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn turns(&self) -> impl Iterator<Item = Turn> + '_ {
        self.all.iter().copied()
    }

    /// The caller's place, from 1.
    pub(super) fn position(&self, turn: Turn) -> u32 {
        u32::try_from(self.all.range(..=turn).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn join(&mut self, turn: Turn) {
        self.all.insert(turn);
        self.hungry.insert(turn);
    }

    pub(super) fn leave(&mut self, turn: Turn) {
        self.all.remove(&turn);
        self.hungry.remove(&turn);
    }

    /// The caller needs an agent again, at the old place.
    pub(super) fn hunger(&mut self, turn: Turn) {
        if self.all.contains(&turn) {
            self.hungry.insert(turn);
        }
    }

    /// A phone rings for the caller; no other is needed.
    pub(super) fn satisfy(&mut self, turn: Turn) {
        self.hungry.remove(&turn);
    }

    /// Puts an agent among the free, in the order of idleness, or takes them out.
    pub(super) fn seat(&mut self, agent: AgentId, free_since: Option<Moment>) {
        if let Some(old) = self.seats.remove(&agent) {
            self.free.remove(&(old, agent));
        }
        if let Some(since) = free_since {
            self.seats.insert(agent, since);
            self.free.insert((since, agent));
        }
    }

    /// Empties the seats, before a new plan says who serves.
    pub(super) fn clear_seats(&mut self) {
        self.agents.clear();
        self.free.clear();
        self.seats.clear();
    }

    pub(super) fn has_match(&self) -> bool {
        !self.hungry.is_empty() && !self.free.is_empty()
    }

    pub(super) fn first_hungry(&self) -> Option<Turn> {
        self.hungry.first().copied()
    }

    /// The one free longest.
    pub(super) fn longest_idle(&self) -> Option<AgentId> {
        self.free.first().map(|(_, agent)| *agent)
    }

    /// Every free one, the one free longest first.
    pub(super) fn every_free(&self) -> impl Iterator<Item = AgentId> + '_ {
        self.free.iter().map(|(_, agent)| *agent)
    }
}
