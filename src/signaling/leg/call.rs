//! A leg that we call: the INVITE, what comes back, and giving up.

use super::prack::Pracks;
use super::refer::Referring;
use super::reliable::Reliable;
use super::send_on::SendingOn;
use super::session::{Proposal, SessionTimer};
use super::{Calling, Established, Leg, State};
use crate::base::{Cause, Flow, Moment};
use crate::signaling::compose::{self, User};
use crate::signaling::crossing::{self, Carried};
use crate::signaling::dialog::Dialog;
use crate::signaling::event::{LegEvent, LegKey, Reason};
use crate::signaling::identity;
use crate::signaling::mark::{Marked, NameKind};
use crate::signaling::media::{Codecs, LocalMedia, RemoteMedia};
use crate::signaling::offer_answer::Negotiation;
use crate::signaling::timer::LegTimer;
use crate::signaling::transaction::{ClientKey, Layer, Owner, Reply, Report};
use crate::signaling::verbs::{Invite, MediaOffer};
use crate::wire::sip::{HeaderName, Message, Method, Writer};

impl Leg {
    /// Sends an INVITE.
    pub(in crate::signaling) fn call(
        now: Moment,
        layer: &mut Layer,
        key: LegKey,
        tag: Marked,
        invite: &Invite,
        codecs: Codecs,
        prack: bool,
    ) -> Self {
        let public = layer.public(invite.flow);
        let call_id = layer.fresh(NameKind::CallId);
        let session = layer.random.number() >> 2;
        let host = invite.domain.as_ref().map_or_else(|| public.to_string(), ToString::to_string);
        let mark = layer.fresh(NameKind::Diversion);
        let local = format!("{};tag={tag}", identity::from(invite, &host));
        let transport = invite.flow.transport.uri_parameter();
        let target = format!("sip:{}@{}{transport}", User(&invite.target_user), invite.target_host);
        let remote = format!("<sip:{}@{}>", User(&invite.target_user), invite.target_host);
        let mut dialog = Dialog::calling(call_id, local, remote, target, invite.flow);
        if let Some(contact) = &invite.contact {
            dialog = dialog.towards(contact);
        }
        let mut media = Negotiation::new(session, invite.flow.local);
        let (body, late) = match &invite.offer {
            MediaOffer::Early(local) => (Some(media.offer(local)), None),
            MediaOffer::Late(local) => (None, Some(local.clone())),
        };
        // A late offer could come in a provisional response, and PRACK would have to answer it: nobody is asked to.
        let prack = prack && late.is_none();
        let settings = layer.config.session;
        let invite = dialog.invite(layer, now, Owner::Leg(key), |writer| {
            put_invite(writer, invite, &host, mark);
            Proposal::put_first(settings, writer);
            if prack {
                writer.header(HeaderName::Supported, compose::PRACK);
            }
            if let Some(body) = &body {
                writer.body(compose::SDP, body);
            }
        });
        let calling = Calling {
            forwarded: false,
            invite,
            proposal: Proposal::first(layer.client_request(invite)),
            late,
            provisional: false,
            cancelled: false,
            cancel_cause: None,
            early: None,
            pracks: Pracks::new(prack),
        };
        let state = State::Calling(calling);
        Self {
            key,
            tag: tag.number,
            is_ours: true,
            dialog,
            media,
            codecs,
            state,
            unacked: None,
            reliable: Reliable::default(),
            passes: Carried::default(),
            referring: Referring::default(),
            sending_on: SendingOn::default(),
        }
    }

    /// Gives our INVITE up. Too late once they answered: then it is a BYE.
    pub(in crate::signaling) fn cancel(&mut self, now: Moment, layer: &mut Layer, cause: Cause) {
        match &mut self.state {
            State::Calling(calling) if !calling.cancelled => {
                calling.cancelled = true;
                calling.cancel_cause = Some(cause);
                if calling.provisional {
                    self.send_cancel(now, layer);
                }
            }
            State::Established(_) => self.bye(now, layer, cause),
            State::Calling(_)
            | State::Invited { .. }
            | State::HangingUp
            | State::HungUp { .. }
            | State::Over => {}
        }
    }

    fn send_cancel(&mut self, now: Moment, layer: &mut Layer) {
        let State::Calling(calling) = &mut self.state else { return };
        let Some(cause) = calling.cancel_cause.take() else { return };
        let reason = self.passes.cancel_reason(cause);
        let invite = calling.invite;
        let Some((flow, request)) = layer.client_sent(invite) else { return };
        let Some(cancel) = compose::cancel(&mut layer.writer, &request, Some(&reason)) else {
            return;
        };
        let key = ClientKey { cancel: true, ..invite };
        layer.start_client(now, key, Method::Cancel, Owner::Leg(self.key), flow, cancel);
        self.set_timer(layer, LegTimer::CancelMissing, now + layer.settings().patience());
    }

