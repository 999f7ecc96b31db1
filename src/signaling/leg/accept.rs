//! A leg that was invited: ringing, answering, refusing; the ACK and its absence; CANCEL.

use super::refer::Referring;
use super::reliable::Reliable;
use super::send_on::SendingOn;
use super::{Established, Leg, State, Unacked, put_dialog, put_rejection};
use crate::base::{Cause, Flow, Moment};
use crate::signaling::compose;
use crate::signaling::crossing::Carried;
use crate::signaling::dialog::Dialog;
use crate::signaling::event::{LegEvent, LegKey};
use crate::signaling::mark::Marked;
use crate::signaling::media::{Codecs, LocalMedia, RemoteMedia};
use crate::signaling::offer_answer::{Negotiation, Unacceptable};
use crate::signaling::timer::LegTimer;
use crate::signaling::transaction::{Layer, ServerKey};
use crate::signaling::verbs::{Rejection, phrase};
use crate::wire::sip::{HeaderName, Message, Writer};

/// Why an INVITE can only be refused, and what its refusal must carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::signaling) enum Refusal {
    /// Max-Forwards ran out: 483.
    TooManyHops,
    /// It is a request of ours, come back: 482.
    Loop,
    /// The Request-URI's scheme is not ours: 416.
    Scheme,
    /// It requires what we do not have: 420, naming it.
    Extension(Vec<u8>),
    /// Its session interval is below ours, s: 422, naming it (RFC 4028 section 6).
    TooShort(u32),
    /// It requires a session timer and makes no sense of one: 400.
    BadTimer,
    /// Its body is no plain SDP: 415, saying what is.
    MediaType,
    /// It accepts no SDP in our answer: 406.
    NotAcceptable,
    /// Its SDP makes no sense: 400.
    BadMedia,
    /// No codec in common: 488.
    NoCodec,
    /// A phone says it is another than it proved: 403.
    Identity,
    /// As many legs as there may be: 503.
    Overload,
    /// It asks for a dialog's place and can't have it: what RFC 3891 section 3 says.
    Replaces(u16),
}

impl Refusal {
    /// The code and what it means.
    pub(in crate::signaling) const fn verdict(&self) -> (u16, Cause) {
        match self {
            Self::TooManyHops => (483, Cause::Loop),
            Self::Loop => (482, Cause::Loop),
            Self::Scheme => (416, Cause::BadRequest),
            Self::Extension(_) => (420, Cause::BadRequest),
            Self::TooShort(_) => (422, Cause::BadRequest),
            Self::BadTimer => (400, Cause::BadRequest),
            Self::MediaType => (415, Cause::MediaRefused),
            Self::NotAcceptable => (406, Cause::MediaRefused),
            Self::BadMedia => (400, Cause::BadRequest),
            Self::NoCodec => (488, Cause::MediaRefused),
            Self::Identity => (403, Cause::Forbidden),
            Self::Overload => (503, Cause::Overload),
            Self::Replaces(code) => (*code, Cause::Forbidden),
        }
    }

    /// What the refusal must carry (RFC 3261 sections 8.2.2.3 and 8.2.3).
    pub(in crate::signaling) fn put(&self, writer: &mut Writer) {
        match self {
            Self::Extension(names) => {
                writer.header(HeaderName::Unsupported, names);
            }
            Self::TooShort(least) => {
                writer.header_fmt(HeaderName::MinSe, format_args!("{least}"));
            }
            Self::MediaType => {
                writer
                    .header(HeaderName::Accept, compose::SDP)
                    .header(HeaderName::AcceptEncoding, "identity");
            }
            Self::TooManyHops
            | Self::Loop
            | Self::Scheme
            | Self::BadTimer
            | Self::NotAcceptable
            | Self::BadMedia
            | Self::NoCodec
            | Self::Identity
            | Self::Overload
            | Self::Replaces(_) => {}
        }
    }
}

