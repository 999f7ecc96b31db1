//! Plays messages byte for byte to a service, over UDP from the ports their Vias name or over a stream of their own, hears
//! what comes back and acknowledges it. Must never judge.

use crate::place::{CALLERS, Place, SPILLWAY};
use crate::process::until;
use socket2::{Domain, Socket, Type};
use spillway::wire::sip::{Frame, HeaderName, Message, Method, StartLine, Writer, frame};
use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

/// The ports the messages' Vias name: answers go there (RFC 3261 section 18.2.2). The first one sends.
const PORTS: [u16; 5] = [5060, 5050, 5070, 6050, 19823];
/// Signs of life are asked for from here.
const PULSE: u16 = 5076;
/// A sign of life comes within.
const ALIVE_WITHIN: Duration = Duration::from_millis(500);
/// A copy of an answer, or an answer to what should not have been read, comes within.
const QUIET: Duration = Duration::from_millis(60);
/// How often sockets are looked at.
const LOOK: Duration = Duration::from_millis(2);
/// What the branches of our BYEs begin with.
pub const FAREWELL: &[u8] = b"z9hG4bKend";
/// The longest datagram.
const DATAGRAM_BYTES: usize = 65_535;

/// Whoever plays.
pub struct Player {
    us: Ipv4Addr,
    them: SocketAddr,
    sockets: Vec<UdpSocket>,
    pulse: UdpSocket,
    asked: Cell<u32>,
}

/// What a message earned.
#[derive(Default)]
pub struct Heard {
    /// Responses that belong to it, in order.
    pub responses: Vec<Vec<u8>>,
    /// Whatever else came meanwhile.
    pub others: Vec<Vec<u8>>,
    /// Its stream was closed.
    pub closed: bool,
}

impl Heard {
    /// In the manifests' words.
    pub fn word(&self) -> String {
        let codes: Vec<u16> = self.responses.iter().filter_map(|bytes| code(bytes)).collect();
        match (codes.iter().find(|code| **code >= 200), codes.first()) {
            (Some(code), _) => code.to_string(),
            (None, Some(code)) => format!("prov{code}"),
            (None, None) if self.closed => "close".to_owned(),
            (None, None) => "drop".to_owned(),
        }
    }

    /// The first final response.
    pub fn last(&self) -> Option<Message<'_>> {
        let last = self.responses.iter().find(|bytes| code(bytes).is_some_and(|code| code >= 200))?;
        Message::parse(last).ok()
    }

    /// Whether it carried a field, and the field these words.
    pub fn says(&self, name: HeaderName, words: &str) -> bool {
        let value = self.last().and_then(|message| message.header(name));
        value.is_some_and(|value| String::from_utf8_lossy(value).contains(words))
    }
}

/// The code of a response.
pub fn code(bytes: &[u8]) -> Option<u16> {
    Message::parse(bytes).ok()?.code()
}

/// Whether a response is a request's: the same Call-ID and CSeq, byte for byte.
fn belongs(response: &[u8], request: &[u8]) -> bool {
    let (Ok(response), Ok(request)) = (Message::parse(response), Message::parse(request)) else {
        return false;
    };
    let same = |name| response.header(name) == request.header(name);
    !response.is_request() && same(HeaderName::CallId) && same(HeaderName::CSeq)
}

impl Player {
    /// At a place's address for callers.
    pub fn new(place: &Place) -> Self {
        let us = place.ip(CALLERS);
        let bind = |port: u16| {
            let socket = UdpSocket::bind((us, port)).expect("nobody else has this address");
            socket.set_nonblocking(true).expect("a socket option");
            socket
        };
        Self {
            us,
            them: (place.ip(SPILLWAY), 5060).into(),
            sockets: PORTS.map(bind).into(),
            pulse: bind(PULSE),
            asked: Cell::new(0),
        }
    }

    /// Sends a datagram.
    pub fn send(&self, bytes: &[u8]) {
        self.sockets[0].send_to(bytes, self.them).expect("loopback is up");
    }

    /// Every datagram that has come.
    pub fn receive(&self) -> Vec<Vec<u8>> {
        let mut come = Vec::new();
        let mut buffer = [0; DATAGRAM_BYTES];
        for socket in &self.sockets {
            while let Ok(length) = socket.recv(&mut buffer) {
                come.push(buffer[..length].to_vec());
            }
        }
        come
    }

