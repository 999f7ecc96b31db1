//! REFER, told to the core as a transfer. Who may send a caller where, the core decides; everybody else is refused and
//! nothing changes. Must never read a header.

use super::Engine;
use crate::base::{LegId, Now};
use crate::call::Event as CallEvent;
use crate::signaling::{LegKey, Referral};

impl Engine {
    /// 403 to whoever may not: 405 would deny that the method is served at all.
    pub(super) fn referred(&mut self, now: Now, id: LegId, key: LegKey, referral: &Referral) {
        // What Refer-To puts into the new INVITE, Replaces above all, would act on dialogs of others.
        let allowed = if referral.replaces { None } else { self.core.transfer(id, &referral.user) };
        match allowed {
            Some(to) => {
                self.stack.accept_refer(now.moment, key);
                self.core.happened(now, id.call, CallEvent::Referred(to));
            }
            None => self.stack.refuse_refer(now.moment, key, 403),
        }
    }
}
