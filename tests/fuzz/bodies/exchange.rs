//! One stack and one far end that says a header of the fuzzer's in an otherwise sound exchange. Must never wait.

use super::peer::{OURS, THEIRS, address};
use spillway::base::{Codec, Flow, Moment, Random, Secret, Transport, TrunkId};
use spillway::signaling::{
    Admission, Caller, CallerHeader, Direction, Invitation, Invite, LegEvent, LegKey, Listen, LocalMedia,
    Output, OwnAddress, Stack, StackConfig, TrunkAccount, TrunkPeer,
};
use spillway::wire::sip::{HeaderName, Message};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8\r\n";

/// The exchange.
pub struct Exchange {
    pub stack: Stack,
    pub now: Moment,
    /// What the stack sent, each one message.
    pub sent: Vec<Vec<u8>>,
    pub invited: Vec<(LegKey, Invitation)>,
    pub events: Vec<LegEvent>,
    number: u32,
}

/// The longest value said, bytes: a byte that is no text becomes nine when it is escaped and said on, and there must be
/// room for the rest of the message.
const LONGEST: usize = 4_096;

/// A value that stays one field: what would end its line is white space.
pub fn on_one_line(value: &[u8]) -> Vec<u8> {
    value.iter().take(LONGEST).map(|byte| if byte.is_ascii_control() { b' ' } else { *byte }).collect()
}

pub fn flow() -> Flow {
    Flow { transport: Transport::Udp, local: address(OURS), remote: address(THEIRS[0]) }
}

impl Exchange {
    /// With a trunk that has a password, where `account` says so; else with anyone.
    pub fn new(account: bool) -> Self {
        let trunk = TrunkPeer {
            id: TrunkId(0),
            name: "trunk".into(),
            transport: Transport::Udp,
            peer: address(THEIRS[0]),
            peers: vec![],
            found_by: None,
            own: OwnAddress::default(),
            large_over_tcp: false,
            accept: vec![],
            ping: None,
            caller_from: CallerHeader::From,
            codecs: Codec::ALL.to_vec(),
            prack: false,
            domain: None,
            account: Some(TrunkAccount {
                user: "lons".into(),
                password: Secret::new(b"motdepasse"),
                realm: None,
                register: None,
            }),
        };
        let admission = if account { Admission::Trunks(vec![trunk]) } else { Admission::Anyone };
        let listen = Listen { transport: Transport::Udp, address: address(OURS), advertised: None };
        let stack = Stack::new(StackConfig::new(vec![listen], admission), Random::from_number(7));
        let now = Moment::from_millis(1_000);
        Self { stack, now, sent: Vec::new(), invited: Vec::new(), events: Vec::new(), number: 0 }
    }

    /// A call of ours to the far end, before it is sent.
    pub fn invite(&self) -> Invite {
        let caller = Caller { number: "+33384961370".into(), display: None, anonymous: false };
        Invite::new(flow(), "0385421000", caller, local())
    }

    /// The far end says this; everything the stack then does is kept.
    pub fn say(&mut self, bytes: &[u8]) {
        self.stack.receive(self.now, flow(), bytes);
        self.look();
    }

    /// Takes what the stack has to say.
    pub fn look(&mut self) {
        while let Some(output) = self.stack.poll() {
            match output {
                Output::Send { bytes, .. } => self.sent.push(bytes.to_vec()),
                Output::Invited { leg, invitation } => self.invited.push((leg, *invitation)),
                Output::Leg { event, .. } => self.events.push(event),
                _ => {}
            }
        }
    }

    /// A request from the far end, outside a dialog, with one more field.
    pub fn request(&mut self, name: &str, value: &[u8]) -> Vec<u8> {
        self.number += 1;
        let n = self.number;
        let head = format!(
            "INVITE sip:0384961370@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1:5070;branch=z9hG4bK{n}\r\n\
             From: <sip:+33612345678@198.51.100.1>;tag=t{n}\r\nTo: <sip:a@192.0.2.1>\r\nCall-ID: c{n}\r\nCSeq: 1 INVITE\r\n\
             Max-Forwards: 70\r\nContact: <sip:198.51.100.1:5070>\r\nContent-Type: application/sdp\r\n"
        );
        finish(head.into_bytes(), name, value, SDP)
    }

    /// A request of the far end's in the dialog that the last answer of the stack's made.
    pub fn in_dialog(&mut self, method: &str, number: u32, name: &str, value: &[u8]) -> Vec<u8> {
        let last = self.sent.last().expect("an answer").clone();
        let last = Message::parse(&last).expect("what we send can be read");
        self.number += 1;
        let field = |name| String::from_utf8_lossy(last.header(name).unwrap_or_default()).into_owned();
        let head = format!(
            "{method} sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1:5070;branch=z9hG4bKd{}\r\nFrom: {}\r\n\
             To: {}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\nMax-Forwards: 70\r\n",
            self.number,
            field(HeaderName::From),
            field(HeaderName::To),
            field(HeaderName::CallId)
        );
        finish(head.into_bytes(), name, value, "")
    }

    /// The far end's answer to the last request of the stack's, with one more field.
    pub fn answer(&self, start: &str, name: &str, value: &[u8]) -> Vec<u8> {
        let last = self.sent.last().expect("a request");
        let last = Message::parse(last).expect("what we send can be read");
        let field = |name| String::from_utf8_lossy(last.header(name).unwrap_or_default()).into_owned();
        let head = format!(
            "SIP/2.0 {start}\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=r\r\nCall-ID: {}\r\nCSeq: {}\r\n",
            field(HeaderName::Via),
            field(HeaderName::From),
            field(HeaderName::To),
            field(HeaderName::CallId),
            field(HeaderName::CSeq)
        );
        finish(head.into_bytes(), name, value, "")
    }
}

fn finish(mut head: Vec<u8>, name: &str, value: &[u8], body: &str) -> Vec<u8> {
    head.extend_from_slice(format!("{name}: ").as_bytes());
    head.extend_from_slice(value);
    head.extend_from_slice(format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    head
}

pub fn local() -> LocalMedia {
    LocalMedia {
        rtp: (flow().local.ip(), 4_000).into(),
        codecs: Codec::ALL.into_iter().collect(),
        direction: Direction::SendRecv,
    }
}
