//! A carrier that offers more than any stack of ours could: calls as bytes, one socket, hardly any state. Each call it is
//! given it acknowledges and hangs up at once. Must never know how many calls are right.

use spillway::endpoint::Spread;
use spillway::wire::sip::{HeaderName, Message, Method, Writer};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Asked of the kernel: answers wait here while INVITEs go out.
const BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// Datagrams read before more are sent.
const READ_AT_ONCE: usize = 256;
/// An INVITE nobody said anything to is sent again after these (RFC 3261 section 17.1.1.2), then given up.
const AGAIN_AFTER: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 9 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/// How far a call has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Unheard,
    Heard,
    Answered,
    Over,
}

#[derive(Clone, Copy)]
struct Call {
    placed: Instant,
    stage: Stage,
}

/// The carrier.
pub struct Carrier {
    socket: UdpSocket,
    us: SocketAddr,
    server: SocketAddr,
    number: &'static str,
    calls: Vec<Call>,
    /// Calls that may have to be offered again: when, which, how often they were.
    again: VecDeque<(Instant, usize, usize)>,
    /// Calls that went from INVITE to the answer to their BYE.
    pub completed: u64,
    /// From INVITE to answer.
    pub setup: Spread,
    /// Calls that did not, by the code they were refused with.
    pub refused: BTreeMap<u16, u64>,
    /// Calls offered as often as may be, without a word.
    pub unheard: u64,
}

impl Carrier {
    /// A carrier at any port of loopback.
    pub fn new(server: SocketAddr, number: &'static str) -> io::Result<Self> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
        socket.set_recv_buffer_size(BUFFER_BYTES)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let socket: UdpSocket = socket.into();
        Ok(Self {
            us: socket.local_addr()?,
            socket,
            server,
            number,
            calls: Vec::new(),
            again: VecDeque::new(),
            completed: 0,
            setup: Spread::default(),
            refused: BTreeMap::new(),
            unheard: 0,
        })
    }

    /// Calls placed.
    pub fn placed(&self) -> u64 {
        self.calls.len() as u64
    }

    /// Calls placed that are not over.
    pub fn open(&self) -> u64 {
        self.placed() - self.completed - self.refused.values().sum::<u64>() - self.unheard
    }

    /// Offers one more call.
    pub fn place(&mut self) {
        let number = self.calls.len();
        let now = Instant::now();
        self.calls.push(Call { placed: now, stage: Stage::Unheard });
        self.again.push_back((now + AGAIN_AFTER[0], number, 0));
        self.invite(number);
    }

    fn invite(&self, number: usize) {
        let Self { us, server, number: dialled, .. } = self;
        let invite = format!(
            "INVITE sip:{dialled}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bKi{number};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+33612345678@{us}>;tag=f{number}\r\nTo: <sip:{dialled}@{server}>\r\n\
             Call-ID: {number}@{us}\r\nCSeq: 1 INVITE\r\nContact: <sip:{us}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}",
            SDP.len()
        );
        self.send(invite.as_bytes());
    }

    /// A full buffer is a datagram lost, as anywhere.
    fn send(&self, bytes: &[u8]) {
        let _ = self.socket.send_to(bytes, self.server);
    }

    /// Reads what has come, offers again what nobody answered. Says whether there was anything to do.
    pub fn turn(&mut self) -> bool {
        let mut buffer = [0; 4_096];
        let mut read = 0;
        while read < READ_AT_ONCE
            && let Ok(length) = self.socket.recv(&mut buffer)
        {
            self.hear(&buffer[..length]);
            read += 1;
        }
        let now = Instant::now();
        while let Some((due, number, times)) = self.again.front().copied().filter(|(due, ..)| *due <= now) {
            self.again.pop_front();
            if self.calls[number].stage != Stage::Unheard {
                continue;
            }
            match AGAIN_AFTER.get(times + 1) {
                // The list stays in order well enough: what is late by a turn is late by a turn.
                Some(after) => {
                    self.again.push_back((due + *after, number, times + 1));
                    self.invite(number);
                }
                None => {
                    self.calls[number].stage = Stage::Over;
                    self.unheard += 1;
                }
            }
        }
        read > 0
    }

    fn hear(&mut self, bytes: &[u8]) {
        let Ok(message) = Message::parse(bytes) else { return };
        let Some(code) = message.code() else { return self.oblige(&message) };
        let Some(number) = message.call_id().ok().and_then(number_of) else { return };
        let Some(call) = self.calls.get(number).copied() else { return };
        let invited = message.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
        let stage = match (invited, code) {
            (true, ..200) if call.stage == Stage::Unheard => Stage::Heard,
            (true, 200..300) => {
                self.say(Method::Ack, number, &message, "a");
                self.say(Method::Bye, number, &message, "b");
                if call.stage < Stage::Answered {
                    self.setup.record(call.placed.elapsed());
                }
                Stage::Answered
            }
            (true, 300..) => {
                self.say(Method::Ack, number, &message, "i");
                if call.stage < Stage::Answered {
                    *self.refused.entry(code).or_default() += 1;
                }
                Stage::Over
            }
            (false, 200..) if call.stage == Stage::Answered => {
                self.completed += 1;
                Stage::Over
            }
            _ => return,
        };
        self.calls[number].stage = stage.max(call.stage);
    }

    /// Whatever is asked of a caller is granted: a BYE that crossed ours, a sign of life.
    fn oblige(&self, request: &Message<'_>) {
        if request.method() == Some(Method::Ack) {
            return;
        }
        let mut writer = Writer::default();
        writer.start_response(200, "OK");
        writer.copy_vias(request, self.server);
        for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
            writer.copy_headers(request, name);
        }
        self.send(&writer.finish());
    }

    fn say(&self, method: Method<'static>, number: usize, answer: &Message<'_>, branch: &str) {
        let Self { us, server, number: dialled, .. } = self;
        let to = String::from_utf8_lossy(answer.header(HeaderName::To).unwrap_or_default());
        let sequence = if method == Method::Bye { 2 } else { 1 };
        let request = format!(
            "{method} sip:{dialled}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {us};branch=z9hG4bK{branch}{number};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+33612345678@{us}>;tag=f{number}\r\nTo: {to}\r\n\
             Call-ID: {number}@{us}\r\nCSeq: {sequence} {method}\r\nContent-Length: 0\r\n\r\n"
        );
        self.send(request.as_bytes());
    }
}

fn number_of(call_id: &[u8]) -> Option<usize> {
    std::str::from_utf8(call_id).ok()?.split('@').next()?.parse().ok()
}
