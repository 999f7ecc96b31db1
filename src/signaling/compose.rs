//! The messages the stack writes that belong to no dialog of its own: responses, the ACK of a refusal, CANCEL; and the
//! values several messages share. Must never decide whether to send them.

use super::digest;
use super::event::{Caller, Diversion, Reason, ReasonProtocol};
use super::mark::Marked;
use crate::base::{Flow, Transport};
use crate::wire::sip::{HeaderName, Message, Method, StartLine, Writer};
use bytes::Bytes;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::net::SocketAddr;

/// What a stack serves, for Allow (RFC 3261 section 20.5).
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER";
/// The same outside a dialog where phones register.
pub(super) const ALLOW_REGISTER: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, REGISTER";
/// The same to a phone.
pub(super) const ALLOW_PHONE: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, REGISTER, SUBSCRIBE";
/// Reliable provisional responses, as an option (RFC 3262 section 8.1).
pub(super) const PRACK: &str = "100rel";
/// What of SIP's extensions it has, for Supported (RFC 3261 section 20.37).
pub(super) const SUPPORTED: &str = "timer, norefersub, replaces";
/// The one body it reads.
pub(super) const SDP: &str = "application/sdp";

/// Where the responses to a request go: over streams and with `rport` back where it came from (RFC 3581 section 4), else
/// to the port its Via names, at the address it came from (RFC 3261 section 18.2.2).
pub(super) fn reply_path(flow: Flow, request: &Message<'_>) -> Flow {
    match request.top_via() {
        Ok(via) if !flow.transport.is_reliable() && via.rport.is_none() => {
            let port = via.port.filter(|port| *port != 0).unwrap_or(5060);
            Flow { remote: SocketAddr::new(flow.remote.ip(), port), ..flow }
        }
        Ok(_) | Err(_) => flow,
    }
}

/// Starts a response: what RFC 3261 section 8.2.6.2 copies, Vias completed, `tag` in To where it had none.
pub(super) fn start_response(
    writer: &mut Writer,
    request: &Message<'_>,
    source: SocketAddr,
    code: u16,
    phrase: &str,
    tag: Option<Marked>,
) {
    writer.start_response(code, phrase);
    writer.copy_vias(request, source);
    writer.copy_header(request, HeaderName::From);
    match (tag, request.to(), request.header(HeaderName::To)) {
        (Some(tag), Ok(to), Some(value)) if to.tag.is_none() => {
            let mut value = value.to_vec();
            // Writing to memory can't fail.
            let _ = write!(value, ";tag={tag}");
            writer.header(HeaderName::To, value);
        }
        _ => {
            writer.copy_header(request, HeaderName::To);
        }
    }
    writer.copy_header(request, HeaderName::CallId);
    writer.copy_header(request, HeaderName::CSeq);
    if code == 100 {
        writer.copy_header(request, HeaderName::Timestamp);
    }
}

/// The ACK to a refusal of the INVITE `invite` (RFC 3261 section 17.1.1.3).
pub(super) fn ack_of_refusal(writer: &mut Writer, invite: &Bytes, refusal: &Message<'_>) -> Option<Bytes> {
    let invite = Message::parse(invite).ok()?;
    start_sibling(writer, &invite, Method::Ack)?;
    copy_credentials(writer, &invite);
    writer.header(HeaderName::To, refusal.header(HeaderName::To)?);
    Some(writer.finish())
}

/// The CANCEL of the INVITE `invite` (RFC 3261 section 9.1).
pub(super) fn cancel(writer: &mut Writer, invite: &Bytes, reason: Option<&Reason>) -> Option<Bytes> {
    let invite = Message::parse(invite).ok()?;
    start_sibling(writer, &invite, Method::Cancel)?;
    writer.header(HeaderName::To, invite.header(HeaderName::To)?);
    put_reason(writer, reason);
    Some(writer.finish())
}

