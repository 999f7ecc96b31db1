//! Sending a caller on through their own side, so that none of their call stays here: 302 before the answer (RFC 3261
//! section 21.3.3), REFER after it (RFC 3515). Whether, and to whom, is never decided here; nor is what is done when the
//! far end will not.

use super::{Leg, State};
use crate::base::Moment;
use crate::signaling::compose::{self, User};
use crate::signaling::event::LegEvent;
use crate::signaling::identity;
use crate::signaling::mark::NameKind;
use crate::signaling::timer::LegTimer;
use crate::signaling::transaction::{ClientKey, Layer, Owner, Reply, Report, ServerKey};
use crate::signaling::verbs::{SendOn, phrase};
use crate::wire::sip::{HeaderName, Message, Method};
use std::time::Duration;

/// How long the answer to a REFER may take. It says only whether the far end will try (RFC 3515 section 2.4.2), and a lost
/// datagram has been sent four times by then (RFC 3261 section 17.1.2.2); the caller waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(4);

/// The REFER of ours on a leg; one at a time.
#[derive(Debug, Default)]
pub(super) enum SendingOn {
    #[default]
    None,
    /// It waits for the ACK to our answer.
    Wanted(SendOn),
    /// It waits for its answer.
    Asked(ClientKey),
    /// The far end tries, and tells how it goes.
    Accepted,
    /// Nobody waits for it any longer; the far end may yet do it.
    GivenUp,
}

impl SendingOn {
    /// Whether this request is the REFER.
    pub(super) fn is(&self, key: ClientKey) -> bool {
        matches!(self, Self::Asked(asked) if *asked == key)
    }

    /// The REFER goes out again as `new`.
    pub(super) fn asked_again(&mut self, old: ClientKey, new: ClientKey) {
        if self.is(old) {
            *self = Self::Asked(new);
        }
    }
}

impl Leg {
    /// Refuses their INVITE with 302 and says whom to call instead.
    pub(in crate::signaling) fn redirect(&mut self, now: Moment, layer: &mut Layer, to: &SendOn) {
        let State::Invited { invite, refusal: None } = &self.state else { return };
        let Some((flow, _)) = layer.server_request(*invite) else { return };
        let host = to.our_host.as_ref().map_or_else(|| layer.public(flow).to_string(), ToString::to_string);
        let mark = layer.fresh(NameKind::Diversion);
        layer.answer(now, *invite, 302, phrase(302), |writer, _| {
            writer.header_fmt(
                HeaderName::Contact,
                format_args!("<sip:{}@{}>", User(&to.target_user), to.target_host),
            );
            identity::put_diversions(
                writer,
                to.diversion,
                &to.diversions,
                &host,
                mark,
                (&to.target_user, &to.target_host),
            );
        });
        self.state = State::Over;
    }

    /// Asks the far end of an answered leg to call somebody else for itself (REFER); its answer is told.
    pub(in crate::signaling) fn send_on(&mut self, now: Moment, layer: &mut Layer, to: SendOn) {
        let State::Established(_) = &self.state else { return };
        // News of an earlier one may still come, and need not say which it is of (RFC 3515 section 2.4.6).
        let SendingOn::None = self.sending_on else {
            return layer.tell(self.key, LegEvent::NotSentOn);
        };
        self.sending_on = SendingOn::Wanted(to);
        self.refer_wanted(now, layer);
    }

    /// Sends the REFER once the dialog is confirmed at both ends.
    pub(super) fn refer_wanted(&mut self, now: Moment, layer: &mut Layer) {
        if self.unacked.is_some() {
            return;
        }
        let SendingOn::Wanted(to) = &self.sending_on else { return };
        let public = layer.public(self.dialog.flow).to_string();
        let host = to.our_host.as_deref().unwrap_or(&public);
        let key = self.dialog.request(layer, now, Method::Refer, Owner::Leg(self.key), |writer| {
            writer.header_fmt(
                HeaderName::ReferTo,
                format_args!("<sip:{}@{}>", User(&to.target_user), to.target_host),
            );
            // RFC 3892 section 2.1: on whose behalf.
            if let Some(ours) = to.diversions.iter().find(|diversion| diversion.is_ours) {
                writer.header_fmt(HeaderName::ReferredBy, format_args!("<sip:{}@{host}>", User(&ours.user)));
            }
        });
        self.sending_on = SendingOn::Asked(key);
        self.set_timer(layer, LegTimer::ReferMissing, now + PATIENCE);
    }

