//! Asking whether the far end still knows the leg: OPTIONS in its dialog. A far end that vanished without a BYE is
//! found out so, whatever it supports of session timers.

use super::{Leg, State};
use crate::base::{Cause, Moment};
use crate::signaling::transaction::{ClientKey, Layer, Owner, Reply, Report};
use crate::wire::sip::{Message, Method};

/// The question whether the far end still knows the leg.
#[derive(Debug, Default)]
pub(super) enum Probe {
    /// Not asked, or answered.
    #[default]
    Idle,
    /// Asked, for the second time after a lost path or not.
    Asked {
        /// The OPTIONS.
        key: ClientKey,
        /// The path was lost when it was asked before.
        again: bool,
    },
    /// Asked, but the path was lost.
    PathLost,
}

impl Leg {
    /// Asks; one question at a time, and none before the ACK.
    pub(in crate::signaling) fn probe(&mut self, now: Moment, layer: &mut Layer) {
        let State::Established(established) = &mut self.state else { return };
        if self.unacked.is_some() || matches!(established.probe, Probe::Asked { .. }) {
            return;
        }
        let again = matches!(established.probe, Probe::PathLost);
        let key = self.dialog.request(layer, now, Method::Options, Owner::Leg(self.key), |_| {});
        established.probe = Probe::Asked { key, again };
    }

    /// What became of the question. Any answer but 481 and 408 is a sign of life, a refusal too.
    pub(super) fn on_probe_report(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        report: &Report,
        response: Option<&Message<'_>>,
    ) {
        let State::Established(established) = &mut self.state else { return };
        let code = response.and_then(Message::code);
        let Probe::Asked { key, again } = established.probe else { return };
        if key != report.key || code.is_some_and(|code| code < 200) {
            return;
        }
        established.probe = match report.reply {
            Reply::PathLost => Probe::PathLost,
            Reply::Response | Reply::TimedOut | Reply::TooLong => Probe::Idle,
        };
        let gone = match report.reply {
            // RFC 3261 section 12.2.1.2: the far end knows no such dialog, or counts as gone.
            Reply::Response => matches!(code, Some(408 | 481)),
            Reply::TimedOut | Reply::TooLong => true,
            // A connection a firewall dropped is made anew by the next question; nobody there twice is nobody.
            Reply::PathLost => again,
        };
        if gone {
            self.break_off(now, layer, Cause::Lost);
        }
    }
}
