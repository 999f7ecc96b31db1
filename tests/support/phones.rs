//! The whole engine between a trunk and phones that register, in virtual time: what they say is written by hand, media
//! threads are stood in for. Must never read a clock.

pub mod dialogs;
mod site;
mod switchboard;
mod words;

use self::words::{address, credentials, header, host, reply, response, status, tag_of};
use super::plan::{PROMPT, plan};
use super::sim::wired::engine_config;
use super::traced::Traced;
use spillway::base::{Flow, JournalSeq, Moment, Now, Random, Transport, TrunkId, Utc};
use spillway::call::Record;
use spillway::engine::core::Channels;
use spillway::engine::{Effect, Engine, EngineConfig, Event, Observation};
use spillway::media::{Command, Event as MediaEvent, PortId, StreamStats};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A number that queues whatever happens, and one whose queue has somewhere else to send its callers.
pub const SITE: &str = r#"
[queue.patiente]
via      = "phones"
agents   = { nadia = 201 }
overflow = [{ after = "120s", to = "rappelez" }]

[queue.pressee]
via      = "phones"
agents   = { nadia = 201 }
nobody   = "rappelez"
overflow = [{ after = "120s", to = "rappelez" }]

[flow.un]
steps = [{ go = "patiente" }]
[flow.deux]
steps = [{ go = "pressee" }]

[number."03 84 96 13 70"]
flow = "un"
[number."03 84 96 13 71"]
flow = "deux"