    /// What became of the REFER itself.
    pub(super) fn on_refer_report(
        &mut self,
        layer: &mut Layer,
        report: &Report,
        response: Option<&Message<'_>>,
    ) {
        let code = response.and_then(Message::code);
        if !self.sending_on.is(report.key) || code.is_some_and(|code| code < 200) {
            return;
        }
        match (report.reply, code) {
            (Reply::Response, Some(200..=299)) => {
                self.stop_timer(layer, LegTimer::ReferMissing);
                self.sending_on = SendingOn::Accepted;
                layer.tell(self.key, LegEvent::SendingOn);
            }
            (Reply::Response | Reply::TimedOut | Reply::TooLong | Reply::PathLost, _) => {
                self.not_sent_on(layer, SendingOn::None)
            }
        }
    }

    /// No answer to the REFER in time. Whoever does it all the same says so by NOTIFY.
    pub(super) fn refer_missing(&mut self, layer: &mut Layer) {
        if let SendingOn::Asked(_) = self.sending_on {
            self.not_sent_on(layer, SendingOn::GivenUp);
        }
    }

    fn not_sent_on(&mut self, layer: &mut Layer, then: SendingOn) {
        self.stop_timer(layer, LegTimer::ReferMissing);
        self.sending_on = then;
        layer.tell(self.key, LegEvent::NotSentOn);
    }

    /// Their NOTIFY came: how it goes with the call our REFER asked for. Nothing else is ever subscribed to.
    pub(in crate::signaling) fn on_notify(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        server: ServerKey,
        request: &Message<'_>,
    ) {
        let event = request.header(HeaderName::Event).unwrap_or_default();
        let event = event.split(|byte| *byte == b';').next().unwrap_or_default();
        let code = match &self.sending_on {
            SendingOn::None | SendingOn::Wanted(_) => 405,
            // The NOTIFY may overtake the 202.
            SendingOn::Asked(_) | SendingOn::Accepted | SendingOn::GivenUp => {
                if event.trim_ascii().eq_ignore_ascii_case(b"refer") { 200 } else { 489 }
            }
        };
        layer.answer(now, server, code, phrase(code), |writer, _| {
            if code == 405 {
                writer.header(HeaderName::Allow, compose::ALLOW);
            } else if code == 489 {
                writer.header(HeaderName::AllowEvents, "refer");
            }
        });
        if code != 200 {
            return;
        }
        let state = request.header(HeaderName::SubscriptionState).unwrap_or_default().trim_ascii_start();
        let is_last = state.get(..10).is_some_and(|word| word.eq_ignore_ascii_case(b"terminated"));
        match told(request.body()) {
            Some(300..) => self.refused_later(layer),
            Some(200..) => self.sent_on(layer),
            // No more will be told, and no refusal was.
            Some(_) | None if is_last => self.sent_on(layer),
            Some(_) | None => {}
        }
    }

    fn sent_on(&mut self, layer: &mut Layer) {
        self.stop_timer(layer, LegTimer::ReferMissing);
        self.sending_on = SendingOn::None;
        layer.tell(self.key, LegEvent::SentOn);
    }

    fn refused_later(&mut self, layer: &mut Layer) {
        match self.sending_on {
            SendingOn::Asked(_) | SendingOn::Accepted => self.not_sent_on(layer, SendingOn::None),
            // That was taken for granted.
            SendingOn::GivenUp => self.sending_on = SendingOn::None,
            SendingOn::None | SendingOn::Wanted(_) => {}
        }
    }
}

/// The code of a status line (RFC 3420).
fn told(body: &[u8]) -> Option<u16> {
    let rest = body.trim_ascii_start().strip_prefix(b"SIP/2.0 ")?;
    let digits = rest.get(..3)?;
    let is_whole = rest.get(3).is_none_or(|byte| !byte.is_ascii_digit());
    let code: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    ((100..700).contains(&code) && is_whole).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_status_line_is_read_or_passed_over() {
        for (body, code) in [
            (&b"SIP/2.0 100 Trying\r\n"[..], Some(100)),
            (b"SIP/2.0 603 Decline", Some(603)),
            (b"SIP/2.0 200", Some(200)),
            (b"\r\nSIP/2.0 486 Busy Here\r\n", Some(486)),
            (b"SIP/2.0 2000 OK", None),
            (b"SIP/2.0 +20 OK", None),
            (b"SIP/2.0 99", None),
            (b"INVITE sip:a@b SIP/2.0", None),
            (b"", None),
        ] {
            assert_eq!(told(body), code, "{:?}", String::from_utf8_lossy(body));
        }
    }
}
