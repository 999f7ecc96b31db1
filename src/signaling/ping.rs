//! Signs of life: OPTIONS to each peer of a trunk every so often. Any final answer is one; silence and a lost path are
//! none. A trunk lives while one of its peers does.

use super::compose;
use super::event::Observation;
use super::mark::NameKind;
use super::peers::{Known, PeerKey};
use super::transaction::{ClientKey, Layer, Owner};
use super::trunk::Trunks;
use crate::base::{Flow, Moment, TrunkId, limits};
use crate::signaling::timer::TimerName;
use crate::wire::sip::{HeaderName, Message, Method, Scheme};
use std::time::Duration;

/// A peer that has never given a sign of life is down after this long: timer F's 32 s would send every caller of a start
/// to phones nobody can reach. Its answer still counts when it comes later.
const FIRST_SIGN: Duration = Duration::from_secs(4);

/// Sets every peer's first ping: at once.
pub(super) fn start(layer: &mut Layer, trunks: &Trunks) {
    for trunk in trunks.iter().filter(|trunk| trunk.peer.ping.is_some()) {
        for known in &trunk.peers {
            layer.timers.set(TimerName::Ping(known.key), Moment::ZERO);
        }
    }
}

/// Asks a peer for a sign of life.
pub(super) fn send(layer: &mut Layer, trunks: &mut Trunks, now: Moment, key: PeerKey) {
    let Some((id, known)) = trunks.peer_mut(key) else { return };
    let (peer, unheard) = (known.peer, known.up.is_none());
    let own = trunks.get(id).map(|trunk| trunk.peer.own).unwrap_or_default();
    let Some(flow) = peer.path(&layer.config.listens, own) else { return };
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
    super::dialog::put_contact(writer, flow, public, Scheme::Sip);
    writer.header(HeaderName::Accept, compose::SDP).header(HeaderName::Supported, compose::SUPPORTED);
    writer.header(HeaderName::UserAgent, layer.config.user_agent.as_str());
    layer.put_credentials(flow, Method::Options, uri.as_bytes());
    let request = layer.writer.finish();
    let client = ClientKey { number: branch.number, cancel: false };
    if unheard {
        layer.timers.set(TimerName::FirstSign(key), now + FIRST_SIGN);
    }
    layer.start_client(now, client, Method::Options, Owner::Ping(key), flow, request);
}

/// A ping ended: with an answer or without.
pub(super) fn ended(layer: &mut Layer, trunks: &mut Trunks, now: Moment, key: PeerKey, alive: bool) {
    let Some((id, known)) = trunks.peer_mut(key) else { return };
    if alive {
        known.heard = Some(now);
    }
    layer.timers.cancel(TimerName::FirstSign(key));
    verdict(layer, trunks, key, alive);
    if let Some(ping) = trunks.get(id).and_then(|trunk| trunk.peer.ping) {
        // Who asked to be left alone is not asked either.
        let rested = layer.timers.deadline(TimerName::Rest(key)).unwrap_or(now);
        layer.timers.set(TimerName::Ping(key), rested.max(now + ping));
    }
}

/// Says whether a peer is alive, where that is news.
pub(super) fn verdict(layer: &mut Layer, trunks: &mut Trunks, key: PeerKey, alive: bool) {
    let Some((id, known)) = trunks.peer_mut(key) else { return };
    if known.up != Some(alive) {
        known.up = Some(alive);
        let (trunk, peer) = (id, known.peer.address);
        layer.observe(Observation::Peer { trunk, peer, up: alive });
    }
    tell(layer, trunks, id);
}

/// A peer said 503: with Retry-After it gets nothing more for that long (RFC 3261 section 21.5.4).
pub(super) fn refused(
    layer: &mut Layer,
    trunks: &mut Trunks,
    now: Moment,
    flow: &Flow,
    response: &Message<'_>,
) {
    let Some(rest) = retry_after(response) else { return };
    let at = |of: &&Known| (of.peer.transport, of.peer.address) == (flow.transport, flow.remote);
    let key = trunks.iter().flat_map(|trunk| &trunk.peers).find(at).map(|known| known.key);
    let Some(key) = key else { return };
    let Some((id, known)) = trunks.peer_mut(key) else { return };
    known.rests = true;
    layer.timers.set(TimerName::Rest(key), now + rest);
    if layer.timers.deadline(TimerName::Ping(key)).is_some_and(|at| at < now + rest) {
        layer.timers.set(TimerName::Ping(key), now + rest);
    }
    tell(layer, trunks, id);
}

/// How long a response asks to be left alone, within [`limits::PEER_REST`]; nothing when it does not.
pub(super) fn retry_after(response: &Message<'_>) -> Option<Duration> {
    let value = response.header(HeaderName::RetryAfter)?;
    // A comment or a parameter may follow the seconds (RFC 3261 section 20.33).
    let end = value.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
    let seconds: u64 = std::str::from_utf8(&value[..end]).ok()?.parse().ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds).min(limits::PEER_REST))
}

/// A peer has rested.
pub(super) fn rested(layer: &mut Layer, trunks: &mut Trunks, key: PeerKey) {
    let Some((id, known)) = trunks.peer_mut(key) else { return };
    known.rests = false;
    tell(layer, trunks, id);
}

/// Says whether a trunk is alive, where that is news.
pub(super) fn tell(layer: &mut Layer, trunks: &mut Trunks, id: TrunkId) {
    let Some(trunk) = trunks.get_mut(id) else { return };
    let mut usable = trunk.peers.iter().filter(|known| known.is_usable()).peekable();
    let up = if usable.peek().is_none() {
        Some(false)
    } else if trunk.up == Some(false) || usable.any(|known: &Known| known.up == Some(true)) {
        Some(true)
    } else {
        trunk.up
    };
    if up == trunk.up {
        return;
    }
    trunk.up = up;
    layer.observe(if up == Some(true) {
        Observation::TrunkUp { trunk: id }
    } else {
        Observation::TrunkDown { trunk: id }
    });
}