    /// Nobody answers the INVITE we cancelled (RFC 3261 section 9.1).
    pub(super) fn cancel_missing(&mut self, layer: &mut Layer) {
        if let State::Calling(calling) = &self.state {
            layer.drop_client(calling.invite);
            self.state = State::Over;
        }
    }

    /// What became of a request of ours.
    pub(in crate::signaling) fn on_report(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        report: &Report,
        response: Option<&Message<'_>>,
    ) {
        let code = response.and_then(Message::code);
        match (&self.state, report.method) {
            (State::Calling(calling), Method::Invite) if calling.invite == report.key => {
                match (report.reply, response) {
                    (Reply::Response, Some(response)) => self.on_invite_response(now, layer, response),
                    (Reply::Response, None) => {}
                    // As a far end says it that takes none so long.
                    (Reply::TooLong, _) => {
                        let cause = Cause::from_sip_code(513);
                        layer.tell(self.key, LegEvent::Refused { code: 513, cause });
                        self.state = State::Over;
                    }
                    (Reply::TimedOut | Reply::PathLost, _) => {
                        if !calling.cancelled {
                            layer.tell(self.key, LegEvent::Failed { cause: Cause::Unreachable });
                        }
                        self.state = State::Over;
                    }
                }
            }
            (State::HangingUp, Method::Bye) if code.is_none_or(|code| code >= 200) => {
                self.state = State::Over
            }
            (_, Method::Invite) => self.on_change_report(now, layer, report, response),
            (_, Method::Options) => self.on_probe_report(now, layer, report, response),
            (_, Method::Update) => self.on_refresh_report(now, layer, report, response),
            (_, Method::Refer) => self.on_refer_report(layer, report, response),
            _ => {}
        }
    }

    fn on_invite_response(&mut self, now: Moment, layer: &mut Layer, response: &Message<'_>) {
        if response.code() == Some(422) && self.propose_longer(now, layer, response) {
            return;
        }
        let State::Calling(calling) = &mut self.state else { return };
        match response.code().unwrap_or_default() {
            100 => {
                calling.provisional = true;
                self.send_cancel(now, layer);
            }
            code @ 101..=199 => {
                calling.provisional = true;
                let cancelled = calling.cancelled;
                let counts = self.confirm(now, layer, response);
                if cancelled {
                    self.send_cancel(now, layer);
                } else if counts {
                    self.tell_forwarding(layer, response);
                    self.on_progress(layer, code, response);
                }
            }
            200..=299 if calling.cancelled => {
                let invite = calling.invite;
                let number =
                    calling.pracks.confirmed(response).map_or(self.dialog.local_cseq, |(number, _)| number);
                decline(now, layer, invite, response, self.dialog.flow, Some(number));
                self.state = State::Over;
            }
            200..=299 => {
                self.tell_forwarding(layer, response);
                self.on_answer(now, layer, response);
            }
            code => {
                let moved = moved(code, response);
                if calling.cancelled {
                    // Nobody asks any more.
                } else if let Some(user) = moved {
                    layer.tell(self.key, LegEvent::Redirected { code, user });
                } else {
                    layer.tell(self.key, LegEvent::Refused { code, cause: Cause::from_sip_code(code) });
                }
                self.state = State::Over;
            }
        }
    }

    fn tell_forwarding(&mut self, layer: &mut Layer, response: &Message<'_>) {
        let State::Calling(calling) = &mut self.state else { return };
        if !calling.forwarded && identity::is_forwarded(response) {
            calling.forwarded = true;
            layer.tell(self.key, LegEvent::Forwarded);
        }
    }

    fn on_progress(&mut self, layer: &mut Layer, code: u16, response: &Message<'_>) {
        let media = self.early_media(response);
        if code == 180 {
            layer.tell(self.key, LegEvent::Ringing);
        }
        if code != 180 || media.is_some() {
            layer.tell(self.key, LegEvent::Progressed { code, media });
        }
    }

