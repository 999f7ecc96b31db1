//! A peer that says what the fuzzer likes, but knows how to put a message into a dialog: tags, branches and Call-IDs
//! can't be guessed, so a step names the message of ours it speaks to. The steps lie between bytes 0xff, which no
//! text has.

use spillway::base::{Flow, Moment, Transport, limits};
use spillway::wire::sip::{Frame, HeaderName, Message, Method, ParseErrorKind, frame};
use std::net::SocketAddr;
use std::time::Duration;

pub const OURS: &str = "192.0.2.1:5060";
/// The trunks' addresses; the last is a stranger's.
pub const THEIRS: [&str; 3] = ["198.51.100.1:5070", "203.0.113.1:5080", "192.0.2.99:5060"];
/// Steps played of one input.
pub const STEPS: usize = 64;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n";

/// One thing to do.
pub enum Step<'a> {
    /// Say these bytes.
    Say(Flow, Vec<u8>),
    /// Say these bytes over a stream, which ends there: nobody can tell where the message does.
    Unframed(Flow, Vec<u8>),
    /// Let time pass.
    Wait(Duration),
    /// Lose a path.
    Lose(Flow),
    /// What only the target knows: its letter and the bytes after it.
    Other(&'a [u8]),
}

/// Requests and responses of ours that can be spoken to, with the path they took.
#[derive(Default)]
pub struct Peer {
    requests: Vec<(Flow, Vec<u8>)>,
    responses: Vec<(Flow, Vec<u8>)>,
    branch: u32,
}

impl Peer {
    /// Remembers what was sent, which must be one whole message a strict reader takes.
    pub fn hears(&mut self, flow: Flow, bytes: &[u8]) {
        let framed = frame(bytes);
        // An answer has as many Vias as its request, and some fields of its own.
        let vias = bytes.windows(6).filter(|line| *line == b"\r\nVia:").count();
        if vias > limits::SIP_HEADERS / 2
            && framed.is_err_and(|error| error.kind == ParseErrorKind::TooManyHeaders)
        {
            return;
        }
        assert_eq!(framed, Ok(Frame::Message { len: bytes.len() }), "{}", String::from_utf8_lossy(bytes));
        let message = Message::parse(bytes).expect("what we send can be read");
        let heard = if message.is_request() { &mut self.requests } else { &mut self.responses };
        if message.method() != Some(Method::Ack) && message.code() != Some(100) {
            heard.push((flow, bytes.to_vec()));
        }
    }

