//! STUN binding requests on SIP's UDP ports: answered at once, so that paths through NATs stay open, and no faster than
//! anybody needs. Must never know of phones or trunks. Told the time by whoever calls.

use crate::base::{Map, limits};
use crate::wire::stun::BindingRequest;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How much was answered lately.
pub(super) struct Bindings {
    /// When the second that is counted began.
    since: Instant,
    answered: u32,
    /// Never longer than what one second allows.
    per_source: Map<IpAddr, u32>,
}

impl Bindings {
    pub fn new(now: Instant) -> Self {
        Self { since: now, answered: 0, per_source: Map::default() }
    }

    /// The answer to a datagram, when it is a binding request and its source has not asked too often.
    pub fn answer(&mut self, datagram: &[u8], source: SocketAddr, now: Instant) -> Option<Vec<u8>> {
        let request = BindingRequest::read(datagram)?;
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self::new(now);
        }
        if self.answered >= limits::BINDINGS {
            return None;
        }
        let of_source = self.per_source.entry(source.ip()).or_default();
        if *of_source >= limits::BINDINGS_PER_SOURCE {
            return None;
        }
        *of_source += 1;
        self.answered += 1;
        Some(request.response(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"\x00\x01\x00\x00\x21\x12\xa4\x42twelve bytes";

    #[test]
    fn who_asks_too_often_waits_for_the_next_second_and_keeps_nobody_else_waiting() {
        let start = Instant::now();
        let mut bindings = Bindings::new(start);
        let mut answered = |source: u32, now| {
            let source = SocketAddr::from((std::net::Ipv4Addr::from_bits(source), 5060));
            bindings.answer(REQUEST, source, now).is_some()
        };
        for _ in 0..limits::BINDINGS_PER_SOURCE {
            assert!(answered(1, start));
        }
        assert!(!answered(1, start));
        for source in limits::BINDINGS_PER_SOURCE..limits::BINDINGS {
            assert!(answered(1_000 + source, start));
        }
        assert!(!answered(2, start), "all sources together");
        assert!(answered(1, start + Duration::from_secs(1)));
    }
}
