//! SIP as it crosses the engine's boundary, read by a reader of its own: lines and colons, nothing of ours.

use super::super::ladder::Ladder;
use crate::support::traced::Traced;
use spillway::base::limits::STORED_WAIT;
use spillway::base::{JournalSeq, Moment};
use spillway::signaling::CROSSINGS;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Headers that are a message's own business, lower case.
const OWN: [&str; 35] = [
    "accept",
    "accept-encoding",
    "alert-info",
    "allow",
    "authorization",
    "call-id",
    "call-info",
    "contact",
    "content-length",
    "content-type",
    "cseq",
    "event",
    "expires",
    "min-se",
    "proxy-authorization",
    "rack",
    "reason",
    "record-route",
    "refer-sub",
    "referred-by",
    "require",
    "retry-after",
    "route",
    "rseq",
    "session-expires",
    "subscription-state",
    "supported",
    "timestamp",
    "to",
    "unsupported",
    "user-agent",
    "server",
    "via",
    "warning",
    "www-authenticate",
];

/// What has been said.
#[derive(Debug)]
pub struct Watch {
    /// Final responses of ours, by the transaction they answer.
    finals: BTreeMap<(String, String), Vec<u8>>,
    /// The highest CSeq of ours, by dialog.
    sequences: BTreeMap<(String, String), u32>,
    /// 2xx to INVITEs of ours, by Call-ID and To tag, and whether the last one has been acknowledged.
    accepted: BTreeMap<(String, String), bool>,
    /// Initial INVITEs of ours.
    invites: Vec<Spoken>,
    /// What we answered callers' INVITEs with, and our tag in it, by Call-ID.
    answers: BTreeMap<String, (u16, String)>,
    known_requests: BTreeSet<(String, String)>,
    /// The journal is on disk up to here.
    stored: JournalSeq,
    /// BYEs of theirs: when they came, and the last fact they caused.
    byes: BTreeMap<String, (Moment, JournalSeq)>,
    said: Vec<Said>,
    pub traced: Traced,
    /// What we said, word for word; only where a story listens in.
    ours: Option<Vec<Spoken>>,
}

/// One message, as far as telling how a call ended needs it.
#[derive(Debug)]
pub struct Said {
    pub at: Moment,
    /// Whether Spillway said it.
    pub ours: bool,
    pub peer: SocketAddr,
    pub call_id: String,
    pub method: String,
    /// The status code of a response.
    pub code: Option<u16>,
    /// Whose number From shows.
    pub caller: String,
    /// The Request-URI's user.
    pub dialled: String,
}

impl Said {
    fn new(at: Moment, ours: bool, peer: SocketAddr, spoken: &Spoken) -> Self {
        let (call_id, method) = (spoken.call_id(), spoken.method().to_owned());
        let (caller, dialled) = (user(spoken.need("From")).to_owned(), spoken.dialled().to_owned());
        Self { at, ours, peer, call_id, method, code: spoken.code(), caller, dialled }
    }

    /// Whether it is a request of this method.
    pub fn is_request(&self, method: &str) -> bool {
        self.code.is_none() && self.method == method
    }
}

fn user(uri: &str) -> &str {
    uri.split("sip:").nth(1).and_then(|rest| rest.split('@').next()).unwrap_or_default()
}

/// A SIP message, taken apart by hand.
#[derive(Clone, Debug)]
pub struct Spoken {
    start: String,
    headers: Vec<(String, String)>,
}

impl Spoken {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let head = text.split("\r\n\r\n").next().expect("a first part");
        let mut lines = head.split("\r\n");
        let start = lines.next().expect("a first line").to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_lowercase(), value.trim().to_owned()))
        };
        Self { start, headers: lines.filter_map(header).collect() }
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// The headers of this name, in order.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let name = name.to_lowercase();
        self.headers.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The names of all headers, lower case.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| name.as_str())
    }

    /// The user of the Request-URI.
    pub fn dialled(&self) -> &str {
        let uri = self.start.split(' ').nth(1).unwrap_or_default();
        uri.trim_start_matches("sip:").split('@').next().unwrap_or_default()
    }

    /// 17: no message of ours has a header that is neither its own business nor on the list of those that cross, and
    /// what crosses has no control bytes. What a response copies of its request goes back to whoever wrote it.
    fn is_listed(&self, bytes: &[u8]) {
        for name in self.header_names() {
            let crosses =
                CROSSINGS.iter().any(|crossing| crossing.header.as_str().eq_ignore_ascii_case(name));
            assert!(crosses || OWN.contains(&name), "{name} is on no list: {}", self.start);
        }
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n\r\n").next().unwrap_or_default().split("\r\n");
        let is_clean = self.code().is_some() || lines.all(|line| !line.contains(char::is_control));
        assert!(is_clean, "control bytes in {text:?}");
    }

    pub fn need(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| panic!("{} without {name}", self.start))
    }

    /// The status code of a response.
    pub fn code(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()
    }

    fn method(&self) -> &str {
        self.need("CSeq").split(' ').next_back().expect("a method")
    }

    pub fn sequence(&self) -> u32 {
        self.need("CSeq").split(' ').next().and_then(|text| text.parse().ok()).expect("a number")
    }

    pub fn tag(&self, header: &str) -> String {
        let value = self.need(header);
        value.split(";tag=").nth(1).map_or("", |rest| rest.split(';').next().unwrap_or(rest)).to_owned()
    }

    fn branch(&self) -> String {
        let via = self.need("Via");
        via.split(";branch=")
            .nth(1)
            .map_or("", |rest| rest.split([';', ',']).next().unwrap_or(rest))
            .to_owned()
    }

    fn call_id(&self) -> String {
        self.need("Call-ID").to_owned()
    }
}

