//! Giving a caller back to their own side, with the number to call: 302 before our answer, REFER after it. What that side
//! says of it is told to the core; what it does not say stays unknown.

use super::core::Deflection;
use super::legs::{Deflecting, DeflectingStage, Stage};
use super::orders::diversions;
use super::{Engine, Observation};
use crate::base::{Cause, LegId, Now};
use crate::call::Event as CallEvent;
use crate::signaling::SendOn;

impl Engine {
    /// The caller's own side is to call somebody.
    pub(super) fn deflect(&mut self, now: Now, id: LegId, deflection: &Deflection) {
        let Some(leg) = self.legs.get_mut(id) else { return };
        let (key, trunk, stage) = (leg.key, leg.trunk, leg.stage);
        let for_leg = LegId { number: deflection.leg, ..id };
        let Some(config) = self.config.trunks.get(trunk.index()) else { return };
        let way = self.stack.ways(trunk, true).first().copied();
        let to = SendOn {
            target_user: deflection.user.clone(),
            target_host: way.map_or_else(String::new, |way| config.peer.host_of(way)),
            our_host: config.peer.domain.clone(),
            diversions: diversions(
                &deflection.diverted.from,
                deflection.diverted.after,
                leg.inbound.as_deref(),
            ),
            diversion: config.identity.diversion,
        };
        match (stage, way) {
            (Stage::Calling, Some(_)) => {
                self.end_stage(now, id);
                self.stack.redirect(now.moment, key, &to);
                self.observe_deflection(id, "redirected");
                self.core.deflected(now, for_leg);
            }
            // It has refused, or may yet do what it was asked before.
            (Stage::Up, Some(_)) if leg.deflecting.is_some() => {
                self.observe_deflection(id, "refused");
                self.core.not_deflected(now, for_leg);
            }
            (Stage::Up, Some(_)) => {
                leg.deflecting = Some(Deflecting { leg: deflection.leg, stage: DeflectingStage::Asked });
                self.stack.send_on(now.moment, key, to);
            }
            // A name nothing is known of: the target's own INVITE will say so.
            (_, None) => self.core.not_deflected(now, for_leg),
            (Stage::Called | Stage::Over, Some(_)) => {}
        }
    }

    /// The caller's side will try.
    pub(super) fn is_sending_on(&mut self, id: LegId) {
        if let Some(deflecting) = self.legs.get_mut(id).and_then(|leg| leg.deflecting.as_mut()) {
            deflecting.stage = DeflectingStage::Accepted;
        }
    }

    /// The caller's side has done it: what is left here is nobody's, whether we still waited for it or not.
    pub(super) fn sent_on(&mut self, now: Now, id: LegId) {
        let deflecting = self.legs.get_mut(id).and_then(|leg| leg.deflecting.take());
        let Some(deflecting) = deflecting else { return };
        if deflecting.stage == DeflectingStage::GivenUp {
            // Where the target still rings, the call is there twice: ours goes.
            self.core.happened(now, id.call, CallEvent::Deflected(deflecting.leg));
        } else if self.took_on(now, id, deflecting) {
            return;
        }
        self.core.happened(now, id.call, CallEvent::HungUp(0, Cause::Normal));
        self.hang_up(now, id, Cause::Normal);
    }

    /// The caller's side will not, or can't.
    pub(super) fn not_sent_on(&mut self, now: Now, id: LegId) {
        let Some(deflecting) = self.legs.get_mut(id).and_then(|leg| leg.deflecting.as_mut()) else { return };
        let leg = deflecting.leg;
        deflecting.stage = DeflectingStage::GivenUp;
        self.observe_deflection(id, "refused");
        self.core.not_deflected(now, LegId { number: leg, ..id });
    }

    /// A caller's leg hung up. One whose side has said that it will call for itself has most likely done so, and a caller
    /// who gave up meanwhile can't be told from that: the call is sent on, unobserved. Says whether that was it.
    pub(super) fn hung_up_sent_on(&mut self, now: Now, id: LegId) -> bool {
        let deflecting = self.legs.get(id).and_then(|leg| leg.deflecting);
        let accepted = deflecting.filter(|deflecting| deflecting.stage == DeflectingStage::Accepted);
        accepted.is_some_and(|deflecting| self.took_on(now, id, deflecting))
    }

    fn took_on(&mut self, now: Now, id: LegId, deflecting: Deflecting) -> bool {
        let waited = self.core.deflected(now, LegId { number: deflecting.leg, ..id });
        if waited {
            self.observe_deflection(id, "referred");
        }
        waited
    }

    fn observe_deflection(&mut self, id: LegId, result: &'static str) {
        let Some(trunk) = self.legs.get(id).map(|leg| leg.trunk) else { return };
        let trunk = self.trunk_name(trunk);
        self.observe(Observation::Deflection { trunk, result });
    }
}
