//! Whom an agent may send a caller to: what the plan knows, and what the trunk's allow-list says. Nobody else may send
//! anybody anywhere, or a phone with a stolen password would dial out at our expense.

use super::Core;
use crate::base::LegId;
use crate::call::{Peer, State, TransferTo};
use crate::dialplan::Plan;

impl Core {
    /// Where the agent on this leg may send the caller by dialling `user`; nothing when they may not, or are no agent in
    /// conversation.
    #[must_use]
    pub fn transfer(&self, leg: LegId, user: &str) -> Option<TransferTo> {
        let call = self.calls.get(&leg.call)?.call.as_ref()?;
        let State::Bridged(bridged) = call.state() else { return None };
        let Peer::Agent { leg: number, agent, .. } = bridged.peer() else { return None };
        if number != leg.number {
            return None;
        }
        let via = call.plan().agent(agent)?.via;
        let colleague = |plan: &Plan| {
            let mut agents = plan.agents.iter().flatten();
            agents.any(|other| other.via == via && other.extension.as_str() == user)
        };
        if colleague(call.plan()) || self.lines.may_transfer(via, user) {
            return Some(TransferTo { trunk: via, user: user.into() });
        }
        // A target's number, as its own site reads it, over the target's own trunk.
        let target = call
            .plan()
            .targets
            .iter()
            .find(|target| call.plan().sites[target.site.index()].country.read(user) == target.number)?;
        let country = &call.plan().sites[target.site.index()].country;
        Some(TransferTo { trunk: target.via, user: self.lines.write(target.via, country, &target.number) })
    }
}
