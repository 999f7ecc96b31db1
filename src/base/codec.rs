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

/// The payload type each codec goes under on one stream: its static one, unless the far end chose a dynamic one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PayloadTypes([u8; Codec::ALL.len()]);

impl PayloadTypes {
    /// Every codec under its static payload type.
    pub const STATIC: Self = Self([Codec::Pcma.payload_type(), Codec::Pcmu.payload_type()]);

    /// Whether a codec may go under this payload type: its static one, or one RFC 3551 sections 3 and 6 leave to be
    /// assigned in the session, without those RFC 5761 section 4 takes for RTCP.
    #[must_use]
    pub const fn fits(codec: Codec, payload_type: u8) -> bool {
        payload_type == codec.payload_type() || matches!(payload_type, 35..=63 | 96..=127)
    }

    /// The payload type of a codec.
    #[must_use]
    pub const fn of(self, codec: Codec) -> u8 {
        self.0[codec as usize]
    }

    /// Puts a codec under a payload type.
    pub const fn assign(&mut self, codec: Codec, payload_type: u8) {
        self.0[codec as usize] = payload_type;
    }

    /// What goes under a payload type. A codec's static one always stands for it too.
    #[must_use]
    pub fn codec(self, payload_type: u8) -> Option<Codec> {
        let stands_for = |codec: &Codec| [self.of(*codec), codec.payload_type()].contains(&payload_type);
        Codec::ALL.into_iter().find(stands_for)
    }
}

impl Default for PayloadTypes {
    fn default() -> Self {
        Self::STATIC
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_is_known_by_its_own_number_and_by_the_one_it_was_given() {
        let mut numbers = PayloadTypes::STATIC;
        numbers.assign(Codec::Pcmu, 97);
        assert_eq!((numbers.of(Codec::Pcma), numbers.of(Codec::Pcmu)), (8, 97));
        let known = [8, 97, 0, 98].map(|number| numbers.codec(number));
        assert_eq!(known, [Some(Codec::Pcma), Some(Codec::Pcmu), Some(Codec::Pcmu), None]);
    }

    #[test]
    fn no_codec_takes_the_number_of_another_or_of_rtcp() {
        for (number, fits) in
            [(8, true), (0, false), (13, false), (40, true), (72, false), (96, true), (127, true)]
        {
            assert_eq!(PayloadTypes::fits(Codec::Pcma, number), fits, "{number}");
        }
    }
}
