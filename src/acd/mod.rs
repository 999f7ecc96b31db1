//! Floor 2: queues and agents, one engine with one owner. Who waits, who is free, and the instant the two meet.
//! Must never know of legs, audio or SIP, and never polls: every change of a line or a desk may make a match.
#![forbid(unsafe_code)]

pub mod desk;
pub mod line;
mod matching;

pub use desk::{AgentState, RingEnd};
pub use line::Admission;
pub use matching::Match;

use crate::base::{AgentId, CallId, LegId, Map, Moment, QueueId, Timers, TrunkId};
use crate::dialplan::{Full, Plan, Strategy};
use desk::Desk;
use line::{Line, Turn};
use smallvec::SmallVec;
use std::collections::BTreeSet;

/// Every queue and agent of the machine.
#[derive(Debug, Default)]
pub struct Acd {
    lines: Vec<Line>,
    desks: Vec<Desk>,
    waiting: Map<CallId, Waiter>,
    /// Queues where something changed since the last search for a match.
    dirty: BTreeSet<QueueId>,
    timers: Timers<AgentId>,
    changed: Vec<AgentId>,
    changed_lines: BTreeSet<QueueId>,
}

/// A caller in one or more lines, being rung for or not.
#[derive(Debug)]
struct Waiter {
    turn: Turn,
    queues: SmallVec<[QueueId; 2]>,
    /// Agents whose phones ring for this caller.
    rung: SmallVec<[AgentId; 2]>,
    /// The phones ringing now are the last: the caller keeps the place and is matched to nobody else.
    last_ring: bool,
}

impl Acd {
    /// Takes over a plan's queues and agents. Agents and callers the ACD already knows keep their state.
    pub fn configure(&mut self, now: Moment, plan: &Plan) {
        self.desks.resize_with(plan.agents.len(), Desk::default);
        for (desk, agent) in self.desks.iter_mut().zip(&plan.agents) {
            desk.configure(now, agent.as_ref().map(|agent| agent.via));
        }
        self.lines.resize_with(plan.queues.len(), Line::default);
        for line in &mut self.lines {
            line.clear_seats();
        }
        for desk in &mut self.desks {
            desk.queues.clear();
        }
        for (index, queue) in plan.queues.iter().enumerate() {
            let (Some(queue), Ok(number)) = (queue, u32::try_from(index)) else { continue };
            let line = &mut self.lines[index];
            line.strategy = queue.strategy;
            line.full = queue.full;
            line.agents.clone_from(&queue.agents);
            for agent in &queue.agents {
                self.desks[agent.index()].queues.push(QueueId(number));
            }
            self.changed_lines.insert(QueueId(number));
        }
        let agents: Vec<AgentId> = self.agents().collect();
        for agent in agents {
            self.changed.push(agent);
            self.reseat(now, agent);
        }
    }

    /// A caller wants to wait in `queue`, on a clock that started at `since`.
    pub fn enqueue(&mut self, call: CallId, queue: QueueId, since: Moment) -> Admission {
        if !self.is_staffed(queue) && !self.line(queue).waits_unstaffed {
            return Admission::Nobody;
        }
        if let Some(Full { length, to }) = self.line(queue).full
            && self.line(queue).len() >= length as usize
        {
            return Admission::Full(to);
        }
        let turn = Turn { since, call };
        let mut queues = SmallVec::new();
        queues.push(queue);
        self.waiting.insert(call, Waiter { turn, queues, rung: SmallVec::new(), last_ring: false });
        let line = self.line_mut(queue);
        line.join(turn);
        let position = line.position(turn);
        self.touch(queue);
        Admission::Waiting { position }
    }

    /// Tells whether callers wait in `queue` although nobody staffs it (it has no `nobody` destination).
    pub fn wait_unstaffed(&mut self, queue: QueueId, waits: bool) {
        self.line_mut(queue).waits_unstaffed = waits;
    }

    /// `queue`'s agents count too for a caller who keeps age and place.
    pub fn widen(&mut self, call: CallId, queue: QueueId) {
        let Some(waiter) = self.waiting.get_mut(&call) else { return };
        if waiter.queues.contains(&queue) {
            return;
        }
        waiter.queues.push(queue);
        let (turn, ringing, queues) = (waiter.turn, !waiter.rung.is_empty(), waiter.queues.clone());
        // With ring-all the other queue's free agents join the ringing.
        let joins_in = queues.into_iter().all(|queue| self.rings_all(queue));
        let line = self.line_mut(queue);
        line.join(turn);
        if ringing && !joins_in {
            line.satisfy(turn);
        }
        self.touch(queue);
    }

