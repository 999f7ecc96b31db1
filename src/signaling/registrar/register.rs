//! REGISTER from a phone that has proved who it is (RFC 3261 section 10.3): all of it is done, or nothing.
//! Must never be reached before the phone is authenticated.

use super::bindings::{Binding, BindingKey, Contact};
use super::{keep_alive, ourselves, place};
use crate::base::{Flow, Moment, PhoneId};
use crate::signaling::event::Observation;
use crate::signaling::mark::NameKind;
use crate::signaling::stack::Stack;
use crate::signaling::timer::TimerName;
use crate::signaling::transaction::{Layer, ServerKey};
use crate::signaling::trunk::Source;
use crate::signaling::verbs::phrase;
use crate::wire::sip::{HeaderName, Message, Method, NameAddr, Scheme, Uri, Writer};
use std::net::SocketAddr;
use std::time::Duration;

/// What a REGISTER asks for.
#[derive(Debug)]
enum Wish {
    /// To be told what is registered.
    Fetch,
    /// That all be forgotten.
    ForgetAll,
    /// That these be registered for so long, s; 0 forgets one.
    Bind(Vec<(Contact, u32)>),
}

/// Why a REGISTER can't be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It is for somebody else: 403 (RFC 3261 section 10.3, steps 3 and 4).
    Forbidden,
    /// It would have our own calls come back to us: 403.
    Ourselves,
    /// It makes no sense: 400.
    Malformed,
    /// It asks for less than is taken: 423 (step 7).
    TooBrief,
    /// Its number is not above the one before: 500 (same step).
    OutOfOrder,
    /// It requires what we do not have: 420.
    Extension,
}

impl Fault {
    const fn code(self) -> u16 {
        match self {
            Self::Forbidden | Self::Ourselves => 403,
            Self::Malformed => 400,
            Self::TooBrief => 423,
            Self::OutOfOrder => 500,
            Self::Extension => 420,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Ourselves => "ourselves",
            Self::Malformed => "malformed",
            Self::TooBrief => "too_brief",
            Self::OutOfOrder => "out_of_order",
            Self::Extension => "extension",
        }
    }
}

impl Stack {
    /// A REGISTER that is well formed.
    pub(in crate::signaling) fn on_register(
        &mut self,
        now: Moment,
        flow: Flow,
        source: Source,
        request: &Message<'_>,
        bytes: &[u8],
    ) {
        let phone = match source {
            Source::Phone(phone) => Some(phone),
            Source::Trunk(_) | Source::Anyone | Source::Unknown => {
                self.authenticate(now, flow, false, request, Method::Register)
            }
        };
        let Some(phone) = phone else { return };
        let tag = self.layer.fresh(NameKind::Tag);
        let server = self.layer.open_server(flow, request, bytes, None, Some(tag));
        match self.wish(phone, request) {
            Ok(wish) => {
                let label = self.grant(now, flow, phone, request, wish);
                self.layer.observe(Observation::RegistrarAnswered { result: label });
                self.tell_bindings(now, server, phone, request);
            }
            Err(fault) => self.refuse_register(now, server, request, fault),
        }
    }

