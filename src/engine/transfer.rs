//! REFER, told to the core as a transfer; and a phone that names another one, which is rung in its place. Who may send
//! a caller where, the core decides; everybody else is refused and nothing changes. Must never read a header.

use super::Engine;
use super::core::{Command, Dial, Output};
use crate::base::{Cause, LegId, Now};
use crate::call::Event as CallEvent;
use crate::signaling::{LegKey, Referral, Wanted};

impl Engine {
    /// 403 to whoever may not: 405 would deny that the method is served at all.
    pub(super) fn referred(&mut self, now: Now, id: LegId, key: LegKey, referral: &Referral) {
        let allowed = match &referral.wanted {
            Wanted::Call => self.core.transfer(id, &referral.user),
            Wanted::Replacement(replaces) => return self.referred_to_dialog(now, id, key, replaces),
            // What Refer-To puts into the new INVITE would be said in our name.
            Wanted::Other => None,
        };
        match allowed {
            Some(to) => {
                self.stack.accept_refer(now.moment, key);
                self.core.happened(now, id.call, CallEvent::Referred(to));
            }
            None => self.stack.refuse_refer(now.moment, key, 403),
        }
    }

    /// A phone sends its caller on (302): followed once, and where its agent might send a caller; else it has refused.
    pub(super) fn redirected(&mut self, now: Now, id: LegId, code: u16, user: &str) {
        let may = self.legs.get(id).is_some_and(|leg| !leg.moved);
        let allowed = if may { self.core.moved_to(id, user) } else { None };
        self.attempts.forget(id);
        self.end_stage(now, id);
        match allowed {
            Some(to) => {
                // For the call it is the same ring of the same agent: only the SIP leg beneath is another.
                self.legs.remove(id);
                self.core.moved(now, id, &to);
                let dial = Dial {
                    trunk: to.trunk,
                    user: to.user,
                    moved: true,
                    referred_by: None,
                    diverted: None,
                    signed: None,
                    is_agent: true,
                    is_emergency: false,
                    caller: None,
                };
                self.order(now, Output::Leg { leg: id, command: Command::Dial(dial) });
            }
            None => {
                let cause = Cause::from_sip_code(code);
                self.core.happened(now, id.call, CallEvent::LegRefused(id.number, cause));
            }
        }
    }
}