impl Watch {
    pub(super) fn new() -> Self {
        let (finals, sequences, accepted, invites) = Default::default();
        let (answers, known_requests, byes, said) = Default::default();
        Self {
            finals,
            sequences,
            accepted,
            invites,
            answers,
            known_requests,
            stored: JournalSeq(0),
            byes,
            said,
            traced: Traced::default(),
            ours: None,
        }
    }

    /// Keeps what we say from now on.
    pub fn listen_in(&mut self) {
        self.ours = Some(Vec::new());
    }

    /// Requests of ours of this method, and answers of ours to theirs, since the story listens in.
    pub fn ours<'a>(&'a self, method: &'a str) -> impl DoubleEndedIterator<Item = &'a Spoken> {
        self.ours.iter().flatten().filter(move |spoken| spoken.method() == method)
    }

    pub(super) fn stored(&mut self, seq: JournalSeq) {
        self.stored = self.stored.max(seq);
    }

    /// The engine has taken a message; everything it caused is in the journal up to `seq`.
    pub(super) fn caused(&mut self, at: Moment, bytes: &[u8], seq: JournalSeq) {
        if bytes.starts_with(b"BYE ") {
            self.byes.entry(Spoken::read(bytes).branch()).or_insert((at, seq));
        }
    }

    pub(super) fn received(&mut self, at: Moment, from: SocketAddr, bytes: &[u8], ladder: &mut Ladder) {
        let spoken = Spoken::read(bytes);
        ladder.line(at, &format!("<- {from}"), &spoken.start);
        self.said.push(Said::new(at, false, from, &spoken));
        match spoken.code() {
            Some(200..=299) if spoken.method() == "INVITE" => {
                self.accepted.insert((spoken.call_id(), spoken.tag("To")), false);
            }
            Some(_) => {}
            None => {
                self.known_requests.insert((spoken.branch(), spoken.method().to_owned()));
            }
        }
    }

    pub(super) fn sent(&mut self, at: Moment, to: SocketAddr, bytes: &[u8], ladder: &mut Ladder) {
        let spoken = Spoken::read(bytes);
        ladder.line(at, &format!("-> {to}"), &spoken.start);
        spoken.is_listed(bytes);
        self.said.push(Said::new(at, true, to, &spoken));
        if let Some(ours) = &mut self.ours {
            ours.push(spoken.clone());
        }
        match spoken.code() {
            Some(code) => self.response(at, code, &spoken, bytes),
            None => self.request(spoken),
        }
    }

    /// 14: a transaction of theirs has one final response, and it never changes.
    fn response(&mut self, at: Moment, code: u16, spoken: &Spoken, bytes: &[u8]) {
        let transaction = (spoken.branch(), spoken.method().to_owned());
        assert!(self.known_requests.contains(&transaction), "an answer to nothing: {}", spoken.start);
        if code < 200 {
            return;
        }
        let first = self.finals.entry(transaction).or_insert_with(|| bytes.to_vec());
        assert!(first == bytes, "{} differs from the first final response", spoken.start);
        if spoken.method() == "BYE" && code == 200 {
            self.is_on_disk(at, &spoken.branch());
        }
        if spoken.method() == "INVITE" {
            self.answers.entry(spoken.call_id()).or_insert_with(|| (code, spoken.tag("To")));
        }
    }

    /// 19: what we acknowledge is on disk, or the disk has had its 200 ms.
    fn is_on_disk(&self, at: Moment, branch: &str) {
        let (came, seq) = self.byes[branch];
        let late = at.since(came) >= STORED_WAIT;
        assert!(late || seq <= self.stored, "a BYE is acknowledged at {at}, before {seq} is stored");
    }

    /// 14: CSeq rises in every dialog, and every 2xx gets its ACK.
    fn request(&mut self, spoken: Spoken) {
        let method = spoken.method().to_owned();
        if method == "ACK" {
            if let Some(acknowledged) = self.accepted.get_mut(&(spoken.call_id(), spoken.tag("To"))) {
                *acknowledged = true;
            }
            return;
        }
        if method == "CANCEL" {
            return;
        }
        if !self.known_requests.insert((spoken.branch(), method.clone())) {
            return;
        }
        let dialog = (spoken.call_id(), spoken.tag("From"));
        let highest = self.sequences.entry(dialog).or_insert(0);
        assert!(spoken.sequence() > *highest, "CSeq of {} does not rise", spoken.start);
        *highest = spoken.sequence();
        if method == "INVITE" && spoken.tag("To").is_empty() {
            self.invites.push(spoken);
        }
    }

    /// Initial INVITEs of ours, in order.
    pub fn invites(&self) -> &[Spoken] {
        &self.invites
    }

    /// What a caller's INVITE was answered with at last.
    pub fn answer(&self, call_id: &str) -> Option<u16> {
        self.answers.get(call_id).map(|(code, _)| *code)
    }

    /// Our tag in that answer.
    #[allow(dead_code, reason = "for stories told by hand")]
    pub fn tag(&self, call_id: &str) -> Option<&str> {
        self.answers.get(call_id).map(|(_, tag)| tag.as_str())
    }

    /// Everything said, in order.
    pub fn said(&self) -> &[Said] {
        &self.said
    }

    /// Everything said in the dialogs of one caller, by whichever side, in order.
    pub fn said_for(&self, caller: &str) -> Vec<&Said> {
        let own = self.said.iter().filter(|line| line.is_request("INVITE") && line.caller == caller);
        let own: BTreeSet<&str> = own.map(|line| line.call_id.as_str()).collect();
        self.said.iter().filter(|line| own.contains(line.call_id.as_str())).collect()
    }

    /// 2xx that never got an ACK.
    pub fn unacknowledged(&self) -> usize {
        self.accepted.values().filter(|acknowledged| !**acknowledged).count()
    }
}
