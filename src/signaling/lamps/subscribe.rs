//! SUBSCRIBE from a phone that has proved who it is (RFC 6665 section 4.2.1).

use super::{LampKey, Watch, body};
use crate::base::{Flow, Moment, Name, PhoneId, limits};
use crate::signaling::dialog::{Dialog, put_contact};
use crate::signaling::event::Observation;
use crate::signaling::mark::NameKind;
use crate::signaling::stack::Stack;
use crate::signaling::timer::TimerName;
use crate::signaling::verbs::phrase;
use crate::wire::sip::{HeaderName, Message, Method};
use std::time::Duration;

/// The one event there is.
pub(super) const EVENT: &str = "dialog";

impl Stack {
    /// A SUBSCRIBE that is well formed.
    pub(in crate::signaling) fn on_subscribe(
        &mut self,
        now: Moment,
        flow: Flow,
        phone: PhoneId,
        request: &Message<'_>,
        bytes: &[u8],
    ) {
        let event = request.header(HeaderName::Event).unwrap_or_default();
        let event = event.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if !event.eq_ignore_ascii_case(EVENT.as_bytes()) {
            return self.refuse(flow, request, 489, |writer| {
                writer.header(HeaderName::AllowEvents, EVENT);
            });
        }
        if !takes_body(request) {
            return self.refuse(flow, request, 406, |writer| {
                writer.header(HeaderName::Accept, body::TYPE);
            });
        }
        // RFC 4235 section 3.4: an hour unless the phone says.
        let asked = request.number(HeaderName::Expires, u32::MAX).ok().flatten();
        let expires_s = asked.unwrap_or(limits::LAMP_EXPIRES_S).min(limits::LAMP_EXPIRES_S);
        if expires_s > 0 && expires_s < limits::LAMP_MIN_EXPIRES_S {
            return self.refuse(flow, request, 423, |writer| {
                writer.header_fmt(HeaderName::MinExpires, format_args!("{}", limits::LAMP_MIN_EXPIRES_S));
            });
        }
        let until = now + Duration::from_secs(expires_s.into());
        match request.to().ok().and_then(|to| to.tag) {
            Some(tag) => self.resubscribe(now, flow, phone, request, bytes, (tag, until, expires_s)),
            None => self.subscribe(now, flow, phone, request, bytes, (until, expires_s)),
        }
    }

    fn subscribe(
        &mut self,
        now: Moment,
        flow: Flow,
        watcher: PhoneId,
        request: &Message<'_>,
        bytes: &[u8],
        (until, expires_s): (Moment, u32),
    ) {
        let user =
            request.request_uri().map(|uri| String::from_utf8_lossy(&uri.user_unescaped()).into_owned());
        let watched = user.ok().and_then(|user| self.watchable(&user));
        let Some(watched) = watched else { return self.refuse(flow, request, 404, |_| {}) };
        if self.lamps.of(watcher) >= limits::LAMPS_PER_PHONE {
            self.layer.observe(Observation::LampRefused);
            return self.refuse(flow, request, 503, |writer| {
                writer.header_fmt(HeaderName::RetryAfter, format_args!("{}", limits::RESTART_S));
            });
        }
        let tag = self.layer.fresh(NameKind::Tag);
        let Some(mut dialog) = Dialog::invited(request, tag, flow) else {
            return self.refuse(flow, request, 400, |_| {});
        };
        dialog.keep();
        let key = LampKey(tag.number);
        let server = self.layer.open_server(flow, request, bytes, None, Some(tag));
        let (public, scheme) = (self.layer.public(flow), dialog.scheme());
        self.layer.answer(now, server, 200, phrase(200), |writer, _| {
            put_contact(writer, flow, public, scheme);
            writer.header_fmt(HeaderName::Expires, format_args!("{expires_s}"));
        });
        let watch = Watch { watcher, watched, dialog, until, version: 0, telling: None, is_behind: false };
        self.lamps.add(key, watch);
        if expires_s > 0 {
            self.layer.timers.set(TimerName::LampLapse(key), until);
        }
        self.tell_lamp(now, key);
    }

    /// One more hour, or no more (RFC 6665 sections 4.1.2.2 and 4.1.2.3).
    fn resubscribe(
        &mut self,
        now: Moment,
        flow: Flow,
        watcher: PhoneId,
        request: &Message<'_>,
        bytes: &[u8],
        (tag, until, expires_s): (&[u8], Moment, u32),
    ) {
        let key = self.layer.marks.known(NameKind::Tag, tag).map(LampKey);
        let number = request.cseq().map_or(0, |cseq| cseq.number);
        let watch = key.and_then(|key| Some((key, self.lamps.watches.get_mut(&key)?)));
        let own = watch.filter(|(_, watch)| watch.watcher == watcher && watch.dialog.owns(request));
        let Some((key, watch)) = own else { return self.refuse(flow, request, 481, |_| {}) };
        if !watch.dialog.in_order(number) {
            return self.refuse(flow, request, 500, |_| {});
        }
        watch.until = until;
        watch.dialog.refresh(request);
        let scheme = watch.dialog.scheme();
        let server = self.layer.open_server(flow, request, bytes, None, None);
        let public = self.layer.public(flow);
        self.layer.answer(now, server, 200, phrase(200), |writer, _| {
            put_contact(writer, flow, public, scheme);
            writer.header_fmt(HeaderName::Expires, format_args!("{expires_s}"));
        });
        if expires_s > 0 {
            self.layer.timers.set(TimerName::LampLapse(key), until);
        } else {
            self.layer.timers.cancel(TimerName::LampLapse(key));
        }
        self.tell_lamp(now, key);
    }

    /// The extension that may be watched by this name: a phone's, or an agent's.
    fn watchable(&self, user: &str) -> Option<Name> {
        self.registrar.as_ref()?.watchable(user)
    }
}

/// Whether the phone reads what lamps are told in; without Accept it does (RFC 4235 section 3.5).
fn takes_body(request: &Message<'_>) -> bool {
    debug_assert_eq!(request.method(), Some(Method::Subscribe));
    let mut ranges = request.values(HeaderName::Accept).peekable();
    let is_ours = |range: &[u8]| {
        let range = range.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        [body::TYPE, "application/*", "*/*"].iter().any(|known| range.eq_ignore_ascii_case(known.as_bytes()))
    };
    ranges.peek().is_none() || ranges.any(is_ours)
}
