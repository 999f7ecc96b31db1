//! Deflection: a caller who is to be sent on to a target over the very trunk they came in by may be given back to it, with
//! the target's number, instead of being carried out and in again: two channels are free, and what becomes of the call is
//! not seen here. A target whose answer is to be seen, for its SLA or for the key it asks for, is always rung by us.

use super::apply::diverted;
use super::{Command, Core, Diverted, Output};
use crate::base::{LegId, Now, TargetId};
use crate::call::{Event, State};
use crate::dialplan::Plan;
use crate::settings::Deflect;
use std::sync::Arc;

/// Whom a caller's own side is to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deflection {
    /// The leg that would have been dialled, in the call's own count.
    pub leg: u16,
    /// The user part to dial.
    pub user: String,
    /// Where the call is diverted from.
    pub diverted: Diverted,
}

impl Core {
    /// Lets the caller's own trunk call a target, where it may; says whether it is asked to. The leg takes no channel.
    pub(super) fn deflect(&mut self, leg: LegId, plan: &Plan, target: TargetId) -> bool {
        let plan_target = &plan.targets[target.index()];
        let is_unanswered = matches!(self.state(leg.call), Some(State::Arriving(_)));
        let Some(slot) = self.calls.get_mut(&leg.call) else { return false };
        let from = slot.legs.iter().find(|held| held.number == 0).map(|held| held.trunk);
        let may = match self.lines.deflect(plan_target.via) {
            Deflect::Off => false,
            Deflect::Redirect => is_unanswered,
            Deflect::Refer => !is_unanswered,
            Deflect::Both => true,
        };
        if !may || from != Some(plan_target.via) || plan_target.accept.is_some() || plan_target.sla.is_some()
        {
            return false;
        }
        slot.deflecting = Some((leg.number, target));
        self.sent_on.begin(slot.caller.as_ref());
        let deflection = Deflection {
            leg: leg.number,
            user: self.lines.write(
                plan_target.via,
                &plan.sites[plan_target.site.index()].country,
                &plan_target.number,
            ),
            diverted: diverted(slot),
        };
        let (leg, command) = (LegId::caller(leg.call), Command::Deflect(deflection));
        self.output.push_back(Output::Leg { leg, command });
        true
    }

    /// The caller's own side has called whom this leg was for, as far as is ever known here. Says whether the call still
    /// waited for that.
    pub fn deflected(&mut self, now: Now, leg: LegId) -> bool {
        let waited = self.deflection_over(leg).is_some();
        if waited {
            self.happened(now, leg.call, Event::Deflected(leg.number));
        }
        waited
    }

    /// The caller's own side will not, or can't: we ring the target, for what is left of its time.
    pub fn not_deflected(&mut self, now: Now, leg: LegId) {
        let Some(target) = self.deflection_over(leg) else { return };
        let call = self.calls.get(&leg.call).and_then(|slot| slot.call.as_ref());
        let Some(plan) = call.map(|call| Arc::clone(call.plan())) else { return };
        self.ring_target(now, leg, &plan, target);
        self.turn(now);
    }

    /// Nobody waits any longer for the caller's own side to do it; the caller's leg stands for whichever it was.
    pub(super) fn deflection_over(&mut self, leg: LegId) -> Option<TargetId> {
        let slot = self.calls.get_mut(&leg.call)?;
        let (_, target) = slot.deflecting.take_if(|(number, _)| leg.is_caller() || *number == leg.number)?;
        self.sent_on.end(slot.caller.as_ref());
        Some(target)
    }
}