/// What a request that shares its INVITE's branch copies from it; all but To.
fn start_sibling(writer: &mut Writer, invite: &Message<'_>, method: Method<'static>) -> Option<()> {
    let StartLine::Request { uri, .. } = invite.start() else { return None };
    let number = invite.cseq().ok()?.number;
    writer.start_request(method, uri);
    writer.header(HeaderName::Via, invite.header(HeaderName::Via)?);
    writer.header(HeaderName::MaxForwards, "70");
    writer.copy_headers(invite, HeaderName::Route);
    writer.copy_headers(invite, HeaderName::From);
    writer.copy_headers(invite, HeaderName::CallId);
    writer.header_fmt(HeaderName::CSeq, format_args!("{number} {method}"));
    Some(())
}

/// What an INVITE's ACK repeats of it (RFC 3261 section 22.1).
pub(super) fn copy_credentials(writer: &mut Writer, invite: &Message<'_>) {
    writer.copy_headers(invite, HeaderName::Authorization);
    writer.copy_headers(invite, HeaderName::ProxyAuthorization);
}

/// Starts a request of ours over, body included, for the caller to add credentials to: all but Via, CSeq and older
/// credentials stays (RFC 3261 section 22.2).
pub(super) fn start_again(
    writer: &mut Writer,
    request: &Message<'_>,
    (public, transport, branch): (SocketAddr, Transport, Marked),
    number: u32,
) -> Option<()> {
    let StartLine::Request { method, uri } = request.start() else { return None };
    writer.start_request(method, uri);
    let transport = transport.via_name();
    writer.header_fmt(
        HeaderName::Via,
        format_args!("SIP/2.0/{transport} {public};branch=z9hG4bK{branch};rport"),
    );
    for (name, written, value) in request.all_headers() {
        if name == HeaderName::CSeq {
            writer.header_fmt(name, format_args!("{number} {method}"));
        } else if !matches!(
            name,
            HeaderName::Via
                | HeaderName::Authorization
                | HeaderName::ProxyAuthorization
                | HeaderName::ContentType
                | HeaderName::ContentLength
        ) {
            writer.header(std::str::from_utf8(written).ok()?, value);
        }
    }
    let kind = request.header(HeaderName::ContentType).unwrap_or(SDP.as_bytes());
    if !request.body().is_empty() {
        writer.body(&String::from_utf8_lossy(kind), request.body());
    }
    Some(())
}

/// Reason (RFC 3326), when there is one.
pub(super) fn put_reason(writer: &mut Writer, reason: Option<&Reason>) {
    let Some(Reason { protocol, code, text }) = reason else { return };
    let protocol = protocol.as_str();
    match text {
        Some(text) => writer
            .header_fmt(HeaderName::Reason, format_args!("{protocol};cause={code};text={}", Quoted(text))),
        None => writer.header_fmt(HeaderName::Reason, format_args!("{protocol};cause={code}")),
    };
}

/// Reads the first Reason we know the protocol of.
pub(super) fn read_reason(message: &Message<'_>) -> Option<Reason> {
    message.values(HeaderName::Reason).find_map(|value| {
        let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
        let protocol = match value[..end].trim_ascii() {
            word if word.eq_ignore_ascii_case(b"SIP") => ReasonProtocol::Sip,
            word if word.eq_ignore_ascii_case(b"Q.850") => ReasonProtocol::Q850,
            _ => return None,
        };
        let params = crate::wire::sip::Params::new(value.get(end + 1..).unwrap_or_default());
        let code = params.get(b"cause").and_then(|code| std::str::from_utf8(code).ok()?.parse().ok());
        let text = params.get(b"text").map(|text| {
            let quoted = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
            let plain = quoted.map_or_else(|| text.to_vec(), digest::unescaped);
            // Control characters, those of Unicode too, say nothing to anybody, and never cross.
            String::from_utf8_lossy(&plain).replace(char::is_control, " ")
        });
        Some(Reason { protocol, code: code.unwrap_or(0), text })
    })
}

