//! A peer that says what it likes to one stack: messages written out by hand.

use super::pair::{LEFT, RIGHT, address, trunk};
use crate::base::{Flow, Moment, Random, Transport, limits};
use crate::signaling::{
    Admission, Invitation, LegEvent, LegKey, Listen, Observation, Output, PhoneSettings, Stack, StackConfig,
    TrunkPeer,
};
use std::time::Duration;

/// One stack, whose trunk is this peer.
pub(super) struct Raw {
    pub(super) stack: Stack,
    pub(super) now: Moment,
    pub(super) sent: Vec<String>,
    pub(super) flows: Vec<Flow>,
    pub(super) invited: Vec<(LegKey, Invitation)>,
    pub(super) events: Vec<LegEvent>,
    pub(super) observed: Vec<Observation>,
    source: Flow,
}

pub(super) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n";

impl Raw {
    pub(super) fn new() -> Self {
        Self::with(trunk(LEFT))
    }

    /// The same, with phones that may register too.
    pub(super) fn with_phones(phones: PhoneSettings) -> Self {
        Self::with_phones_and_room(phones, limits::CALLS * 2)
    }

    /// The same, with room for so many legs.
    pub(super) fn with_phones_and_room(phones: PhoneSettings, max_legs: usize) -> Self {
        let mut raw = Self::new();
        let listen = Listen { transport: Transport::Udp, address: address(RIGHT), advertised: None };
        let config = StackConfig::new(vec![listen], Admission::Trunks(vec![trunk(LEFT)]));
        let config = StackConfig { phones: Some(phones), max_legs, ..config };
        raw.stack = Stack::new(config, Random::from_number(7));
        raw
    }

    pub(super) fn with(peer: TrunkPeer) -> Self {
        let listen = Listen { transport: Transport::Udp, address: address(RIGHT), advertised: None };
        let config = StackConfig::new(vec![listen], Admission::Trunks(vec![peer]));
        Self {
            stack: Stack::new(config, Random::from_number(7)),
            now: Moment::from_millis(1_000),
            sent: Vec::new(),
            flows: Vec::new(),
            invited: Vec::new(),
            events: Vec::new(),
            observed: Vec::new(),
            source: Flow { transport: Transport::Udp, local: address(RIGHT), remote: address(LEFT) },
        }
    }

    pub(super) const fn flow(&self) -> Flow {
        self.source
    }

    /// Speaks from another address from now on.
    pub(super) fn speak_from(&mut self, remote: &str) {
        self.source.remote = address(remote);
    }

    /// Speaks on this path from now on.
    pub(super) fn source(&mut self, flow: Flow) {
        self.source = flow;
    }

    /// The same, over another transport.
    pub(super) fn speak_over(&mut self, transport: Transport, remote: &str) {
        self.source.transport = transport;
        self.speak_from(remote);
    }

    /// Says something; returns what came back.
    pub(super) fn say(&mut self, text: &str) -> Vec<String> {
        self.stack.receive(self.now, self.source, text.as_bytes());
        self.collect()
    }

    pub(super) fn act(&mut self, verb: impl FnOnce(&mut Stack, Moment)) -> Vec<String> {
        verb(&mut self.stack, self.now);
        self.collect()
    }

    pub(super) fn wait_ms(&mut self, millis: u64) -> Vec<String> {
        let until = self.now + Duration::from_millis(millis);
        while let Some((at, _)) = self.stack.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.stack.handle_timeout(self.now);
        }
        self.now = until;
        self.collect()
    }

    fn collect(&mut self) -> Vec<String> {
        let before = self.sent.len();
        while let Some(output) = self.stack.poll() {
            match output {
                Output::Send { flow, bytes } => {
                    self.flows.push(flow);
                    self.sent.push(String::from_utf8(bytes.to_vec()).expect("text"));
                }
                Output::Invited { leg, invitation } => self.invited.push((leg, *invitation)),
                Output::Leg { event, .. } => self.events.push(event),
                Output::Resolve(question) => panic!("{question:?}"),
                Output::Observed(observation) => self.observed.push(observation),
            }
        }
        self.sent[before..].to_vec()
    }
}

/// An INVITE with an offer; `n` tells calls apart.
pub(super) fn invite(n: u32) -> String {
    request("INVITE", n, 1, "", SDP)
}

/// A request outside a dialog, or with `tag` in one.
pub(super) fn request(method: &str, n: u32, cseq: u32, tag: &str, body: &str) -> String {
    let to = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let cseq_method = if method == "ACK" { "ACK" } else { method };
    format!(
        "{method} sip:0385421000@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{n}-{cseq}-{method};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+33384961370@192.0.2.1>;tag=t{n}\r\nTo: <sip:0385421000@192.0.2.2>{to}\r\n\
         Call-ID: call-{n}\r\nCSeq: {cseq} {cseq_method}\r\nContact: <sip:192.0.2.1:5060>\r\n{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The ACK of a refused INVITE.
pub(super) fn ack_of(invite: &str, refusal: &str) -> String {
    let head = invite.split("\r\n\r\n").next().unwrap_or_default();
    let ack = head.replacen("INVITE ", "ACK ", 1).replace(" INVITE", " ACK");
    let ack = ack.replace(header(invite, "To"), header(refusal, "To"));
    let length = format!("Content-Length: {}", header(invite, "Content-Length"));
    ack.replace(&length, "Content-Length: 0") + "\r\n\r\n"
}

/// The value of a header in a message.
pub(super) fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let found = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in\n{message}"))
}

/// The To tag of a message.
pub(super) fn to_tag(message: &str) -> &str {
    header(message, "To").split(";tag=").nth(1).expect("a tag")
}

/// The first line without the version.
pub(super) fn status(message: &str) -> &str {
    message.lines().next().unwrap_or_default().trim_start_matches("SIP/2.0 ")
}

/// A response to a request of the stack's.
pub(super) fn response(request: &str, code: &str, tag: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let to = header(request, "To");
    let to = if to.contains(";tag=") || tag.is_empty() { to.to_owned() } else { format!("{to};tag={tag}") };
    format!(
        "SIP/2.0 {code}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:192.0.2.1:5060>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        header(request, "Via"),
        header(request, "From"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
        body.len()
    )
}
