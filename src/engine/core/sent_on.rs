//! Callers whose own call is being sent on to a target: carriers drop Diversion, so the same caller coming back while
//! that leg waits for its answer is how a target that forwards to us shows. Once somebody has answered, or nobody waits any
//! more, it is not: many call from one number of their company. Callers nobody knows can't be told apart.

use super::{Arrival, Core};
use crate::base::phone::{Country, PhoneNumber};
use crate::base::{LegId, Map};

/// Legs to targets nobody has answered, by caller.
#[derive(Debug, Default)]
pub(super) struct SentOn(Map<PhoneNumber, u32>);

impl SentOn {
    pub(super) fn begin(&mut self, caller: Option<&PhoneNumber>) {
        if let Some(caller) = caller {
            *self.0.entry(caller.clone()).or_default() += 1;
        }
    }

    pub(super) fn end(&mut self, caller: Option<&PhoneNumber>) {
        let Some(caller) = caller else { return };
        let Some(legs) = self.0.get_mut(caller) else { return };
        *legs -= 1;
        if *legs == 0 {
            self.0.remove(caller);
        }
    }

    pub(super) fn holds(&self, caller: Option<&PhoneNumber>) -> bool {
        caller.is_some_and(|caller| self.0.contains_key(caller))
    }
}

impl Core {
    /// Who a caller is, where that is a number: a name may stand for everybody who has none. A phone that registers here
    /// has proved who it is, and is no call of ours come back.
    pub(super) fn known(&self, country: &Country, arrival: &Arrival) -> Option<PhoneNumber> {
        match country.read(&arrival.caller) {
            number @ (PhoneNumber::E164(_) | PhoneNumber::Short(_))
                if !self.is_phones_line(arrival.trunk) =>
            {
                Some(number)
            }
            PhoneNumber::E164(_) | PhoneNumber::Short(_) | PhoneNumber::Text(_) => None,
        }
    }

    /// A leg no longer waits for its answer.
    pub(super) fn sent_on_over(&mut self, leg: LegId) {
        let Some(slot) = self.calls.get_mut(&leg.call) else { return };
        let held = slot.legs.iter_mut().find(|held| held.number == leg.number && held.sends_on);
        if let Some(held) = held {
            held.sends_on = false;
            self.sent_on.end(slot.caller.as_ref());
        }
    }
}
