//! Whom a port listens to: strict RTP. Must never know what the packets carry.

use crate::media::SourceLocking;
use std::net::SocketAddr;

/// Consecutive packets an unsignalled source must send before it is believed.
const CONVINCING: u8 = 3;

/// What became of a packet's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The locked source.
    Heard,
    /// The source is locked with this packet.
    Locked,
    /// Not whom we listen to; the packet is to be dropped.
    Refused,
}

/// The source a port is locked to, or is about to be.
#[derive(Debug, Default)]
pub struct SourceLock {
    locked: Option<SocketAddr>,
    candidate: Option<Candidate>,
}

#[derive(Debug)]
struct Candidate {
    from: SocketAddr,
    ssrc: u32,
    next: u16,
    seen: u8,
}

impl SourceLock {
    /// The locked source.
    pub const fn source(&self) -> Option<SocketAddr> {
        self.locked
    }

    /// Judges a packet by where it came from; the rule is [`SourceLocking`]'s.
    pub fn admit(
        &mut self,
        locking: SourceLocking,
        signalled: SocketAddr,
        from: SocketAddr,
        ssrc: u32,
        sequence: u16,
    ) -> Verdict {
        if self.locked == Some(from) {
            return Verdict::Heard;
        }
        let believed = from == signalled
            || match locking {
                SourceLocking::Strict => self.locked.is_none() && self.convinced(from, ssrc, sequence),
                SourceLocking::Exact => false,
            };
        if !believed {
            return Verdict::Refused;
        }
        self.locked = Some(from);
        self.candidate = None;
        Verdict::Locked
    }

    fn convinced(&mut self, from: SocketAddr, ssrc: u32, sequence: u16) -> bool {
        let seen = match &self.candidate {
            Some(c) if c.from == from && c.ssrc == ssrc && c.next == sequence => c.seen + 1,
            Some(_) | None => 1,
        };
        self.candidate = Some(Candidate { from, ssrc, next: sequence.wrapping_add(1), seen });
        seen >= CONVINCING
    }
}