[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "Merci de rappeler."
"#;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0\r\n";
const REALM: &str = "spillway";
const PASSWORD: &str = "s3cret";
const TRUNK: &str = "198.51.100.1:5070";

/// A phone.
#[derive(Clone, Debug)]
pub struct Desk {
    transport: Transport,
    remote: SocketAddr,
    extension: String,
}

impl Desk {
    /// A phone with this extension that speaks from here, behind an address translation.
    pub fn at(remote: &str, extension: &str) -> Self {
        Self::over(Transport::Udp, remote, extension)
    }

    /// The same, that speaks so.
    pub fn over(transport: Transport, remote: &str, extension: &str) -> Self {
        Self { transport, remote: address(remote), extension: extension.into() }
    }

    fn contact(&self) -> String {
        if !self.transport.leads_anywhere() {
            return format!("sip:{}@{};transport=ws", self.extension, host(self.transport, self.remote));
        }
        let last = self.remote.ip().to_string();
        let last = last.rsplit('.').next().expect("an IPv4 address");
        format!("sip:{}@10.0.0.{last}:5060", self.extension)
    }

    fn flow(&self) -> Flow {
        Flow { transport: self.transport, local: address("192.0.2.1:5060"), remote: self.remote }
    }
}

/// The world.
pub struct World {
    engine: Engine,
    now: Now,
    n: u32,
    sent: Vec<(SocketAddr, String)>,
    replies: VecDeque<(Flow, String)>,
    heard: VecDeque<MediaEvent>,
    stored: VecDeque<JournalSeq>,
    tags: BTreeMap<PortId, u64>,
    playing: BTreeMap<PortId, (Moment, u64)>,
    records: Vec<Arc<Record>>,
    proved: Vec<Flow>,
    pub traced: Traced,
    boards: switchboard::Switchboard,
}

impl World {
    /// Phones 201 and 202, which may not dial out.
    pub fn new(site: &str) -> Self {
        Self::of(site, |_| {})
    }

    /// The same, on a trunk that carries so many calls.
    pub fn with_channels(site: &str, total: u32) -> Self {
        Self::of(site, |config| config.trunks[0].line.channels = Channels::Limited { total, keep_out: 0 })
    }

    /// The same, and phones may dial out over it.
    pub fn with_outside(site: &str, total: u32) -> Self {
        Self::of(site, |config| {
            config.trunks[0].line.channels = Channels::Limited { total, keep_out: 0 };
            config.phones.as_mut().expect("phones").outside = Some(TrunkId(0));
        })
    }

    /// The same, whose engine is told something else.
    pub fn of(site: &str, wire: impl FnOnce(&mut EngineConfig)) -> Self {
        let mut config = engine_config(&Arc::new(plan(site)), false);
        config.boards = switchboard::BOARDS;
        config.phones = Some(site::phones());
        wire(&mut config);
        let now = Now { moment: Moment::from_millis(1_000), utc: Utc::from_micros(1_773_046_800_000_000) };
        let mut world = Self {
            engine: Engine::new(now, config, Random::from_number(7)),
            now,
            n: 0,
            sent: Vec::new(),
            replies: VecDeque::new(),
            heard: VecDeque::new(),
            stored: VecDeque::new(),
            tags: BTreeMap::new(),
            playing: BTreeMap::new(),
            records: Vec::new(),
            proved: Vec::new(),
            traced: Traced::default(),
            boards: switchboard::Switchboard::default(),
        };
        world.settle();
        world
    }

    /// A phone registers, and answers the challenge.
    pub fn register(&mut self, desk: &Desk) {
        let contact = format!("Contact: <{}>\r\n", desk.contact());
        let answer = self.prove(desk, "REGISTER", "sip:spillway", &contact, "");
        assert_eq!(answer, "200 OK");
    }

    /// Its connection is lost.
    pub fn loses(&mut self, desk: &Desk) {
        self.tell(Event::FlowLost(desk.flow()));
    }

    /// A phone dials, and answers the challenge.
    pub fn dials(&mut self, desk: &Desk, number: &str) {
        self.dials_with(desk, number, "");
    }

    /// The same, with more header lines.
    pub fn dials_with(&mut self, desk: &Desk, number: &str, more: &str) {
        let extra = format!("Contact: <{}>\r\n{more}Content-Type: application/sdp\r\n", desk.contact());
        self.prove(desk, "INVITE", &format!("sip:{number}@spillway"), &extra, &desk.sdp());
    }

    /// A phone wants to know what another extension does.
    pub fn watches(&mut self, desk: &Desk, extension: &str) -> String {
        let extra = format!("Contact: <{}>\r\nEvent: dialog\r\nExpires: 600\r\n", desk.contact());
        self.prove(desk, "SUBSCRIBE", &format!("sip:{extension}@spillway"), &extra, "")
    }

    /// What a phone was told, in order: states of whom it watches.
    pub fn lamps(&self, desk: &Desk) -> Vec<String> {
        let told = self.sent.iter().filter(|(to, text)| *to == desk.remote && text.starts_with("NOTIFY"));
        let state = |(_, text): &(SocketAddr, String)| {
            let state = text.split("<state>").nth(1).and_then(|rest| rest.split('<').next());
            state.expect("a state").to_owned()
        };
        told.map(state).collect()
    }

    /// Somebody who has no password dials.
    pub fn stranger_invites(&mut self, number: &str) {
        let stranger = Desk::at("203.0.113.66:5060", "201");
        self.n += 1;
        let text = self.request(&stranger, "INVITE", &format!("sip:{number}@spillway"), "", SDP);
        self.say(stranger.flow(), &text);
    }

    /// A caller of the public network dials a number of ours.
    pub fn trunk_invites(&mut self, number: &str) {
        self.trunk_invites_from("+33612345678", number);
    }

    /// The same, from a number of their own.
    pub fn trunk_invites_from(&mut self, caller: &str, number: &str) {
        self.n += 1;
        let extra = format!("Contact: <sip:{TRUNK}>\r\nContent-Type: application/sdp\r\n");
        let caller = Desk::at(TRUNK, caller);
        let text = self.request(&caller, "INVITE", &format!("sip:{number}@192.0.2.1"), &extra, SDP);
        self.say(caller.flow(), &text);
    }

    /// A phone says that it rings.
    pub fn rings(&mut self, desk: &Desk) {
        self.respond(desk, "180 Ringing", "");
    }

    /// A phone answers.
    pub fn answers(&mut self, desk: &Desk) {
        self.respond(desk, "200 OK", &desk.sdp());
    }

    /// A phone refuses.
    pub fn refuses(&mut self, desk: &Desk, code: &str) {
        self.respond(desk, code, "");
    }

    /// A phone sends its caller on to another extension.
    pub fn names(&mut self, desk: &Desk, extension: &str) {
        let invite = self.last_invite_to(desk).expect("rung");
        let (code, contact) = ("302 Moved Temporarily", format!("sip:{extension}@spillway"));
        let text = response(&invite, code, &tag_of(desk), &contact, "");
        self.say(desk.flow(), &text);
    }

    /// Somebody writes a phone's name, and its network's address, on a call with a wrong password.
    pub fn guesses(&mut self, remote: &str) {
        let guess = "Authorization: Digest username=\"201\", realm=\"spillway\", nonce=\"0\", uri=\"sip:112@spillway\", \
                     algorithm=MD5, response=\"00000000000000000000000000000000\"\r\n";
        self.n += 1;
        let stranger = Desk::at(remote, "201");
        self.say(stranger.flow(), &self.request(&stranger, "INVITE", "sip:112@spillway", guess, ""));
    }

    /// Whoever dialled last gives up: the call was taken elsewhere.
    pub fn gives_up(&mut self, desk: &Desk, number: &str) {
        let (uri, reason) = (format!("sip:{number}@spillway"), "Reason: SIP;cause=200\r\n");
        self.say(desk.flow(), &self.request(desk, "CANCEL", &uri, reason, ""));
    }

    /// The public network refuses what was sent to it last.
    pub fn trunk_refuses(&mut self, code: &str) {
        self.refuses(&Desk::at(TRUNK, "target"), code);
    }

    /// The public network answers what was sent to it last.
    pub fn trunk_answers(&mut self) {
        self.answers(&Desk::at(TRUNK, "target"));
    }

    /// A phone hangs up the call it answered.
    pub fn hangs_up(&mut self, desk: &Desk) {
        self.says(desk, "BYE", 900, "");
    }

    /// A phone says something in the call it answered.
    pub fn says(&mut self, desk: &Desk, method: &str, cseq: u32, more: &str) {
        let invite = self.last_invite_to(desk).expect("rung");
        self.n += 1;
        let text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bKb{};rport\r\nMax-Forwards: 70\r\nFrom: {};tag={}\r\n\
             To: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n{more}Content-Length: 0\r\n\r\n",
            "sip:192.0.2.1:5060",
            desk.remote,
            self.n,
            header(&invite, "To"),
            tag_of(desk),
            header(&invite, "From"),
            header(&invite, "Call-ID"),
        );
        self.say(desk.flow(), &text);
    }

    /// No new calls from here on.
    pub fn stop_accepting(&mut self) {
        self.tell(Event::StopAccepting);
    }

    /// Lets time pass.
    pub fn wait_ms(&mut self, millis: u64) {
        let until = self.now.moment + Duration::from_millis(millis);
        loop {
            let ends = self.playing.values().map(|(at, _)| *at);
            let next = self.engine.poll_timeout().map(|(at, _)| at).into_iter().chain(ends).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.later(next.since(self.now.moment));
            let over: Vec<_> = self.playing.extract_if(.., |_, (at, _)| *at <= next).collect();
            for (port, (_, token)) in over {
                self.heard.push_back(MediaEvent::PlayEnded { port, tag: self.tags[&port], token });
            }
            self.engine.handle_timeout(self.now);
            self.settle();
        }
        self.now = self.now.later(until.since(self.now.moment));
    }

    /// INVITEs sent to phones, copies left out.
    pub fn invites(&self) -> usize {
        let to_phone =
            |(to, text): &&(SocketAddr, String)| *to != address(TRUNK) && text.starts_with("INVITE");
        self.sent.iter().filter(to_phone).map(|(_, text)| header(text, "Via")).collect::<BTreeSet<_>>().len()
    }

    /// The last INVITE a phone got.
    pub fn last_invite_to(&self, desk: &Desk) -> Option<String> {
        self.last_to(desk, "INVITE")
    }

    /// The last request of this method a phone got.
    pub fn last_to(&self, desk: &Desk, method: &str) -> Option<String> {
        let mut sent = self.sent.iter().rev();
        sent.find(|(to, text)| *to == desk.remote && text.starts_with(method)).map(|(_, text)| text.clone())
    }

    /// The last request of this method the trunk got.
    pub fn last_to_trunk(&self, method: &str) -> Option<String> {
        self.last_to(&Desk::at(TRUNK, "target"), method)
    }

    /// What a phone's last INVITE was last answered.
    pub fn last_answer_to(&self, desk: &Desk) -> String {
        let is_answer = |(to, text): &&(SocketAddr, String)| {
            *to == desk.remote && text.starts_with("SIP/2.0") && header(text, "CSeq").ends_with("INVITE")
        };
        self.sent.iter().rev().find(is_answer).map(|(_, text)| status(text)).expect("answered")
    }

    /// Whether a phone's connection may be silent.
    pub fn may_be_silent(&self, desk: &Desk) -> bool {
        self.proved.contains(&desk.flow())
    }

    /// Records written.
    pub fn records(&self) -> usize {
        self.records.len()
    }

    /// Calls of which anything is left.
    pub fn calls(&self) -> usize {
        self.engine.core().call_count()
    }

    /// Transactions and timers of signaling.
    pub fn state(&self) -> (usize, usize) {
        (self.engine.stack().transactions(), self.engine.stack().timers())
    }

    /// Channels taken, the phones' included.
    pub fn channels_taken(&self) -> u32 {
        self.engine.core().channels_taken()
    }

    /// Nothing of any call is left.
    pub fn is_at_rest(&self) {
        let engine = &self.engine;
        assert_eq!(
            (
                engine.leg_count(),
                engine.stack().legs(),
                engine.ports().lent(),
                self.calls(),
                self.channels_taken()
            ),
            (0, 0, 0, 0, 0)
        );
    }

    /// Says something that is challenged, then the same with credentials; gives the answer.
    fn prove(&mut self, desk: &Desk, method: &str, uri: &str, extra: &str, body: &str) -> String {
        self.n += 1;
        let text = self.request(desk, method, uri, extra, body);
        self.say(desk.flow(), &text);
        let challenge = self.sent.last().expect("challenged").1.clone();
        assert_eq!(status(&challenge), "401 Unauthorized");
        self.n += 1;
        let credentials = credentials(&challenge, &desk.extension, method, uri);
        let text = self.request(desk, method, uri, &format!("{extra}{credentials}"), body);
        self.say(desk.flow(), &text);
        // What the answer sets off, a ring, comes after it.
        let is_answer =
            |(to, text): &&(SocketAddr, String)| *to == desk.remote && text.starts_with("SIP/2.0");
        self.sent.iter().rev().find(is_answer).map(|(_, text)| status(text)).expect("answered")
    }

    fn request(&self, desk: &Desk, method: &str, uri: &str, extra: &str, body: &str) -> String {
        let n = self.n;
        let from = format!("<sip:{}@spillway>", desk.extension);
        let to = if method == "REGISTER" { from.clone() } else { format!("<{uri}>") };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{} {};branch=z9hG4bKn{n};rport\r\nMax-Forwards: 70\r\n\
             From: {from};tag=f{n}\r\nTo: {to}\r\nCall-ID: c{}\r\nCSeq: {n} {method}\r\n{extra}Content-Length: {}\r\n\r\n{body}",
            desk.transport.via_name(),
            host(desk.transport, desk.remote),
            n / 2,
            body.len()
        )
    }

    /// Answers the last INVITE a far end got.
    fn respond(&mut self, desk: &Desk, code: &str, body: &str) {
        let invite = self.last_invite_to(desk).expect("rung");
        let text = response(&invite, code, &tag_of(desk), &desk.contact(), body);
        self.say(desk.flow(), &text);
    }

    fn say(&mut self, flow: Flow, text: &str) {
        self.tell(Event::Sip { flow, bytes: text.as_bytes() });
    }

    fn tell(&mut self, event: Event) {
        self.traced.event(self.now, &event);
        self.engine.handle(self.now, event);
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            if let Some(effect) = self.engine.poll() {
                self.effect(effect);
            } else if let Some(event) = self.heard.pop_front() {
                self.engine.handle(self.now, Event::Media(event));
            } else if let Some(seq) = self.stored.pop_front() {
                self.engine.handle(self.now, Event::Stored(seq));
            } else if let Some((flow, text)) = self.replies.pop_front() {
                let event = Event::Sip { flow, bytes: text.as_bytes() };
                self.traced.event(self.now, &event);
                self.engine.handle(self.now, event);
            } else {
                return;
            }
        }
    }

    fn effect(&mut self, effect: Effect) {
        self.traced.effect(self.now, &effect);
        match effect {
            Effect::Send { flow, bytes } => {
                let text = String::from_utf8(bytes.to_vec()).expect("text");
                self.replies.extend(reply(&text).map(|reply| (flow, reply)));
                self.sent.push((flow.remote, text));
            }
            Effect::Prove { flow } => self.proved.push(flow),
            Effect::Reuse { flow, address } => {
                panic!("no trunk here is reached over TLS: {flow:?} {address}")
            }
            Effect::Distrust { flow } | Effect::Close { flow } => {
                self.proved.retain(|proved| *proved != flow)
            }
            Effect::Resolve(question) => panic!("every peer here has an address: {question:?}"),
            Effect::Media(command) => self.carry_out(command),
            Effect::Observe(Observation::Fact(entry)) => self.stored.push_back(entry.seq),
            Effect::Observe(Observation::Recorded(record)) => self.records.push(record),
            Effect::Observe(Observation::Fault { what }) => panic!("{what}"),
            Effect::Observe(_) => {}
        }
    }

    fn carry_out(&mut self, command: Command) {
        self.boards.command(self.now.moment, &command);
        self.playing.remove(&command.port());
        match command {
            Command::Open { port } => self.heard.push_back(MediaEvent::Opened { port }),
            Command::Close { port } => self.heard.push_back(MediaEvent::Closed { port }),
            Command::Attach { port, tag, .. } => {
                self.tags.insert(port, tag);
            }
            Command::Play { port, token, repeat: false, .. } => {
                self.playing.insert(port, (self.now.moment + PROMPT, token));
            }
            Command::Release { port } => {
                let tag = self.tags.remove(&port).expect("only lent ports are released");
                self.heard.push_back(MediaEvent::Stats { port, tag, stats: StreamStats::default() });
                self.heard.push_back(MediaEvent::Closed { port });
            }
            Command::Connect { .. }
            | Command::Play { .. }
            | Command::Tone { .. }
            | Command::Quiet { .. }
            | Command::Fill { .. }
            | Command::Unfill { .. } => {}
        }
    }
}