    /// The phones that ring for the caller are the last.
    pub fn last_ring(&mut self, call: CallId) {
        let Some(waiter) = self.waiting.get_mut(&call) else { return };
        waiter.last_ring = true;
        let (turn, queues) = (waiter.turn, waiter.queues.clone());
        for queue in queues {
            self.line_mut(queue).satisfy(turn);
        }
    }

    /// The caller leaves every line. Phones still ringing for the caller are to be let go one by one.
    pub fn leave(&mut self, call: CallId) {
        let Some(waiter) = self.waiting.remove(&call) else { return };
        for queue in waiter.queues {
            self.line_mut(queue).leave(waiter.turn);
            self.touch(queue);
        }
    }

    /// A phone stopped ringing for `call` without winning it. The caller, if still in line, is hungry again.
    pub fn ring_over(&mut self, now: Moment, call: CallId, agent: AgentId, end: RingEnd) {
        if self.desks[agent.index()].ring_over(now, call, end) {
            self.reseat(now, agent);
        }
        let Some(waiter) = self.waiting.get_mut(&call) else { return };
        waiter.rung.retain(|rung| *rung != agent);
        if waiter.rung.is_empty() && !waiter.last_ring {
            let (turn, queues) = (waiter.turn, waiter.queues.clone());
            for queue in queues {
                self.line_mut(queue).hunger(turn);
                self.touch(queue);
            }
        }
    }

    /// The phone that was told to stop ringing for `call` has done so.
    pub fn stopped(&mut self, now: Moment, call: CallId, agent: AgentId) {
        if self.desks[agent.index()].stopped(call) {
            self.reseat(now, agent);
        }
    }

    /// `agent` answered `call`: the caller leaves every line.
    pub fn answered(&mut self, now: Moment, call: CallId, agent: AgentId) {
        self.leave(call);
        self.desks[agent.index()].answered(call);
        self.reseat(now, agent);
    }

    /// `agent`'s conversation is over; a wrap-up may follow.
    pub fn talk_over(&mut self, now: Moment, call: CallId, agent: AgentId, wrap_up: std::time::Duration) {
        if self.desks[agent.index()].talk_over(now, call, wrap_up) {
            self.reseat(now, agent);
        }
    }

    /// `agent`'s conversation goes on as another call's.
    pub fn hand_over(&mut self, from: CallId, to: CallId, agent: AgentId) {
        if self.desks[agent.index()].hand_over(from, to) {
            self.changed.push(agent);
        }
    }

    /// `agent`'s phone is in a call no queue brought: it rings on this leg, or somebody is there on it. No queue rings it.
    pub fn engage(&mut self, now: Moment, agent: AgentId, leg: LegId, talks: bool) {
        self.desks[agent.index()].engage(leg, talks);
        self.reseat(now, agent);
    }

    /// The leg `agent` is engaged on is another call's from here on.
    pub fn engaged_as(&mut self, agent: AgentId, from: LegId, to: LegId) {
        self.desks[agent.index()].engaged_as(from, to);
        self.changed.push(agent);
    }

    /// We hang up the leg `agent` is engaged on: a conversation is over, a phone that rings has yet to stop.
    pub fn told(&mut self, now: Moment, agent: AgentId, leg: LegId) {
        if self.desks[agent.index()].talks_on(leg) {
            self.disengage(now, agent, leg);
        }
    }

    /// `agent` is no longer engaged on this leg.
    pub fn disengage(&mut self, now: Moment, agent: AgentId, leg: LegId) {
        self.desks[agent.index()].disengage(now, leg);
        self.reseat(now, agent);
    }

    /// The trunk `agent`s are behind answers again, or stopped answering.
    pub fn trunk(&mut self, now: Moment, trunk: TrunkId, up: bool) {
        let behind: Vec<AgentId> =
            self.agents().filter(|agent| self.desks[agent.index()].via == Some(trunk)).collect();
        for agent in behind {
            self.reach(now, agent, up);
        }
    }

    /// An agent's phone can be reached from now on, or no longer.
    pub fn reach(&mut self, now: Moment, agent: AgentId, is_reachable: bool) {
        self.desks[agent.index()].reachable = is_reachable;
        self.reseat(now, agent);
    }