    /// Opens a stream.
    pub fn connect(&self) -> Stream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from((self.us, 0)).into()).expect("an address of loopback");
        socket.connect(&self.them.into()).expect("the service listens");
        socket.set_nonblocking(true).expect("a socket option");
        Stream { socket: socket.into(), unread: Vec::new(), closed: false }
    }

    /// Plays one message and waits for its answer, at most for `patience`; a call that is answered is hung up.
    pub fn play(&self, bytes: &[u8], streamed: bool, patience: Duration) -> Heard {
        let mut way = if streamed { Way::Stream(self.connect()) } else { Way::Datagrams(self) };
        let mut heard = Heard::default();
        way.send(bytes);
        let deadline = Instant::now() + patience;
        let mut quiet = None;
        while Instant::now() < quiet.unwrap_or(deadline) && !heard.closed {
            for come in way.receive() {
                if !belongs(&come, bytes) {
                    heard.others.push(come);
                    continue;
                }
                if quiet.is_none() && code(&come).is_some_and(|code| code >= 200) {
                    quiet = Some(Instant::now() + QUIET);
                    self.end(&mut way, bytes, &come);
                }
                heard.responses.push(come);
            }
            heard.closed = way.is_closed();
            std::thread::sleep(LOOK);
        }
        heard
    }

    /// Acknowledges an answer to an INVITE; when it took the call, hangs up and waits for that to be heard.
    fn end(&self, way: &mut Way<'_>, invite: &[u8], answer: &[u8]) {
        let Some((ack, bye)) = self.farewell(invite, answer) else { return };
        way.send(&ack);
        let Some(bye) = bye else { return };
        way.send(&bye);
        let over = until(Duration::from_secs(2), || {
            way.receive().iter().any(|come| belongs(come, &bye) && code(come) == Some(200)).then_some(())
        });
        assert!(over.is_some(), "no answer to\n{}", String::from_utf8_lossy(&bye));
    }

    /// The ACK to an INVITE's final answer, and the BYE after a 2xx; nothing for other methods.
    pub fn farewell(&self, invite: &[u8], answer: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let (invite, answer) = (Message::parse(invite).ok()?, Message::parse(answer).ok()?);
        let StartLine::Request { method: Method::Invite, uri } = invite.start() else { return None };
        let number = invite.cseq().ok()?.number;
        let accepted = answer.code()? < 300;
        let target = if accepted { answer.contact().ok()??.uri.raw } else { uri };
        let write = |method: Method<'static>, number: u32| {
            let mut writer = Writer::request(method, target);
            if accepted {
                let asked = self.asked.replace(self.asked.get() + 1);
                let transport =
                    if answer.top_via().is_ok_and(|via| via.transport == b"TCP") { "TCP" } else { "UDP" };
                let (us, port, branch) = (self.us, PORTS[0], String::from_utf8_lossy(FAREWELL));
                writer.header_fmt(
                    HeaderName::Via,
                    format_args!("SIP/2.0/{transport} {us}:{port};branch={branch}{asked}"),
                );
            } else if let Some(via) = invite.values(HeaderName::Via).next() {
                writer.header(HeaderName::Via, via);
            }
            writer.header(HeaderName::MaxForwards, "70");
            for (name, of) in
                [(HeaderName::From, &invite), (HeaderName::To, &answer), (HeaderName::CallId, &invite)]
            {
                writer.copy_headers(of, name);
            }
            writer.header_fmt(HeaderName::CSeq, format_args!("{number} {method}"));
            writer.finish().to_vec()
        };
        Some((write(Method::Ack, number), accepted.then(|| write(Method::Bye, number + 1))))
    }

    /// Whether the service gives a sign of life.
    pub fn is_alive(&self) -> bool {
        let (us, them) = (self.us, self.them);
        (0..2).any(|_| {
            let asked = self.asked.replace(self.asked.get() + 1);
            let ask = format!(
                "OPTIONS sip:{them} SIP/2.0\r\nVia: SIP/2.0/UDP {us}:{PULSE};branch=z9hG4bKpulse{asked}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:pulse@{us}>;tag=p{asked}\r\nTo: <sip:{them}>\r\n\
                 Call-ID: pulse{asked}@{us}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            );
            self.pulse.send_to(ask.as_bytes(), them).expect("loopback is up");
            let mut buffer = [0; DATAGRAM_BYTES];
            let deadline = Instant::now() + ALIVE_WITHIN;
            while Instant::now() < deadline {
                match self.pulse.recv(&mut buffer) {
                    Ok(length) if belongs(&buffer[..length], ask.as_bytes()) => return true,
                    Ok(_) => {}
                    Err(_) => std::thread::sleep(LOOK),
                }
            }
            false
        })
    }
}

/// One connection to the service.
pub struct Stream {
    socket: TcpStream,
    unread: Vec<u8>,
    closed: bool,
}

impl Stream {
    /// Sends bytes; a stream that was closed takes none.
    pub fn send(&mut self, bytes: &[u8]) {
        self.closed |= self.socket.write_all(bytes).is_err();
    }

    /// Every whole message that has come.
    pub fn receive(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = [0; DATAGRAM_BYTES];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => self.closed = true,
                Ok(length) => {
                    self.unread.extend_from_slice(&buffer[..length]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => self.closed = true,
            }
            break;
        }
        let mut come = Vec::new();
        loop {
            match frame(&self.unread).expect("the service frames what it says") {
                Frame::Message { len } => come.push(self.unread.drain(..len).collect()),
                Frame::Keepalive { len } => drop(self.unread.drain(..len)),
                Frame::Incomplete => return come,
            }
        }
    }

    /// Whether the service closed it, as far as was read.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }
}

/// How a message goes out and what comes back is heard.
enum Way<'a> {
    Datagrams(&'a Player),
    Stream(Stream),
}

impl Way<'_> {
    fn send(&mut self, bytes: &[u8]) {
        match self {
            Self::Datagrams(player) => player.send(bytes),
            Self::Stream(stream) => stream.send(bytes),
        }
    }

    fn receive(&mut self) -> Vec<Vec<u8>> {
        match self {
            Self::Datagrams(player) => player.receive(),
            Self::Stream(stream) => stream.receive(),
        }
    }

    const fn is_closed(&self) -> bool {
        match self {
            Self::Datagrams(_) => false,
            Self::Stream(stream) => stream.is_closed(),
        }
    }
}
