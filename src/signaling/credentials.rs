//! Whose name and password answer whom, and the nonce each trunk's peer last gave: a digest goes to the peer of the trunk
//! it is configured on, for that trunk's realm, and to nobody else. Must never send anything.

use super::config::{Peer, TrunkAccount};
use super::digest::{Answer, Challenge};
use super::trunk::Trunks;
use crate::base::{Flow, Transport, TrunkId};
use crate::wire::sip::{HeaderName, Message, Method};
use std::net::SocketAddr;

/// Every trunk's.
#[derive(Debug, Default)]
pub(super) struct Credentials(Vec<Entry>);

/// One trunk's: a trunk without any counts too where a path is looked up.
#[derive(Debug)]
struct Entry {
    trunk: TrunkId,
    peers: Vec<Peer>,
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    account: TrunkAccount,
    /// The one realm that is answered: as configured, else the first one heard.
    realm: Option<Box<[u8]>>,
    /// One for the server that is asked, one for a proxy before it (RFC 3261 section 22.3).
    live: Vec<Live>,
}

/// A challenge that was heard and may be answered again (RFC 3261 section 22.3: before being asked).
#[derive(Debug)]
struct Live {
    challenge: Challenge,
    /// The field its answer goes in.
    header: HeaderName,
    /// Requests answered with this nonce.
    count: u32,
}

/// What a challenge is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It can be answered; `stale` says that the password was right.
    Answerable {
        /// As the challenge said.
        stale: bool,
    },
    /// It is of another realm than the trunk's.
    OtherRealm,
    /// It asks for what we do not know.
    Unknown,
}

impl Credentials {
    pub(super) fn of(trunks: &Trunks) -> Self {
        let entry = |account: &TrunkAccount| Known {
            account: account.clone(),
            realm: account.realm.as_ref().map(|realm| realm.as_bytes().into()),
            live: Vec::new(),
        };
        let entries = trunks.iter().map(|trunk| Entry {
            trunk: trunk.peer.id,
            peers: trunk.peers.iter().map(|known| known.peer).collect(),
            known: trunk.peer.account.as_ref().map(entry),
        });
        Self(entries.collect())
    }

    /// A trunk's peers are these from now on: they are the host its password is for.
    pub(super) fn set_peers(&mut self, trunk: TrunkId, peers: Vec<Peer>) {
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.trunk == trunk) {
            entry.peers = peers;
        }
    }

    /// The trunk with credentials whose peer is at the far end of `flow`: its exact address; of a stream that came in,
    /// whose port says nothing, an address no other trunk shares.
    pub(super) fn trunk(&self, flow: Flow) -> Option<TrunkId> {
        let has = |entry: &Entry, is_at: &dyn Fn(SocketAddr) -> bool| {
            entry.peers.iter().any(|peer| peer.transport == flow.transport && is_at(peer.address))
        };
        let exact = self.0.iter().find(|entry| has(entry, &|address| same_address(address, flow.remote)));
        let entry = match (exact, flow.transport) {
            (Some(entry), _) => entry,
            (None, Transport::Udp) => return None,
            (None, Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss) => {
                let ip = flow.remote.ip().to_canonical();
                let is_host = |address: SocketAddr| address.ip().to_canonical() == ip;
                let mut of_host = self.0.iter().filter(|entry| has(entry, &is_host));
                of_host.next().filter(|_| of_host.next().is_none())?
            }
        };
        entry.known.as_ref().map(|_| entry.trunk)
    }

    /// Takes a 401 or 407 from a trunk's peer: of its challenges the strongest we know, in the trunk's realm.
    pub(super) fn hear(&mut self, trunk: TrunkId, response: &Message<'_>) -> Verdict {
        let Some(known) = self.known(trunk) else { return Verdict::Unknown };
        let (asked, header) = match response.code() {
            Some(407) => (HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization),
            Some(_) | None => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
        };
        let challenges = Challenge::read(response.headers(asked));
        let Some(first) = challenges.first() else { return Verdict::Unknown };
        let realm = known.realm.get_or_insert_with(|| first.realm.clone());
        let ours = challenges.iter().filter(|challenge| challenge.realm == *realm);
        // Of equals the first: `max_by_key` takes the last.
        let Some(best) = ours.rev().max_by_key(|challenge| challenge.algorithm) else {
            return Verdict::OtherRealm;
        };
        // A nonce given again goes on being counted (RFC 2617 section 3.2.2).
        let again =
            known.live.iter().find(|live| live.header == header && live.challenge.nonce == best.nonce);
        let count = again.map_or(0, |live| live.count);
        known.live.retain(|live| live.header != header);
        known.live.push(Live { challenge: best.clone(), header, count });
        Verdict::Answerable { stale: best.stale }
    }

    /// The fields that answer the last challenges of the peer at the far end of `flow`, and their values.
    pub(super) fn answers(
        &mut self,
        flow: Flow,
        method: Method<'_>,
        uri: &[u8],
        cnonce: &[u8],
    ) -> Vec<(HeaderName, Vec<u8>)> {
        let trunk = self.trunk(flow);
        let Some(Known { account, live, .. }) = trunk.and_then(|trunk| self.known(trunk)) else {
            return Vec::new();
        };
        let answers = live.iter_mut().map(|live| {
            live.count = live.count.saturating_add(1);
            let answer = Answer {
                user: account.user.as_bytes(),
                password: &account.password,
                method: method.as_bytes(),
                uri,
                cnonce,
                count: live.count,
            };
            (live.header, live.challenge.answer(&answer))
        });
        answers.collect()
    }

    /// Whether a request along `flow` may be answered for before it is asked.
    pub(super) fn is_live(&self, flow: Flow) -> bool {
        let trunk = self.trunk(flow);
        self.0.iter().any(|entry| {
            Some(entry.trunk) == trunk && entry.known.as_ref().is_some_and(|known| !known.live.is_empty())
        })
    }

    /// A trunk's peer refused what its last challenge was answered with.
    pub(super) fn forget(&mut self, trunk: TrunkId) {
        if let Some(known) = self.known(trunk) {
            known.live.clear();
        }
    }

    fn known(&mut self, trunk: TrunkId) -> Option<&mut Known> {
        self.0.iter_mut().find(|entry| entry.trunk == trunk)?.known.as_mut()
    }
}

