//! Our provisional responses to an INVITE that asks for reliable ones (RFC 3262 section 3): one at a time, sent again
//! until its PRACK, and the INVITE refused when none comes.

use super::{Leg, State, put_dialog};
use crate::base::{Cause, Flow, Moment};
use crate::signaling::compose;
use crate::signaling::event::{LegEvent, Observation};
use crate::signaling::media::LocalMedia;
use crate::signaling::offer_answer::Unacceptable;
use crate::signaling::timer::LegTimer;
use crate::signaling::transaction::{Layer, ServerKey};
use crate::signaling::verbs::{Rejection, phrase};
use crate::wire::sip::{HeaderName, Message, Method};
use bytes::Bytes;
use std::time::Duration;

/// What their INVITE says of reliable provisional responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    /// Nothing.
    #[default]
    None,
    /// It supports them: what carries our answer is sent so.
    Supported,
    /// It requires them: all but 100 are sent so.
    Required,
}

/// How a provisional response is to go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// As ever.
    Plainly,
    /// Until its PRACK comes.
    Reliably,
    /// Reliably, once the one before is confirmed.
    Later,
    /// Not at all.
    Never,
}

/// The reliable provisional responses of a leg that was invited.
#[derive(Debug, Default)]
pub(super) struct Reliable {
    wish: Wish,
    /// The RSeq used last.
    sequence: Option<u32>,
    /// One of them carried our answer: it is final, and no other message carries it.
    answered: bool,
    waiting: Option<Waiting>,
    next: Option<Next>,
}

/// A response whose PRACK has not come.
#[derive(Debug)]
struct Waiting {
    flow: Flow,
    response: Bytes,
    sequence: u32,
    /// The INVITE's CSeq number.
    number: u32,
    interval: Duration,
    /// It carries our answer: a 2xx must wait for its PRACK.
    answers: bool,
}

/// What is to be said once the PRACK comes.
#[derive(Debug)]
enum Next {
    Ring,
    Progress(LocalMedia),
    Accept(LocalMedia),
}

impl Reliable {
    /// Reads an INVITE's wish; none where we don't fulfil it.
    pub(super) fn asked(invite: &Message<'_>, allowed: bool) -> Self {
        let says =
            |name| invite.values(name).any(|option| option.eq_ignore_ascii_case(compose::PRACK.as_bytes()));
        let wish = if !allowed {
            Wish::None
        } else if says(HeaderName::Require) {
            Wish::Required
        } else if says(HeaderName::Supported) {
            Wish::Supported
        } else {
            Wish::None
        };
        Self { wish, ..Self::default() }
    }

    /// Whether a reliable provisional response carried our answer already.
    pub(super) const fn has_answered(&self) -> bool {
        self.answered
    }

    /// `offered`: their INVITE has an offer. `answers`: the response would carry our answer to it.
    const fn manner(&self, offered: bool, answers: bool) -> Manner {
        match (self.wish, self.waiting.is_some()) {
            (Wish::None, _) => Manner::Plainly,
            (Wish::Supported, _) if !answers => Manner::Plainly,
            // RFC 3261 section 13.2.1: the first reliable response would have to carry an offer of ours; the 2xx will.
            (Wish::Required, _) if !offered => Manner::Never,
            (Wish::Supported | Wish::Required, false) => Manner::Reliably,
            (Wish::Supported | Wish::Required, true) => Manner::Later,
        }
    }

    /// What comes after the one that waits; an answer to the call comes before all else.
    fn postpone(&mut self, next: Next) {
        if !matches!(self.next, Some(Next::Accept(_))) {
            self.next = Some(next);
        }
    }

    /// Puts our answering the call off when the response that carries our answer is not confirmed yet (RFC 3262
    /// section 3).
    pub(super) fn holds_back(&mut self, local: &LocalMedia) -> bool {
        let holds = self.waiting.as_ref().is_some_and(|waiting| waiting.answers);
        if holds {
            self.next = Some(Next::Accept(local.clone()));
        }
        holds
    }
}

impl Leg {
    /// 180, or 183 with our answer to their offer.
    pub(in crate::signaling) fn progress(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        local: Option<&LocalMedia>,
    ) {
        let State::Invited { invite, refusal: None } = self.state else { return };
        let offered = self.media.owes_answer();
        let answering = local.filter(|_| offered && !self.reliable.answered);
        let manner = self.reliable.manner(offered, answering.is_some());
        match manner {
            Manner::Never => return,
            Manner::Later => {
                return self.reliable.postpone(local.cloned().map_or(Next::Ring, Next::Progress));
            }
            Manner::Plainly | Manner::Reliably => {}
        }
        let contact = (self.dialog.flow, layer.public(self.dialog.flow));
        // Without an offer there is nothing a 183 could answer: it goes out bare.
        let body = answering.and_then(|local| self.media.answer(local));
        let reliable = manner == Manner::Reliably && (body.is_some() || self.reliable.wish == Wish::Required);
        let sequence = reliable.then(|| self.next_sequence(layer));
        let code = if local.is_some() { 183 } else { 180 };
        let response = layer.answer(now, invite, code, phrase(code), |writer, request| {
            put_dialog(writer, request, contact);
            if let Some(sequence) = sequence {
                writer.header(HeaderName::Require, compose::PRACK);
                writer.header_fmt(HeaderName::RSeq, format_args!("{sequence}"));
            }
            if let Some(body) = &body {
                writer.body(compose::SDP, body);
            }
        });
        if let (Some(sequence), Some(response)) = (sequence, response) {
            self.await_prack(now, layer, invite, (sequence, response), body.is_some());
        }
    }

