//! Far ends of another make, told word by word: what the stations never say.

use crate::support::sim::wired::{IPOFFICE, OPERATEUR, Spoken, Wired};

pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
                       m=audio 30000 RTP/AVP 8\r\n";

/// A caller on the public network.
pub struct Caller {
    pub call_id: String,
    pub dialled: &'static str,
    pub from: String,
    side: usize,
    cseq: u32,
}

impl Caller {
    pub fn new(name: &str, dialled: &'static str) -> Self {
        let from = "<sip:0601020304@198.51.100.1>".into();
        Self { call_id: format!("{name}@198.51.100.1"), dialled, from, side: OPERATEUR, cseq: 0 }
    }

    /// Somebody behind the IPBX.
    pub fn behind_the_ipbx(name: &str, extension: &str, dialled: &'static str) -> Self {
        let from = format!("<sip:{extension}@203.0.113.1>");
        Self { call_id: format!("{name}@203.0.113.1"), dialled, from, side: IPOFFICE, cseq: 0 }
    }

    /// Sends a request, in the dialog once we answered; `headers` each with their line end.
    pub fn says(&mut self, world: &mut Wired, method: &str, headers: &str, body: &str) {
        if !["ACK", "CANCEL"].contains(&method) {
            self.cseq += 1;
        }
        let tag = world.watch().tag(&self.call_id).map(|tag| format!(";tag={tag}"));
        let (tag, cseq) = (tag.unwrap_or_default(), self.cseq);
        let branch = if method == "CANCEL" { "INVITE" } else { method };
        let kind = if body.is_empty() || headers.contains("Content-Type") {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        let message = format!(
            "{method} sip:{dialled}@192.0.2.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP {host};branch=z9hG4bK{call_id}{branch}{cseq};rport\r\nMax-Forwards: 70\r\n\
             From: {from};tag=theirs\r\nTo: <sip:{dialled}@192.0.2.1>{tag}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:0601020304@{host}>\r\n{kind}{headers}\
             Content-Length: {length}\r\n\r\n{body}",
            host = host(self.side),
            dialled = self.dialled,
            call_id = self.call_id,
            from = self.from,
            length = body.len(),
        );
        world.says(self.side, message.as_bytes());
    }
}

/// What a called phone answers our INVITE with, under a tag of its choice.
/// A Contact in `headers` stands in for the phone's own.
pub fn answer(
    world: &mut Wired,
    side: usize,
    invite: &Spoken,
    status: &str,
    tag: &str,
    headers: &str,
    body: &str,
) {
    let kind = if body.is_empty() || headers.contains("Content-Type") {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    let own = format!("Contact: <sip:201@{}>\r\n", host(side));
    let contact = if headers.contains("Contact") { "" } else { &own };
    let message = format!(
        "SIP/2.0 {status}\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to};tag={tag}\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq}\r\n{contact}{kind}{headers}Content-Length: {length}\r\n\r\n{body}",
        via = invite.need("Via"),
        from = invite.need("From"),
        to = invite.need("To"),
        call_id = invite.need("Call-ID"),
        cseq = invite.need("CSeq"),
        length = body.len(),
    );
    world.says(side, message.as_bytes());
}

/// A request of a called phone in the dialog its answer opened.
pub struct Request<'a> {
    pub method: &'a str,
    pub cseq: u32,
    pub tag: &'a str,
    pub headers: &'a str,
    pub body: &'a str,
}

/// Sends it.
pub fn request(world: &mut Wired, side: usize, invite: &Spoken, request: &Request<'_>) {
    let Request { method, cseq, tag, headers, body } = *request;
    let kind = if body.is_empty() || headers.contains("Content-Type") {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    let message = format!(
        "{method} sip:192.0.2.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP {host};branch=z9hG4bK{tag}{method}{cseq};rport\r\nMax-Forwards: 70\r\n\
         From: {to};tag={tag}\r\nTo: {from}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:201@{host}>\r\n{kind}{headers}Content-Length: {length}\r\n\r\n{body}",
        host = host(side),
        from = invite.need("From"),
        to = invite.need("To"),
        call_id = invite.need("Call-ID"),
        length = body.len(),
    );
    world.says(side, message.as_bytes());
}

const fn host(side: usize) -> &'static str {
    match side {
        IPOFFICE => "203.0.113.1:5080",
        _ => "198.51.100.1:5070",
    }
}
