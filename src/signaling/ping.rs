//! Signs of life: OPTIONS to a trunk every so often. Any final answer is one; silence and a lost path are none.

use super::compose;
use super::event::Observation;
use super::mark::NameKind;
use super::transaction::{ClientKey, Layer, Owner};
use super::trunk::{Trunk, Trunks};
use crate::base::{Moment, TrunkId};
use crate::signaling::timer::TimerName;
use crate::wire::sip::{HeaderName, Method};
use std::time::Duration;

/// A trunk that has never given a sign of life is down after this long: timer F's 32 s would send every caller of a start
/// to phones nobody can reach. Its answer still counts when it comes later.
const FIRST_SIGN: Duration = Duration::from_secs(4);

/// Sets every trunk's first ping: at once.
pub(super) fn start(layer: &mut Layer, trunks: &Trunks) {
    for trunk in trunks.iter().filter(|trunk| trunk.peer.ping.is_some()) {
        layer.timers.set(TimerName::Ping(trunk.peer.id), Moment::ZERO);
    }
}

/// Asks a trunk for a sign of life.
pub(super) fn send(layer: &mut Layer, trunks: &Trunks, now: Moment, id: TrunkId) {
    let Some(Trunk { peer, up, .. }) = trunks.get(id) else { return };
    let Some(flow) = peer.path(&layer.config.listens) else { return };
    let public = layer.public(flow);
    let (branch, tag) = (layer.fresh(NameKind::Branch), layer.fresh(NameKind::Tag));
    let call_id = layer.fresh(NameKind::CallId);
    let writer = &mut layer.writer;
    let uri = format!("sip:{}", flow.remote);
    writer.start_request(Method::Options, &uri);
    writer.header_fmt(
        HeaderName::Via,
        format_args!("SIP/2.0/{} {public};branch=z9hG4bK{branch};rport", flow.transport.via_name()),
    );
    writer.header(HeaderName::MaxForwards, "70");
    writer.header_fmt(HeaderName::From, format_args!("<sip:{public}>;tag={tag}"));
    writer.header_fmt(HeaderName::To, format_args!("<{uri}>"));
    writer.header_fmt(HeaderName::CallId, format_args!("{call_id}"));
    writer.header(HeaderName::CSeq, "1 OPTIONS");
    super::dialog::put_contact(writer, flow, public);
    writer.header(HeaderName::Accept, compose::SDP).header(HeaderName::Supported, compose::SUPPORTED);
    writer.header(HeaderName::UserAgent, layer.config.user_agent.as_str());
    layer.put_credentials(flow, Method::Options, uri.as_bytes());
    let request = layer.writer.finish();
    let key = ClientKey { number: branch.number, cancel: false };
    if up.is_none() {
        layer.timers.set(TimerName::FirstSign(id), now + FIRST_SIGN);
    }
    layer.start_client(now, key, Method::Options, Owner::Ping(id), flow, request);
}

/// A ping ended: with an answer or without.
pub(super) fn ended(layer: &mut Layer, trunks: &mut Trunks, now: Moment, id: TrunkId, alive: bool) {
    layer.timers.cancel(TimerName::FirstSign(id));
    verdict(layer, trunks, id, alive);
    if let Some(ping) = trunks.get(id).and_then(|trunk| trunk.peer.ping) {
        layer.timers.set(TimerName::Ping(id), now + ping);
    }
}

/// Says whether a trunk is alive, where that is news.
pub(super) fn verdict(layer: &mut Layer, trunks: &mut Trunks, id: TrunkId, alive: bool) {
    let Some(trunk) = trunks.get_mut(id) else { return };
    if trunk.up != Some(alive) {
        trunk.up = Some(alive);
        layer.observe(if alive {
            Observation::TrunkUp { trunk: id }
        } else {
            Observation::TrunkDown { trunk: id }
        });
    }
}
