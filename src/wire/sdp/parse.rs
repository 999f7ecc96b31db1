//! Bytes → session description: sdp-types reads the grammar, this keeps what matters of it.

use super::{
    Direction, Encoding, Format, FormatId, MediaKind, MediaLine, Origin, SdpError, SessionDescription,
};
use crate::base::limits;
use sdp_types::{Attribute, Connection, Media, Session};
use std::net::{IpAddr, Ipv4Addr};

pub(super) fn parse(body: &[u8]) -> Result<SessionDescription, SdpError> {
    if memchr::memchr_iter(b'\n', body).count() > limits::SDP_LINES {
        return Err(SdpError::TooManyLines);
    }
    let session = Session::parse(String::from_utf8_lossy(body).as_bytes())?;
    if session.medias.len() > limits::SDP_MEDIA_LINES {
        return Err(SdpError::TooManyMedia);
    }
    let origin = Origin {
        username: session.origin.username.unwrap_or_else(|| "-".to_owned()),
        session_id: session.origin.sess_id.parse().unwrap_or(0),
        version: session.origin.sess_version,
        address: session.origin.unicast_address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
    };
    let connection = session.connection.as_ref().and_then(address);
    let direction = direction(&session.attributes).unwrap_or(Direction::SendRecv);
    let media = session
        .medias
        .iter()
        .map(|media| read_media(media, connection, direction))
        .collect::<Result<_, _>>()?;
    Ok(SessionDescription { origin, connection, media })
}

fn read_media(
    media: &Media,
    of_session: Option<IpAddr>,
    by_default: Direction,
) -> Result<MediaLine, SdpError> {
    let names: Vec<_> = media.fmt.split_ascii_whitespace().collect();
    if names.len() > limits::SDP_FORMATS {
        return Err(SdpError::TooManyFormats);
    }
    let is_rtp = media.proto.to_ascii_uppercase().contains("RTP/");
    let connection = match media.connections.first() {
        Some(own) => address(own),
        None => of_session,
    };
    let mut direction = direction(&media.attributes).unwrap_or(by_default);
    if connection.is_some_and(|address| address.is_unspecified()) {
        // RFC 3264 section 8.4: the hold of RFC 2543, « send me nothing ».
        direction = Direction::of(direction.sends(), false);
    }
    Ok(MediaLine {
        kind: match &media.media {
            audio if audio.eq_ignore_ascii_case("audio") => MediaKind::Audio,
            other => MediaKind::Other(other.clone()),
        },
        port: media.port,
        protocol: media.proto.clone(),
        formats: names.into_iter().map(|name| read_format(name, is_rtp, &media.attributes)).collect(),
        connection,
        direction,
        ptime_ms: value(&media.attributes, "ptime").and_then(|value| value.trim().parse().ok()),
        rtcp_port: value(&media.attributes, "rtcp").and_then(read_rtcp),
    })
}

fn address(connection: &Connection) -> Option<IpAddr> {
    // A multicast address may carry `/ttl`; it is an address all the same.
    connection.connection_address.split('/').next()?.parse().ok()
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|attribute| Direction::named(&attribute.attribute))
}

fn value<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|attribute| attribute.attribute.eq_ignore_ascii_case(name))
        .and_then(|attribute| attribute.value.as_deref())
}

/// The rest of the `name` attribute that is about `format`: `a=rtpmap:8 PCMA/8000`.
fn about<'a>(attributes: &'a [Attribute], name: &str, format: &str) -> Option<&'a str> {
    attributes
        .iter()
        .filter(|attribute| attribute.attribute.eq_ignore_ascii_case(name))
        .filter_map(|attribute| attribute.value.as_deref()?.trim_start().split_once([' ', '\t']))
        .find(|(about, _)| *about == format)
        .map(|(_, rest)| rest.trim())
}

fn read_format(name: &str, is_rtp: bool, attributes: &[Attribute]) -> Format {
    match name.parse().ok().filter(|payload_type| is_rtp && *payload_type <= 127_u8) {
        None => Format { id: FormatId::Text(name.to_owned()), encoding: None, fmtp: None },
        Some(payload_type) => Format {
            id: FormatId::PayloadType(payload_type),
            encoding: match about(attributes, "rtpmap", name) {
                Some(mapped) => read_encoding(mapped),
                None => assigned(payload_type),
            },
            fmtp: about(attributes, "fmtp", name).map(str::to_owned),
        },
    }
}

fn read_encoding(mapped: &str) -> Option<Encoding> {
    let mut parts = mapped.split('/').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let rate_hz = parts.next()?.parse().ok()?;
    let channels = parts.next().map_or(Some(1), |channels| channels.parse().ok())?;
    Some(Encoding { name: name.to_owned(), rate_hz, channels })
}

/// What RFC 3551 section 6 assigns without an `a=rtpmap`.
fn assigned(payload_type: u8) -> Option<Encoding> {
    let (name, rate_hz) = match payload_type {
        0 => ("PCMU", 8_000),
        3 => ("GSM", 8_000),
        4 => ("G723", 8_000),
        8 => ("PCMA", 8_000),
        // RFC 3551 section 4.5.2: its clock is 8,000 by an old mistake, its samples are 16,000.
        9 => ("G722", 8_000),
        13 => ("CN", 8_000),
        18 => ("G729", 8_000),
        _ => return None,
    };
    Some(Encoding { name: name.to_owned(), rate_hz, channels: 1 })
}

/// `a=rtcp:53020 IN IP6 2001:db8::1` (RFC 3605 section 2.1).
fn read_rtcp(value: &str) -> Option<(u16, Option<IpAddr>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok()?;
    Some((port, words.nth(2).and_then(|address| address.parse().ok())))
}
