//! Our own addresses where a trunk is concerned: which of them its requests leave from, and which it is shown. The
//! carrier's network and the PBX's may know us by different ones. Must never know a socket.

use super::config::{Admission, Listen, Peer, TrunkPeer};
use super::trunk::{Source, Trunks};
use crate::base::{Flow, Transport, TrunkId};
use std::net::{IpAddr, SocketAddr};

/// What was said of us for one trunk; what was not is as for every other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnAddress {
    /// The listening address its requests leave from; `None`: the first of their kind.
    pub listen: Option<IpAddr>,
    /// What Via and Contact say to it instead of the address the request leaves from.
    pub advertised: Option<IpAddr>,
}

/// The address requests to `remote` leave from: `preferred`, where one was written, else the first of its kind.
pub(super) fn leaving(
    listens: &[Listen],
    transport: Transport,
    remote: IpAddr,
    preferred: Option<IpAddr>,
) -> Option<SocketAddr> {
    let ours = listens.iter().filter(|listen| {
        let same_kind = listen.address.is_ipv4() == remote.is_ipv4();
        listen.transport == transport
            && same_kind
            && preferred.is_none_or(|preferred| listen.address.ip() == preferred)
    });
    ours.map(|listen| listen.address).next()
}

/// What was said of us for each trunk, by who is at the far end of a path.
#[derive(Debug)]
pub(super) struct Faces {
    /// As they are told apart when they call; empty where nothing was said for any.
    trunks: Option<Trunks>,
}

impl Faces {
    pub fn of(admission: &Admission) -> Self {
        let has_own = |trunk: &TrunkPeer| trunk.own.advertised.is_some() || trunk.large_over_tcp;
        let is_needed = match admission {
            Admission::Trunks(trunks) => trunks.iter().any(has_own),
            Admission::Anyone => false,
        };
        Self { trunks: is_needed.then(|| Trunks::new(admission.clone())) }
    }

    /// A trunk's peers are these from now on.
    pub fn set_peers(&mut self, id: TrunkId, peers: &[Peer]) {
        if let Some(trunks) = &mut self.trunks {
            trunks.set_peers(id, peers);
        }
    }

    /// The address the trunk at the far end of `flow` is shown; nothing where it is shown what everybody is.
    pub fn shown(&self, flow: &Flow) -> Option<IpAddr> {
        self.trunk(flow)?.own.advertised
    }

    /// Whether the trunk at the far end of `flow` takes over TCP what is too large for UDP.
    pub fn takes_large_over_tcp(&self, flow: &Flow) -> bool {
        self.trunk(flow).is_some_and(|trunk| trunk.large_over_tcp)
    }

    fn trunk(&self, flow: &Flow) -> Option<&TrunkPeer> {
        let trunks = self.trunks.as_ref()?;
        // A request of ours names the peer exactly, a stream's source only its host.
        let exact = trunks.iter().find(|trunk| trunks.peer_at(trunk.peer.id, flow).is_some());
        let trunk = exact.or_else(|| match trunks.identify(flow) {
            Source::Trunk(id) => trunks.get(id),
            Source::Phone(_) | Source::Anyone | Source::Unknown => None,
        });
        trunk.map(|trunk| &trunk.peer)
    }
}
