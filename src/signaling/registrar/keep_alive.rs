//! Phones behind an address translation are asked for a sign of life, which keeps the way to them open; one that gives
//! none is forgotten. Over streams their own keep-alives do that (RFC 5626 section 4.4.1).

use super::Registrar;
use super::bindings::BindingKey;
use crate::base::{Moment, limits};
use crate::signaling::mark::NameKind;
use crate::signaling::stack::Stack;
use crate::signaling::timer::TimerName;
use crate::signaling::transaction::{ClientKey, Layer, Owner};
use crate::wire::sip::{HeaderName, Method};

/// Sets the first question, where one is needed.
pub(super) fn start(layer: &mut Layer, registrar: &Registrar, now: Moment, key: BindingKey) {
    let wanted = registrar.bindings.get(key).is_some_and(|binding| {
        binding.is_translated && binding.path.is_empty() && !binding.flow.transport.is_reliable()
    });
    if wanted {
        layer.timers.set(TimerName::KeepAlive(key), now + limits::PHONE_KEEP_ALIVE);
    } else {
        layer.timers.cancel(TimerName::KeepAlive(key));
    }
}

impl Stack {
    /// Asks a phone whether it is there.
    pub(in crate::signaling) fn ask_phone(&mut self, now: Moment, key: BindingKey) {
        let Some(registrar) = &self.registrar else { return };
        let Some(binding) = registrar.bindings.get(key) else { return };
        let (flow, layer) = (binding.flow, &mut self.layer);
        let public = layer.public(flow);
        let (branch, tag) = (layer.fresh(NameKind::Branch), layer.fresh(NameKind::Tag));
        let call_id = layer.fresh(NameKind::CallId);
        let writer = &mut layer.writer;
        writer.start_request(Method::Options, &binding.contact.uri);
        writer.header_fmt(
            HeaderName::Via,
            format_args!("SIP/2.0/{} {public};branch=z9hG4bK{branch};rport", flow.transport.via_name()),
        );
        writer.header(HeaderName::MaxForwards, "70");
        writer.header_fmt(HeaderName::From, format_args!("<sip:{public}>;tag={tag}"));
        let mut to = b"<".to_vec();
        to.extend_from_slice(&binding.contact.uri);
        to.push(b'>');
        writer.header(HeaderName::To, to);
        writer.header_fmt(HeaderName::CallId, format_args!("{call_id}"));
        writer.header(HeaderName::CSeq, "1 OPTIONS");
        writer.header(HeaderName::UserAgent, layer.config.user_agent.as_str());
        let request = layer.writer.finish();
        let client = ClientKey { number: branch.number, cancel: false };
        layer.start_client(now, client, Method::Options, Owner::Phone(key), flow, request);
    }

    /// A phone answered, or did not.
    pub(in crate::signaling) fn phone_asked(&mut self, now: Moment, key: BindingKey, is_there: bool) {
        if !is_there {
            return self.forget_binding(key);
        }
        if let Some(registrar) = &self.registrar {
            start(&mut self.layer, registrar, now, key);
        }
    }
}
