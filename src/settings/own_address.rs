//! `address` of a trunk: which of our addresses it is reached from, which it is shown, and where its audio is bound. Held
//! against where we listen and how its peers are reached; whether this machine has an address only `serve` can know.

use super::peers::{Peer, PeerName};
use super::{Listen, wording};
use crate::base::finding::{Findings, Located};
use crate::base::written::Section;
use std::net::IpAddr;

/// What was written; the rest is as for every trunk.
#[derive(Clone, Debug, Default)]
pub struct OwnAddress {
    /// The listening address its requests leave from.
    pub listen: Option<Located<IpAddr>>,
    /// What it is shown instead.
    pub advertised: Option<Located<IpAddr>>,
    /// The local address its audio is bound to.
    pub media: Option<Located<IpAddr>>,
}

/// Reads `address` of the trunk `name`.
pub(super) fn read(
    name: &str,
    section: &Section<'_>,
    (peers, found_by): (&[Located<Peer>], Option<&PeerName>),
    listen: &[Located<Listen>],
    findings: &mut Findings,
) -> OwnAddress {
    let Some(written) = section.section("address") else { return OwnAddress::default() };
    let own = OwnAddress {
        listen: address(&written, "listen", findings),
        advertised: address(&written, "advertised", findings),
        media: address(&written, "media", findings),
    };
    if ["listen", "advertised", "media"].iter().all(|key| written.entry(key).is_none()) {
        findings.error(&written.place(), wording::empty_address(name));
    }
    if let Some(from) = &own.listen {
        heard(name, from, (peers, found_by), listen, findings);
    }
    // The family of the peers; where a name leads nobody knows yet: that of the address its requests leave from.
    let of_peers = peers.first().map(|peer| peer.value.address.ip());
    let transport = found_by.and_then(|name| name.transport);
    let is_first =
        |own: &&Located<Listen>| transport.is_none_or(|transport| own.value.transport == transport);
    let first = || listen.iter().find(is_first).map(|own| own.value.address.ip());
    let kind = of_peers.or_else(|| own.listen.as_ref().map(|own| own.value)).or_else(first);
    for (key, address) in [("advertised", &own.advertised), ("media", &own.media)] {
        if let (Some(address), Some(kind)) = (address, kind)
            && address.value.is_ipv4() != kind.is_ipv4()
        {
            findings.error(&address.place, wording::other_family(name, key, family(kind)));
        }
    }
    own
}

/// One address, of one host.
fn address(section: &Section<'_>, key: &str, findings: &mut Findings) -> Option<Located<IpAddr>> {
    let text = section.text(key)?;
    let one_host = |ip: &IpAddr| {
        !ip.is_unspecified() && !ip.is_multicast() && !matches!(ip, IpAddr::V4(ip) if ip.is_broadcast())
    };
    let Some(value) = text.value.parse().ok().filter(one_host) else {
        findings.error(&text.place, wording::bad_own_address(text.value));
        return None;
    };
    Some(Located { value, place: text.place })
}

/// Each of a trunk's peers is reached from there only where SIP is taken there by the same transport.
fn heard(
    name: &str,
    from: &Located<IpAddr>,
    (peers, found_by): (&[Located<Peer>], Option<&PeerName>),
    listen: &[Located<Listen>],
    findings: &mut Findings,
) {
    let at = |own: &&Located<Listen>| own.value.address.ip() == from.value;
    if !listen.is_empty() && !listen.iter().any(|own| at(&own)) {
        return findings.error(&from.place, wording::unheard_address(from.value));
    }
    let mut needed = peers.iter().map(|peer| (peer.value.transport, peer.value.address.is_ipv4()));
    let by_name = found_by.and_then(|name| Some((name.transport?, from.value.is_ipv4())));
    let is_unmet = |(transport, is_ipv4): &(crate::base::Transport, bool)| {
        !listen.iter().filter(at).any(|own| own.value.transport == *transport)
            || *is_ipv4 != from.value.is_ipv4()
    };
    if let Some((transport, is_ipv4)) = needed.find(is_unmet).or(by_name.filter(is_unmet)) {
        let how = transport.name();
        let words = if is_ipv4 == from.value.is_ipv4() {
            wording::unheard_there(name, how, from.value)
        } else {
            wording::other_family(name, "listen", if is_ipv4 { "IPv4" } else { "IPv6" })
        };
        findings.error(&from.place, words);
    }
}

fn family(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "IPv4" } else { "IPv6" }
}

#[cfg(test)]
mod tests;
