//! How often a source may have TLS agreed on: each handshake costs the engine's thread a signature. Must never know what
//! became of one. Told the time by whoever calls.

use crate::base::{Map, limits};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// After this one more may follow.
const EVERY: Duration = Duration::from_millis(1_000 / limits::HANDSHAKES_PER_SECOND as u64);
/// The low half of an IPv6 address, where one network's hosts differ.
const HOSTS: u128 = (1 << 64) - 1;

/// Those of late.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    /// When each source has all of its own again.
    full: Map<IpAddr, Instant>,
}

impl Handshakes {
    /// Whether a source may begin one more. Sources there is no room for are one.
    pub fn may_begin(&mut self, source: IpAddr, now: Instant) -> bool {
        let mut source = network(source);
        if self.full.len() >= limits::SOURCES && !self.full.contains_key(&source) {
            self.full.retain(|_, full| *full > now);
            if self.full.len() >= limits::SOURCES {
                source = Ipv6Addr::UNSPECIFIED.into();
            }
        }
        let full = self.full.entry(source).or_insert(now);
        let next = (*full).max(now) + EVERY;
        let may = next.saturating_duration_since(now) <= EVERY * limits::HANDSHAKES_AT_ONCE;
        if may {
            *full = next;
        }
        may
    }
}

/// An IPv4 address, or the /64 of an IPv6 one.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !HOSTS).into(),
        ip @ IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn begun(handshakes: &mut Handshakes, source: IpAddr, now: Instant, times: u32) -> u32 {
        (0..times).map(|_| u32::from(handshakes.may_begin(source, now))).sum()
    }

    #[test]
    fn a_source_begins_a_burst_and_then_so_many_a_second_and_keeps_nobody_else_waiting() {
        let (mut handshakes, start) = (Handshakes::default(), Instant::now());
        let [one, other] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        assert_eq!(begun(&mut handshakes, one, start, 1_000), limits::HANDSHAKES_AT_ONCE);
        assert_eq!(begun(&mut handshakes, other, start, 1), 1);
        let later = start + Duration::from_secs(3);
        assert_eq!(begun(&mut handshakes, one, later, 1_000), 3 * limits::HANDSHAKES_PER_SECOND);
        let rested = later + Duration::from_secs(3_600);
        assert_eq!(begun(&mut handshakes, one, rested, 1_000), limits::HANDSHAKES_AT_ONCE);
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_a_mapped_address_the_ipv4_one() {
        let (mut handshakes, now) = (Handshakes::default(), Instant::now());
        let all = limits::HANDSHAKES_AT_ONCE;
        for (one, same, other) in [
            ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"),
            ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ] {
            let [one, same, other] = [one, same, other].map(|ip| ip.parse().expect("an address"));
            assert_eq!(begun(&mut handshakes, one, now, all), all);
            assert!(!handshakes.may_begin(same, now) && handshakes.may_begin(other, now));
        }
    }

    #[test]
    fn sources_without_number_fill_no_memory() {
        let (mut handshakes, now) = (Handshakes::default(), Instant::now());
        let source = |n: u32| IpAddr::from(Ipv4Addr::from_bits(n));
        let many = u32::try_from(2 * limits::SOURCES).expect("few");
        let begun: u32 = (0..many).map(|n| u32::from(handshakes.may_begin(source(n), now))).sum();
        assert!(handshakes.full.len() <= limits::SOURCES + 1);
        let alone = u32::try_from(limits::SOURCES).expect("few");
        assert_eq!(begun, alone + limits::HANDSHAKES_AT_ONCE, "the others are one");
        assert!(handshakes.may_begin(source(many), now + Duration::from_secs(1)), "they are forgotten soon");
        assert_eq!(handshakes.full.len(), 2, "who began so many is known a while longer");
    }
}