    /// Callers whom nobody could serve, though the queue they entered has somewhere else to send them.
    #[must_use]
    pub fn abandoned_by_agents(&self) -> Vec<CallId> {
        let mut turns: Vec<Turn> = self.waiting.values().map(|waiter| waiter.turn).collect();
        turns.retain(|turn| self.is_abandoned(turn.call));
        turns.sort_unstable();
        turns.into_iter().map(|turn| turn.call).collect()
    }

    /// Whether no queue a caller waits in is staffed, though the first has somewhere else to send its callers.
    #[must_use]
    pub fn is_abandoned(&self, call: CallId) -> bool {
        let Some(waiter) = self.waiting.get(&call) else { return false };
        let has_elsewhere = waiter.queues.first().is_some_and(|first| !self.line(*first).waits_unstaffed);
        has_elsewhere && !waiter.queues.iter().any(|queue| self.is_staffed(*queue))
    }

    /// Whether any agent of `queue` could ever be rung as things stand.
    #[must_use]
    pub fn is_staffed(&self, queue: QueueId) -> bool {
        self.line(queue).agents.iter().any(|agent| self.desks[agent.index()].is_present())
    }

    /// The agent's state.
    #[must_use]
    pub fn agent_state(&self, agent: AgentId) -> AgentState {
        self.desks[agent.index()].shown_state()
    }

    /// Every agent of the plan in force.
    pub fn agents(&self) -> impl Iterator<Item = AgentId> + '_ {
        (0u32..).zip(&self.desks).filter(|(_, desk)| desk.via.is_some()).map(|(number, _)| AgentId(number))
    }

    /// Agents whose shown state may have changed since last asked.
    pub fn take_changed_agents(&mut self) -> Vec<AgentId> {
        std::mem::take(&mut self.changed)
    }

    /// Queues whose line may have changed since last asked.
    pub fn take_changed_lines(&mut self) -> BTreeSet<QueueId> {
        std::mem::take(&mut self.changed_lines)
    }

    /// Callers in the line of `queue`, and since when the first of them waits.
    #[must_use]
    pub fn line_length(&self, queue: QueueId) -> (usize, Option<Moment>) {
        let line = self.line(queue);
        (line.len(), line.turns().next().map(|turn| turn.since))
    }

    /// The callers in the line of `queue`, first come first.
    pub fn callers(&self, queue: QueueId) -> impl Iterator<Item = CallId> + '_ {
        self.line(queue).turns().map(|turn| turn.call)
    }

    /// Callers in line and not being rung for, with an agent who could be rung now: always empty between events.
    #[must_use]
    pub fn unmet(&self) -> usize {
        self.lines.iter().filter(|line| line.has_match()).count()
    }

    /// When the next wrap-up or back-off ends.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.timers.next().map(|(at, _)| at)
    }

    /// Ends the wrap-ups and back-offs that are due.
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some((_, agent)) = self.timers.pop_due(now) {
            self.desks[agent.index()].rested(now);
            self.reseat(now, agent);
        }
    }

    fn line(&self, queue: QueueId) -> &Line {
        &self.lines[queue.index()]
    }

    fn line_mut(&mut self, queue: QueueId) -> &mut Line {
        &mut self.lines[queue.index()]
    }

    fn touch(&mut self, queue: QueueId) {
        self.dirty.insert(queue);
        self.changed_lines.insert(queue);
    }

    /// Puts an agent where the state says: among the free of each queue, or not, and on the clock or not.
    fn reseat(&mut self, now: Moment, agent: AgentId) {
        let desk = &self.desks[agent.index()];
        let (free_since, queues, rest) = (desk.free_since(), desk.queues.clone(), desk.resting_until());
        for queue in queues {
            self.lines[queue.index()].seat(agent, free_since);
            self.dirty.insert(queue);
        }
        match rest {
            Some(until) if until > now => self.timers.set(agent, until),
            Some(_) | None => {
                self.timers.cancel(agent);
            }
        }
        self.changed.push(agent);
    }

    /// Whether `queue` rings every free agent at once.
    fn rings_all(&self, queue: QueueId) -> bool {
        match self.line(queue).strategy {
            Strategy::RingAll => true,
            Strategy::LongestIdle => false,
        }
    }
}
