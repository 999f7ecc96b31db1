//! Session description → bytes. Lines are ended here and nowhere else.

use super::{Format, FormatId, MediaKind, MediaLine, SessionDescription};
use std::fmt::{self, Display, Write};
use std::net::IpAddr;

/// Text without what could end a line; a dash when nothing is left, for a word that is missing makes the line another.
struct Clean<'a>(&'a str);

impl Display for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kept = self.0.chars().filter(|character| !character.is_control()).peekable();
        if kept.peek().is_none() {
            return f.write_char('-');
        }
        kept.try_for_each(|character| f.write_char(character))
    }
}

/// `IN IP4 192.0.2.1`
struct Address(IpAddr);

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IN IP{} {}", if self.0.is_ipv4() { 4 } else { 6 }, self.0)
    }
}

pub(super) fn write(session: &SessionDescription) -> Vec<u8> {
    let mut out = String::with_capacity(320);
    write_session(session, &mut out).expect("a String takes everything");
    out.into_bytes()
}

fn write_session(session: &SessionDescription, out: &mut String) -> fmt::Result {
    let origin = &session.origin;
    let username = if origin.username.trim().is_empty() { "-" } else { &origin.username };
    let (id, version, address) = (origin.session_id, origin.version, Address(origin.address));
    write!(out, "v=0\r\no={} {id} {version} {address}\r\ns=-\r\n", Clean(username))?;
    if let Some(connection) = session.connection {
        write!(out, "c={}\r\n", Address(connection))?;
    }
    out.push_str("t=0 0\r\n");
    session.media.iter().try_for_each(|media| write_media(media, session.connection, out))
}

fn write_media(media: &MediaLine, of_session: Option<IpAddr>, out: &mut String) -> fmt::Result {
    let kind = match &media.kind {
        MediaKind::Audio => "audio",
        MediaKind::Other(kind) => kind,
    };
    write!(out, "m={} {} {}", Clean(kind), media.port, Clean(&media.protocol))?;
    for format in &media.formats {
        out.push(' ');
        write_id(format, out)?;
    }
    if media.formats.is_empty() {
        // RFC 3264 section 6: a refused line names a format all the same.
        out.push_str(" 0");
    }
    out.push_str("\r\n");
    if let Some(own) = media.connection.filter(|own| Some(*own) != of_session) {
        write!(out, "c={}\r\n", Address(own))?;
    }
    for format in &media.formats {
        if let Some(encoding) = &format.encoding {
            out.push_str("a=rtpmap:");
            write_id(format, out)?;
            write!(out, " {}/{}", Clean(&encoding.name), encoding.rate_hz)?;
            if encoding.channels != 1 {
                write!(out, "/{}", encoding.channels)?;
            }
            out.push_str("\r\n");
        }
        if let Some(fmtp) = format.fmtp.as_deref().filter(|fmtp| !fmtp.is_empty()) {
            out.push_str("a=fmtp:");
            write_id(format, out)?;
            write!(out, " {}\r\n", Clean(fmtp))?;
        }
    }
    if let Some(ptime_ms) = media.ptime_ms {
        write!(out, "a=ptime:{ptime_ms}\r\n")?;
    }
    if let Some((port, address)) = media.rtcp_port {
        write!(out, "a=rtcp:{port}")?;
        if let Some(address) = address {
            write!(out, " {}", Address(address))?;
        }
        out.push_str("\r\n");
    }
    write!(out, "a={}\r\n", media.direction.name())
}

fn write_id(format: &Format, out: &mut String) -> fmt::Result {
    match &format.id {
        FormatId::PayloadType(payload_type) => write!(out, "{payload_type}"),
        FormatId::Text(text) => write!(out, "{}", Clean(text)),
    }
}