    /// Reads a step: a letter, then what it needs.
    pub fn step<'a>(&mut self, chunk: &'a [u8]) -> Option<Step<'a>> {
        let (letter, rest) = chunk.split_first()?;
        Some(match letter {
            b'0'..=b'5' => Step::Say(path(letter - b'0'), rest.to_vec()),
            b'U' => Step::Unframed(path(3 + rest.first()? % 3), rest[1..].to_vec()),
            b'I' => Step::Say(path(rest.first()? % 3), self.invite(rest)),
            b'D' => self.in_dialog(rest)?,
            b'R' => self.answer(rest)?,
            b'W' => Step::Wait(Duration::from_millis(1 << (rest.first()? % 17))),
            b'L' => Step::Lose(path(*rest.first()?)),
            _ => Step::Other(chunk),
        })
    }

    /// `I`, whose, and the user called: a sound INVITE.
    fn invite(&mut self, rest: &[u8]) -> Vec<u8> {
        self.branch += 1;
        let (n, user) = (self.branch, String::from_utf8_lossy(&rest[1..]).into_owned());
        let start = format!(
            "INVITE sip:{user}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1:5070;branch=z9hG4bK{n}\r\n"
        );
        let ids = format!(
            "From: <sip:+33384961370@198.51.100.1>;tag=t{n}\r\nTo: <sip:a@192.0.2.1>\r\nCall-ID: c{n}\r\n"
        );
        let mut bytes = format!("{start}{ids}CSeq: 1 INVITE\r\nMax-Forwards: 70\r\n").into_bytes();
        finish(&mut bytes, SDP.as_bytes());
        bytes
    }

    /// `D`, which response of ours counted from the last, the method, the CSeq number: a request in that dialog. An ACK
    /// or CANCEL keeps the branch.
    fn in_dialog(&mut self, rest: &[u8]) -> Option<Step<'static>> {
        let [back, method, number, body @ ..] = rest else { return None };
        let (flow, heard) = nth_last(&self.responses, *back)?;
        let heard = Message::parse(heard).ok()?;
        let method = ["BYE", "ACK", "INVITE", "CANCEL", "UPDATE", "INFO"][usize::from(method % 6)];
        self.branch += u32::from(!matches!(method, "ACK" | "CANCEL"));
        let via = match method {
            "ACK" | "CANCEL" => heard.header(HeaderName::Via)?.to_vec(),
            _ => format!("SIP/2.0/UDP 198.51.100.1:5070;branch=z9hG4bKd{}", self.branch).into_bytes(),
        };
        let body = if body == b"S" { SDP.as_bytes() } else { body };
        let mut bytes =
            format!("{method} sip:a@192.0.2.1 SIP/2.0\r\nMax-Forwards: 70\r\nCSeq: {number} {method}\r\n")
                .into_bytes();
        field(&mut bytes, "Via", &via);
        field(&mut bytes, "From", heard.header(HeaderName::From)?);
        field(&mut bytes, "To", heard.header(HeaderName::To)?);
        field(&mut bytes, "Call-ID", heard.header(HeaderName::CallId)?);
        finish(&mut bytes, body);
        Some(Step::Say(*flow, bytes))
    }

    /// `R`, which request of ours counted from the last, the code in two bytes, a tag's letter: a response to it.
    fn answer(&self, rest: &[u8]) -> Option<Step<'static>> {
        let [back, high, low, tag, body @ ..] = rest else { return None };
        let (flow, heard) = nth_last(&self.requests, *back)?;
        let heard = Message::parse(heard).ok()?;
        let code = 100 + u16::from(high % 6) * 100 + u16::from(low % 100);
        let mut to = heard.header(HeaderName::To)?.to_vec();
        if heard.to().is_ok_and(|to| to.tag.is_none()) {
            to.extend_from_slice(format!(";tag=r{}", tag % 4).as_bytes());
        }
        let body = if body == b"S" { SDP.as_bytes() } else { body };
        let mut bytes = format!("SIP/2.0 {code} So\r\n").into_bytes();
        field(&mut bytes, "To", &to);
        for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
            field(&mut bytes, name.as_str(), heard.header(name)?);
        }
        finish(&mut bytes, body);
        Some(Step::Say(*flow, bytes))
    }
}

/// The path of a peer: which, and over a stream from 3 on.
pub fn path(which: u8) -> Flow {
    let transport = if which % 6 < 3 { Transport::Udp } else { Transport::Tcp };
    Flow { transport, local: address(OURS), remote: address(THEIRS[usize::from(which % 3)]) }
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// The next moment something falls due, unless it is after `until`. A timer set for the past falls due now.
pub fn due(next: Option<Moment>, now: Moment, until: Moment) -> Option<Moment> {
    next.map(|next| next.max(now)).filter(|next| *next <= until)
}

fn nth_last(heard: &[(Flow, Vec<u8>)], back: u8) -> Option<&(Flow, Vec<u8>)> {
    heard.iter().rev().nth(usize::from(back))
}

fn field(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(b"\r\n");
}

fn finish(bytes: &mut Vec<u8>, body: &[u8]) {
    field(bytes, "Contact", b"<sip:198.51.100.1:5070>");
    field(bytes, "Content-Type", b"application/sdp");
    field(bytes, "Content-Length", body.len().to_string().as_bytes());
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
}
