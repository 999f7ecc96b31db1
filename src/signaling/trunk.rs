//! Trunks: which one a source is, and whether each gives signs of life. Counts no channels.

use super::config::{Admission, Peer, TrunkPeer};
use super::locate::Lookup;
use super::peers::{Known, PeerKey};
use super::registration::Registration;
use crate::base::{Flow, PhoneId, TrunkId};
use std::net::IpAddr;

/// The trunks of a stack.
#[derive(Debug)]
pub(super) struct Trunks {
    list: Vec<Trunk>,
    anyone: bool,
    next_peer: u32,
}

/// One trunk and its signs of life.
#[derive(Debug)]
pub(super) struct Trunk {
    pub(super) peer: TrunkPeer,
    pub(super) peers: Vec<Known>,
    /// What was last said of it; nothing before the first ping ended.
    pub(super) up: Option<bool>,
    /// The lookup of its name, while it is under way.
    pub(super) lookup: Option<Lookup>,
    /// Where it is to be registered.
    pub(super) registration: Option<Registration>,
}

/// Whether a source may call, and as whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// As this trunk.
    Trunk(TrunkId),
    /// As this phone, which has proved it.
    Phone(PhoneId),
    /// As anyone.
    Anyone,
    /// No trunk accepts it.
    Unknown,
}

impl Trunks {
    pub(super) fn new(admission: Admission) -> Self {
        let (peers, anyone) = match admission {
            Admission::Trunks(peers) => (peers, false),
            Admission::Anyone => (Vec::new(), true),
        };
        let mut trunks = Self { list: Vec::new(), anyone, next_peer: 0 };
        for peer in peers {
            let peers = peer.all().into_iter().map(|peer| Known::new(trunks.fresh_peer(), peer)).collect();
            trunks.list.push(Trunk { peer, peers, up: None, lookup: None, registration: None });
        }
        trunks
    }

    /// A trunk's peers are these from now on; those that stay are known as before. Gives the new and the gone ones.
    pub(super) fn set_peers(&mut self, id: TrunkId, peers: &[Peer]) -> (Vec<PeerKey>, Vec<PeerKey>) {
        let Some(trunk) = self.get_mut(id) else { return Default::default() };
        let mut before = std::mem::take(&mut trunk.peers);
        let (mut after, mut new) = (Vec::with_capacity(peers.len()), Vec::new());
        for peer in peers {
            let same =
                |known: &Known| (known.peer.transport, known.peer.address) == (peer.transport, peer.address);
            match before.iter().position(same) {
                Some(place) => after.push(Known { peer: *peer, ..before.swap_remove(place) }),
                None => {
                    let key = self.fresh_peer();
                    new.push(key);
                    after.push(Known::new(key, *peer));
                }
            }
        }
        if let Some(trunk) = self.get_mut(id) {
            trunk.peers = after;
        }
        (new, before.into_iter().map(|known| known.key).collect())
    }

    fn fresh_peer(&mut self) -> PeerKey {
        self.next_peer += 1;
        PeerKey(self.next_peer)
    }

    /// The trunk a peer belongs to, and the peer.
    pub(super) fn peer_mut(&mut self, key: PeerKey) -> Option<(TrunkId, &mut Known)> {
        self.list.iter_mut().find_map(|trunk| {
            let id = trunk.peer.id;
            trunk.peers.iter_mut().find(|known| known.key == key).map(|known| (id, known))
        })
    }

    /// The peer of trunk `id` at the far end of `flow`.
    pub(super) fn peer_at(&self, id: TrunkId, flow: &Flow) -> Option<&Known> {
        let same =
            |known: &&Known| known.peer.transport == flow.transport && known.peer.address == flow.remote;
        self.get(id)?.peers.iter().find(same)
    }

    pub(super) fn get(&self, id: TrunkId) -> Option<&Trunk> {
        self.list.iter().find(|trunk| trunk.peer.id == id)
    }

