//! What came out: facts, records and verdicts, as drivers would see them, and what stories ask about them.

use super::ladder::{Ladder, compare};
use super::{Caller, Sim};
use spillway::base::{CallId, Map, Moment, Now, Outcome};
use spillway::call::{Entry, Record};
use spillway::engine::Observation;
use std::sync::Arc;

/// Everything observed.
#[derive(Default)]
pub struct Outcomes {
    names: Map<CallId, String>,
    /// Facts, in order.
    pub facts: Vec<Arc<Entry>>,
    /// Records, in order of their end.
    pub records: Vec<Arc<Record>>,
    /// Verdicts, as `contrat prestataire qs1 hit`.
    pub verdicts: Vec<String>,
    /// Faults.
    pub faults: Vec<String>,
    /// Limits reached, by name.
    pub limits: Vec<&'static str>,
    /// Messages that were no SIP.
    pub unreadable: usize,
    /// Responses and ACKs that belonged to nothing.
    pub strays: usize,
}

impl Outcomes {
    pub(super) fn named(&mut self, call: CallId, name: String) {
        self.names.insert(call, name);
    }

    pub(super) fn observe(&mut self, now: Now, seen: Observation, ladder: &mut Ladder) {
        match seen {
            Observation::Fact(entry) => self.facts.push(entry),
            Observation::Recorded(record) => {
                let who = self.names.get(&record.call).cloned().unwrap_or_else(|| record.call.to_string());
                ladder.line(now.moment, &who, &told(&record));
                self.records.push(record);
            }
            Observation::Judged { sla, on, indicator, verdict, .. } => {
                self.verdicts.push(format!("{sla} {on} {indicator} {verdict}"));
            }
            Observation::Fault { what } => self.faults.push(what),
            Observation::LimitReached { limit, .. } | Observation::SipLimited { limit } => {
                self.limits.push(limit)
            }
            Observation::NotSip => self.unreadable += 1,
            Observation::SipStray => self.strays += 1,
            Observation::LegCalled { .. }
            | Observation::QueueLine { .. }
            | Observation::Trunk { .. }
            | Observation::Peer { .. }
            | Observation::LookupFailed { .. }
            | Observation::Failover { .. }
            | Observation::TrunkLimit { .. }
            | Observation::Registration { .. }
            | Observation::CredentialsRefused { .. }
            | Observation::Phone(_)
            | Observation::SipResponse { .. }
            | Observation::SipRequest { .. }
            | Observation::SipRetransmission { .. }
            | Observation::SipFirstResponse { .. }
            | Observation::SourceRefused
            | Observation::Audio { .. }
            | Observation::Overload { .. }
            | Observation::Banned { .. }
            | Observation::Deflection { .. }
            | Observation::StoreLate { .. } => {}
        }
    }
}

fn told(record: &Record) -> String {
    let s = |ms: u64| Moment::from_millis(ms);
    let mut told = format!("record {}", record.outcome.label());
    if record.wait_ms > 0 {
        told += &format!(" waited={}", s(record.wait_ms));
    }
    if record.talk_ms > 0 {
        told += &format!(" talked={}", s(record.talk_ms));
    }
    told
}

impl Sim {
    /// The whole ladder must read like this.
    #[track_caller]
    pub fn tells(&self, expected: &str) {
        compare(self.ladder.text(), expected);
    }

    /// The ladder from this second on must read like this.
    #[track_caller]
    pub fn tells_from_s(&self, seconds: u64, expected: &str) {
        let from = Moment::from_millis(seconds * 1_000);
        let at = |line: &str| {
            let (s, ms) = line.split_once(' ')?.0.split_once('.')?;
            Some(Moment::from_millis(s.parse::<u64>().ok()? * 1_000 + ms.parse::<u64>().ok()?))
        };
        let lines: Vec<&str> = self.ladder.text().lines().filter(|line| at(line) >= Some(from)).collect();
        compare(&lines.join("\n"), expected);
    }

    /// The record of a call that is over.
    #[track_caller]
    pub fn record(&self, caller: Caller) -> &Record {
        let found = self.outcomes.records.iter().find(|record| record.call == caller.0.call);
        found.unwrap_or_else(|| panic!("the call is not over"))
    }

    /// The caller hangs up, and this is the record.
    #[track_caller]
    pub fn record_after_hang_up(&mut self, caller: Caller) -> &Record {
        self.hang_up(caller);
        self.record(caller)
    }

    /// How a call ended.
    #[track_caller]
    pub fn outcome(&self, caller: Caller) -> Outcome {
        self.record(caller).outcome
    }

    /// Calls offered so far, as the status shows them.
    pub fn offered(&self) -> u64 {
        self.core.offered()
    }

    /// Every verdict so far.
    pub fn verdicts(&self) -> &[String] {
        &self.outcomes.verdicts
    }

    /// Every fact so far.
    pub fn facts(&self) -> &[Arc<Entry>] {
        &self.outcomes.facts
    }

    /// Every limit reached so far.
    pub fn limits(&self) -> &[&'static str] {
        &self.outcomes.limits
    }

    /// Every fault so far.
    pub fn faults(&self) -> &[String] {
        &self.outcomes.faults
    }

    /// The ladder and every fact: what two runs of one seed are compared by.
    pub fn log(&self) -> String {
        let mut log = self.ladder.text().to_owned();
        for fact in &self.outcomes.facts {
            log += &format!("{fact:?}\n");
        }
        log
    }

    /// Nothing may be left: no call, leg, timer, channel or agent in use.
    #[track_caller]
    pub fn is_at_rest(&self) {
        assert!(self.legs.is_empty(), "legs are left");
        assert_eq!(self.core.call_count(), 0, "calls are left");
        assert_eq!(self.core.timer_count(), 0, "timers are left");
        assert_eq!(self.core.channels_taken(), 0, "channels are left");
        for agent in self.core.acd().agents() {
            assert_eq!(self.core.acd().agent_state(agent).owner(), None, "agents are left");
        }
    }
}