    /// RFC 3262 section 3: the first is drawn from 1 to 2³¹ - 1, the others follow by one.
    fn next_sequence(&mut self, layer: &mut Layer) -> u32 {
        let sequence = match self.reliable.sequence {
            Some(last) => last + 1,
            None => u32::try_from(1 + layer.random.below((1 << 31) - 1)).expect("below 2^31"),
        };
        self.reliable.sequence = Some(sequence);
        sequence
    }

    fn await_prack(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        invite: ServerKey,
        (sequence, response): (u32, Bytes),
        answers: bool,
    ) {
        let Some((flow, number)) = layer.server_request(invite) else { return };
        let settings = layer.settings();
        self.reliable.answered |= answers;
        self.reliable.waiting =
            Some(Waiting { flow, response, sequence, number, interval: settings.t1, answers });
        // Over streams too: a hop beyond may be a datagram's.
        self.set_timer(layer, LegTimer::ProvisionalAgain, now + settings.t1);
        self.set_timer(layer, LegTimer::PrackMissing, now + settings.patience());
    }

    /// Intervals double without an end (RFC 3262 section 3).
    pub(super) fn provisional_again(&mut self, now: Moment, layer: &mut Layer) {
        let Some(waiting) = &mut self.reliable.waiting else { return };
        waiting.interval *= 2;
        let (flow, response, next) = (waiting.flow, waiting.response.clone(), now + waiting.interval);
        layer.observe(Observation::Retransmitted { flow, method: "INVITE" });
        layer.send(flow, response);
        self.set_timer(layer, LegTimer::ProvisionalAgain, next);
    }

    /// No PRACK in 64 × T1: the INVITE is refused with a 5xx (RFC 3262 section 3).
    pub(super) fn prack_missing(&mut self, now: Moment, layer: &mut Layer) {
        if let State::Invited { .. } = self.state {
            layer.tell(self.key, LegEvent::Failed { cause: Cause::Lost });
            self.reject(now, layer, &Rejection::code(504));
        }
    }

    /// We answer for good: what is not confirmed is not sent again, but its PRACK may still come (RFC 3262 section 3).
    pub(super) fn stop_provisional(&self, layer: &mut Layer) {
        self.stop_timer(layer, LegTimer::ProvisionalAgain);
        self.stop_timer(layer, LegTimer::PrackMissing);
    }

    /// Their PRACK came.
    pub(in crate::signaling) fn on_prack(
        &mut self,
        now: Moment,
        layer: &mut Layer,
        server: ServerKey,
        request: &Message<'_>,
    ) {
        let Ok(rack) = request.rack() else {
            layer.answer(now, server, 400, phrase(400), |_, _| {});
            return;
        };
        let confirms = |waiting: &mut Waiting| {
            (rack.response, rack.request.number) == (waiting.sequence, waiting.number)
                && rack.request.method == Method::Invite
        };
        if self.reliable.waiting.take_if(confirms).is_none() {
            layer.answer(now, server, 481, phrase(481), |_, _| {});
            return;
        }
        self.stop_provisional(layer);
        // The response is confirmed whatever becomes of a new offer.
        let (code, body) = match self.hear_prack(request.body()) {
            Ok(body) => (200, body),
            Err(code) => (code, None),
        };
        let contact = (self.dialog.flow, layer.public(self.dialog.flow));
        layer.answer(now, server, code, phrase(code), |writer, request| {
            if let Some(body) = &body {
                put_dialog(writer, request, contact);
                writer.body(compose::SDP, body);
            }
        });
        if let Some(media) = self.media.remote().cloned().filter(|_| body.is_some()) {
            self.tell_remote(layer, media);
        }
        match self.reliable.next.take() {
            None => {}
            Some(Next::Ring) => self.progress(now, layer, None),
            Some(Next::Progress(local)) => self.progress(now, layer, Some(&local)),
            Some(Next::Accept(local)) => self.accept(now, layer, &local),
        }
    }

    /// Our answer to an offer in a PRACK (RFC 3262 section 5), or the code that refuses it.
    fn hear_prack(&mut self, body: &[u8]) -> Result<Option<Vec<u8>>, u16> {
        if body.is_empty() {
            return Ok(None);
        }
        match self.state {
            State::Invited { .. } if self.reliable.answered => {}
            // An offer while another waits for its answer (RFC 3264 section 4), or one to a call that is over.
            State::Invited { .. }
            | State::Calling(_)
            | State::Established(_)
            | State::HangingUp
            | State::HungUp { .. }
            | State::Over => return Err(491),
        }
        match self.hear_change(body) {
            Ok(change) => Ok(change.map(|(_, answer)| answer)),
            Err(Unacceptable::Malformed) => Err(400),
            Err(Unacceptable::NothingInCommon) => Err(488),
        }
    }
}
