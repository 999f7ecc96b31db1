//! invariants.md, as far as legs, queues, agents and facts can show it: checked after every event. The bookkeeping here
//! is its own, made of facts and of what the world saw, never asked of the code it judges.

use super::outcome::Outcomes;
use crate::support::plan::TRUNKS;
use spillway::base::{AgentId, CallId, JournalSeq, Map, Moment, Name, Now, QueueId, Set};
use spillway::call::{Entry, Fact, LegEnd, Record, State, Subject};
use spillway::dialplan::{Agent as Desk, Plan, Queue, Strategy, WhileRinging};
use spillway::engine::{Core, Observation};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How late an overflow, a match or a release may be (invariants 6, 13, 21).
const SOON: Duration = Duration::from_millis(100);

/// What has been seen so far.
pub struct Invariants {
    plan: Arc<Plan>,
    down: Set<Name>,
    /// Once a trunk has failed, how long an agent has been free is a matter of opinion.
    trunks_failed: bool,
    last: (JournalSeq, Moment),
    calls: Map<CallId, Seen>,
    arrived: usize,
    offered: usize,
    agents: BTreeMap<Name, Agent>,
}

/// A call not yet over.
#[derive(Debug, Default)]
struct Seen {
    /// When the caller began to wait, and the queue last entered.
    waits: Option<(Moment, Name)>,
    /// When the caller last joined a line.
    joined: Moment,
    /// The lines the caller stands in.
    lines: Vec<Name>,
    /// Agents' phones ringing for the call.
    ringing: u32,
    bridged: Option<Name>,
    /// An agent who talks in another call and goes over to this one, and the queue they were rung for.
    comes: Option<(Name, Name)>,
}

#[derive(Default)]
struct Agent {
    owner: Option<CallId>,
    /// Legs by which callers were sent on to this agent's phone.
    engaged: Set<(CallId, u16)>,
    rests_until: Moment,
    free_since: Moment,
    /// Stopped by us, the agent keeps the place among the idle.
    stopped: bool,
    shown: Name,
}

impl Agent {
    /// Whether the agent, when next free, is so anew.
    fn rests(&self) -> bool {
        ["talking", "wrap_up", "backed_off"].contains(&self.shown.as_str()) && !self.stopped
    }
}

