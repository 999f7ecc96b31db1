//! One end of a call on a real address of either family: says SIP by hand over UDP, speaks one byte for ever, and keeps
//! from where what came to it. Must never judge.

use crate::process::until;
use std::cell::{Cell, RefCell};
use std::net::{SocketAddr, UdpSocket};
use std::thread::sleep;
use std::time::Duration;

/// A stretch of talk: half a second of 20 ms packets.
const PACKETS: u16 = 40;
const EVERY: Duration = Duration::from_millis(20);
const DATAGRAM_BYTES: usize = 65_535;

/// Whoever it is.
pub struct Party {
    sip: UdpSocket,
    rtp: UdpSocket,
    /// A-law, all of what it says.
    pub speaks: u8,
    sent: Cell<u16>,
    /// From where the last message it was asked for came.
    source: Cell<Option<SocketAddr>>,
    /// Heard and not yet asked for.
    waiting: RefCell<Vec<(String, SocketAddr)>>,
}

/// A header field's value; the first, where it is repeated.
pub fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let found = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in\n{message}"))
}

/// Where a session description wants audio.
pub fn told(message: &str) -> SocketAddr {
    let line = |start: &str| {
        let found = message.lines().find_map(|line| line.strip_prefix(start));
        found.unwrap_or_else(|| panic!("no {start} in\n{message}"))
    };
    let port = line("m=audio ").split(' ').next().and_then(|port| port.parse().ok());
    let (kind, ip) = line("c=IN ").split_once(' ').expect("family and address");
    let address = SocketAddr::new(ip.parse().expect("an address"), port.expect("a port"));
    assert_eq!(kind == "IP4", address.is_ipv4(), "{message}");
    address
}

impl Party {
    /// At this address, its audio at the same host.
    pub fn new(at: SocketAddr, speaks: u8) -> Self {
        let bind = |port: u16| {
            let socket = UdpSocket::bind((at.ip(), port)).expect("an address of this machine");
            socket.set_nonblocking(true).expect("a socket option");
            socket
        };
        Self {
            sip: bind(at.port()),
            rtp: bind(0),
            speaks,
            sent: Cell::new(0),
            source: Cell::new(None),
            waiting: RefCell::default(),
        }
    }

    fn at(&self) -> SocketAddr {
        self.sip.local_addr().expect("bound")
    }

    fn say(&self, text: &str, to: SocketAddr) {
        self.sip.send_to(text.as_bytes(), to).expect("loopback is up");
    }

    /// Waits for a message that begins so; each is met once, and so are its copies.
    pub fn hears(&self, start: &str, within: Duration) -> String {
        self.hears_from(start, within).0
    }

    /// The same, and from where.
    pub fn hears_from(&self, start: &str, within: Duration) -> (String, SocketAddr) {
        let heard = until(within, || {
            let mut waiting = self.waiting.borrow_mut();
            let mut buffer = [0; DATAGRAM_BYTES];
            while let Ok((length, source)) = self.sip.recv_from(&mut buffer) {
                waiting.push((String::from_utf8(buffer[..length].to_vec()).expect("text"), source));
            }
            let place = waiting.iter().position(|(text, _)| text.starts_with(start))?;
            let met = waiting.swap_remove(place);
            waiting.retain(|(text, _)| *text != met.0);
            self.source.set(Some(met.1));
            Some(met)
        });
        heard.unwrap_or_else(|| panic!("no {start} within {within:?}: {:?}", self.waiting.borrow()))
    }

    fn description(&self) -> String {
        let at = self.rtp.local_addr().expect("bound");
        let (kind, ip, port) = (if at.is_ipv4() { "IP4" } else { "IP6" }, at.ip(), at.port());
        format!(
            "v=0\r\no=- 1 1 IN {kind} {ip}\r\ns=-\r\nc=IN {kind} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n\
             a=rtpmap:8 PCMA/8000\r\n"
        )
    }

    /// Calls a number; returns what it said.
    pub fn invites(&self, number: &str, service: SocketAddr) -> String {
        self.invites_as("Zoé", number, service)
    }

    /// The same, by this name.
    pub fn invites_as(&self, name: &str, number: &str, service: SocketAddr) -> String {
        let (at, body) = (self.at(), self.description());
        let invite = format!(
            "INVITE sip:{number}@{service} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bKinvite{at}\r\n\
             Max-Forwards: 70\r\nFrom: \"{name}\" <sip:+33384000000@{at}>;tag=caller\r\nTo: <sip:{number}@{service}>\r\n\
             Call-ID: networks-{at}\r\nCSeq: 1 INVITE\r\nContact: <sip:{at}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.say(&invite, service);
        invite
    }

    /// Confirms the answer to its INVITE.
    pub fn acknowledges(&self, invite: &str, answer: &str, service: SocketAddr) {
        self.say(&self.in_dialog("ACK", 1, invite, answer), service);
    }

    /// Hangs up where the service's own Contact can't be reached: on the address its INVITE went to.
    pub fn hangs_up(&self, invite: &str, answer: &str) -> String {
        let bye = self.in_dialog("BYE", 2, invite, answer);
        let uri = invite.split(' ').nth(1).and_then(|uri| uri.split_once('@')).expect("a URI").1;
        self.say(&bye, uri.parse().expect("an address"));
        bye
    }

    fn in_dialog(&self, method: &str, number: u8, invite: &str, answer: &str) -> String {
        let at = self.at();
        let target = field(answer, "Contact").trim_start_matches('<').split('>').next().expect("a URI");
        let (from, to, call_id) = (field(invite, "From"), field(answer, "To"), field(invite, "Call-ID"));
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{method}{at}\r\nMax-Forwards: 70\r\n\
             From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n"
        )
    }

    /// Takes what a request asks for.
    pub fn answers(&self, request: &str) {
        let at = self.at();
        let is_call = request.starts_with("INVITE");
        let body = if is_call { self.description() } else { String::new() };
        let kind = if is_call { "Content-Type: application/sdp\r\n" } else { "" };
        let to = field(request, "To");
        let to = if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag=agent") };
        let response = format!(
            "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <sip:{at}>\r\n\
             {kind}Content-Length: {}\r\n\r\n{body}",
            field(request, "Via"),
            field(request, "From"),
            field(request, "Call-ID"),
            field(request, "CSeq"),
            body.len()
        );
        // `rport`: back to where it came from, which its Via need not name.
        let source = self.source.get().expect("heard something");
        self.say(&response, source);
    }

    /// Both speak to these addresses for a while; what each heard meanwhile: from where, and the byte.
    pub fn talk(ends: [(&Self, SocketAddr); 2]) -> [Vec<(SocketAddr, u8)>; 2] {
        let mut heard = [Vec::new(), Vec::new()];
        for _ in 0..PACKETS {
            for (party, to) in ends {
                party.speak(to);
            }
            sleep(EVERY);
            for (packets, (party, _)) in heard.iter_mut().zip(ends) {
                let mut buffer = [0; DATAGRAM_BYTES];
                while let Ok((length, source)) = party.rtp.recv_from(&mut buffer) {
                    packets.push((source, buffer[length - 1]));
                }
            }
        }
        heard
    }

    fn speak(&self, to: SocketAddr) {
        let number = self.sent.replace(self.sent.get() + 1);
        let mut packet = [self.speaks; 172];
        packet[..12].fill(0);
        packet[..2].copy_from_slice(&[0x80, 8]);
        packet[2..4].copy_from_slice(&number.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(number) * 160).to_be_bytes());
        packet[8..12].fill(self.speaks);
        self.rtp.send_to(&packet, to).expect("loopback is up");
    }
}
