//! Which trunk is calling, from where its bytes came: the whole of what a source proves.

use super::Trunk;
use crate::base::{Transport, TrunkId};
use std::net::SocketAddr;

/// Who is calling: the exact peer (over TCP its address alone, when one trunk has it), then the longest `accept`
/// prefix, then the address of a peer without `accept`. Nobody is `None`, and two that can't be told apart too.
#[must_use]
pub fn identify(trunks: &[Trunk], transport: Transport, source: SocketAddr) -> Option<TrunkId> {
    let address = source.ip().to_canonical();
    let same_address = |trunk: &&Trunk| trunk.peer.value.1.ip() == address;
    let exact = match transport {
        Transport::Udp => {
            trunks.iter().find(|trunk| same_address(trunk) && trunk.peer.value.1.port() == source.port())
        }
        Transport::Tcp => only(trunks.iter().filter(same_address)),
    };
    let by_prefix = || {
        let accepts =
            trunks.iter().flat_map(|trunk| trunk.accept.iter().map(move |prefix| (prefix.value, trunk)));
        accepts.filter(|(prefix, _)| prefix.contains(address)).max_by_key(|(prefix, _)| prefix.length)
    };
    exact
        .or_else(|| by_prefix().map(|(_, trunk)| trunk))
        .or_else(|| only(trunks.iter().filter(|trunk| trunk.accept.is_empty()).filter(same_address)))
        .map(|trunk| trunk.id)
}

fn only<'a>(mut trunks: impl Iterator<Item = &'a Trunk>) -> Option<&'a Trunk> {
    let first = trunks.next()?;
    trunks.next().is_none().then_some(first)
}
