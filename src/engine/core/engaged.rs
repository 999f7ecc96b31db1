//! Agents whose phone is in a call that no queue gave them: a colleague's, one sent on to them, one they dialled. They are
//! engaged from the first ring, or from dialling, until the leg has ended, and no queue rings them meanwhile.
//!
//! A queue's ring that is on the phone already when its agent dials or is called goes on: that is call waiting, as with any
//! phone, and one that takes no second call answers 486 itself. Stopping it would take the caller from the one person who
//! is at the phone.

use super::Core;
use crate::base::phone::PhoneNumber;
use crate::base::{AgentId, CallId, LegId, Now, TrunkId};
use crate::call::{Event, Phone};

impl Core {
    /// The agent who has this phone.
    pub(super) fn agent_at(&self, line: TrunkId, extension: &str) -> Option<AgentId> {
        let mut agents = (0u32..).zip(&self.plan.agents);
        agents.find_map(|(number, agent)| {
            let agent = agent.as_ref()?;
            (agent.via == line && agent.extension.as_str() == extension).then_some(AgentId(number))
        })
    }

    /// The agent a call comes from: phones that register have proved who they are, and an IPBX knows its extensions. A
    /// number of the public network proves nothing: whoever writes it could keep an agent from every queue.
    pub(super) fn agent_calling(&self, line: TrunkId, caller: &str) -> Option<AgentId> {
        let agent = self.agent_at(line, caller)?;
        let is_public =
            || self.plan.sites.iter().any(|site| matches!(site.country.read(caller), PhoneNumber::E164(_)));
        (self.is_phones_line(line) || !is_public()).then_some(agent)
    }

    /// An agent's phone rings on this leg, or, where somebody is there, dials or talks on it.
    pub(super) fn engage(&mut self, now: Now, leg: LegId, agent: Option<AgentId>, talks: bool) {
        let Some(agent) = agent else { return };
        let held = self.calls.get_mut(&leg.call).into_iter().flat_map(|slot| &mut slot.legs);
        for held in held.filter(|held| held.number == leg.number) {
            held.phone = Some(agent);
        }
        self.acd.engage(now.moment, agent, leg, talks);
    }

    /// The phone rung on this leg has named another one, which rings in its place.
    pub fn moved(&mut self, now: Now, leg: LegId, to: &Phone) {
        self.engaged_over(now, leg);
        let agent = self.agent_at(to.trunk, &to.user);
        self.engage(now, leg, agent, false);
        self.turn(now);
    }

    /// What an event of a call says of the phone on its leg: somebody is there, or nobody any more.
    pub(super) fn engaged_heard(&mut self, now: Now, call: CallId, event: &Event) {
        if let Event::LegAnswered(number) = *event {
            let leg = LegId { call, number };
            if let Some(agent) = self.engaged_on(leg) {
                self.acd.engage(now.moment, agent, leg, true);
            }
        } else if let Event::HungUp(number, _) | Event::LegRefused(number, _) = *event {
            self.engaged_over(now, LegId { call, number });
        }
    }

    /// The agent who is engaged on this leg.
    pub(super) fn engaged_on(&self, leg: LegId) -> Option<AgentId> {
        let mut legs = self.calls.get(&leg.call)?.legs.iter();
        legs.find(|held| held.number == leg.number)?.phone
    }

    /// Nobody is there.
    fn engaged_over(&mut self, now: Now, leg: LegId) {
        if let Some(agent) = self.engaged_on(leg) {
            self.acd.disengage(now.moment, agent, leg);
        }
    }

    /// We hang up. A phone that still rings is left alone until it has stopped, as after a queue's ring.
    pub(super) fn engaged_told(&mut self, now: Now, leg: LegId) {
        if let Some(agent) = self.engaged_on(leg) {
            self.acd.told(now.moment, agent, leg);
        }
    }
}
