//! What is sent to whom, by ear: every packet the board sends is told apart by its tone and laid to the leg its port is
//! lent to. Connected and silent is a failure; so is a port in two calls.

use super::site;
use crate::support::tone::power_at;
use spillway::base::{CallId, Codec, LegId, Moment};
use spillway::call::Fact;
use spillway::engine::Observation;
use spillway::media::{Command, PortId, g711};
use std::collections::BTreeMap;
use std::time::Duration;

/// Bytes of an RTP header without extras (RFC 3550 section 5.1).
const RTP_HEADER: usize = 12;
/// A lent port whose caller hears nothing for so long is connected and silent.
const SILENT: Duration = Duration::from_secs(1);
/// A key lasts 160 ms and 60 ms of nothing follow; a caller who presses three at the answer is heard after them.
const KEYS: Duration = Duration::from_millis(3 * 220);
/// A port is not lent again sooner (invariant 18).
const COOLING: Duration = Duration::from_secs(5);

/// Hz of callers' voices.
pub const CALLER: u16 = 1_900;
/// Hz of agents' voices.
pub const AGENT: u16 = 2_300;
/// Hz of targets' voices.
pub const TARGET: u16 = 2_700;

/// What a packet sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// No tone stands out.
    Quiet,
    /// A caller's voice.
    Caller,
    /// An agent's voice.
    Agent,
    /// A target's voice.
    Target,
    /// Hold music.
    Music,
    /// The ringing tone.
    Ringback,
    /// The prompt of this place in the plan.
    Prompt(u16),
}

#[derive(Debug)]
struct Lease {
    leg: LegId,
    last: Moment,
}

/// Everything heard.
#[derive(Debug)]
pub struct Ears {
    voices: bool,
    /// On a clear network audio is there within 200 ms.
    clear: bool,
    /// Some far ends are told by hand, and have no voice.
    mutes: bool,
    lent: BTreeMap<PortId, Lease>,
    released: BTreeMap<PortId, Moment>,
    first: BTreeMap<(LegId, Tone), Moment>,
    bridged: BTreeMap<CallId, (Moment, u16)>,
    /// Legs that went over to another call, and what they are there.
    taken: BTreeMap<LegId, LegId>,
}

impl Ears {
    pub(super) fn new(voices: bool, clear: bool) -> Self {
        let (lent, released, first, bridged, taken) = Default::default();
        Self { voices, clear, mutes: false, lent, released, first, bridged, taken }
    }

    /// A network will be cut: what a far end no longer sends can't be passed on.
    pub(super) const fn expect_a_cut(&mut self) {
        self.clear = false;
    }

    /// Some far ends are told by hand.
    pub(super) const fn expect_mutes(&mut self) {
        self.mutes = true;
    }

    pub(super) const fn listens(&self) -> bool {
        self.voices
    }

    /// The port lent to a leg.
    pub(super) fn port(&self, leg: LegId) -> Option<PortId> {
        self.lent.iter().find(|(_, lease)| lease.leg == leg).map(|(port, _)| *port)
    }

    pub(super) fn heard(&self, leg: LegId) -> Vec<Tone> {
        self.first.keys().filter(|(heard, _)| *heard == leg).map(|(_, tone)| *tone).collect()
    }

    /// The engine told the board something: ports are lent to one leg at a time, and cool before they are lent again.
    pub(super) fn commanded(&mut self, at: Moment, command: &Command) {
        match command {
            Command::Attach { port, tag, .. } => {
                let leg =
                    LegId { call: CallId(tag >> 16), number: u16::try_from(tag & 0xffff).expect("16 bits") };
                let cool = self.released.get(port).is_none_or(|released| at.since(*released) >= COOLING);
                assert!(cool, "{port} is lent again before it has cooled");
                let lease = self.lent.entry(*port).or_insert(Lease { leg, last: at });
                if self.taken.get(&lease.leg) == Some(&leg) {
                    lease.leg = leg;
                }
                assert_eq!(lease.leg, leg, "{port} is lent to two legs");
            }
            Command::Release { port } => {
                if let Some(lease) = self.lent.remove(port) {
                    self.not_silent(at, &lease);
                    self.released.insert(*port, at);
                }
            }
            Command::Close { port } => {
                self.released.insert(*port, at);
            }
            Command::Open { .. }
            | Command::Play { .. }
            | Command::Tone { .. }
            | Command::Quiet { .. }
            | Command::Connect { .. }
            | Command::Fill { .. }
            | Command::Unfill { .. } => {}
        }
    }

