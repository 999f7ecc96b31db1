//! Hanging up, from either end.

use super::{Established, Leg, State};
use crate::base::{Cause, Moment};
use crate::signaling::compose;
use crate::signaling::event::LegEvent;
use crate::signaling::timer::LegTimer;
use crate::signaling::transaction::{Layer, Owner, ServerKey};
use crate::signaling::verbs::{Rejection, phrase};
use crate::wire::sip::{Message, Method};

impl Leg {
    /// Hangs up, whatever the leg is doing: refuses, gives up, or says BYE.
    pub(in crate::signaling) fn bye(&mut self, now: Moment, layer: &mut Layer, cause: Cause) {
        match &mut self.state {
            State::Invited { .. } => self.reject(now, layer, &Rejection::from(cause)),
            State::Calling(_) => self.cancel(now, layer, cause),
            State::Established(established) if self.unacked.is_some() => {
                established.hang_up = established.hang_up.or(Some(cause));
            }
            State::Established(_) => self.send_bye(now, layer, cause),
            State::HangingUp | State::HungUp { .. } | State::Over => {}
        }
    }

    pub(super) fn send_bye(&mut self, now: Moment, layer: &mut Layer, cause: Cause) {
        self.stop_waiting(now, layer);
        self.state = State::HangingUp;
        let passes = std::mem::take(&mut self.passes);
        self.dialog.request(layer, now, Method::Bye, Owner::Leg(self.key), |writer| {
            passes.put_in_bye(writer, cause);
        });
    }

    /// Their BYE came.
    pub(in crate::signaling) fn on_bye(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        bye: ServerKey,
        request: &Message<'_>,
    ) {
        match &self.state {
            // Both may hang up at once: each answers the other's BYE, and what ours means may not be stored yet either.
            State::Established(_) | State::HangingUp => return self.keep_bye(now, layer, bye, request),
            State::Invited { .. } => self.on_cancel(now, layer, request),
            State::Calling(_) | State::HungUp { .. } | State::Over => {
                layer.answer(now, bye, 481, phrase(481), |_, _| {});
                return;
            }
        }
        layer.answer(now, bye, 200, phrase(200), |_, _| {});
    }

    /// Keeps their BYE until the journal has stored what it means.
    fn keep_bye(&mut self, now: Moment, layer: &mut Layer, bye: ServerKey, request: &Message<'_>) {
        self.stop_waiting(now, layer);
        self.state = State::HungUp { bye };
        self.set_timer(layer, LegTimer::ReleaseMissing, now + layer.settings().patience());
        let reason = compose::read_reason(request);
        self.bring(layer, request);
        layer.tell(self.key, LegEvent::HungUp { cause: Cause::Normal, reason });
    }

    /// Sends the 200 their BYE waits for.
    pub(in crate::signaling) fn release_bye(&mut self, now: Moment, layer: &mut Layer) {
        let State::HungUp { bye } = self.state else { return };
        layer.answer(now, bye, 200, phrase(200), |_, _| {});
        self.state = State::Over;
    }

    /// The leg is about to be established no longer. A re-INVITE of ours under way is to be refused (RFC 3261 section
    /// 15.1.2), and a peer that never does must not keep it alive.
    fn stop_waiting(&mut self, now: Moment, layer: &mut Layer) {
        if let State::Established(Established { change: Some((invite, _)), .. }) = &self.state {
            layer.hurry_client(now, *invite);
        }
        self.unacked = None;
        self.refuse_refer(now, layer, 481);
        for timer in [
            LegTimer::AnswerAgain,
            LegTimer::AckMissing,
            LegTimer::Glare,
            LegTimer::Refresh,
            LegTimer::SessionEnd,
            LegTimer::ReferMissing,
        ] {
            self.stop_timer(layer, timer);
        }
    }
}
