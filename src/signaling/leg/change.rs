//! Changing an answered leg: re-INVITE and UPDATE of theirs, re-INVITE of ours, and glare (RFC 3261 section 14).

use super::{Established, Leg, State};
use crate::base::{Cause, Moment};
use crate::signaling::compose;
use crate::signaling::event::LegEvent;
use crate::signaling::media::{LocalMedia, RemoteMedia};
use crate::signaling::offer_answer::Unacceptable;
use crate::signaling::timer::LegTimer;
use crate::signaling::transaction::{Layer, Owner, Reply, Report, ServerKey};
use crate::signaling::verbs::phrase;
use crate::wire::sip::{HeaderName, Message, Method};
use std::time::Duration;

impl Leg {
    /// Whether a change of theirs must wait: one is under way either way, or the leg is not established.
    fn is_changing(&self) -> bool {
        match &self.state {
            State::Established(established) => established.change.is_some() || self.unacked.is_some(),
            State::Invited { .. }
            | State::Calling(_)
            | State::HangingUp
            | State::HungUp { .. }
            | State::Over => true,
        }
    }

    /// Whether a request with this CSeq number is in order (RFC 3261 section 12.2.2).
    pub(in crate::signaling) fn in_order(&mut self, number: u32) -> bool {
        self.dialog.in_order(number)
    }

    /// Their re-INVITE or UPDATE: answered at once, with the same media of ours in the direction theirs leaves.
    pub(in crate::signaling) fn on_change(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        server: ServerKey,
        request: &Message<'_>,
    ) {
        if let State::Invited { .. } = self.state {
            if self.is_early_update(request) {
                return self.on_early_update(now, layer, server, request);
            }
            // RFC 3261 section 14.2: the first one is still unanswered.
            let wait = layer.random.below(11);
            layer.answer(now, server, 500, phrase(500), |writer, _| {
                writer.header_fmt(HeaderName::RetryAfter, format_args!("{wait}"));
            });
            return;
        }
        // Without an offer it collides with nothing (RFC 3311 section 5.2).
        let harmless = request.method() == Some(Method::Update)
            && request.body().is_empty()
            && matches!(self.state, State::Established(_));
        if self.is_changing() && !harmless {
            layer.answer(now, server, 491, phrase(491), |_, _| {});
            return;
        }
        let heard = match request.body() {
            b"" => Ok(None),
            body => self.hear_change(body),
        };
        let (media, body) = match heard {
            Ok(Some((media, body))) => (Some(media), Some(body)),
            Ok(None) => (None, None),
            Err(fault) => {
                let code = match fault {
                    Unacceptable::Malformed => 400,
                    Unacceptable::NothingInCommon => 488,
                };
                layer.answer(now, server, code, phrase(code), |_, _| {});
                return;
            }
        };
        self.dialog.refresh(request);
        if request.method() == Some(Method::Invite) {
            // Without an offer it asks for ours; the ACK answers it.
            let body = body.unwrap_or_else(|| self.media.offer_again());
            self.answer_invite(now, layer, server, Some(&body), false);
        } else {
            let contact = (self.dialog.flow, layer.public(self.dialog.flow));
            let settings = layer.config.session;
            let State::Established(Established { session, .. }) = &mut self.state else { return };
            layer.answer(now, server, 200, phrase(200), |writer, request| {
                super::put_dialog(writer, request, contact);
                session.answer(settings, request, writer);
                if let Some(body) = &body {
                    writer.body(compose::SDP, body);
                }
            });
            self.session_begins(now, layer);
        }
        if let Some(media) = media {
            self.tell_remote(layer, media);
        }
    }

    /// Whether it is an UPDATE before our answer that can be served: one without an offer, or after ours stands (RFC 3311
    /// section 5.2).
    fn is_early_update(&self, request: &Message<'_>) -> bool {
        let State::Invited { refusal: None, .. } = self.state else { return false };
        request.method() == Some(Method::Update)
            && (request.body().is_empty() || self.reliable.has_answered())
    }

    fn on_early_update(&mut self, now: Moment, layer: &mut Layer, server: ServerKey, request: &Message<'_>) {
        let heard = if request.body().is_empty() { Ok(None) } else { self.hear_change(request.body()) };
        let (code, change) = match heard {
            Ok(change) => (200, change),
            Err(Unacceptable::Malformed) => (400, None),
            Err(Unacceptable::NothingInCommon) => (488, None),
        };
        if code == 200 {
            self.dialog.refresh(request);
        }
        let contact = (self.dialog.flow, layer.public(self.dialog.flow));
        layer.answer(now, server, code, phrase(code), |writer, request| {
            super::put_dialog(writer, request, contact);
            if let Some((_, body)) = &change {
                writer.body(compose::SDP, body);
            }
        });
        if let Some((media, _)) = change {
            self.tell_remote(layer, media);
        }
    }