/// The From of an INVITE of ours, without its tag: the caller's number at `host`, or nobody's (RFC 3323 section 4.1).
pub(super) fn caller_address(caller: &Caller, host: &str) -> String {
    let mut value = String::with_capacity(64);
    // Writing to a string can't fail.
    let _ = if caller.anonymous {
        value.write_str("\"Anonymous\" <sip:anonymous@anonymous.invalid>")
    } else {
        write_identity(&mut value, caller, host)
    };
    value
}

/// The caller's number at `host`, whatever they asked for.
pub(super) fn identity(caller: &Caller, host: &str) -> String {
    let mut value = String::with_capacity(64);
    // Writing to a string can't fail.
    let _ = write_identity(&mut value, caller, host);
    value
}

fn write_identity(into: &mut String, caller: &Caller, host: &str) -> fmt::Result {
    if let Some(display) = &caller.display {
        write!(into, "{} ", Quoted(display))?;
    }
    if caller.number.is_empty() {
        return write!(into, "<sip:{host}>");
    }
    write!(into, "<sip:{}@{host}>", User(&caller.number))
}

/// The parameter of a Diversion (RFC 5806 section 4 lets anyone add some) that says it is ours.
pub(super) const DIVERSION_MARK: &str = "spillway";

/// Diversion (RFC 5806), `mark` on those of ours.
pub(super) fn put_diversion(writer: &mut Writer, diversion: &Diversion, host: &str, mark: Marked) {
    let (who, reason) = (At(&diversion.user, host), diversion.reason.as_str());
    if diversion.is_ours {
        let value = format_args!("<sip:{who}>;reason={reason};counter=1;spillway={mark}");
        writer.header_fmt(HeaderName::Diversion, value);
    } else {
        let value = format_args!("<sip:{who}>;reason={reason};counter=1");
        writer.header_fmt(HeaderName::Diversion, value);
    }
}

/// Text as a quoted string; control characters, tabs and those above ASCII included, become spaces.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            if matches!(character, '"' | '\\') {
                f.write_char('\\')?;
            }
            // A tab may stand in quotes (RFC 3261 section 25.1); it still is none of the called phone's business.
            f.write_char(if character.is_control() { ' ' } else { character })?;
        }
        f.write_char('"')
    }
}

/// Text as the user of a URI: what may not stand there is escaped (RFC 3261 section 25.1, `user`).
pub(super) struct User<'a>(pub(super) &'a str);

impl fmt::Display for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

/// A user at a host; the host alone where who sent a call on was a machine, or named by what we can't write.
pub(super) struct At<'a>(pub(super) &'a str, pub(super) &'a str);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self("", host) => f.write_str(host),
            Self(user, host) => write!(f, "{}@{host}", User(user)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reason_says_is_read_as_it_was_written() {
        for text in ["Busy, \\ \"all\" of them\\", "", "plain"] {
            let said = Reason { protocol: ReasonProtocol::Sip, code: 600, text: Some(text.into()) };
            let mut writer = Writer::request(Method::Bye, "sip:a@b");
            put_reason(&mut writer, Some(&said));
            let written = writer.finish();
            assert_eq!(read_reason(&Message::parse(&written).expect("readable")), Some(said));
        }
    }

    #[test]
    fn nothing_a_caller_calls_themselves_leaves_its_place() {
        let caller = Caller {
            number: "+33 1\r\n;x".into(),
            display: Some("Zo\u{e9} \"la\" \\ >".into()),
            anonymous: false,
        };
        let host = "192.0.2.1:5060";
        let value = caller_address(&caller, host);
        assert_eq!(value, "\"Zoé \\\"la\\\" \\\\ >\" <sip:+33%201%0D%0A;x@192.0.2.1:5060>");
        let read = crate::wire::sip::NameAddr::parse(value.as_bytes()).expect("readable");
        assert_eq!(read.display_text().as_deref(), Some("Zoé \"la\" \\ >"));
        assert_eq!(&*read.uri.user_unescaped(), b"+33 1\r\n;x");
        let anonymous = Caller { anonymous: true, ..caller };
        assert!(!caller_address(&anonymous, host).contains("33"));
    }
}