    /// What is asked for, when it can be done.
    fn wish(&self, phone: PhoneId, request: &Message<'_>) -> Result<Wish, Fault> {
        let registrar = self.registrar.as_ref().ok_or(Fault::Forbidden)?;
        let own = registrar.extension(phone).ok_or(Fault::Forbidden)?;
        let is_own = |address: &NameAddr<'_>| *address.uri.user_unescaped() == *own.as_bytes();
        if !request.to().is_ok_and(|to| is_own(&to)) || !request.from().is_ok_and(|from| is_own(&from)) {
            return Err(Fault::Forbidden);
        }
        let known =
            |name: &[u8]| [&b"path"[..], b"outbound"].iter().any(|ours| name.eq_ignore_ascii_case(ours));
        if request.values(HeaderName::Require).any(|name| !known(name)) {
            return Err(Fault::Extension);
        }
        let wish = read_wish(request, registrar.settings.expires_min_s, registrar.settings.expires_max_s)?;
        let shown: Vec<_> = self.trunks.iter().filter_map(|trunk| trunk.peer.own.advertised).collect();
        if let Wish::Bind(contacts) = &wish
            && contacts.iter().any(|(contact, expires_s)| {
                *expires_s > 0 && ourselves::is_ours(&self.layer.config.listens, &shown, contact)
            })
        {
            return Err(Fault::Ourselves);
        }
        let (call_id, number) = (
            request.call_id().map_err(|_| Fault::Malformed)?,
            request.cseq().map_err(|_| Fault::Malformed)?.number,
        );
        let concerned = |contact: &Contact| registrar.bindings.same(phone, contact);
        let is_late = |binding: &Binding| *binding.call_id == *call_id && number <= binding.cseq;
        let any_late = match &wish {
            Wish::Fetch => false,
            Wish::ForgetAll => registrar.bindings.of(phone).iter().any(is_late),
            Wish::Bind(contacts) => {
                contacts.iter().filter_map(|(contact, _)| concerned(contact)).any(is_late)
            }
        };
        if any_late { Err(Fault::OutOfOrder) } else { Ok(wish) }
    }

