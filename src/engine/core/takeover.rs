//! A leg that goes over from one call to another: an agent joins the caller and somebody they have called themselves, or a
//! colleague's phone takes the agent's place. One call goes on with both who remain and owns all that belongs to their
//! legs; the other one is over. Must never know how it was asked for.

use super::{Arrival, Command, Core, Output};
use crate::acd::AgentState;
use crate::base::{AgentId, CallId, Cause, LegId, Name, Now, SiteId};
use crate::call::{Call, Event, Fact, Newcomer, Peer, Person, Stands, State, Subject};
use crate::dialplan::FlowStart;
use crate::settings::PHONES;
use std::sync::Arc;
use std::time::Duration;

/// What an agent's phone may bring about with two legs of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takeover {
    /// The agent's leg, in conversation with a caller.
    agent: LegId,
    /// Who takes the agent's place.
    newcomer: Newcomer,
}

impl Takeover {
    /// Who remains with the caller.
    #[must_use]
    pub const fn newcomer(&self) -> LegId {
        self.newcomer.leg
    }

    /// The caller.
    #[must_use]
    pub const fn caller(&self) -> LegId {
        LegId::caller(self.agent.call)
    }
}

impl Core {
    /// Whether there is an agent on this leg, in conversation with a caller.
    #[must_use]
    pub fn is_agent_talking(&self, leg: LegId) -> bool {
        self.agent_talking(leg).is_some()
    }

    /// The agent on this leg, in conversation with a queue's caller, or with one who was sent on to them.
    pub(super) fn agent_talking(&self, leg: LegId) -> Option<AgentId> {
        let State::Bridged(bridged) = self.state(leg.call)? else { return None };
        match bridged.peer() {
            Peer::Agent { leg: number, agent, .. } if number == leg.number => Some(agent),
            Peer::Transferred { leg: number } if number == leg.number => self.engaged_on(leg),
            Peer::Agent { .. } | Peer::Target { .. } | Peer::Direct { .. } | Peer::Transferred { .. } => None,
        }
    }

    /// What comes of joining those at the other ends of two legs of one phone. One of the two must be an agent's in
    /// conversation; whoever the other leads to takes the agent's place with the caller. Nothing when there is nobody to
    /// join them with, or the caller has been sent on too often.
    pub fn takeover(&mut self, one: LegId, other: LegId) -> Option<Takeover> {
        let (agent, consulted) =
            [(one, other), (other, one)].into_iter().find(|(agent, _)| self.is_agent_talking(*agent))?;
        let slot = self.calls.get(&consulted.call).filter(|_| agent.call != consulted.call)?;
        let (number, stands) = slot.call.as_ref()?.beyond(consulted.number)?;
        let arrived = slot.facts.first().map(|entry| &entry.fact);
        let to = match arrived {
            Some(Fact::Arrived { caller, .. }) if number == 0 => caller.clone(),
            _ => slot.dialled.clone(),
        };
        let leg = LegId { call: consulted.call, number };
        let by = self.person(self.agent_talking(agent)?);
        let comes = self.agent_of(leg);
        let newcomer = Newcomer { leg, to, agent: comes, by, stands };
        self.may_send_on(agent).then_some(Takeover { agent, newcomer })
    }

    /// Does it.
    pub fn take_over(&mut self, now: Now, takeover: Takeover) {
        let Takeover { agent, newcomer } = takeover;
        self.happened(now, agent.call, Event::Replaced(newcomer));
    }

    /// Whether a phone of ours may ask for the place of this leg: an agent's, on another phone of ours, and where there are
    /// several sites, of one the phone is an agent of too.
    #[must_use]
    pub fn may_ask_for_place(&self, extension: &str, leg: LegId) -> bool {
        let mut legs = self.calls.get(&leg.call).into_iter().flat_map(|slot| &slot.legs);
        let held = legs.find(|held| held.number == leg.number);
        let Some(agent) = held.and_then(|held| held.agent.or(held.phone)) else { return false };
        let is_phone = self.plan.agent(agent).is_some_and(|agent| self.is_phones_line(agent.via));
        let sites = self.sites_of(agent);
        let shares = || {
            let mut own = self.phones_agents(extension);
            own.any(|own| self.sites_of(own).iter().any(|site| sites.contains(site)))
        };
        is_phone && (self.plan.sites.len() == 1 || shares())
    }

    fn sites_of(&self, agent: AgentId) -> Vec<SiteId> {
        let queues = self.plan.queues.iter().flatten();
        queues.filter(|queue| queue.agents.contains(&agent)).map(|queue| queue.site).collect()
    }

    /// A call that has just come asks for a place; the limits of the machine hold for it too.
    pub(super) fn ask_for_place(&mut self, now: Now, id: CallId, arrival: &Arrival, of: LegId) -> Call {
        let plan = Arc::clone(&self.plan);
        match self.refusal(now, arrival, None) {
            Some(cause) => Call::new(id, now.moment, plan, FlowStart::Refused(cause)),
            None => Call::replacing(id, now.moment, plan, of),
        }
    }

