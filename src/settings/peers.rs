//! The peers of one trunk: `peer`, or `peers` with their priorities and weights, held against where we listen.

use super::trunk::is_host;
use super::{Listen, load, wording};
use crate::base::finding::{Findings, Located};
use crate::base::written::Section;
use crate::base::{Name, Transport, limits};
use std::net::SocketAddr;

/// One of a trunk's peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// How it is reached.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
    /// The lowest that lives is tried first; 1 when absent.
    pub priority: u16,
    /// Its share of the calls among peers of one priority; 1 when absent.
    pub weight: u16,
}

/// Where peers are to be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerName {
    /// How they are reached; the DNS says where nothing was written.
    pub transport: Option<Transport>,
    /// The domain or host.
    pub host: Name,
    /// The port; then the name is a host's.
    pub port: Option<u16>,
}

/// Reads `udp:sip.operateur.fr`, `tls:sip.operateur.fr:5071` or, where the DNS says which transport,
/// `sip:sip.operateur.fr`.
pub(super) fn name(text: &str) -> Option<PeerName> {
    let (scheme, rest) = text.split_once(':')?;
    let transport = match scheme {
        "sip" => None,
        _ => Some(leading().find(|known| known.name() == scheme)?),
    };
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
        None => (rest, None),
    };
    // What ends in a number is an address somebody wrote wrong.
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let is_name = is_host(host) && !last.bytes().all(|byte| byte.is_ascii_digit());
    is_name.then(|| PeerName { transport, host: host.trim_end_matches('.').into(), port })
}

/// The transports a peer is reached over.
fn leading() -> impl Iterator<Item = Transport> {
    Transport::ALL.into_iter().filter(|known| known.leads_anywhere())
}

/// Holds the name of the trunk `trunk` against where we listen. Which address of ours its peers see is known only where
/// a socket is not bound to all of them.
pub(super) fn check_name(
    trunk: &str,
    name: &Located<PeerName>,
    listen: &[Located<Listen>],
    findings: &mut Findings,
) {
    let transports: Vec<Transport> = match name.value.transport {
        Some(transport) => vec![transport],
        None => leading().collect(),
    };
    let mut heard = listen.iter().filter(|own| transports.contains(&own.value.transport)).peekable();
    if heard.peek().is_none() && !listen.is_empty() {
        findings.error(&name.place, wording::unheard_name(trunk, transports[0].name()));
    } else if let Some(every) = heard.find(|own| own.value.address.ip().is_unspecified()) {
        findings.error_with(&name.place, wording::name_everywhere(trunk), &every.place, "every address");
    }
}

/// Reads the peers of the trunk `name`, the preferred one first. Empty when none can be used: then that was said.
pub(super) fn read(
    name: &str,
    section: &Section<'_>,
    listen: &[Located<Listen>],
    findings: &mut Findings,
) -> Vec<Located<Peer>> {
    let mut peers: Vec<Located<Peer>> = Vec::new();
    let entry = section.entry("peers");
    match (section.entry("peer"), &entry) {
        (Some(one), Some(several)) => {
            findings.error_with(
                &several.key.place,
                wording::peer_and_peers(name),
                &one.key.place,
                "the other",
            );
        }
        (None, None) => findings.error(&section.place(), wording::no_peer(name)),
        (None, Some(several)) if several.is_empty_list() => {
            findings.error(&several.place(), wording::no_peer(name));
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let written =
        section.text("peer").filter(|text| self::name(text.value).is_none()).map(|text| (text, 1, 1));
    let listed = section.sections("peers").into_iter().filter_map(|each| {
        let number = |key| each.whole(key).and_then(|number| u16::try_from(number.value).ok()).unwrap_or(1);
        Some((each.text("to")?, number("priority"), number("weight")))
    });
    for (text, priority, weight) in written.into_iter().chain(listed) {
        let scheme = text.value.split_once(':').map_or("", |(scheme, _)| scheme);
        if Transport::ALL.iter().any(|known| known.name() == scheme && !known.leads_anywhere()) {
            findings.error(&text.place, wording::websocket_peer(text.value));
            continue;
        }
        let Some((transport, address)) = load::transport_address(text.value) else {
            findings.error(&text.place, wording::bad_peer(text.value));
            continue;
        };
        let value = Peer { transport, address, priority, weight };
        check(name, value, &text, listen, findings);
        let same =
            |other: &&Located<Peer>| (other.value.transport, other.value.address) == (transport, address);
        if let Some(first) = peers.iter().find(same) {
            findings.error_with(&text.place, wording::peer_again(text.value), &first.place, "first here");
        }
        if let Some(other) = peers.iter().find(|other| other.value.address.is_ipv4() != address.is_ipv4()) {
            findings.error_with(&text.place, wording::families(name), &other.place, "the other");
        }
        peers.push(Located { value, place: text.place });
    }
    if let Some(entry) = entry.filter(|_| peers.len() > limits::PEERS) {
        findings.error(&entry.key.place, wording::too_many_peers(name, limits::PEERS));
    }
    peers.sort_by_key(|peer| peer.value.priority);
    peers
}

/// What is wrong with one peer, whatever the others are.
fn check(name: &str, peer: Peer, text: &Located<&str>, listen: &[Located<Listen>], findings: &mut Findings) {
    if listen.iter().any(|own| (own.value.transport, own.value.address) == (peer.transport, peer.address)) {
        findings.error(&text.place, wording::own_peer(name));
    }
    let heard = |own: &Located<Listen>| {
        own.value.transport == peer.transport && own.value.address.is_ipv4() == peer.address.is_ipv4()
    };
    if !listen.is_empty() && !listen.iter().any(heard) {
        let family = if peer.address.is_ipv4() { "IPv4" } else { "IPv6" };
        findings.error(&text.place, wording::unheard_peer(name, peer.transport.name(), family));
    }
}
