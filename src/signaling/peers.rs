//! The peers of one trunk: which of them live, which rest, and in which order a call tries them (RFC 3263 section 4).
//! Must never send anything.

use super::config::{Listen, Peer};
use super::own_address::OwnAddress;
use crate::base::{Flow, Moment, Random};

/// A peer of a trunk: never used twice in a stack's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(pub(super) u32);

/// One peer and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) key: PeerKey,
    pub(super) peer: Peer,
    /// Nothing before the first ping ended.
    pub(super) up: Option<bool>,
    /// It said 503 with Retry-After, and that time is not over.
    pub(super) rests: bool,
    /// When it last answered a ping.
    pub(super) heard: Option<Moment>,
}

impl Known {
    pub(super) const fn new(key: PeerKey, peer: Peer) -> Self {
        Self { key, peer, up: None, rests: false, heard: None }
    }

    /// Whether calls may go there.
    pub(super) fn is_usable(&self) -> bool {
        self.up != Some(false) && !self.rests
    }
}

/// The paths to the peers that `may` be tried, the first to be tried first: by priority, and by weighted chance among
/// equals (RFC 2782).
pub(super) fn ways(
    peers: &[Known],
    may: impl Fn(&Known) -> bool,
    (listens, own): (&[Listen], OwnAddress),
    random: &mut Random,
) -> Vec<Flow> {
    let mut left: Vec<&Peer> = peers.iter().filter(|known| may(known)).map(|known| &known.peer).collect();
    // Weight 0 first: then it is drawn only when chance gives the very first place (RFC 2782).
    left.sort_by_key(|peer| (peer.priority, peer.weight > 0));
    let mut ways = Vec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let equals = left.iter().take_while(|peer| peer.priority == first.priority);
        let weights: Vec<u64> = equals.map(|peer| u64::from(peer.weight)).collect();
        let drawn = random.below(weights.iter().sum::<u64>() + 1);
        let mut sum = 0;
        let place = weights.iter().position(|weight| {
            sum += weight;
            sum >= drawn
        });
        ways.extend(left.remove(place.unwrap_or(0)).path(listens, own));
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Transport;

    fn peer(port: u16, priority: u16, weight: u16) -> Known {
        let address = std::net::SocketAddr::from(([192, 0, 2, 1], port));
        Known::new(PeerKey(u32::from(port)), Peer { transport: Transport::Udp, address, priority, weight })
    }

    fn order(peers: &[Known], random: &mut Random) -> Vec<u16> {
        let address = std::net::SocketAddr::from(([192, 0, 2, 9], 5_060));
        let listens = [Listen { transport: Transport::Udp, address, advertised: None }];
        ways(peers, Known::is_usable, (&listens, OwnAddress::default()), random)
            .iter()
            .map(|flow| flow.remote.port())
            .collect()
    }

    #[test]
    fn the_lowest_priority_comes_first_and_weights_share_the_calls() {
        let mut random = Random::from_number(11);
        let peers = [peer(1, 20, 1), peer(2, 10, 30), peer(3, 10, 10), peer(4, 10, 0)];
        let mut first = [0; 5];
        for _ in 0..4_000 {
            let order = order(&peers, &mut random);
            assert_eq!((order.len(), order[3]), (4, 1), "{order:?}");
            first[usize::from(order[0])] += 1;
        }
        assert!((2_700..3_100).contains(&first[2]) && (850..1_100).contains(&first[3]), "{first:?}");
        assert!((1..250).contains(&first[4]), "weight 0 is drawn now and then: {first:?}");
    }

    #[test]
    fn who_is_down_or_rests_is_left_out() {
        let mut peers = [peer(1, 1, 1), peer(2, 2, 1), peer(3, 3, 1)];
        peers[0].up = Some(false);
        peers[1].rests = true;
        assert_eq!(order(&peers, &mut Random::from_number(1)), [3]);
        peers[0].up = Some(true);
        assert_eq!(order(&peers, &mut Random::from_number(1)), [1, 3]);
    }
}