impl From<Unacceptable> for Refusal {
    fn from(fault: Unacceptable) -> Self {
        match fault {
            Unacceptable::Malformed => Self::BadMedia,
            Unacceptable::NothingInCommon => Self::NoCodec,
        }
    }
}

impl Leg {
    /// A leg their INVITE opens. Nothing when it says no address to reach them at.
    pub(in crate::signaling) fn invited(
        key: LegKey,
        tag: Marked,
        invite: &Message<'_>,
        flow: Flow,
        codecs: Codecs,
        prack: bool,
        session: u64,
    ) -> Option<Self> {
        Some(Self {
            key,
            tag: tag.number,
            is_ours: false,
            dialog: Dialog::invited(invite, tag, flow)?,
            media: Negotiation::new(session, flow.local),
            codecs,
            state: State::Over,
            unacked: None,
            reliable: Reliable::asked(invite, prack),
            passes: Carried::default(),
            referring: Referring::default(),
            sending_on: SendingOn::default(),
        })
    }

    /// Reads the offer and waits for a verb; 100 goes out. Says what to tell of it.
    pub(in crate::signaling) fn begin(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        server: ServerKey,
        body: &[u8],
        mut refusal: Option<Refusal>,
    ) -> (Option<RemoteMedia>, Option<Refusal>) {
        layer.answer(now, server, 100, phrase(100), |_, _| {});
        let mut offer = None;
        if refusal.is_none() && !body.is_empty() {
            match self.media.hear_offer(body, &self.codecs) {
                Ok(media) => offer = Some(media),
                Err(fault) => refusal = Some(fault.into()),
            }
        }
        self.state = State::Invited { invite: server, refusal: refusal.clone() };
        (offer, refusal)
    }

    /// 200, with an answer to their offer or an offer of ours; once a reliable 183 that answered is confirmed.
    pub(in crate::signaling) fn accept(&mut self, now: Moment, layer: &mut Layer, local: &LocalMedia) {
        let invite = match &self.state {
            State::Invited { invite, refusal: None } => *invite,
            State::Invited { refusal: Some(_), .. } => {
                return self.reject(now, layer, &Rejection::from(Cause::MediaRefused));
            }
            State::Calling(_)
            | State::Established(_)
            | State::HangingUp
            | State::HungUp { .. }
            | State::Over => {
                return;
            }
        };
        if self.reliable.holds_back(local) {
            return;
        }
        // RFC 3261 section 13.2.1: an answer that went out reliably is given once.
        let answered = self.reliable.has_answered();
        let body = match self.media.owes_answer() {
            true if answered => None,
            true => self.media.answer(local),
            false => Some(self.media.offer(local)),
        };
        if body.is_none() && !answered {
            layer.tell(self.key, LegEvent::Failed { cause: Cause::MediaRefused });
            return self.reject(now, layer, &Rejection::from(Cause::MediaRefused));
        }
        self.stop_provisional(layer);
        self.state = State::Established(Established::default());
        self.answer_invite(now, layer, invite, body.as_deref(), true);
    }

    /// Sends a 2xx to an INVITE and waits for its ACK (RFC 3261 section 13.3.1.4).
    pub(super) fn answer_invite(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        invite: ServerKey,
        body: Option<&[u8]>,
        initial: bool,
    ) {
        let Some((flow, number)) = layer.server_request(invite) else { return };
        let (contact, settings) = ((flow, layer.public(flow)), layer.config.session);
        let State::Established(Established { session, .. }) = &mut self.state else { return };
        let passes = std::mem::take(&mut self.passes);
        let answer = layer.answer(now, invite, 200, phrase(200), |writer, request| {
            put_dialog(writer, request, contact);
            session.answer(settings, request, writer);
            passes.put_in_answer(writer);
            if let Some(body) = body {
                writer.body(compose::SDP, body);
            }
        });
        let Some(answer) = answer else { return };
        self.session_begins(now, layer);
        let settings = layer.settings();
        self.unacked = Some(Unacked { flow, answer, number, interval: settings.t1, initial });
        // Over streams too: a hop beyond may be a datagram's.
        self.set_timer(layer, LegTimer::AnswerAgain, now + settings.t1);
        self.set_timer(layer, LegTimer::AckMissing, now + settings.patience());
    }

