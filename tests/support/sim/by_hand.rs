//! A whole engine in virtual time, and around it peers whose every word is written out by the story: for what no station
//! of our own would say. Audio ports open at once and carry nothing.

use super::wired::site;
use crate::support::plan::plan;
use spillway::base::dns::{Answer, Question, Silent};
use spillway::base::{Flow, Now, Random, Transport};
use spillway::call::Record;
use spillway::engine::{Effect, Engine, EngineConfig, Event, Observation};
use spillway::media::{self, PortId};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Something the engine said.
#[derive(Clone, Debug)]
pub struct Said {
    /// When, ms since the start.
    pub at_ms: u64,
    /// To whom.
    pub to: SocketAddr,
    /// What.
    pub text: String,
}

impl Said {
    /// The first line.
    pub fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The method of a request, or the code of a response.
    pub fn what(&self) -> &str {
        let line = self.first_line();
        line.strip_prefix("SIP/2.0 ").unwrap_or(line).split(' ').next().unwrap_or_default()
    }

    /// Every value of a header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let start = format!("{name}: ");
        self.text.lines().filter_map(|line| line.strip_prefix(start.as_str())).collect()
    }

    /// A header's first value.
    pub fn header(&self, name: &str) -> &str {
        self.headers(name).first().copied().unwrap_or_default()
    }
}

/// The engine and what it did.
pub struct ByHand {
    now: Now,
    started: Now,
    engine: Engine,
    /// Everything said.
    pub said: Vec<Said>,
    /// Records of calls that are over.
    pub records: Vec<Arc<Record>>,
    /// What the DNS was asked, in order.
    pub asked: Vec<Question>,
    /// Everything else that was observed.
    pub observed: Vec<Observation>,
}

/// Audio a far end offers or answers with.
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n\
    m=audio 30000 RTP/AVP 8\r\n";

/// The IPBX, from which callers come.
pub const IPBX: &str = "203.0.113.1:5080";

impl ByHand {
    /// An engine for a site; `wire` changes what it is told.
    pub fn new(site: &str, wire: impl FnOnce(&mut EngineConfig)) -> Self {
        let plan = Arc::new(plan(site));
        let now = Now {
            moment: spillway::base::Moment::from_millis(1_000),
            utc: super::in_paris(super::MONDAY_MORNING),
        };
        let mut config = site::engine(&plan, false);
        wire(&mut config);
        let engine = Engine::new(now, config, Random::from_number(5));
        let mut world = Self {
            now,
            started: now,
            engine,
            said: Vec::new(),
            records: Vec::new(),
            asked: Vec::new(),
            observed: Vec::new(),
        };
        world.settle();
        world
    }

    /// A far end says something.
    pub fn says(&mut self, from: &str, text: &str) {
        let remote = from.parse().expect("an address");
        let flow = Flow { transport: Transport::Udp, local: site::SIP, remote };
        self.engine.handle(self.now, Event::Sip { flow, bytes: text.as_bytes() });
        self.settle();
    }

    /// A path can't be sent on.
    pub fn path_lost(&mut self, to: &str) {
        let remote = to.parse().expect("an address");
        self.engine
            .handle(self.now, Event::FlowLost(Flow { transport: Transport::Udp, local: site::SIP, remote }));
        self.settle();
    }

    /// Somebody calls from `from`; `more` are further header lines, each with its end.
    pub fn calls(&mut self, from: &str, number: &str, caller: &str, call_id: &str, more: &str) {
        let invite = format!(
            "INVITE sip:{number}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{call_id};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{caller}@{from}>;tag=t{call_id}\r\nTo: <sip:{number}@192.0.2.1>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:{from}>\r\n{more}\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}",
            SDP.len()
        );
        self.says(from, &invite);
    }

    /// Whoever called so gives up.
    pub fn gives_up(&mut self, from: &str, number: &str, caller: &str, call_id: &str) {
        let cancel = format!(
            "CANCEL sip:{number}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{call_id};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{caller}@{from}>;tag=t{call_id}\r\nTo: <sip:{number}@192.0.2.1>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"
        );
        self.says(from, &cancel);
    }

