//! Whom an agent may send a caller to: what the plan knows, and what the trunk's allow-list says. Nobody else may send
//! anybody anywhere, or a phone with a stolen password would dial out at our expense.

use super::Core;
use crate::base::{Cause, LegId, TrunkId, limits};
use crate::call::{Fact, Peer, Phone, State, TransferTo};
use crate::dialplan::Plan;

impl Core {
    /// Where the agent on this leg may send the caller by dialling `user`; nothing when they may not, or are no agent in
    /// conversation.
    #[must_use]
    pub fn transfer(&mut self, leg: LegId, user: &str) -> Option<TransferTo> {
        let to = self.allowed(leg, user)?;
        self.may_send_on(leg).then_some(to)
    }

    /// Whether a caller may be sent on once more.
    pub(super) fn may_send_on(&mut self, leg: LegId) -> bool {
        let facts = self.calls.get(&leg.call).into_iter().flat_map(|slot| &slot.facts);
        let before = facts
            .filter(|entry| {
                matches!(entry.fact, Fact::TransferStarted { .. } | Fact::TransferredToNumber { .. })
            })
            .count();
        if before >= limits::TRANSFERS {
            self.limit("transfers", Cause::Forbidden);
            return false;
        }
        true
    }

    fn allowed(&self, leg: LegId, user: &str) -> Option<TransferTo> {
        let call = self.calls.get(&leg.call)?.call.as_ref()?;
        let State::Bridged(bridged) = call.state() else { return None };
        let Peer::Agent { leg: number, agent, .. } = bridged.peer() else { return None };
        if number != leg.number {
            return None;
        }
        if let Some((_, number)) = call.plan().number(user) {
            return Some(TransferTo::Number { name: number.name.clone(), flow: number.flow });
        }
        if let Some(near) = self.behind(call.plan(), call.plan().agent(agent)?.via, user) {
            return Some(TransferTo::Phone(near));
        }
        // A target's number, as its own site reads it, over the target's own trunk.
        let target = call
            .plan()
            .targets
            .iter()
            .find(|target| call.plan().sites[target.site.index()].country.read(user) == target.number)?;
        let country = &call.plan().sites[target.site.index()].country;
        let user = self.lines.write(target.via, country, &target.number);
        Some(TransferTo::Phone(Phone { trunk: target.via, user }))
    }

    /// Whom the phone of an agent that rings on this leg may name in its place.
    #[must_use]
    pub fn deflection(&self, leg: LegId, user: &str) -> Option<Phone> {
        let slot = self.calls.get(&leg.call)?;
        let held = slot.legs.iter().find(|held| held.number == leg.number && held.agent.is_some())?;
        self.behind(slot.call.as_ref()?.plan(), held.trunk, user)
    }

    /// A colleague behind the same trunk, agent or not where phones register here, or what its list allows.
    fn behind(&self, plan: &Plan, trunk: TrunkId, user: &str) -> Option<Phone> {
        let mut agents = plan.agents.iter().flatten();
        let colleague = agents.any(|other| other.via == trunk && other.extension.as_str() == user)
            || self.is_phones_line(trunk) && self.phone_of(user).is_some();
        let allowed = colleague || self.lines.may_transfer(trunk, user);
        allowed.then(|| Phone { trunk, user: user.into() })
    }
}
