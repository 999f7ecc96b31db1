//! SIP as it crosses the engine's boundary, read by a reader of its own: lines and colons, nothing of ours.

use super::super::ladder::Ladder;
use spillway::base::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// What has been said.
#[derive(Debug, Default)]
pub struct Watch {
    /// Final responses of ours, by the transaction they answer.
    finals: BTreeMap<(String, String), Vec<u8>>,
    /// The highest CSeq of ours, by dialog.
    sequences: BTreeMap<(String, String), u32>,
    /// 2xx to INVITEs of ours, by Call-ID and To tag, and whether the last one has been acknowledged.
    accepted: BTreeMap<(String, String), bool>,
    /// Initial INVITEs of ours.
    invites: Vec<Spoken>,
    /// What we answered callers' INVITEs with, by Call-ID.
    answers: BTreeMap<String, u16>,
    known_requests: BTreeSet<(String, String)>,
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
        let name = name.to_lowercase();
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
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

    fn need(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| panic!("{} without {name}", self.start))
    }

    fn code(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()
    }

    fn method(&self) -> &str {
        self.need("CSeq").split(' ').next_back().expect("a method")
    }

    fn sequence(&self) -> u32 {
        self.need("CSeq").split(' ').next().and_then(|text| text.parse().ok()).expect("a number")
    }

    fn tag(&self, header: &str) -> String {
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
    pub(super) fn received(&mut self, at: Moment, from: SocketAddr, bytes: &[u8], ladder: &mut Ladder) {
        let spoken = Spoken::read(bytes);
        ladder.line(at, &format!("<- {from}"), &spoken.start);
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
        match spoken.code() {
            Some(code) => self.response(code, &spoken, bytes),
            None => self.request(spoken),
        }
    }

    /// 14: a transaction of theirs has one final response, and it never changes.
    fn response(&mut self, code: u16, spoken: &Spoken, bytes: &[u8]) {
        let transaction = (spoken.branch(), spoken.method().to_owned());
        assert!(self.known_requests.contains(&transaction), "an answer to nothing: {}", spoken.start);
        if code < 200 {
            return;
        }
        let first = self.finals.entry(transaction).or_insert_with(|| bytes.to_vec());
        assert!(first == bytes, "{} differs from the first final response", spoken.start);
        if spoken.method() == "INVITE" {
            self.answers.entry(spoken.call_id()).or_insert(code);
        }
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
        self.answers.get(call_id).copied()
    }

    /// 2xx that never got an ACK.
    pub fn unacknowledged(&self) -> usize {
        self.accepted.values().filter(|acknowledged| !**acknowledged).count()
    }
}