    /// 16: a caller who is answered hears something, always; in bad weather the other's farewell may be long on its way.
    fn not_silent(&self, at: Moment, lease: &Lease) {
        let ours_to_fill = self.clear || !self.bridged.contains_key(&lease.leg.call);
        let silent = self.voices
            && !self.mutes
            && lease.leg.is_caller()
            && ours_to_fill
            && at.since(lease.last) > SILENT;
        assert!(!silent, "{} has heard nothing from {} to {at}", lease.leg, lease.last);
    }

    pub(super) fn sent(&mut self, at: Moment, port: PortId, packet: &[u8]) {
        let Some(lease) = self.lent.get(&port) else { panic!("{port} sends though nobody has it") };
        self.not_silent(at, lease);
        let leg = lease.leg;
        self.lent.get_mut(&port).expect("just found").last = at;
        self.first.entry((leg, tone_of(&packet[RTP_HEADER..]))).or_insert(at);
    }

    /// A call is over: both heard each other, if they had the time and no network was cut meanwhile.
    pub(super) fn saw(&mut self, at: Moment, cut: Option<(Moment, Moment)>, seen: &Observation) {
        match seen {
            Observation::Fact(entry) => {
                if let (spillway::call::Subject::Call(call), Fact::Bridged { leg, .. }) =
                    (&entry.subject, &entry.fact)
                {
                    self.bridged.insert(*call, (at, *leg));
                }
                if let (spillway::call::Subject::Call(to), Fact::LegTaken { leg, call, call_leg }) =
                    (&entry.subject, &entry.fact)
                {
                    let from = LegId { call: *call, number: *call_leg };
                    self.taken.insert(from, LegId { call: *to, number: *leg });
                }
            }
            Observation::Recorded(record) if self.voices && !self.mutes => {
                let Some((bridged, number)) = self.bridged.remove(&record.call) else { return };
                let within = if self.clear { Duration::from_millis(200) } else { Duration::from_secs(12) };
                let was_cut = cut.is_some_and(|(from, until)| from < at && bridged < until);
                if was_cut || at.since(bridged) < within + SILENT {
                    return;
                }
                let caller = LegId::caller(record.call);
                let other = LegId { call: record.call, number };
                let voice = if record.agent.is_some() { Tone::Agent } else { Tone::Target };
                for (leg, tone, within) in [(caller, voice, within), (other, Tone::Caller, within + KEYS)] {
                    let heard = self.first.get(&(leg, tone)).map(|first| first.since(bridged));
                    let in_time = heard.is_some_and(|after| after <= within);
                    assert!(in_time, "{leg} hears {tone:?} {heard:?} after the answer at {bridged}");
                }
            }
            _ => {}
        }
    }
}

/// The tone that carries most of a packet's power.
fn tone_of(payload: &[u8]) -> Tone {
    let samples: Vec<i16> = payload.iter().map(|byte| g711::decode(Codec::Pcma, *byte)).collect();
    let prompts = (0..4).map(|n| (site::FIRST_PROMPT + site::STEP * n, Tone::Prompt(n)));
    let others = [
        (CALLER, Tone::Caller),
        (AGENT, Tone::Agent),
        (TARGET, Tone::Target),
        (site::MUSIC, Tone::Music),
        (440, Tone::Ringback),
    ];
    let power = |hz: u16| power_at(&samples, f64::from(hz));
    let loudest =
        prompts.chain(others).map(|(hz, tone)| (power(hz), tone)).max_by(|a, b| a.0.total_cmp(&b.0));
    loudest.filter(|(power, _)| *power > 1e5).map_or(Tone::Quiet, |(_, tone)| tone)
}