    /// A 2xx: the dialog is there, and the ACK goes out whatever the answer's media are worth.
    fn on_answer(&mut self, now: Moment, layer: &mut Layer, answer: &Message<'_>) {
        let State::Calling(calling) = &mut self.state else { return };
        let (invite, late, early) = (calling.invite, calling.late.take(), calling.early.take());
        let confirmed = calling.pracks.confirmed(answer);
        // What another phone said is not this one's answer.
        let tag = answer.to().ok().and_then(|to| to.tag).unwrap_or_default();
        let early = early.filter(|(of, _)| **of == *tag).map(|(_, media)| media);
        let number = self.dialog.local_cseq;
        let session = SessionTimer::of_call(&calling.proposal, layer.config.session, answer);
        if self.dialog.join(answer).is_none() {
            layer.tell(self.key, LegEvent::Failed { cause: Cause::Lost });
            self.state = State::Over;
            return;
        }
        let mut given = None;
        if let Some((last, media)) = confirmed {
            self.dialog.local_cseq = last;
            given = media;
        }
        let (media, body) = match given {
            // RFC 3261 section 13.2.1: whatever the 2xx says again, the first answer is the answer.
            Some(media) => {
                self.media.settle(media.clone());
                (Some(media), None)
            }
            None => self.read_answer(answer.body(), late.as_ref(), early),
        };
        self.dialog.acknowledge(layer, invite, number, body.as_deref());
        self.state = State::Established(Established { session, ..Established::default() });
        self.session_begins(now, layer);
        match media {
            Some(media) => {
                self.bring(layer, answer);
                layer.tell(self.key, LegEvent::Answered { media });
            }
            None => self.break_off(now, layer, Cause::MediaRefused),
        }
    }

    /// Their media, and the answer the ACK must carry.
    fn read_answer(
        &mut self,
        body: &[u8],
        late: Option<&LocalMedia>,
        early: Option<RemoteMedia>,
    ) -> (Option<RemoteMedia>, Option<Vec<u8>>) {
        match (late, early) {
            (Some(local), _) => match self.media.hear_offer(body, &self.codecs) {
                Ok(_) => {
                    let answer = self.media.answer(local);
                    (self.media.remote().cloned().filter(|_| answer.is_some()), answer)
                }
                Err(_) => (None, None),
            },
            // An answer given in a reliable or repeated provisional response need not come again.
            (None, Some(early)) if body.is_empty() => {
                self.media.settle(early.clone());
                (Some(early), None)
            }
            (None, _) => (self.media.hear_answer(body, &self.codecs).ok(), None),
        }
    }
}

/// Whom a refusal names instead (RFC 3261 section 21.3.3): only the user counts, for only we know the way.
fn moved(code: u16, response: &Message<'_>) -> Option<String> {
    let contact = response.contact().ok()?.filter(|_| matches!(code, 301 | 302))?;
    let user = contact.uri.user_unescaped();
    (!user.is_empty()).then(|| String::from_utf8_lossy(&user).into_owned())
}

/// How far our numbers jump in a dialog whose last one is forgotten, for PRACKs may have been sent in it: gaps are no
/// error (RFC 3261 section 12.2.2), a number that comes twice is.
const FORGOTTEN: u32 = 1_000;

/// Takes a 2xx nobody wants: ACK, then BYE (RFC 3261 section 13.2.2.4). Its own words are all that is needed, and the
/// number of our last request in its dialog, where it is known.
pub(in crate::signaling) fn decline(
    now: Moment,
    layer: &mut Layer,
    invite: ClientKey,
    answer: &Message<'_>,
    flow: Flow,
    last: Option<u32>,
) {
    let Some(mut dialog) = Dialog::answered(answer, flow) else { return };
    dialog.acknowledge(layer, invite, dialog.local_cseq, None);
    dialog.local_cseq = last.unwrap_or(dialog.local_cseq + FORGOTTEN);
    // One BYE a dialog, however many copies of its 2xx come: the dialog's own names give the branch.
    let named: [&[u8]; 3] = [&dialog.call_id, &dialog.local, dialog.remote_tag().unwrap_or_default()];
    let branch = layer.marks.name(NameKind::Branch, layer.marks.derived(&named));
    if layer.has_client(ClientKey { number: branch.number, cancel: false }) {
        return;
    }
    let reason = Reason::q850(Cause::AnsweredElsewhere);
    dialog.request_as(branch, layer, now, Method::Bye, Owner::Nobody, |writer| {
        compose::put_reason(writer, Some(&reason));
    });
}

fn put_invite(writer: &mut Writer, invite: &Invite, host: &str, mark: Marked) {
    writer.header_fmt(HeaderName::MaxForwards, format_args!("{}", invite.max_forwards));
    identity::put(writer, invite, host, mark);
    if let Some(user) = &invite.referred_by {
        writer.header_fmt(HeaderName::ReferredBy, format_args!("<sip:{}@{host}>", User(user)));
    }
    crossing::put_user_to_user(writer, invite.user_to_user.as_ref());
    for (name, value) in &invite.extra_headers {
        writer.header(name, value);
    }
}
