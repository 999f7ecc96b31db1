//! The same message as four parsers read it: ours, rsip, sipx-sip and rsipstack, each brought to one form. Must never judge
//! who is right.

use bytes::Bytes;
use sipx_sip::headers::{CSeq, CallId, From, To, Via};
use sipx_sip::message::TypedHeader;
use spillway::wire::sip::{HeaderName, Message, validate};

/// What a message says, as far as its reader got: nothing where it refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The method, or the status code.
    pub start: Option<String>,
    /// The branch of the topmost Via.
    pub branch: Option<String>,
    /// The URI in From.
    pub from: Option<String>,
    /// Its tag.
    pub from_tag: Option<String>,
    /// The URI in To.
    pub to: Option<String>,
    /// Its tag.
    pub to_tag: Option<String>,
    /// CSeq's number and method.
    pub cseq: Option<String>,
    pub call_id: Option<String>,
    pub body: Option<Vec<u8>>,
}

impl Reading {
    /// Each part, by its name.
    pub fn parts(&self) -> [(&'static str, Option<&[u8]>); 9] {
        fn text(part: &Option<String>) -> Option<&[u8]> {
            part.as_deref().map(str::as_bytes)
        }
        [
            ("start", text(&self.start)),
            ("branch", text(&self.branch)),
            ("from", text(&self.from)),
            ("from_tag", text(&self.from_tag)),
            ("to", text(&self.to)),
            ("to_tag", text(&self.to_tag)),
            ("cseq", text(&self.cseq)),
            ("call_id", text(&self.call_id)),
            ("body", self.body.as_deref()),
        ]
    }
}

/// A parser: nothing where it refuses the message.
pub type Witness = fn(&[u8]) -> Option<Reading>;

/// The others, by name.
pub const WITNESSES: [(&str, Witness); 3] = [("rsip", rsip), ("sipx-sip", sipx), ("rsipstack", rsipstack)];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Ours: refused where the message earns an error, or silence.
pub fn ours(bytes: &[u8]) -> Option<Reading> {
    let message = Message::parse(bytes).ok()?;
    validate(&message).ok()?;
    let (from, to, cseq) = (message.from().ok()?, message.to().ok()?, message.cseq().ok()?);
    let start = match message.code() {
        Some(code) => code.to_string(),
        None => message.method()?.to_string(),
    };
    Some(Reading {
        start: Some(start),
        branch: message.top_via().ok()?.branch.map(text),
        from: Some(text(from.uri.raw)),
        from_tag: from.tag.map(text),
        to: Some(text(to.uri.raw)),
        to_tag: to.tag.map(text),
        cseq: Some(format!("{} {}", cseq.number, cseq.method)),
        call_id: Some(text(message.header(HeaderName::CallId)?)),
        body: Some(message.body().to_vec()),
    })
}

fn sipx(bytes: &[u8]) -> Option<Reading> {
    let message = sipx_sip::parser::parse_datagram(
        Bytes::copy_from_slice(bytes),
        &sipx_sip::parser::Limits::datagram(),
    )
    .ok()?;
    let (start, headers, body) = match &message {
        sipx_sip::Message::Request(request) => {
            (text(request.method.as_bytes()), &request.headers, request.body())
        }
        sipx_sip::Message::Response(response) => {
            (response.status.code().to_string(), &response.headers, response.body())
        }
    };
    let findings = sipx_sip::validate::validate(&message);
    if !findings.is_empty() {
        return None;
    }
    fn typed<H: TypedHeader>(headers: &sipx_sip::Headers) -> Option<H> {
        headers.typed::<H>()?.ok()
    }
    let (via, from, to): (Via, From, To) = (typed(headers)?, typed(headers)?, typed(headers)?);
    let (cseq, call_id): (CSeq, CallId) = (typed(headers)?, typed(headers)?);
    Some(Reading {
        start: Some(start),
        branch: via.branch().map(text),
        from: Some(text(&from.0.uri.to_bytes())),
        from_tag: from.0.tag().map(text),
        to: Some(text(&to.0.uri.to_bytes())),
        to_tag: to.0.tag().map(text),
        cseq: Some(format!("{} {}", cseq.sequence, text(cseq.method.as_bytes()))),
        call_id: Some(text(&call_id.0)),
        body: Some(body.to_vec()),
    })
}

fn rsip(bytes: &[u8]) -> Option<Reading> {
    use rsip::headers::{ToTypedHeader, UntypedHeader};
    use rsip::message::HeadersExt;
    let message = rsip::SipMessage::try_from(bytes).ok()?;
    let start = match &message {
        rsip::SipMessage::Request(request) => request.method.to_string(),
        rsip::SipMessage::Response(response) => response.status_code.code().to_string(),
    };
    let via = message.via_header().ok()?.typed().ok()?;
    let from = message.from_header().ok()?.typed().ok()?;
    let to = message.to_header().ok()?.typed().ok()?;
    let cseq = message.cseq_header().ok()?.typed().ok()?;
    Some(Reading {
        start: Some(start),
        branch: via.branch().map(|branch| branch.value().to_owned()),
        from: Some(from.uri.to_string()),
        from_tag: from.tag().map(|tag| tag.value().to_owned()),
        to: Some(to.uri.to_string()),
        to_tag: to.tag().map(|tag| tag.value().to_owned()),
        cseq: Some(format!("{} {}", cseq.seq, cseq.method)),
        call_id: Some(message.call_id_header().ok()?.value().to_owned()),
        body: Some(message.body().clone()),
    })
}

fn rsipstack(bytes: &[u8]) -> Option<Reading> {
    use rsipstack::sip::headers::ToTypedHeader;
    use rsipstack::sip::message::HeadersExt;
    let message = rsipstack::sip::SipMessage::try_from(bytes).ok()?;
    let (start, body) = match &message {
        rsipstack::sip::SipMessage::Request(request) => (request.method.to_string(), request.body.clone()),
        rsipstack::sip::SipMessage::Response(response) => {
            (response.status_code.code().to_string(), response.body.clone())
        }
    };
    let via = message.via_header().ok()?.typed().ok()?;
    let from = message.from_header().ok()?.typed().ok()?;
    let to = message.to_header().ok()?.typed().ok()?;
    let cseq = message.cseq_header().ok()?.typed().ok()?;
    Some(Reading {
        start: Some(start),
        branch: via.branch().map(|branch| branch.value().to_owned()),
        from: Some(from.uri.to_string()),
        from_tag: from.tag().map(|tag| tag.value().to_owned()),
        to: Some(to.uri.to_string()),
        to_tag: to.tag().map(|tag| tag.value().to_owned()),
        cseq: Some(format!("{} {}", cseq.seq, cseq.method)),
        call_id: Some(message.call_id_header().ok()?.value().to_owned()),
        body: Some(body),
    })
}