    /// The agent whose phone of ours this is, where they may take the call that rings another's on this leg: free, and with
    /// nothing else to finish.
    #[must_use]
    pub fn may_pick_up(&self, extension: &str, leg: LegId) -> Option<AgentId> {
        let State::Ringing(ringing) = self.state(leg.call)? else { return None };
        let own = self.phones_agents(extension).find(|own| self.acd.agent_state(*own) == AgentState::Ready);
        own.filter(|_| ringing.rings_agent(leg.number))
    }

    /// Whom the phone of this extension rings for.
    fn phones_agents<'a>(&'a self, extension: &'a str) -> impl Iterator<Item = AgentId> + 'a {
        let agents = (0u32..).zip(&self.plan.agents);
        agents.filter_map(move |(own, agent)| {
            let agent = agent.as_ref()?;
            let is_theirs = self.is_phones_line(agent.via) && *agent.extension == *extension;
            is_theirs.then_some(AgentId(own))
        })
    }

    /// A call asks for the place of an agent's leg: there it is, if nothing has happened meanwhile.
    pub(super) fn take_place(&mut self, now: Now, call: CallId, of: LegId) {
        let leg = LegId::caller(call);
        let arrived = self.calls.get(&call).and_then(|slot| slot.facts.first()).map(|entry| &entry.fact);
        let to = match arrived {
            Some(Fact::Arrived { caller, .. }) => caller.clone(),
            _ => String::new(),
        };
        let agent = self.may_pick_up(&to, of);
        if agent.is_none() && !(self.is_agent_talking(of) && self.may_send_on(of)) {
            return self.pending.push_front((call, Event::NoRoom(Cause::NotFound)));
        }
        match agent {
            Some(agent) => self.own(leg, of.call, agent),
            None => {
                let own = self.phones_agents(&to).next();
                self.engage(now, leg, own, true);
            }
        }
        self.output.push_back(Output::Leg { leg, command: Command::Answer });
        self.note(now, Subject::Call(call), Fact::CallerAnswered);
        let agent = agent.map(|agent| (agent, Duration::ZERO));
        let stands = Stands::Talks { agent, holds: false };
        let by = self.taker(&to);
        let own = self.phones_agents(&to).next().map(|own| self.agent_key(own).clone());
        self.pending.push_front((of.call, Event::Replaced(Newcomer { leg, to, agent: own, by, stands })));
    }

    /// An agent as facts name them.
    fn person(&self, agent: AgentId) -> Person {
        let key = self.agent_key(agent).clone();
        Person { name: self.plan.agent(agent).map_or_else(|| key.clone(), |agent| agent.name.clone()), key }
    }

    /// The agent whose phone this leg leads to or comes from, by key.
    fn agent_of(&self, leg: LegId) -> Option<Name> {
        let mut legs = self.calls.get(&leg.call)?.legs.iter();
        let held = legs.find(|held| held.number == leg.number)?;
        held.agent.or(held.phone).map(|agent| self.agent_key(agent).clone())
    }

    /// Whoever takes a place: an agent, or by the phone's extension alone.
    fn taker(&self, extension: &str) -> Person {
        let agent = self.phones_agents(extension).next();
        agent.map_or_else(
            || Person { name: extension.into(), key: format!("{extension}@{PHONES}").into() },
            |agent| self.person(agent),
        )
    }

    /// An agent speaks on this leg, and belongs to that call.
    fn own(&mut self, leg: LegId, call: CallId, agent: AgentId) {
        let held = self.calls.get_mut(&leg.call).into_iter().flat_map(|slot| &mut slot.legs);
        held.filter(|held| held.number == leg.number).for_each(|held| held.agent = Some(agent));
        if let Some(slot) = self.calls.get_mut(&call) {
            slot.agents.push(agent);
        }
    }

    /// A leg goes over to another call, with its channel, and the agent it belongs to.
    pub(super) fn take_leg(&mut self, to: LegId, from: LegId) {
        let Some(slot) = self.calls.get_mut(&from.call) else { return };
        let Some(index) = slot.legs.iter().position(|held| held.number == from.number) else { return };
        let mut held = slot.legs.remove(index);
        let moved = held.agent.filter(|agent| slot.agents.contains(agent));
        if held.sends_on {
            self.sent_on.end(slot.caller.as_ref());
        }
        slot.agents.retain(|agent| Some(*agent) != moved);
        held.number = to.number;
        if let Some(agent) = held.phone {
            self.acd.engaged_as(agent, from, to);
        }
        if let Some(slot) = self.calls.get_mut(&to.call) {
            if held.sends_on {
                self.sent_on.begin(slot.caller.as_ref());
            }
            slot.legs.push(held);
            slot.agents.extend(moved);
        }
        if let Some(agent) = moved {
            self.acd.hand_over(from.call, to.call, agent);
        }
        self.output.push_back(Output::Moved { from, to });
        // Before anything else happens to the call it came from.
        self.pending.push_front((from.call, Event::GaveLeg { leg: from.number, to: to.call }));
    }
}