    pub(super) fn get_mut(&mut self, id: TrunkId) -> Option<&mut Trunk> {
        self.list.iter_mut().find(|trunk| trunk.peer.id == id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Trunk> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Trunk> {
        self.list.iter_mut()
    }

    /// Who a source is: exact peer address and port, then the longest accepted prefix (language.md, Trunks).
    pub(super) fn identify(&self, flow: &Flow) -> Source {
        if self.anyone {
            return Source::Anyone;
        }
        let ip = flow.remote.ip().to_canonical();
        let exact = self.list.iter().filter(|trunk| trunk.peers.iter().any(|of| of.peer.is_at_end_of(flow)));
        // Two trunks of one address differ by port, which a stream's source does not show: its transport decides. What is
        // written down comes before what somebody's DNS says.
        let exact = exact.max_by_key(|trunk| {
            let same = |of: &Known| of.peer.is_at_end_of(flow) && of.peer.transport == flow.transport;
            (trunk.peer.found_by.is_none(), trunk.peers.iter().any(same))
        });
        let by_prefix = || {
            let accepted = self.list.iter().filter_map(|trunk| Some((accepted_prefix(trunk, ip)?, trunk)));
            accepted
                .max_by_key(|(length, trunk)| (*length, trunk.peer.found_by.is_none()))
                .map(|(_, trunk)| trunk)
        };
        exact.or_else(by_prefix).map_or(Source::Unknown, |trunk| Source::Trunk(trunk.peer.id))
    }
}

/// The length of the longest prefix of the trunk's that holds `ip`.
fn accepted_prefix(trunk: &Trunk, ip: IpAddr) -> Option<u8> {
    if trunk.peer.accept.is_empty() {
        let mut peers = trunk.peers.iter();
        return peers.any(|of| of.peer.address.ip().to_canonical() == ip).then_some(u8::MAX);
    }
    let accept = &trunk.peer.accept;
    accept.iter().filter(|(network, length)| holds(*network, *length, ip)).map(|(_, length)| *length).max()
}

fn holds(network: IpAddr, length: u8, ip: IpAddr) -> bool {
    match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            let differing = u32::from(network) ^ u32::from(ip);
            differing.leading_zeros() >= u32::from(length.min(32))
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => {
            let differing = u128::from(network) ^ u128::from(ip);
            differing.leading_zeros() >= u32::from(length.min(128))
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Name, Transport};
    use crate::signaling::config::{CallerHeader, PeerName};
    use crate::signaling::own_address::OwnAddress;

    fn trunk(id: u16, peer: &str, accept: &[(&str, u8)]) -> TrunkPeer {
        TrunkPeer {
            id: TrunkId(id),
            name: Name::from("t"),
            transport: Transport::Udp,
            peer: peer.parse().expect("an address"),
            peers: Vec::new(),
            found_by: None,
            own: OwnAddress::default(),
            large_over_tcp: false,
            accept: accept.iter().map(|(ip, length)| (ip.parse().expect("an address"), *length)).collect(),
            ping: None,
            caller_from: CallerHeader::From,
            codecs: Vec::new(),
            prack: true,
            domain: None,
            account: None,
        }
    }

    fn source(trunks: &Trunks, transport: Transport, remote: &str) -> Source {
        let local = "192.0.2.99:5060".parse().expect("an address");
        trunks.identify(&Flow { transport, local, remote: remote.parse().expect("an address") })
    }

    #[test]
    fn the_exact_peer_comes_before_the_longest_prefix() {
        let trunks = Trunks::new(Admission::Trunks(vec![
            trunk(0, "10.0.0.1:5060", &[("10.0.0.0", 8)]),
            trunk(1, "10.0.1.1:5060", &[("10.0.1.0", 24), ("2001:db8::", 32)]),
            trunk(2, "10.0.1.1:5070", &[]),
        ]));
        for (remote, expected) in [
            ("10.0.0.1:5060", Source::Trunk(TrunkId(0))),
            ("10.0.1.1:5060", Source::Trunk(TrunkId(1))),
            ("10.0.1.1:5070", Source::Trunk(TrunkId(2))),
            ("10.0.1.1:5080", Source::Trunk(TrunkId(2))),
            ("10.0.1.77:1024", Source::Trunk(TrunkId(1))),
            ("[::ffff:10.0.1.77]:1024", Source::Trunk(TrunkId(1))),
            ("10.9.9.9:5060", Source::Trunk(TrunkId(0))),
            ("[2001:db8::7]:5060", Source::Trunk(TrunkId(1))),
            ("[2001:db9::7]:5060", Source::Unknown),
            ("11.0.0.1:5060", Source::Unknown),
        ] {
            assert_eq!(source(&trunks, Transport::Udp, remote), expected, "{remote}");
        }
        assert_eq!(source(&trunks, Transport::Tcp, "10.0.0.1:49152"), Source::Trunk(TrunkId(0)));
    }

    #[test]
    fn an_address_that_is_written_down_is_no_others_whatever_their_dns_says() {
        let mut named = trunk(1, "10.0.0.1:5060", &[]);
        named.found_by = Some(PeerName { transport: None, host: "sip.example".into(), port: None });
        let mut trunks = Trunks::new(Admission::Trunks(vec![trunk(0, "10.0.0.1:5060", &[]), named]));
        let address = "10.0.0.1:5060".parse().expect("an address");
        trunks.set_peers(TrunkId(1), &[Peer { transport: Transport::Udp, address, priority: 0, weight: 1 }]);
        for remote in ["10.0.0.1:5060", "10.0.0.1:5080"] {
            assert_eq!(source(&trunks, Transport::Udp, remote), Source::Trunk(TrunkId(0)), "{remote}");
        }
    }

    #[test]
    fn without_accept_the_peer_alone_may_call() {
        let trunks = Trunks::new(Admission::Trunks(vec![trunk(0, "10.0.0.1:5060", &[])]));
        assert_eq!(source(&trunks, Transport::Udp, "10.0.0.1:40000"), Source::Trunk(TrunkId(0)));
        assert_eq!(source(&trunks, Transport::Udp, "10.0.0.2:5060"), Source::Unknown);
        assert_eq!(source(&Trunks::new(Admission::Anyone), Transport::Udp, "1.2.3.4:5"), Source::Anyone);
    }
}