impl Invariants {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let agents =
            plan.agents.iter().flatten().map(|agent| (agent.name.clone(), Agent::default())).collect();
        Self {
            plan,
            down: Set::default(),
            trunks_failed: false,
            last: (JournalSeq(0), Moment::ZERO),
            calls: Map::default(),
            arrived: 0,
            offered: 0,
            agents,
        }
    }

    /// The core let something be seen; the turn it belongs to is over in `core`.
    pub(super) fn saw(&mut self, core: &Core, seen: &Observation) {
        match seen {
            Observation::Fact(entry) => self.fact(core, entry),
            Observation::Recorded(record) => times_add_up(record),
            Observation::Trunk { trunk, up } => {
                self.trunks_failed |= !*up;
                if *up {
                    self.down.remove(trunk);
                } else {
                    self.down.insert(trunk.clone());
                }
            }
            _ => {}
        }
    }

    fn fact(&mut self, core: &Core, entry: &Entry) {
        assert_eq!(entry.seq.0, self.last.0.0 + 1, "facts are numbered without a gap");
        assert!(entry.now.moment >= self.last.1, "facts are in order of time");
        self.last = (entry.seq, entry.now.moment);
        match &entry.subject {
            Subject::Call(call) => {
                self.engagements(*call, &entry.fact);
                self.call_fact(*call, entry.now.moment, &entry.fact);
            }
            Subject::Agent(key) => self.agent_fact(core, key, entry),
            Subject::Service => {}
        }
    }

    fn call_fact(&mut self, call: CallId, at: Moment, fact: &Fact) {
        if let Fact::Arrived { number, .. } = fact {
            self.arrived += 1;
            self.offered += usize::from(number.is_some());
            assert!(self.calls.insert(call, Seen::default()).is_none(), "{call} arrived twice");
        }
        // 2: a call that is over has no further fact, so it has one record.
        let seen = self.calls.get_mut(&call).unwrap_or_else(|| panic!("{call} is over and yet: {fact:?}"));
        match fact {
            Fact::Enqueued { queue, position } => {
                let since = seen.waits.as_ref().map_or(at, |(since, _)| *since);
                seen.waits = Some((since, queue.clone()));
                seen.joined = at;
                if *position > 0 {
                    seen.lines.push(queue.clone());
                }
                let plan = self.queue(queue);
                // 12
                assert!(
                    plan.full.is_none_or(|full| *position <= full.length),
                    "{queue} took {position} callers"
                );
            }
            Fact::Widened { queue } => seen.lines.push(queue.clone()),
            Fact::Dequeued { .. } => seen.lines.clear(),
            Fact::RingStarted { agent, queue, .. } => self.rung(call, agent, queue, at),
            Fact::RingEnded { agent, end, .. } => {
                seen.ringing -= 1;
                let known = self.agents.get_mut(agent).expect("an agent of the plan");
                assert_eq!(
                    known.owner,
                    Some(call),
                    "{agent}'s ring ended for {call}, which did not ring them"
                );
                match end {
                    LegEnd::Answered => {}
                    LegEnd::Deflected => panic!("agents are never called by the caller's side"),
                    LegEnd::Cancelled => {
                        known.owner = None;
                        known.stopped = true;
                    }
                    LegEnd::NoAnswer | LegEnd::Busy | LegEnd::Declined | LegEnd::Unreachable => {
                        known.owner = None;
                        known.free_since = at;
                    }
                }
            }
            Fact::Bridged { agent, .. } => {
                assert!(seen.bridged.is_none(), "{call} is bridged twice");
                seen.bridged.clone_from(agent);
            }
            Fact::TransferredToNumber { .. } => {
                self.talk_over(call, at);
                self.calls.get_mut(&call).expect("looked up above").waits = None;
            }
            Fact::TransferLeft { .. } => self.talk_over(call, at),
            Fact::TransferEnded { end: LegEnd::Answered, .. } => {
                self.talk_over(call, at);
                self.agent_comes(call);
            }
            Fact::LegTaken { call: from, .. } => {
                let other = self.calls.get_mut(from).expect("a call that is not over");
                let comes = other.bridged.take().zip(other.waits.clone().map(|(_, queue)| queue));
                self.calls.get_mut(&call).expect("looked up above").comes = comes;
            }
            Fact::Ended { .. } => self.ended(call, at),
            _ => {}
        }
    }

    /// 8 and 10: the one rung is free, rested and reachable, and nobody who came sooner waits for that agent.
    fn rung(&mut self, call: CallId, name: &Name, queue: &Name, at: Moment) {
        let (id, plan) = self.agent(name);
        let via: Name = TRUNKS[plan.via.index()].into();
        assert!(!self.down.contains(&via), "{name} is rung behind a trunk that is down");
        let agent = &self.agents[name];
        assert_eq!(agent.owner, None, "{name} is rung for {call} while busy");
        assert!(agent.engaged.is_empty(), "{name} is rung for {call} in a call of another's");
        assert!(agent.rests_until <= at, "{name} is rung in wrap-up");
        let served: Vec<&Name> = self.queues_of(id).map(|queue| &queue.name).collect();
        let turn = |call: CallId, seen: &Seen| seen.waits.as_ref().map(|(since, _)| (*since, call));
        let own = turn(call, &self.calls[&call]);
        let passed_over = self.calls.iter().find(|(other, seen)| {
            let is_hungry = seen.ringing == 0 && seen.lines.iter().any(|line| served.contains(&line));
            is_hungry && turn(**other, seen) < own
        });
        assert!(passed_over.is_none(), "{name} is rung for {call} before {passed_over:?}");
        let plan = self.queue(queue);
        if plan.strategy == Strategy::LongestIdle && !self.trunks_failed {
            let rung_since = if agent.rests() { at } else { agent.free_since };
            let idler = plan.agents.iter().map(|id| &self.plan.agent(*id).expect("in the plan").name);
            let idler = idler.filter(|other| {
                let other = &self.agents[*other];
                other.owner.is_none() && other.shown == "ready".into() && other.free_since < rung_since
            });
            let idler: Vec<_> = idler.collect();
            assert!(idler.is_empty(), "{name} is rung though {idler:?} have been free longer");
        }
        self.calls.get_mut(&call).expect("looked up by the caller").ringing += 1;
        let agent = self.agents.get_mut(name).expect("looked up above");
        if agent.rests() {
            agent.free_since = at;
        }
        (agent.owner, agent.stopped) = (Some(call), false);
    }

    /// Who is in a call that no queue gave them, as far as facts tell.
    fn engagements(&mut self, call: CallId, fact: &Fact) {
        match fact {
            Fact::TransferStarted { agent_key, to, to_leg, .. } => self.engaged(call, agent_key, to, *to_leg),
            Fact::TransferEnded { end: LegEnd::Answered, .. } => {}
            Fact::TransferEnded { to_leg: leg, .. } | Fact::LegHungUp { leg, .. } => {
                self.disengaged(call, Some(*leg));
            }
            Fact::Ended { .. } => self.disengaged(call, None),
            _ => {}
        }
    }

    /// A caller is sent on to a colleague's phone behind the same line.
    fn engaged(&mut self, call: CallId, by: &Name, to: &str, leg: u16) {
        let agents = || self.plan.agents.iter().flatten();
        let Some(via) = agents().find(|agent| agent.key == *by).map(|agent| agent.via) else { return };
        let colleague = agents().find(|agent| agent.via == via && agent.extension.as_str() == to);
        if let Some(known) = colleague.and_then(|agent| self.agents.get_mut(&agent.name)) {
            known.engaged.insert((call, leg));
        }
    }

    fn disengaged(&mut self, call: CallId, leg: Option<u16>) {
        for agent in self.agents.values_mut() {
            agent.engaged.retain(|(of, on)| *of != call || leg.is_some_and(|leg| leg != *on));
        }
    }

    fn ended(&mut self, call: CallId, at: Moment) {
        self.talk_over(call, at);
        self.calls.remove(&call).expect("looked up by the caller");
    }

    /// An agent who talked in another call goes on talking in this one.
    fn agent_comes(&mut self, call: CallId) {
        let seen = self.calls.get_mut(&call).expect("looked up by the caller");
        let Some((name, queue)) = seen.comes.take() else { return };
        seen.waits = seen.waits.take().map(|(since, _)| (since, queue));
        self.agents.get_mut(&name).expect("an agent of the plan").owner = Some(call);
        seen.bridged = Some(name);
    }

    fn talk_over(&mut self, call: CallId, at: Moment) {
        let seen = self.calls.get_mut(&call).expect("looked up by the caller");
        let Some(name) = seen.bridged.take() else { return };
        let queue = seen.waits.clone().expect("an agent answers callers in line").1;
        let wrap_up = self.queue(&queue).wrap_up;
        let agent = self.agents.get_mut(&name).expect("an agent of the plan");
        assert_eq!(agent.owner, Some(call), "{name} talked in {call} and belongs to another");
        agent.owner = None;
        agent.rests_until = at + wrap_up;
    }

    fn agent_fact(&mut self, core: &Core, key: &Name, entry: &Entry) {
        let Fact::AgentBecame { state, .. } = &entry.fact else { return };
        let ids = core.acd().agents();
        let id =
            ids.into_iter().find(|id| core.agent_key(*id) == key).expect("facts name agents of the plan");
        let name = self.plan.agent(id).expect("in the plan").name.clone();
        let agent = self.agents.get_mut(&name).expect("in the plan");
        if state.as_str() == "ready" && agent.rests() {
            agent.free_since = entry.now.moment;
        }
        agent.shown = state.clone();
    }

    /// What must hold between two events.
    pub(super) fn check(&mut self, now: Now, core: &Core, outcomes: &Outcomes) {
        let at = now.moment;
        // 1
        let over = outcomes.records.iter().filter(|record| record.number.is_some()).count();
        assert_eq!(self.offered, over + core.in_progress(), "offered = outcomes + in progress at {at}");
        assert_eq!(Ok(self.offered), core.offered().try_into(), "facts and status count alike at {at}");
        // 2
        assert_eq!(self.arrived, outcomes.records.len() + self.calls.len(), "one record each at {at}");
        // 21
        assert_eq!(core.acd().unmet(), 0, "a caller and a free agent wait for each other at {at}");
        self.check_agents(core);
        self.check_deadlines(at, core);
    }

    /// 5 and 7, and the wallboard, a fold over the facts, agrees.
    fn check_agents(&self, core: &Core) {
        let views = core.calls();
        for id in core.acd().agents() {
            let name = &self.plan.agent(id).expect("in the plan").name;
            let state = core.acd().agent_state(id);
            let owners: Vec<CallId> =
                views.iter().filter(|view| view.agents.contains(&id)).map(|view| view.id).collect();
            assert!(owners.len() <= 1, "{name} belongs to {owners:?}");
            let known = &self.agents[name];
            assert_eq!(owners.first().copied(), known.owner, "{name} is {state:?}");
            // Whom no queue's call owns may be in another call, of which something is left.
            let is_engaged = known.owner.is_none()
                && state.owner().is_some_and(|call| views.iter().any(|view| view.id == call));
            assert!(is_engaged || known.owner == state.owner(), "facts and state of {name} differ");
            assert!(known.engaged.is_empty() || state.owner().is_some(), "{name} is {state:?} in a call");
            assert_eq!(known.shown.as_str(), state.label(), "the wallboard shows {name} otherwise");
        }
        for view in views {
            let ending = matches!(view.state, State::Ending(_));
            assert!(!ending || view.agents.is_empty(), "{} is over and owns agents", view.id);
            assert_eq!(ending, !self.calls.contains_key(&view.id), "{} and its facts differ", view.id);
        }
    }

    /// 13: nobody is in line past their own deadline.
    fn check_deadlines(&self, at: Moment, core: &Core) {
        for (index, queue) in self.plan.queues.iter().enumerate() {
            let (Some(queue), Ok(id)) = (queue, u32::try_from(index)) else { continue };
            for call in core.acd().callers(QueueId(id)) {
                let seen = self.calls.get(&call).unwrap_or_else(|| panic!("{call} is over and in line"));
                let (since, entered) = seen.waits.as_ref().expect("who is in line has waited");
                if *entered != queue.name {
                    continue;
                }
                let last = queue.overflow.last().expect("a queue has an overflow").after;
                let rings = seen.lines.iter().map(|line| {
                    let queue = self.queue(line);
                    queue.ring + queue.accept.map_or(Duration::ZERO, |accept| accept.wait)
                });
                let grace = match queue.while_ringing {
                    WhileRinging::Cancel => Duration::ZERO,
                    WhileRinging::Finish => rings.max().unwrap_or_default(),
                };
                let deadline = (*since + last + grace).max(seen.joined) + SOON;
                assert!(at <= deadline, "{call} is in line past its deadline at {at}");
            }
        }
    }

    fn queue(&self, name: &Name) -> &Queue {
        let mut queues = self.plan.queues.iter().flatten();
        queues.find(|queue| queue.name == *name).expect("facts name queues of the plan")
    }

    fn queues_of(&self, agent: AgentId) -> impl Iterator<Item = &Queue> {
        self.plan.queues.iter().flatten().filter(move |queue| queue.agents.contains(&agent))
    }

    fn agent(&self, name: &Name) -> (AgentId, &Desk) {
        let mut agents = (0..).zip(&self.plan.agents);
        let found =
            agents.find_map(|(id, agent)| agent.as_ref().filter(|it| it.name == *name).map(|it| (id, it)));
        let (id, agent) = found.expect("facts name agents of the plan");
        (AgentId(id), agent)
    }
}

/// 4
fn times_add_up(record: &Record) {
    let sum = record.flow_ms + record.wait_ms + record.talk_ms + record.after_ms;
    assert_eq!(sum, record.duration_ms, "the times of {record:?} do not add up");
    assert!(record.ring_ms <= record.wait_ms, "{record:?} rang longer than it waited");
    assert!(record.hold_ms <= record.talk_ms, "{record:?} was held longer than it talked");
    let talked =
        record.talks.iter().fold((0, 0), |(talk, hold), one| (talk + one.talk_ms, hold + one.hold_ms));
    assert_eq!(talked, (record.talk_ms, record.hold_ms), "{record:?} talked with nobody for a while");
    for ring in &record.rings {
        assert!(ring.at_ms + ring.for_ms <= record.duration_ms, "{record:?} rang on after its end");
    }
}
