//! The media of a leg as the rest of the house sees it: addresses, codecs, direction. No SDP text beyond here.

use crate::base::{Codec, PayloadTypes};
pub use crate::wire::sdp::Direction;
use smallvec::SmallVec;
use std::net::SocketAddr;

/// Codecs in order of preference.
pub type Codecs = SmallVec<[Codec; 2]>;

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
    /// The payload types it takes them with.
    pub payload_types: PayloadTypes,
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
