//! A request of a leg that was challenged and goes out again (RFC 3261 section 22.2): which one is still wanted, and what
//! stands for it from then on.

use super::{Leg, Probe, State};
use crate::signaling::transaction::ClientKey;
use crate::wire::sip::Method;

impl Leg {
    /// Whether the leg still wants the answer to the request `key`.
    pub(in crate::signaling) fn awaits(&self, key: ClientKey, method: Method<'_>) -> bool {
        match &self.state {
            State::Calling(calling) => calling.invite == key && !calling.cancelled,
            State::Established(established) => {
                let changes = established.change.as_ref().is_some_and(|(change, _)| *change == key);
                changes
                    || matches!(established.probe, Probe::Asked { key: asked, .. } if asked == key)
                    || self.sending_on.is(key)
            }
            State::HangingUp => method == Method::Bye,
            State::Invited { .. } | State::HungUp { .. } | State::Over => false,
        }
    }

    /// The request `old` goes out again as `new`; gives its CSeq number.
    pub(in crate::signaling) fn asks_again(&mut self, old: ClientKey, new: ClientKey) -> u32 {
        match &mut self.state {
            State::Calling(calling) => {
                calling.invite = new;
                // What the challenged one rang is over: a CANCEL waits for the new one's first provisional response.
                calling.provisional = false;
                calling.early = None;
            }
            State::Established(established) => {
                if let Some((change, _)) = established.change.as_mut().filter(|(change, _)| *change == old) {
                    *change = new;
                } else if self.sending_on.is(old) {
                    self.sending_on.asked_again(old, new);
                } else if let Probe::Asked { key, .. } = &mut established.probe {
                    *key = new;
                }
            }
            State::HangingUp | State::Invited { .. } | State::HungUp { .. } | State::Over => {}
        }
        self.dialog.next_number()
    }
}