    /// A far end answers a request of the engine's.
    pub fn answers(&mut self, request: &Said, code: &str, more: &str) {
        let body = if code.starts_with('2') && request.what() == "INVITE" { SDP } else { "" };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let tag = if code.starts_with("100") { "" } else { ";tag=far" };
        let from = request.to.to_string();
        let text = format!(
            "SIP/2.0 {code}\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
             Contact: <sip:{from}>\r\n{more}{kind}Content-Length: {}\r\n\r\n{body}",
            request.header("Via"),
            request.header("From"),
            request.header("To"),
            request.header("Call-ID"),
            request.header("CSeq"),
            body.len()
        );
        self.says(&from, &text);
    }

    /// The DNS answers the last question.
    pub fn dns_says(&mut self, answer: Result<Answer, Silent>) {
        let question = self.asked.last().cloned().expect("a question");
        self.engine.handle(self.now, Event::Resolved { question, answer });
        self.settle();
    }

    /// The service ends whatever goes on.
    pub fn ends(&mut self) {
        self.engine.handle(self.now, Event::StopAccepting);
        self.engine.handle(self.now, Event::EndAll);
        self.settle();
    }

    /// Time passes.
    pub fn wait_ms(&mut self, millis: u64) {
        let until = self.now.moment + Duration::from_millis(millis);
        while let Some((at, _)) = self.engine.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = self.now.later(at.since(self.now.moment));
            self.engine.handle_timeout(self.now);
            self.settle();
        }
        self.now = self.now.later(until.since(self.now.moment));
    }

    /// Milliseconds since the start.
    pub fn at_ms(&self) -> u64 {
        u64::try_from(self.now.moment.since(self.started.moment).as_millis()).expect("a short story")
    }

    /// Every request or response of this kind said to `to`, copies left out.
    pub fn said_to(&self, to: &str, what: &str) -> Vec<Said> {
        let to: SocketAddr = to.parse().expect("an address");
        let mut heard: Vec<Said> = Vec::new();
        for said in self.said.iter().filter(|said| said.to == to && said.what() == what) {
            if !heard.iter().any(|before| before.text == said.text) {
                heard.push(said.clone());
            }
        }
        heard
    }

    /// The last INVITE said to `to`.
    pub fn invite_to(&self, to: &str) -> Said {
        self.said_to(to, "INVITE").pop().unwrap_or_else(|| panic!("{to} was not asked: {:#?}", self.lines()))
    }

    /// Why calls went to a next peer.
    pub fn failovers(&self) -> Vec<&'static str> {
        let why = |seen: &Observation| match seen {
            Observation::Failover { why, .. } => Some(*why),
            _ => None,
        };
        self.observed.iter().filter_map(why).collect()
    }

    /// First lines of everything said, for a failure.
    pub fn lines(&self) -> Vec<String> {
        self.said.iter().map(|said| format!("{} {} {}", said.at_ms, said.to, said.first_line())).collect()
    }

    /// Nothing is left of any call.
    pub fn is_at_rest(&self) -> bool {
        (self.engine.leg_count(), self.engine.core().call_count(), self.engine.stack().legs()) == (0, 0, 0)
    }

    fn settle(&mut self) {
        let mut events: VecDeque<media::Event> = VecDeque::new();
        loop {
            if let Some(effect) = self.engine.poll() {
                self.effect(effect, &mut events);
            } else if let Some(event) = events.pop_front() {
                self.engine.handle(self.now, Event::Media(event));
            } else {
                return;
            }
        }
    }

    fn effect(&mut self, effect: Effect, events: &mut VecDeque<media::Event>) {
        match effect {
            Effect::Send { flow, bytes } => {
                let text = String::from_utf8(bytes.to_vec()).expect("text");
                self.said.push(Said { at_ms: self.at_ms(), to: flow.remote, text });
            }
            Effect::Media(media::Command::Open { port }) => events.push_back(media::Event::Opened { port }),
            Effect::Media(media::Command::Release { port } | media::Command::Close { port }) => {
                events.push_back(closed(port));
            }
            Effect::Media(_) => {}
            Effect::Resolve(question) => self.asked.push(question),
            Effect::Prove { flow }
            | Effect::Distrust { flow }
            | Effect::Close { flow }
            | Effect::Reuse { flow, .. } => {
                panic!("no phone registers here, least of all over {flow:?}")
            }
            Effect::Observe(Observation::Recorded(record)) => self.records.push(record),
            Effect::Observe(Observation::Fault { what }) => panic!("{what}"),
            Effect::Observe(seen) => self.observed.push(seen),
        }
    }
}

const fn closed(port: PortId) -> media::Event {
    media::Event::Closed { port }
}
