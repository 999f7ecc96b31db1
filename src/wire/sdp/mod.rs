//! Session descriptions (RFC 8866) as offer and answer need them: every m-line in its place, nothing of the rest.
//! Must never negotiate: what to answer is signaling's.

mod parse;
#[cfg(test)]
mod tests;
mod write;

use crate::base::Codec;
use std::net::IpAddr;

/// Why a body is no session description.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// A line does not follow RFC 8866.
    #[error("{0}")]
    Syntax(#[from] sdp_types::ParserError),
    /// More lines than `limits::SDP_LINES`.
    #[error("too many lines")]
    TooManyLines,
    /// More m-lines than `limits::SDP_MEDIA_LINES`.
    #[error("too many media lines")]
    TooManyMedia,
    /// More formats on an m-line than `limits::SDP_FORMATS`.
    #[error("too many formats on a media line")]
    TooManyFormats,
}

/// An offer or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDescription {
    /// Who described it, and which version this is.
    pub origin: Origin,
    /// The address for every m-line without one of its own; nothing when it is a name.
    pub connection: Option<IpAddr>,
    /// Every m-line, in order: an answer has as many.
    pub media: Vec<MediaLine>,
}

/// The o-line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The user, `-` for none.
    pub username: String,
    /// The session; 0 when the peer's is no number.
    pub session_id: u64,
    /// Rises by one with each change (RFC 3264 section 8).
    pub version: u64,
    /// Where it was made; unspecified when it is a name.
    pub address: IpAddr,
}

/// An m-line and what belongs to it. Direction and connection of the session are already applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLine {
    /// What flows.
    pub kind: MediaKind,
    /// Where to, on `connection`; 0 means refused or gone.
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVP`, `udptl`, …
    pub protocol: String,
    /// In order of preference.
    pub formats: Vec<Format>,
    /// The address; nothing when it is a name or absent.
    pub connection: Option<IpAddr>,
    /// Which way audio flows, as its sender sees it.
    pub direction: Direction,
    /// Milliseconds of audio in a packet.
    pub ptime_ms: Option<u16>,
    /// Where RTCP goes when not to the next port (RFC 3605).
    pub rtcp_port: Option<(u16, Option<IpAddr>)>,
}

/// What flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Voice.
    Audio,
    /// Anything else, as written.
    Other(String),
}

/// One format of an m-line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// How the m-line names it.
    pub id: FormatId,
    /// What it stands for, from `a=rtpmap` or, failing that, RFC 3551's table.
    pub encoding: Option<Encoding>,
    /// Its parameters, from `a=fmtp`.
    pub fmtp: Option<String>,
}

/// A format's name on the m-line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatId {
    /// An RTP payload type, up to 127.
    PayloadType(u8),
    /// What other protocols write, such as `t38`.
    Text(String),
}

/// What a payload type stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The name, in any case.
    pub name: String,
    /// The clock rate, Hz.
    pub rate_hz: u32,
    /// Channels.
    pub channels: u8,
}

/// Which way media flows, as the side that wrote it sees it (RFC 3264 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// From the writer only: the reader is on hold.
    SendOnly,
    /// To the writer only.
    RecvOnly,
    /// Neither way.
    Inactive,
}

/// RFC 4733's name in `a=rtpmap`.
const TELEPHONE_EVENT: &str = "telephone-event";

impl SessionDescription {
    /// Reads a body. Unknown lines and attributes are passed over; text that is no UTF-8 is read as best it can be.
    ///
    /// # Errors
    /// When the lines do not follow RFC 8866, or there are too many.
    pub fn parse(body: &[u8]) -> Result<Self, SdpError> {
        parse::parse(body)
    }

    /// Writes the body.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        write::write(self)
    }
}

impl MediaLine {
    /// Whether this is voice over plain RTP that was not refused: what Spillway can answer.
    #[must_use]
    pub fn is_usable_audio(&self) -> bool {
        self.kind == MediaKind::Audio
            && self.port != 0
            && self.connection.is_some()
            && ["RTP/AVP", "RTP/AVPF"].iter().any(|known| self.protocol.eq_ignore_ascii_case(known))
    }

    /// The format that carries `codec`, and its payload type.
    #[must_use]
    pub fn payload_type(&self, codec: Codec) -> Option<u8> {
        self.formats.iter().filter(|format| format.codec() == Some(codec)).find_map(Format::payload_type)
    }

    /// The payload type of RFC 4733 digits at the codecs' clock, when it is offered.
    #[must_use]
    pub fn telephone_event(&self) -> Option<u8> {
        self.formats.iter().filter(|format| format.is_telephone_event()).find_map(Format::payload_type)
    }

    /// The writer does not want to hear us: hold, in the words of RFC 3264 section 8.4 or by `0.0.0.0`.
    #[must_use]
    pub const fn is_hold(&self) -> bool {
        !self.direction.receives()
    }
}

impl Format {
    /// A format of a codec with its static payload type.
    #[must_use]
    pub fn of(codec: Codec) -> Self {
        Self::numbered(codec, codec.payload_type())
    }

    /// A format of a codec with a payload type of the session's choice.
    #[must_use]
    pub fn numbered(codec: Codec, payload_type: u8) -> Self {
        Self {
            id: FormatId::PayloadType(payload_type),
            encoding: Some(Encoding::voice(codec.encoding_name())),
            fmtp: None,
        }
    }

    /// RFC 4733 digits, 0 to 9, `*`, `#` and A to D, under a dynamic payload type.
    #[must_use]
    pub fn digits(payload_type: u8) -> Self {
        Self {
            id: FormatId::PayloadType(payload_type),
            encoding: Some(Encoding::voice(TELEPHONE_EVENT)),
            fmtp: Some("0-15".to_owned()),
        }
    }

    /// The payload type, in RTP.
    #[must_use]
    pub const fn payload_type(&self) -> Option<u8> {
        match &self.id {
            FormatId::PayloadType(payload_type) => Some(*payload_type),
            FormatId::Text(_) => None,
        }
    }

    /// The codec of ours it is, if any.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        let encoding = self.encoding.as_ref()?;
        Codec::ALL.into_iter().find(|codec| encoding.is_voice(codec.encoding_name()))
    }

    /// Whether these are RFC 4733 digits at 8 kHz.
    #[must_use]
    pub fn is_telephone_event(&self) -> bool {
        self.encoding.as_ref().is_some_and(|encoding| encoding.is_voice(TELEPHONE_EVENT))
    }
}

impl Encoding {
    fn voice(name: &str) -> Self {
        Self { name: name.to_owned(), rate_hz: 8_000, channels: 1 }
    }

    fn is_voice(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) && self.rate_hz == 8_000 && self.channels == 1
    }
}

impl Direction {
    /// From what the writer sends and receives.
    #[must_use]
    pub const fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether the writer sends.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer listens.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same flow as the other side sees it.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    /// The attribute's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The direction an attribute names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|direction| direction.name().eq_ignore_ascii_case(name))
    }
}