    pub(super) fn hear_change(
        &mut self,
        body: &[u8],
    ) -> Result<Option<(RemoteMedia, Vec<u8>)>, Unacceptable> {
        self.media.hear_offer(body, &self.codecs)?;
        let answer = self.media.answer_alike().ok_or(Unacceptable::NothingInCommon)?;
        Ok(self.media.remote().cloned().map(|media| (media, answer)))
    }

    /// Tells their media, when they differ from what was told last.
    pub(super) fn tell_remote(&mut self, layer: &mut Layer, media: RemoteMedia) {
        if self.media.is_news(&media) {
            layer.tell(self.key, LegEvent::Remote { media });
        }
    }

    /// Offers other media of ours; waits while another change is under way.
    pub(in crate::signaling) fn reinvite(&mut self, now: Moment, layer: &mut Layer, local: LocalMedia) {
        let State::Established(established) = &mut self.state else { return };
        established.wanted = Some(local);
        if layer.timers.deadline(crate::signaling::timer::TimerName::Leg(self.key, LegTimer::Glare)).is_none()
        {
            self.offer_wanted(now, layer);
        }
    }

    /// Sends the re-INVITE that waited, if one did and nothing is under way; else the refresh that is due.
    pub(super) fn offer_wanted(&mut self, now: Moment, layer: &mut Layer) {
        if self.is_changing() {
            return;
        }
        let State::Established(established) = &mut self.state else { return };
        let Some(local) = established.wanted.take() else { return self.send_refresh(now, layer) };
        let (body, settings) = (self.media.offer(&local), layer.config.session);
        let session = &established.session;
        let key = self.dialog.request(layer, now, Method::Invite, Owner::Leg(self.key), |writer| {
            session.put(settings, writer);
            writer.body(compose::SDP, &body);
        });
        established.change = Some((key, Some(local)));
    }

    /// What became of a re-INVITE of ours; of any INVITE of ours whose leg has moved on.
    pub(super) fn on_change_report(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        report: &Report,
        response: Option<&Message<'_>>,
    ) {
        let code = match (report.reply, response.and_then(Message::code)) {
            (Reply::Response, Some(code)) => code,
            // RFC 3261 section 12.2.1.2: silence counts as a 408.
            (Reply::Response | Reply::TimedOut | Reply::PathLost, _) => 408,
            (Reply::TooLong, _) => 513,
        };
        if code < 200 {
            return;
        }
        if let (200..=299, Some(response)) = (code, response) {
            if response.to().ok().and_then(|to| to.tag) != self.dialog.remote_tag() {
                // The first INVITE forked, and a second phone answered.
                return super::call::decline(now, layer, report.key, response, self.dialog.flow, None);
            }
            let number = response.cseq().map_or(self.dialog.local_cseq, |cseq| cseq.number);
            self.dialog.refresh(response);
            self.dialog.acknowledge(layer, report.key, number, None);
        }
        let State::Established(established) = &mut self.state else { return };
        let Some((_, offered)) = established.change.take_if(|(key, _)| *key == report.key) else { return };
        match (code, response) {
            (200..=299, Some(answer)) => {
                match (self.media.hear_answer(answer.body(), &self.codecs), offered) {
                    (Ok(media), _) => self.tell_remote(layer, media),
                    // A refresh was to change nothing, so nothing its answer says of media does.
                    (Err(_), None) => self.media.withdraw(),
                    (Err(_), Some(_)) => return self.break_off(now, layer, Cause::MediaRefused),
                }
                self.refreshed(now, layer, answer);
                self.offer_wanted(now, layer);
            }
            _ if offered.is_none() && report.reply == Reply::PathLost => {
                self.media.withdraw();
                self.refresh_path_lost(now, layer);
            }
            // RFC 3261 section 12.2.1.2: the far end knows no such dialog, or is gone.
            (408 | 481, _) => self.break_off(now, layer, Cause::Lost),
            (491, _) => {
                self.media.withdraw();
                let Some(local) = offered else { return self.refresh_after_glare(now, layer) };
                established.wanted.get_or_insert(local);
                self.wait_out_glare(now, layer);
            }
            _ => {
                self.media.withdraw();
                self.refused(now, layer, response, offered);
            }
        }
    }

    /// RFC 3261 section 14.1: who made the Call-ID waits 2.1 to 4 s, the other up to 2 s, in steps of 10 ms.
    pub(super) fn wait_out_glare(&mut self, now: Moment, layer: &mut Layer) {
        let steps = if self.is_ours { 210 + layer.random.below(191) } else { layer.random.below(201) };
        self.set_timer(layer, LegTimer::Glare, now + Duration::from_millis(steps * 10));
    }
}