    /// Does what is asked for; says what it was.
    fn grant(
        &mut self,
        now: Moment,
        flow: Flow,
        phone: PhoneId,
        request: &Message<'_>,
        wish: Wish,
    ) -> &'static str {
        match wish {
            Wish::Fetch => "fetched",
            Wish::ForgetAll => {
                self.forget_phone(phone);
                "removed"
            }
            Wish::Bind(contacts) => {
                let before = self.registrar.as_ref().map_or(0, |registrar| registrar.bindings.len());
                let any = contacts.iter().any(|(_, expires_s)| *expires_s > 0);
                for (contact, expires_s) in contacts {
                    self.bind(now, flow, phone, request, contact, expires_s);
                }
                let after = self.registrar.as_ref().map_or(0, |registrar| registrar.bindings.len());
                match (any, after > before) {
                    (false, _) => "removed",
                    (true, true) => "registered",
                    (true, false) => "refreshed",
                }
            }
        }
    }

    fn bind(
        &mut self,
        now: Moment,
        flow: Flow,
        phone: PhoneId,
        request: &Message<'_>,
        contact: Contact,
        expires_s: u32,
    ) {
        let Some(registrar) = self.registrar.as_mut() else { return };
        if expires_s == 0 {
            if let Some(key) = registrar.bindings.same(phone, &contact).map(|binding| binding.key) {
                self.forget_binding(key);
            }
            return;
        }
        let call_id: Box<[u8]> = request.call_id().unwrap_or_default().into();
        let path: Box<[Box<[u8]>]> = request.values(HeaderName::Path).map(Into::into).collect();
        let host = Uri::parse(&contact.uri).ok().and_then(|uri| uri.host.ip());
        let left =
            if path.is_empty() { registrar.bindings.left_behind(phone, flow, &call_id) } else { Vec::new() };
        let same = registrar.bindings.same(phone, &contact).map(|binding| binding.key);
        let is_translated = host != Some(flow.remote.ip().to_canonical());
        let flow =
            if is_translated || !path.is_empty() { flow } else { reply_path_of(flow, request, &contact) };
        let binding = Binding {
            key: BindingKey(0),
            phone,
            contact,
            flow,
            path,
            call_id,
            cseq: request.cseq().map_or(0, |cseq| cseq.number),
            until: now + Duration::from_secs(expires_s.into()),
            is_translated,
        };
        let until = binding.until;
        let (key, made_room) = registrar.bindings.put(binding);
        self.layer.timers.set(TimerName::BindingLapse(key), until);
        keep_alive::start(&mut self.layer, registrar, now, key);
        self.vouch_for(now, flow.remote.ip(), until);
        self.tell_contacts(phone);
        for left in left.into_iter().filter(|left| Some(*left) != same) {
            self.forget_binding(left);
        }
        if let Some(oldest) = made_room {
            self.layer.observe(Observation::ContactReplaced);
            stop_timers(&mut self.layer, oldest);
        }
    }

    /// A binding is over: it lapsed, its phone is gone, or asked for it.
    pub(in crate::signaling) fn forget_binding(&mut self, key: BindingKey) {
        let Some(registrar) = self.registrar.as_mut() else { return };
        let Some(binding) = registrar.bindings.remove(key) else { return };
        stop_timers(&mut self.layer, key);
        self.tell_contacts(binding.phone);
        self.leave_flow(binding.flow);
        self.leave_place(binding.flow);
    }

    /// Where nobody is registered any more, strangers are strangers.
    fn leave_place(&mut self, flow: Flow) {
        let is_used = self.registrar.as_ref().is_some_and(|registrar| registrar.bindings.is_at(place(flow)));
        if !is_used {
            self.guard.no_longer_vouch_for(flow.remote.ip());
        }
    }

    /// A stream over which nobody is registered any more, and nobody calls, may not stay open for nothing (RFC 5626 section
    /// 4.2 asks it of phones that register alone).
    fn leave_flow(&mut self, flow: Flow) {
        let is_used = self.registrar.as_ref().is_some_and(|registrar| registrar.bindings.has_flow(flow));
        if flow.transport.is_reliable() && !is_used && !self.legs.values().any(|leg| leg.is_on(flow)) {
            self.layer.observe(Observation::FlowLapsed { flow });
        }
    }

    fn forget_phone(&mut self, phone: PhoneId) {
        let Some(registrar) = &self.registrar else { return };
        let keys: Vec<BindingKey> = registrar.bindings.of(phone).iter().map(|binding| binding.key).collect();
        for key in keys {
            self.forget_binding(key);
        }
    }

    /// A stream closed: what registered over it can't be reached any more (RFC 5626 section 5.3).
    pub(in crate::signaling) fn forget_flow(&mut self, flow: Flow) {
        let Some(registrar) = &self.registrar else { return };
        for key in registrar.bindings.on(flow) {
            self.forget_binding(key);
        }
    }

    fn tell_contacts(&mut self, phone: PhoneId) {
        let Some(registrar) = &self.registrar else { return };
        let contacts = registrar.bindings.of(phone).len();
        self.layer.observe(Observation::PhoneContacts { phone, contacts });
    }

    /// The 200: everything registered, and for how long (step 8).
    fn tell_bindings(&mut self, now: Moment, server: ServerKey, phone: PhoneId, request: &Message<'_>) {
        let Some(registrar) = &self.registrar else { return };
        let bindings = registrar.bindings.of(phone);
        let supports = |option: &[u8]| {
            request.values(HeaderName::Supported).any(|name| name.eq_ignore_ascii_case(option))
        };
        let path: Vec<&[u8]> =
            if supports(b"path") { request.values(HeaderName::Path).collect() } else { Vec::new() };
        let outbound = supports(b"outbound") && bindings.iter().any(|one| one.contact.outbound.is_some());
        self.layer.answer(now, server, 200, phrase(200), |writer, _| {
            for binding in bindings {
                put_contact(writer, binding, now);
            }
            for value in &path {
                writer.header(HeaderName::Path, value);
            }
            if outbound {
                writer.header(HeaderName::Require, "outbound");
            }
        });
    }

    fn refuse_register(&mut self, now: Moment, server: ServerKey, request: &Message<'_>, fault: Fault) {
        self.layer.observe(Observation::RegistrarAnswered { result: fault.label() });
        let least = self.registrar.as_ref().map_or(0, |registrar| registrar.settings.expires_min_s);
        let code = fault.code();
        self.layer.answer(now, server, code, phrase(code), |writer, _| match fault {
            Fault::TooBrief => {
                writer.header_fmt(HeaderName::MinExpires, format_args!("{least}"));
            }
            Fault::Extension => {
                for name in request.values(HeaderName::Require) {
                    if !name.eq_ignore_ascii_case(b"path") && !name.eq_ignore_ascii_case(b"outbound") {
                        writer.header(HeaderName::Unsupported, name);
                    }
                }
            }
            Fault::Forbidden | Fault::Ourselves | Fault::Malformed | Fault::OutOfOrder => {}
        });
    }
}

