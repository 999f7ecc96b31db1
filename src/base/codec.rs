//! The voice codecs Spillway speaks.

use serde::{Deserialize, Serialize};

/// A voice codec with a static RTP payload type (RFC 3551 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 A-law, payload type 8: Europe's.
    Pcma,
    /// G.711 µ-law, payload type 0: North America's and Japan's.
    Pcmu,
}

/// The payload type we take telephone events with when the offer is ours (RFC 4733): what everybody uses.
pub const TELEPHONE_EVENT: u8 = 101;

impl Codec {
    /// Every codec, in order of preference.
    pub const ALL: [Self; 2] = [Self::Pcma, Self::Pcmu];

    /// The static payload type.
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }

    /// The encoding name of `a=rtpmap`.
    #[must_use]
    pub const fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
        }
    }

    /// The name configuration uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcma => "pcma",
            Self::Pcmu => "pcmu",
        }
    }
}