    /// The dialog the INVITE asks for is not to be had: whatever refuses it from here on says so.
    pub(in crate::signaling) fn deny_place(&mut self, code: u16) {
        if let State::Invited { refusal, .. } = &mut self.state {
            refusal.get_or_insert(Refusal::Replaces(code));
        }
    }

    /// Refuses the INVITE.
    pub(in crate::signaling) fn reject(&mut self, now: Moment, layer: &mut Layer, rejection: &Rejection) {
        let State::Invited { invite, refusal } = &self.state else { return };
        let (code, words) = match refusal {
            Some(refusal) => (refusal.verdict().0, phrase(refusal.verdict().0)),
            None => (rejection.code.clamp(300, 699), rejection.phrase),
        };
        layer.answer(now, *invite, code, words, |writer, _| {
            put_rejection(writer, rejection);
            if let Some(refusal) = refusal {
                refusal.put(writer);
            }
        });
        self.state = State::Over;
    }

    /// Their CANCEL came, or their BYE in an early dialog. Too late once we answered.
    pub(in crate::signaling) fn on_cancel(&mut self, now: Moment, layer: &mut Layer, request: &Message<'_>) {
        let State::Invited { invite, .. } = self.state else { return };
        self.bring(layer, request);
        layer.answer(now, invite, 487, phrase(487), |_, _| {});
        layer.tell(self.key, LegEvent::Cancelled);
        self.state = State::Over;
    }

    /// An ACK of the dialog came.
    pub(in crate::signaling) fn on_ack(&mut self, now: Moment, layer: &mut Layer, ack: &Message<'_>) -> bool {
        let number = ack.cseq().map_or(0, |cseq| cseq.number);
        let Some(unacked) = self.unacked.take_if(|unacked| unacked.number == number) else { return false };
        self.stop_timer(layer, LegTimer::AnswerAgain);
        self.stop_timer(layer, LegTimer::AckMissing);
        let State::Established(established) = &mut self.state else { return true };
        if let Some(cause) = established.hang_up.take() {
            self.send_bye(now, layer, cause);
            return true;
        }
        let media = if self.media.awaits_answer() {
            match self.media.hear_answer(ack.body(), &self.codecs) {
                Ok(media) => Some(media),
                Err(_) => {
                    self.break_off(now, layer, Cause::MediaRefused);
                    return true;
                }
            }
        } else {
            None
        };
        match (unacked.initial, media) {
            (true, media) => layer.tell(self.key, LegEvent::Confirmed { media }),
            (false, Some(media)) => self.tell_remote(layer, media),
            (false, None) => {}
        }
        self.offer_wanted(now, layer);
        self.refer_wanted(now, layer);
        true
    }

    pub(super) fn answer_again(&mut self, now: Moment, layer: &mut Layer) {
        let Some(unacked) = &mut self.unacked else { return };
        unacked.interval = (unacked.interval * 2).min(layer.settings().t2);
        let (flow, answer, next) = (unacked.flow, unacked.answer.clone(), now + unacked.interval);
        layer.observe(crate::signaling::event::Observation::Retransmitted { flow, method: "INVITE" });
        layer.send(flow, answer);
        self.set_timer(layer, LegTimer::AnswerAgain, next);
    }

    /// No ACK in 64 × T1: the dialog is there, so it ends with a BYE (RFC 3261 section 13.3.1.4).
    pub(super) fn ack_missing(&mut self, now: Moment, layer: &mut Layer) {
        self.unacked = None;
        self.stop_timer(layer, LegTimer::AnswerAgain);
        let State::Established(established) = &self.state else { return };
        match established.hang_up {
            Some(cause) => self.send_bye(now, layer, cause),
            None => self.break_off(now, layer, Cause::Lost),
        }
    }
}