/// A phone that speaks from one port and listens on another, as its Via without `rport` says (RFC 3581 section 3), is
/// reached at the port of its Contact; always at the address it speaks from.
fn reply_path_of(flow: Flow, request: &Message<'_>, contact: &Contact) -> Flow {
    let is_symmetric = request.top_via().is_ok_and(|via| via.rport.is_some());
    if flow.transport.is_reliable() || is_symmetric {
        return flow;
    }
    let port = Uri::parse(&contact.uri).ok().and_then(|uri| uri.port).filter(|port| *port != 0);
    Flow { remote: SocketAddr::new(flow.remote.ip(), port.unwrap_or(5060)), ..flow }
}

fn stop_timers(layer: &mut Layer, key: BindingKey) {
    layer.timers.cancel(TimerName::BindingLapse(key));
    layer.timers.cancel(TimerName::KeepAlive(key));
}

/// Reads what is asked for.
fn read_wish(request: &Message<'_>, min_s: u32, max_s: u32) -> Result<Wish, Fault> {
    let expires = match request.number(HeaderName::Expires, u32::MAX) {
        Ok(expires) => expires,
        // RFC 3261 section 20.19: what makes no sense counts as an hour.
        Err(_) => Some(3_600),
    };
    let mut values = request.values(HeaderName::Contact).peekable();
    if values.peek().is_none() {
        return Ok(Wish::Fetch);
    }
    if request.values(HeaderName::Contact).any(|value| value.trim_ascii() == b"*") {
        let alone = request.values(HeaderName::Contact).count() == 1;
        return if alone && expires == Some(0) { Ok(Wish::ForgetAll) } else { Err(Fault::Malformed) };
    }
    let mut wishes = Vec::new();
    for value in values {
        let address = NameAddr::parse(value).map_err(|_| Fault::Malformed)?;
        let asked = match address.param("expires") {
            Some(text) => Some(seconds(text)),
            None => expires,
        };
        let granted = asked.unwrap_or(max_s).min(max_s);
        if granted > 0 && granted < min_s {
            return Err(Fault::TooBrief);
        }
        wishes.push((contact(&address)?, granted));
    }
    Ok(Wish::Bind(wishes))
}

/// RFC 3261 section 20.10: what makes no sense counts as an hour.
fn seconds(text: &[u8]) -> u32 {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(3_600)
}

fn contact(address: &NameAddr<'_>) -> Result<Contact, Fault> {
    match address.uri.scheme {
        Scheme::Sip | Scheme::Sips => {}
        Scheme::Tel | Scheme::Other => return Err(Fault::Malformed),
    }
    let is_text =
        address.uri.raw.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"'));
    // RFC 3261 section 19.1.1: headers have no place in a registered contact, and could steer what we send.
    if !is_text || !address.uri.headers.is_empty() {
        return Err(Fault::Malformed);
    }
    let reg_id = address.param("reg-id").map(|text| std::str::from_utf8(text).ok()?.parse().ok());
    let outbound = match (address.param("+sip.instance"), reg_id) {
        (Some(instance), Some(Some(reg_id))) if (1..0x8000_0000).contains(&reg_id) => {
            Some((instance.into(), reg_id))
        }
        _ => None,
    };
    Ok(Contact { uri: address.uri.raw.into(), outbound })
}

fn put_contact(writer: &mut Writer, binding: &Binding, now: Moment) {
    let left = binding.until.since(now).as_secs();
    let mut value = b"<".to_vec();
    value.extend_from_slice(&binding.contact.uri);
    value.extend_from_slice(format!(">;expires={left}").as_bytes());
    if let Some((instance, reg_id)) = &binding.contact.outbound {
        value.extend_from_slice(b";+sip.instance=");
        value.extend_from_slice(instance);
        value.extend_from_slice(format!(";reg-id={reg_id}").as_bytes());
    }
    writer.header(HeaderName::Contact, value);
}
