//! Peers found by name: looked up at the start and again when what was said runs out; what was last good is kept as long
//! as nothing better is said. Must never wait for the answer.

use super::config::{Listen, Peer};
use super::event::{Observation, Output};
use super::locate::Lookup;
use super::own_address::{self, OwnAddress};
use super::ping;
use super::timer::TimerName;
use super::transaction::Layer;
use super::trunk::Trunks;
use crate::base::dns::{Answer, Question, Silent};
use crate::base::{Moment, TrunkId};
use std::time::Duration;

/// An answer is asked for again after its TTL, within these: nobody is asked all the time, and a record of a week is not
/// believed that long while calls fail.
const REFRESH: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(3_600));
/// After a failure.
const AGAIN: Duration = Duration::from_secs(30);
/// A question nobody answers is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sets the first lookup of every trunk that has a name: at once.
pub(super) fn start(layer: &mut Layer, trunks: &Trunks) {
    for trunk in trunks.iter().filter(|trunk| trunk.peer.found_by.is_some()) {
        layer.timers.set(TimerName::Lookup(trunk.peer.id), Moment::ZERO);
    }
}

/// It is time to look a trunk's name up, or a question stayed without an answer.
pub(super) fn due(layer: &mut Layer, trunks: &mut Trunks, now: Moment, id: TrunkId) {
    let Some(trunk) = trunks.get_mut(id) else { return };
    let Some(name) = &trunk.peer.found_by else { return };
    if trunk.lookup.take().is_some() {
        return failed(layer, trunks, now, id);
    }
    trunk.lookup = Some(Lookup::new(name));
    go_on(layer, trunks, now, id);
}

/// The DNS said something, or would not.
pub(super) fn answered(
    layer: &mut Layer,
    trunks: &mut Trunks,
    now: Moment,
    question: &Question,
    answer: &Result<Answer, Silent>,
) {
    let asking = |lookup: &Lookup| lookup.question().as_ref() == Some(question);
    let waiting: Vec<TrunkId> = trunks
        .iter()
        .filter(|trunk| trunk.lookup.as_ref().is_some_and(asking))
        .map(|trunk| trunk.peer.id)
        .collect();
    for id in waiting {
        if let Some(lookup) = trunks.get_mut(id).and_then(|trunk| trunk.lookup.as_mut()) {
            lookup.take(answer.clone());
        }
        go_on(layer, trunks, now, id);
    }
}

/// Asks the next question, or takes what was found.
fn go_on(layer: &mut Layer, trunks: &mut Trunks, now: Moment, id: TrunkId) {
    let Some(trunk) = trunks.get_mut(id) else { return };
    let Some(lookup) = trunk.lookup.take() else { return };
    if let Some(question) = lookup.question() {
        trunk.lookup = Some(lookup);
        layer.timers.set(TimerName::Lookup(id), now + PATIENCE);
        layer.out.push_back(Output::Resolve(question));
        return;
    }
    let Some((mut peers, ttl)) = lookup.finish() else { return failed(layer, trunks, now, id) };
    let own = trunk.peer.own;
    peers.retain(|peer| is_reachable(peer, &layer.config.listens, own));
    if peers.is_empty() {
        return failed(layer, trunks, now, id);
    }
    let (new, gone) = trunks.set_peers(id, &peers);
    for key in gone {
        for timer in [TimerName::Ping(key), TimerName::FirstSign(key), TimerName::Rest(key)] {
            layer.timers.cancel(timer);
        }
    }
    if trunks.get(id).is_some_and(|trunk| trunk.peer.ping.is_some()) {
        new.into_iter().for_each(|key| layer.timers.set(TimerName::Ping(key), now));
    }
    layer.faces.set_peers(id, &peers);
    layer.credentials.set_peers(id, peers);
    ping::tell(layer, trunks, id);
    layer.timers.set(TimerName::Lookup(id), now + ttl.clamp(REFRESH.0, REFRESH.1));
}

/// Whether it is somebody's address, and there is a socket of ours to reach it from. A trunk's audio has one family: that
/// of the address its requests leave from, the first of its transport where none was written.
fn is_reachable(peer: &Peer, listens: &[Listen], own: OwnAddress) -> bool {
    let ip = peer.address.ip().to_canonical();
    if peer.address.port() == 0 || ip.is_unspecified() || ip.is_multicast() {
        return false;
    }
    let first = listens.iter().find(|listen| listen.transport == peer.transport);
    match own.listen {
        Some(listen) => own_address::leaving(listens, peer.transport, ip, Some(listen)).is_some(),
        None => first.is_some_and(|listen| listen.address.is_ipv4() == peer.address.is_ipv4()),
    }
}

fn failed(layer: &mut Layer, trunks: &mut Trunks, now: Moment, id: TrunkId) {
    layer.observe(Observation::LookupFailed { trunk: id });
    ping::tell(layer, trunks, id);
    layer.timers.set(TimerName::Lookup(id), now + AGAIN);
}
