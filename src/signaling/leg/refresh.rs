//! Refreshing a session (RFC 4028): by UPDATE or re-INVITE, what becomes of it, and the BYE when nobody does.
//! Must never change media.

use super::session::Refresh;
use super::{Established, Leg, State};
use crate::base::{Cause, Moment};
use crate::signaling::compose;
use crate::signaling::event::LegEvent;
use crate::signaling::media::LocalMedia;
use crate::signaling::timer::{LegTimer, TimerName};
use crate::signaling::transaction::{Layer, Owner, Reply, Report};
use crate::wire::sip::{HeaderName, Message, Method};

impl Leg {
    /// Our INVITE was refused with 422: sends it again with a longer interval (section 7.3). Says whether it did.
    pub(super) fn propose_longer(&mut self, now: Moment, layer: &mut Layer, refusal: &Message<'_>) -> bool {
        let State::Calling(calling) = &mut self.state else { return false };
        let settings = layer.config.session;
        if calling.cancelled || !calling.proposal.raise(settings, refusal) {
            return false;
        }
        let proposal = &calling.proposal;
        let Ok(refused) = Message::parse(&proposal.request) else { return false };
        let changed = [HeaderName::SessionExpires, HeaderName::MinSe];
        let owner = Owner::Leg(self.key);
        let invite = self.dialog.invite_again(layer, now, owner, &refused, &changed, |writer| {
            proposal.put(settings, writer);
        });
        // What phones said to the first one is void; CANCEL waits for a provisional response to this one.
        calling.invite = invite;
        calling.provisional = false;
        calling.early = None;
        calling.pracks.start_over();
        true
    }

    /// A 2xx came or went: from now on the session lasts as agreed.
    pub(super) fn session_begins(&mut self, now: Moment, layer: &mut Layer) {
        self.stop_timer(layer, LegTimer::Refresh);
        self.stop_timer(layer, LegTimer::SessionEnd);
        let State::Established(Established { session, .. }) = &mut self.state else { return };
        let Some(spans) = session.begin() else { return };
        if let Some(refresh) = spans.refresh {
            self.set_timer(layer, LegTimer::Refresh, now + refresh);
        }
        self.set_timer(layer, LegTimer::SessionEnd, now + spans.end);
    }

    /// The session is to be refreshed; a change of ours that waits does that too.
    pub(super) fn refresh_due(&mut self, now: Moment, layer: &mut Layer) {
        let State::Established(Established { session, .. }) = &mut self.state else { return };
        if session.refresh == Refresh::Idle {
            session.refresh = Refresh::Due;
        }
        if layer.timers.deadline(TimerName::Leg(self.key, LegTimer::Glare)).is_none() {
            self.offer_wanted(now, layer);
        }
    }

    /// Sends the refresh that waited, if one did; nothing else is under way.
    pub(super) fn send_refresh(&mut self, now: Moment, layer: &mut Layer) {
        let State::Established(Established { session, change, .. }) = &mut self.state else { return };
        if session.refresh != Refresh::Due {
            return;
        }
        let (settings, owner) = (layer.config.session, Owner::Leg(self.key));
        if session.updates {
            let key = self
                .dialog
                .request(layer, now, Method::Update, owner, |writer| session.put(settings, writer));
            session.refresh = Refresh::Asked(key);
            return;
        }
        let body = self.media.offer_unchanged();
        let key = self.dialog.request(layer, now, Method::Invite, owner, |writer| {
            session.put(settings, writer);
            writer.body(compose::SDP, &body);
        });
        session.refresh = Refresh::Idle;
        *change = Some((key, None));
    }

    /// A re-INVITE or UPDATE of ours was accepted.
    pub(super) fn refreshed(&mut self, now: Moment, layer: &mut Layer, answer: &Message<'_>) {
        if let State::Established(Established { session, .. }) = &mut self.state {
            session.answered(layer.config.session, answer);
            self.session_begins(now, layer);
        }
    }

