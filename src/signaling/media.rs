//! The media of a leg as the rest of the house sees it: addresses, codecs, direction. No SDP text beyond here.

use crate::base::Codec;
use smallvec::SmallVec;
use std::net::SocketAddr;

/// Codecs in order of preference.
pub type Codecs = SmallVec<[Codec; 2]>;

/// Which way audio flows, seen from whoever says it (RFC 3264 section 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// The speaker sends only: the other side is on hold with music.
    SendOnly,
    /// The speaker receives only.
    RecvOnly,
    /// Neither way.
    Inactive,
}

impl Direction {
    /// The same direction seen from the other side.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }

    /// What is left when each side allows only its own.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        match (self.sends() && other.sends(), self.receives() && other.receives()) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether the speaker sends.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the speaker receives.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// What the far end said of its audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteMedia {
    /// Where its RTP goes. Unspecified address: on hold the old way (RFC 2543), send nothing.
    pub rtp: SocketAddr,
    /// Where its RTCP goes.
    pub rtcp: SocketAddr,
    /// The codec chosen.
    pub codec: Codec,
    /// Its codecs, those we accept, in its order.
    pub codecs: Codecs,
    /// The payload type it takes telephone events with (RFC 4733); none: no digits.
    pub dtmf: Option<u8>,
    /// Which way audio flows, seen from the far end.
    pub direction: Direction,
    /// Audio in one of the packets it likes, ms.
    pub ptime_ms: u16,
}

/// What we say of our audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where our RTP is received; RTCP is one port above.
    pub rtp: SocketAddr,
    /// Codecs we take, in order of preference.
    pub codecs: Codecs,
    /// Which way audio flows, seen from us.
    pub direction: Direction,
}
