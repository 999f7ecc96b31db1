//! Looking at the core without touching it: for status, the wallboard's first view, and the invariants.

use super::{Core, Output, TrunkState};
use crate::acd::{Acd, AgentState};
use crate::base::{AgentId, CallId, LegId, Moment, Name, Now, QueueId, TrunkId};
use crate::call::{Fact, State, Subject};
use crate::dialplan::Plan;
use crate::engine::Observation;

/// One call, as it stands.
#[derive(Debug)]
pub struct CallView<'a> {
    /// Which.
    pub id: CallId,
    /// What it is doing.
    pub state: &'a State,
    /// Its legs, by number.
    pub legs: Vec<LegId>,
    /// Agents it owns.
    pub agents: &'a [AgentId],
}

impl Core {
    /// Whether two users of a Request-URI are one number of ours.
    #[must_use]
    pub fn is_same_number(&self, one: &str, other: &str) -> bool {
        let number = |user| self.plan.number(user).map(|(number, _)| number);
        number(one).is_some_and(|one| Some(one) == number(other))
    }

    /// Every call, in order of arrival.
    #[must_use]
    pub fn calls(&self) -> Vec<CallView<'_>> {
        let mut views: Vec<CallView> = self
            .calls
            .iter()
            .filter_map(|(id, slot)| {
                let state = self.state(*id)?;
                let legs = slot.legs.iter().map(|leg| LegId { call: *id, number: leg.number }).collect();
                Some(CallView { id: *id, state, legs, agents: &slot.agents })
            })
            .collect();
        views.sort_unstable_by_key(|view| view.id);
        views
    }

    /// The legs of a call that are not gone.
    pub fn legs(&self, call: CallId) -> impl Iterator<Item = LegId> + '_ {
        let slot = self.calls.get(&call);
        slot.into_iter()
            .flat_map(move |slot| slot.legs.iter().map(move |leg| LegId { call, number: leg.number }))
    }

    /// Calls offered and not yet over.
    #[must_use]
    pub const fn in_progress(&self) -> usize {
        self.in_progress
    }

    /// Calls that are not over, offered or not: what a phone dialled outside is no less a call.
    #[must_use]
    pub fn open_calls(&self) -> usize {
        self.calls.values().filter(|slot| !slot.over).count()
    }

    /// Calls of which anything is left.
    #[must_use]
    pub fn call_count(&self) -> usize {
        self.calls.len()
    }

    /// Timers set for calls.
    #[must_use]
    pub fn timer_count(&self) -> usize {
        self.timers.len()
    }

    /// Channels taken on all trunks.
    #[must_use]
    pub fn channels_taken(&self) -> u32 {
        self.lines.taken()
    }

    /// Trunks and whether they answer; the line of the phones that register here is none.
    pub fn trunks(&self) -> impl Iterator<Item = (TrunkId, &Name, TrunkState)> {
        let lines = (0..).map(TrunkId).zip(self.lines.iter());
        lines.filter(|(id, _)| !self.is_phones_line(*id)).map(|(id, (name, state))| (id, name, state))
    }

    /// The ACD.
    #[must_use]
    pub const fn acd(&self) -> &Acd {
        &self.acd
    }

    /// The plan in force for new calls.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The name facts use for an agent: `201@ipoffice`.
    #[must_use]
    pub fn agent_key(&self, agent: AgentId) -> &Name {
        &self.agent_keys[agent.index()]
    }

    /// Calls offered since the start: those to a number of ours.
    #[must_use]
    pub const fn offered(&self) -> u64 {
        self.offered
    }

    /// Since when the agent is in the state last shown.
    #[must_use]
    pub fn agent_since(&self, agent: AgentId) -> Option<Moment> {
        self.shown.get(&agent).map(|(_, since)| *since)
    }

    /// Lets the world see which agents and lines have changed in this turn.
    pub(super) fn show_changes(&mut self, now: Now) {
        for agent in self.acd.take_changed_agents() {
            let state: AgentState = self.acd.agent_state(agent);
            if self.shown.get(&agent).is_some_and(|(shown, _)| *shown == state) {
                continue;
            }
            self.shown.insert(agent, (state, now.moment));
            let fact = Fact::AgentBecame { state: state.label().into(), call: state.owner() };
            let key = self.agent_keys[agent.index()].clone();
            self.note(now, Subject::Agent(key), fact);
        }
        for queue in self.acd.take_changed_lines() {
            self.show_line(now, queue);
        }
    }

    fn show_line(&mut self, now: Now, queue: QueueId) {
        let Some(plan) = self.plan.queue(queue) else { return };
        let (waiting, oldest) = self.acd.line_length(queue);
        let observation = Observation::QueueLine {
            site: self.plan.sites[plan.site.index()].id.clone(),
            queue: plan.name.clone(),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            oldest: oldest.map(|since| {
                let ago = now.moment.since(since).as_micros();
                let utc = now.utc.as_micros() - i64::try_from(ago).unwrap_or(i64::MAX);
                Now { moment: since, utc: crate::base::Utc::from_micros(utc) }
            }),
        };
        self.output.push_back(Output::Observe(observation));
    }
}