fn same_address(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip().to_canonical(), one.port()) == (other.ip().to_canonical(), other.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;
    use crate::signaling::TrunkPeer;
    use crate::signaling::config::Admission;
    use crate::signaling::tests::trunk;

    fn peer(id: u16, transport: Transport, peer: &str, has_account: bool) -> TrunkPeer {
        let account =
            TrunkAccount { user: "u".into(), password: Secret::new(b"p"), realm: None, register: None };
        TrunkPeer { id: TrunkId(id), transport, account: has_account.then_some(account), ..trunk(peer) }
    }

    #[test]
    fn a_path_leads_to_the_trunk_whose_peer_is_at_its_end_and_to_no_other() {
        let trunks = Trunks::new(Admission::Trunks(vec![
            peer(0, Transport::Udp, "192.0.2.1:5060", true),
            peer(1, Transport::Udp, "192.0.2.1:5070", false),
            peer(2, Transport::Tcp, "192.0.2.2:5060", true),
            peer(3, Transport::Tcp, "192.0.2.3:5060", true),
            peer(4, Transport::Tcp, "192.0.2.3:5070", false),
        ]));
        let credentials = Credentials::of(&trunks);
        let local = "192.0.2.9:5060".parse().expect("an address");
        for (transport, remote, trunk) in [
            (Transport::Udp, "192.0.2.1:5060", Some(0)),
            (Transport::Udp, "[::ffff:192.0.2.1]:5060", Some(0)),
            (Transport::Udp, "192.0.2.1:5070", None),
            (Transport::Udp, "192.0.2.1:5080", None),
            (Transport::Tcp, "192.0.2.1:5060", None),
            (Transport::Tcp, "192.0.2.2:5060", Some(2)),
            (Transport::Tcp, "192.0.2.2:49152", Some(2)),
            (Transport::Tcp, "192.0.2.3:5060", Some(3)),
            (Transport::Tcp, "192.0.2.3:5070", None),
            (Transport::Tcp, "192.0.2.3:49152", None),
        ] {
            let flow = Flow { transport, local, remote: remote.parse().expect("an address") };
            assert_eq!(credentials.trunk(flow), trunk.map(TrunkId), "{transport:?} {remote}");
        }
    }
}
