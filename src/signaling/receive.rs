//! What comes in: which message is a copy, which is a leg's, which opens one, and which is answered and forgotten.
//! Must never act on a request before it is known whose it is.

use super::compose;
use super::event::{LegKey, Observation};
use super::leg;
use super::mark::NameKind;
use super::ping;
use super::refusal::{is_acknowledged, respond};
use super::screen;
use super::stack::Stack;
use super::transaction::{Acked, Arrival, Owner, method_label};
use super::trunk::Source;
use super::verbs::phrase;
use crate::base::{Flow, Moment, limits};
use crate::wire::sip::{HeaderName, Message, Method, ParseErrorKind, StartLine, Writer, validate};

impl Stack {
    /// Takes one whole message: a datagram, or what `wire::sip::frame` cut from a stream.
    pub fn receive(&mut self, now: Moment, flow: Flow, bytes: &[u8]) {
        if self.is_shut_out(now, flow) {
            return;
        }
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(error) if error.kind == ParseErrorKind::Empty => return,
            Err(_) => return self.layer.observe(Observation::ParseFailed),
        };
        match message.start() {
            StartLine::Request { method: Method::Ack, .. } => self.on_ack(now, flow, &message),
            StartLine::Request { method, .. } => self.on_request(now, flow, &message, method, bytes),
            StartLine::Response { code, .. } => self.on_response(now, flow, &message, code),
        }
    }

    /// ACKs are never answered.
    fn on_ack(&mut self, now: Moment, flow: Flow, ack: &Message<'_>) {
        if validate(ack).is_err() {
            return self.layer.observe(Observation::ParseFailed);
        }
        if self.layer.match_ack(now, ack) == Acked::Refusal {
            return;
        }
        let mut taken = is_acknowledged(&self.layer, ack);
        if let Some(key) = self.leg_of(ack) {
            self.with_leg(key, |leg, layer| taken = leg.on_ack(now, layer, ack));
        }
        self.layer.observe(if taken {
            Observation::RequestReceived { flow, method: "ACK" }
        } else {
            Observation::Strayed
        });
    }

    fn on_response(&mut self, now: Moment, flow: Flow, response: &Message<'_>, code: u16) {
        if validate(response).is_err() {
            return self.layer.observe(Observation::ParseFailed);
        }
        let Some(key) = self.layer.client_named(response) else {
            return self.layer.observe(Observation::Strayed);
        };
        let invited = response.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
        let accepted = invited && (200..=299).contains(&code);
        if !self.layer.has_client(key) {
            self.layer.observe(Observation::Strayed);
            // An answer to an INVITE we know nothing of any more: our marks say that it was ours.
            let tag = response.from().ok().and_then(|from| from.tag).unwrap_or_default();
            let ours = self.layer.marks.known(NameKind::Tag, tag);
            if accepted && ours.is_some_and(|number| !self.tags.contains_key(&number)) {
                leg::decline(now, &mut self.layer, key, response, flow, None);
            }
            return;
        }
        // Over a stream the transaction ends with its answer: what was asked is looked up before.
        let challenged = matches!(code, 401 | 407).then(|| self.layer.client_attempt(key)).flatten();
        let asked = (code == 503).then(|| self.layer.client_request(key)).flatten();
        let Some(report) = self.layer.on_response(now, key, response) else { return };
        if let Some(attempt) = challenged
            && self.answer_challenge(now, flow, &report, &attempt, response)
        {
            return;
        }
        let orphan = match report.owner {
            Owner::Leg(leg) => !self.legs.contains_key(&leg),
            Owner::Ping(_) | Owner::Registration(_) | Owner::Phone(_) | Owner::Lamp(_) | Owner::Nobody => {
                false
            }
        };
        if orphan && accepted {
            leg::decline(now, &mut self.layer, key, response, flow, None);
        }
        if let Some((path, _)) = asked {
            ping::refused(&mut self.layer, &mut self.trunks, now, &path, response);
        }
        self.deliver(now, &report, Some(response));
    }

    fn on_request(
        &mut self,
        now: Moment,
        flow: Flow,
        request: &Message<'_>,
        method: Method<'_>,
        bytes: &[u8],
    ) {
        let leg = self.leg_of(request);
        let mut source = self.trunks.identify(&flow);
        // Our tag in To can't be guessed: who knows it is in the dialog, wherever they speak from.
        if leg.is_none() && self.is_phones(source, flow) {
            let Some(proved) = self.let_in(now, flow, source, request, method) else { return };
            source = proved;
        } else if leg.is_none() && source == Source::Unknown {
            return self.refuse_stranger(now, flow, request);
        }
        if let Err(refusal) = validate(request) {
            if refusal.answerable {
                self.refuse(flow, request, refusal.code, |_| {});
            } else {
                self.layer.observe(Observation::ParseFailed);
            }
            return;
        }
        if self.layer.match_request(now, request, method) == Arrival::Repeated {
            return;
        }
        self.layer.observe(Observation::RequestReceived { flow, method: method_label(method) });
        self.hear_alias(flow, source, request);
        let in_dialog = request.to().is_ok_and(|to| to.tag.is_some());
        match (method, leg) {
            (Method::Cancel, _) => self.on_cancel(now, flow, request, bytes),
            (_, Some(leg)) => self.on_dialog_request(now, flow, leg, request, method, bytes),
            (Method::Options, None) if !in_dialog => self.answer_options(flow, source, request),
            (Method::Invite, None) if !in_dialog => self.on_invite(now, flow, source, request, bytes),
            (
                Method::Invite
                | Method::Bye
                | Method::Info
                | Method::Update
                | Method::Prack
                | Method::Options,
                None,
            ) => self.refuse(flow, request, 481, |_| {}),
            // Nobody is referred anywhere outside a call.
            (Method::Refer, None) => self.refuse(flow, request, if in_dialog { 481 } else { 403 }, |_| {}),
            (Method::Register, None) if !screen::names_account(request) => {
                self.refuse(flow, request, 400, |_| {});
            }
            (Method::Subscribe, None) => match source {
                Source::Phone(phone) => self.on_subscribe(now, flow, phone, request, bytes),
                Source::Trunk(_) | Source::Anyone | Source::Unknown => {
                    self.refuse_method(flow, source, request, method);
                }
            },
            (Method::Register, None) if self.registrar.is_some() => {
                self.on_register(now, flow, source, request, bytes);
            }
            _ => self.refuse_method(flow, source, request, method),
        }
    }

    fn refuse_method(&mut self, flow: Flow, source: Source, request: &Message<'_>, method: Method<'_>) {
        let allow = self.allow(source);
        self.refuse(flow, request, refusal_of(method), |writer| put_allow(writer, allow));
    }

    /// The methods taken outside a dialog from this source.
    fn allow(&self, source: Source) -> &'static str {
        match (source, &self.registrar) {
            (Source::Phone(_), Some(_)) => compose::ALLOW_PHONE,
            (Source::Trunk(_) | Source::Anyone | Source::Unknown, Some(_)) => compose::ALLOW_REGISTER,
            (_, None) => compose::ALLOW,
        }
    }

    /// The leg a request's To tag names, if the rest of the dialog's identity fits.
    fn leg_of(&self, request: &Message<'_>) -> Option<LegKey> {
        let number = self.layer.marks.known(NameKind::Tag, request.to().ok()?.tag?)?;
        let key = *self.tags.get(&number)?;
        self.legs.get(&key).is_some_and(|leg| leg.owns(request)).then_some(key)
    }

    fn refuse_stranger(&mut self, now: Moment, flow: Flow, request: &Message<'_>) {
        self.layer.observe(Observation::SourceRefused);
        let answerable = request.top_via().is_ok() && request.from().is_ok() && request.call_id().is_ok();
        self.blame_stream(now, flow);
        if !self.hears_stranger(now, flow) || !answerable {
            return;
        }
        if self.refusals.allow(now, flow.remote.ip()) {
            respond(&mut self.layer, flow, request, 403, phrase(403), |_| {});
        } else {
            self.layer.observe(Observation::Limited { limit: "answers" });
        }
    }

    pub(super) fn refuse(
        &mut self,
        flow: Flow,
        request: &Message<'_>,
        code: u16,
        fill: impl FnOnce(&mut Writer),
    ) {
        respond(&mut self.layer, flow, request, code, phrase(code), fill);
    }

    /// RFC 3261 section 11.2.
    fn answer_options(&mut self, flow: Flow, source: Source, request: &Message<'_>) {
        if !screen::speaks_scheme(request, flow.transport) {
            return self.refuse(flow, request, 416, |_| {});
        }
        let prack = self.layer.config.prack;
        if let Some(names) = screen::required(request, prack) {
            return self.refuse(flow, request, 420, |writer| {
                writer.header(HeaderName::Unsupported, names);
            });
        }
        if self.stopping {
            return self.refuse(flow, request, 503, |writer| {
                writer.header_fmt(HeaderName::RetryAfter, format_args!("{}", limits::RESTART_S));
            });
        }
        let allow = self.allow(source);
        self.refuse(flow, request, 200, |writer| put_abilities(writer, allow, prack));
    }

    /// RFC 3261 section 9.2.
    fn on_cancel(&mut self, now: Moment, flow: Flow, request: &Message<'_>, bytes: &[u8]) {
        let Some((leg, tag)) = self.layer.cancelled_invite(request) else {
            return self.refuse(flow, request, 481, |_| {});
        };
        let server = self.layer.open_server(flow, request, bytes, leg, tag);
        self.layer.answer(now, server, 200, phrase(200), |_, _| {});
        if let Some(leg) = leg {
            self.with_leg(leg, |leg, layer| leg.on_cancel(now, layer, request));
        }
    }

    /// A request in a dialog of ours.
    fn on_dialog_request(
        &mut self,
        now: Moment,
        flow: Flow,
        key: LegKey,
        request: &Message<'_>,
        method: Method<'_>,
        bytes: &[u8],
    ) {
        let server = self.layer.open_server(flow, request, bytes, Some(key), None);
        let number = request.cseq().map_or(0, |cseq| cseq.number);
        if !self.legs.get_mut(&key).is_some_and(|leg| leg.in_order(number)) {
            self.layer.answer(now, server, 500, phrase(500), |_, _| {});
            return;
        }
        let prack = self.layer.config.prack;
        if let Some(refusal) = screen::dialog_request(request, prack, self.layer.config.session) {
            let code = refusal.verdict().0;
            self.layer.answer(now, server, code, phrase(code), |writer, _| refusal.put(writer));
            return;
        }
        match method {
            Method::Bye => self.with_leg(key, |leg, layer| leg.on_bye(now, layer, server, request)),
            Method::Invite | Method::Update => {
                self.with_leg(key, |leg, layer| leg.on_change(now, layer, server, request));
            }
            Method::Prack => self.with_leg(key, |leg, layer| leg.on_prack(now, layer, server, request)),
            Method::Refer => self.with_leg(key, |leg, layer| leg.on_refer(now, layer, server, request)),
            Method::Info => self.with_leg(key, |leg, layer| leg.on_info(now, layer, server, request)),
            Method::Notify => self.with_leg(key, |leg, layer| leg.on_notify(now, layer, server, request)),
            Method::Options => {
                self.layer.answer(now, server, 200, phrase(200), |writer, _| {
                    put_abilities(writer, compose::ALLOW, prack);
                });
            }
            Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                let code = refusal_of(method);
                self.layer
                    .answer(now, server, code, phrase(code), |writer, _| put_allow(writer, compose::ALLOW));
            }
        }
    }
}

/// 405 for methods that exist, 501 for those that do not (RFC 3261 sections 8.2.1, 21.5.2).
const fn refusal_of(method: Method<'_>) -> u16 {
    if method.known().is_some() { 405 } else { 501 }
}

fn put_allow(writer: &mut Writer, allow: &str) {
    writer.header(HeaderName::Allow, allow);
}

/// What an OPTIONS asks for (RFC 3261 section 11.2).
fn put_abilities(writer: &mut Writer, allow: &str, prack: bool) {
    put_allow(writer, allow);
    writer.header(HeaderName::Accept, compose::SDP).header(HeaderName::AcceptEncoding, "identity");
    writer.header(HeaderName::Supported, compose::SUPPORTED);
    if prack {
        writer.header(HeaderName::Supported, compose::PRACK);
    }
}