    /// What became of our UPDATE.
    pub(super) fn on_refresh_report(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        report: &Report,
        response: Option<&Message<'_>>,
    ) {
        let State::Established(Established { session, .. }) = &mut self.state else { return };
        let code = response.and_then(Message::code);
        if session.refresh != Refresh::Asked(report.key) || code.is_some_and(|code| code < 200) {
            return;
        }
        session.refresh = Refresh::Idle;
        match (report.reply, response, code) {
            (Reply::PathLost, _, _) => self.refresh_path_lost(now, layer),
            (Reply::Response, Some(answer), Some(200..=299)) => {
                self.dialog.refresh(answer);
                self.refreshed(now, layer, answer);
            }
            // Section 10, and RFC 3261 section 12.2.1.2: silence counts as a 408.
            (Reply::TimedOut | Reply::TooLong, _, _) | (Reply::Response, _, None | Some(408 | 481)) => {
                self.break_off(now, layer, Cause::Lost);
            }
            (Reply::Response, _, Some(491)) => self.refresh_after_glare(now, layer),
            (Reply::Response, _, Some(405 | 501)) => {
                session.updates = false;
                self.refresh_due(now, layer);
            }
            (Reply::Response, _, Some(_)) => self.refused(now, layer, response, None),
        }
    }

    /// Both sides asked at once; the refresh waits as a change would.
    pub(super) fn refresh_after_glare(&mut self, now: Moment, layer: &mut Layer) {
        if let State::Established(Established { session, .. }) = &mut self.state {
            session.refresh = Refresh::Due;
            self.wait_out_glare(now, layer);
        }
    }

    /// A re-INVITE or UPDATE of ours was refused; `offered` is what it was to change. The session stays what it was, until
    /// it expires (section 10).
    pub(super) fn refused(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        refusal: Option<&Message<'_>>,
        offered: Option<LocalMedia>,
    ) {
        let State::Established(Established { session, wanted, .. }) = &mut self.state else { return };
        let too_short = refusal.filter(|refusal| refusal.code() == Some(422));
        let again = too_short.is_some_and(|refusal| session.raise(layer.config.session, refusal));
        match (again, offered) {
            (true, Some(local)) => {
                wanted.get_or_insert(local);
            }
            (true, None) => session.refresh = Refresh::Due,
            (false, Some(_)) => {}
            (false, None) => self.refresh_later(now, layer),
        }
        self.offer_wanted(now, layer);
    }

    /// The refresh never reached them. A connection a firewall dropped is made anew by the next; nobody there twice is
    /// nobody.
    pub(super) fn refresh_path_lost(&mut self, now: Moment, layer: &mut Layer) {
        let State::Established(Established { session, wanted, .. }) = &mut self.state else { return };
        if session.is_lost_again() {
            return self.break_off(now, layer, Cause::Lost);
        }
        if wanted.is_some() {
            // The change that waited for it does not wait for the next one.
            return self.set_timer(layer, LegTimer::Refresh, now + layer.settings().t1);
        }
        self.refresh_later(now, layer);
    }

    /// Tries again once half of what is left of the session has passed.
    fn refresh_later(&mut self, now: Moment, layer: &mut Layer) {
        let State::Established(Established { session, .. }) = &mut self.state else { return };
        if !session.may_try_again() {
            return;
        }
        if let Some(end) = layer.timers.deadline(TimerName::Leg(self.key, LegTimer::SessionEnd)) {
            self.set_timer(layer, LegTimer::Refresh, now + end.since(now) / 2);
        }
    }

    /// Nobody refreshed the session: it ends with a BYE (section 10).
    pub(super) fn session_ends(&mut self, now: Moment, layer: &mut Layer) {
        if let State::Established(Established { hang_up: None, .. }) = self.state {
            layer.tell(self.key, LegEvent::Failed { cause: Cause::Lost });
            self.bye(now, layer, Cause::Lost);
        }
    }
}
