//! When each generating port is due: every 20 ms exactly, spread over 20 phases of 1 ms so that a thousand players
//! never burst together. Must never know what is sent.

use crate::base::Moment;
use std::time::Duration;

/// One packet's worth of time (RFC 3551 section 4.2: 20 ms).
pub const INTERVAL: Duration = Duration::from_millis(20);
const PHASES: u8 = 20;
const PHASE_NANOS: u64 = 1_000_000;
const INTERVAL_NANOS: u64 = PHASES as u64 * PHASE_NANOS;
/// A pacer that was kept from running makes up for at most this much; the rest is skipped.
const CATCH_UP: Duration = Duration::from_millis(60);

/// A port's place among the phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase(u8);

/// The generating ports by phase.
#[derive(Debug, Default)]
pub struct Pace {
    phases: [Slot; PHASES as usize],
}

#[derive(Debug, Default)]
struct Slot {
    due: Moment,
    ports: Vec<u16>,
}

impl Pace {
    /// Adds a port to the emptiest phase; of equals, to the one due soonest.
    pub fn add(&mut self, now: Moment, port: u16) -> Phase {
        let mut best = Phase(0);
        let mut least = (usize::MAX, Moment::ZERO);
        for (phase, slot) in (0..PHASES).zip(&self.phases) {
            let due = if slot.ports.is_empty() { first_due(now, phase) } else { slot.due };
            if (slot.ports.len(), due) < least {
                least = (slot.ports.len(), due);
                best = Phase(phase);
            }
        }
        let slot = &mut self.phases[usize::from(best.0)];
        slot.due = least.1;
        slot.ports.push(port);
        best
    }

    /// Takes a port out.
    pub fn remove(&mut self, phase: Phase, port: u16) {
        let ports = &mut self.phases[usize::from(phase.0)].ports;
        if let Some(at) = ports.iter().position(|member| *member == port) {
            ports.swap_remove(at);
        }
    }

    /// When the next phase is due.
    pub fn next(&self) -> Option<Moment> {
        self.phases.iter().filter(|slot| !slot.ports.is_empty()).map(|slot| slot.due).min()
    }

    /// Takes the phase due first at `now`, and moves it on by one interval: the phase and the moment it was due.
    pub fn pop_due(&mut self, now: Moment) -> Option<(Phase, Moment)> {
        let busy =
            (0..PHASES).zip(&mut self.phases).filter(|(_, slot)| !slot.ports.is_empty() && slot.due <= now);
        let (phase, slot) = busy.min_by_key(|(_, slot)| slot.due)?;
        while now.since(slot.due) > CATCH_UP {
            slot.due = slot.due + INTERVAL;
        }
        let due = slot.due;
        slot.due = due + INTERVAL;
        Some((Phase(phase), due))
    }

    /// The `index`th port of a phase.
    pub fn port(&self, phase: Phase, index: usize) -> Option<u16> {
        self.phases[usize::from(phase.0)].ports.get(index).copied()
    }

    /// How many ports generate.
    pub fn len(&self) -> usize {
        self.phases.iter().map(|slot| slot.ports.len()).sum()
    }
}

/// The first moment after `now` that lies in `phase`.
fn first_due(now: Moment, phase: u8) -> Moment {
    let offset = u64::from(phase) * PHASE_NANOS;
    let rounds = (now.as_nanos() + INTERVAL_NANOS - offset) / INTERVAL_NANOS;
    Moment::from_nanos(rounds * INTERVAL_NANOS + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_spread_over_the_phases_and_keep_their_beat() {
        let mut pace = Pace::default();
        let start = Moment::from_nanos(7_300_000);
        for port in 0..40 {
            pace.add(start, port);
        }
        assert_eq!(pace.next(), Some(Moment::from_millis(8)));
        let mut dues = Vec::new();
        while let Some((phase, due)) = pace.pop_due(Moment::from_millis(47)) {
            assert!(pace.port(phase, 1).is_some() && pace.port(phase, 2).is_none());
            dues.push(due.as_nanos() / 1_000_000);
        }
        assert_eq!(dues, (8..=47).collect::<Vec<_>>());
    }

    #[test]
    fn a_stall_is_made_up_for_in_part_and_the_beat_is_kept() {
        let mut pace = Pace::default();
        let phase = pace.add(Moment::ZERO, 2);
        let first = pace.next().expect("one port");
        assert!(first <= Moment::from_millis(20));
        let late = first + Duration::from_millis(1_010);
        let mut made_up = 0;
        while let Some((_, due)) = pace.pop_due(late) {
            assert_eq!(due.since(first).as_millis() % 20, 0);
            made_up += 1;
        }
        assert_eq!(made_up, 3);
        pace.remove(phase, 2);
        assert_eq!((pace.len(), pace.next()), (0, None));
    }

    #[test]
    fn the_first_beat_lies_after_now_and_in_its_phase() {
        for nanos in [0, 1, 999_999, 1_000_000, 19_999_999, 20_000_000, 123_456_789] {
            for phase in 0..PHASES {
                let due = first_due(Moment::from_nanos(nanos), phase).as_nanos();
                assert!(due > nanos && due <= nanos + INTERVAL_NANOS);
                assert_eq!(due % INTERVAL_NANOS, u64::from(phase) * PHASE_NANOS);
            }
        }
    }
}
