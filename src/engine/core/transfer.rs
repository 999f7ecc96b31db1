//! Whom an agent may send a caller to: what the plan knows, and what the trunk's allow-list says. Nobody else may send
//! anybody anywhere, or a phone with a stolen password would dial out at our expense.

use super::Core;
use crate::base::{Cause, LegId, TrunkId, limits};
use crate::call::{Fact, Phone, Referral, TransferTo};
use crate::dialplan::Plan;

impl Core {
    /// Where the agent on this leg may send the caller by dialling `user`; nothing when they may not, or are no agent in
    /// conversation.
    #[must_use]
    pub fn transfer(&mut self, leg: LegId, user: &str) -> Option<Referral> {
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

    fn allowed(&self, leg: LegId, user: &str) -> Option<Referral> {
        let by = self.agent_talking(leg)?;
        let call = self.calls.get(&leg.call)?.call.as_ref()?;
        if let Some((_, number)) = call.plan().number(user) {
            let to = TransferTo::Number { name: number.name.clone(), flow: number.flow };
            return Some(Referral { by, to });
        }
        let agent = call.plan().agent(by)?;
        // The one phone that would ring is the agent's own, which has the caller.
        if agent.extension.as_str() == user {
            return None;
        }
        let own = agent.via;
        let colleague = self.colleague(call.plan(), own, user);
        let near = colleague.or_else(|| self.target(call.plan(), user)).or_else(|| self.listed(own, user));
        near.map(|phone| Referral { by, to: TransferTo::Phone(phone) })
    }

    /// Whom the phone that rings on this leg may name in its place: an agent's, or one that registers here.
    #[must_use]
    pub fn moved_to(&self, leg: LegId, user: &str) -> Option<Phone> {
        let slot = self.calls.get(&leg.call)?;
        let held = slot.legs.iter().find(|held| held.number == leg.number)?;
        if held.agent.is_none() && !self.is_phones_line(held.trunk) {
            return None;
        }
        let near = self.colleague(slot.call.as_ref()?.plan(), held.trunk, user);
        near.or_else(|| self.listed(held.trunk, user))
    }

    /// A colleague behind the same trunk, agent or not where phones register here.
    fn colleague(&self, plan: &Plan, trunk: TrunkId, user: &str) -> Option<Phone> {
        let mut agents = plan.agents.iter().flatten();
        let is_one = agents.any(|other| other.via == trunk && other.extension.as_str() == user)
            || self.is_phones_line(trunk) && self.phone_of(user).is_some();
        is_one.then(|| self.phone_at(trunk, user.into()))
    }

    /// A target's number, as its own site reads it, over the target's own trunk: what an agent's trunk lists besides must
    /// not take it elsewhere.
    fn target(&self, plan: &Plan, user: &str) -> Option<Phone> {
        let mut targets = plan.targets.iter();
        let target =
            targets.find(|target| plan.sites[target.site.index()].country.read(user) == target.number)?;
        let country = &plan.sites[target.site.index()].country;
        let user = self.lines.write(target.via, country, &target.number);
        Some(self.phone_at(target.via, user))
    }

    fn phone_at(&self, trunk: TrunkId, user: String) -> Phone {
        let agent = self.agent_at(trunk, &user).map(|agent| self.agent_key(agent).clone());
        Phone { trunk, user, agent }
    }

    /// What the trunk's list allows.
    fn listed(&self, trunk: TrunkId, user: &str) -> Option<Phone> {
        self.lines.may_transfer(trunk, user).then(|| self.phone_at(trunk, user.into()))
    }
}
