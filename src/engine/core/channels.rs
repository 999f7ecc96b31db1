//! Trunks as the core sees them: a name, whether they answer, how numbers are written towards them, and channels.

use super::Core;
use super::rate::Rate;
use crate::base::phone::{Country, PhoneNumber};
use crate::base::{CallId, LegId, Moment, Name, TrunkId};
use crate::settings::{Deflect, NumberFormat};
use serde::{Deserialize, Serialize};

/// One trunk.
#[derive(Clone, Debug)]
pub struct TrunkLine {
    /// Its name.
    pub name: Name,
    /// Its channel limits.
    pub channels: Channels,
    /// How numbers are written towards it.
    pub numbers: NumberFormat,
    /// How callers' numbers are; as they came when `None`.
    pub callers: Option<NumberFormat>,
    /// Calls a second, in each direction; `None`: no limit.
    pub calls_per_second: Option<u32>,
    /// What its agents may send callers to besides what the plan knows: numbers, and prefixes with a `*` behind.
    pub transfer_to: Vec<Name>,
    /// Which of its callers it calls targets of its own for.
    pub deflect: Deflect,
}

/// Channel limits of a trunk; a call in and a call out each take one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// As many as the machine can carry.
    Unlimited,
    /// At most so many.
    Limited {
        /// In both directions together.
        total: u32,
        /// Of these, kept for calls out: overflow works when everything else is taken.
        keep_out: u32,
    },
}

/// Whether a trunk answers, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    /// Nothing has been heard of it: calls are tried.
    #[default]
    Unknown,
    /// It answers its OPTIONS; of one that is not asked, something has been heard.
    Up,
    /// It does not: nothing is sent over it.
    Down,
}

#[derive(Debug)]
struct Line {
    trunk: TrunkLine,
    state: TrunkState,
    inward: u32,
    outward: u32,
    rate_in: Rate,
    rate_out: Rate,
}

impl Line {
    fn new(trunk: TrunkLine) -> Self {
        Self {
            rate_in: Rate::per_second(trunk.calls_per_second),
            rate_out: Rate::per_second(trunk.calls_per_second),
            trunk,
            state: TrunkState::Unknown,
            inward: 0,
            outward: 0,
        }
    }
}

fn written(format: NumberFormat, country: &Country, number: &PhoneNumber) -> String {
    match format {
        NumberFormat::E164 => number.written(),
        NumberFormat::National => country.national(number),
    }
}

impl Core {
    /// The far end of this leg is there.
    pub(super) fn heard(&mut self, leg: LegId) {
        let mut held = self.calls.get(&leg.call).into_iter().flat_map(|slot| &slot.legs);
        if let Some(held) = held.find(|held| held.number == leg.number) {
            self.lines.heard(held.trunk);
        }
    }

    /// A caller's number as a trunk writes it, read as the country of the number dialled does; nothing where the trunk takes
    /// it as it came.
    #[must_use]
    pub fn written_caller(&self, call: CallId, trunk: TrunkId, caller: &str) -> Option<String> {
        let (_, number) = self.plan.number(&self.calls.get(&call)?.dialled)?;
        let country = &self.plan.sites[number.site.index()].country;
        self.lines.write_caller(trunk, country, &country.read(caller))
    }
}

/// Every trunk, by [`TrunkId`].
#[derive(Debug)]
pub(super) struct Lines(Vec<Line>);

impl Lines {
    pub(super) fn new(trunks: Vec<TrunkLine>) -> Self {
        Self(trunks.into_iter().map(Line::new).collect())
    }

    pub(super) fn add(&mut self, trunk: TrunkLine) {
        self.0.push(Line::new(trunk));
    }

    pub(super) fn name(&self, trunk: TrunkId) -> &Name {
        &self.0[trunk.index()].trunk.name
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Name, TrunkState)> {
        self.0.iter().map(|line| (&line.trunk.name, line.state))
    }

    pub(super) fn write(&self, trunk: TrunkId, country: &Country, number: &PhoneNumber) -> String {
        written(self.0[trunk.index()].trunk.numbers, country, number)
    }

    /// A caller's number, where the trunk says how it is to be written.
    pub(super) fn write_caller(
        &self,
        trunk: TrunkId,
        country: &Country,
        number: &PhoneNumber,
    ) -> Option<String> {
        let format = self.0[trunk.index()].trunk.callers?;
        Some(written(format, country, number))
    }

    /// Which of a trunk's callers it calls targets of its own for.
    pub(super) fn deflect(&self, trunk: TrunkId) -> Deflect {
        self.0[trunk.index()].trunk.deflect
    }

    /// Whether a trunk's agents may send callers to this number.
    pub(super) fn may_transfer(&self, trunk: TrunkId, user: &str) -> bool {
        self.0[trunk.index()].trunk.transfer_to.iter().any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => user.starts_with(prefix),
            None => allowed.as_str() == user,
        })
    }

    /// Something has come from it: it is there, until it leaves a question unanswered.
    pub(super) fn heard(&mut self, trunk: TrunkId) {
        let state = &mut self.0[trunk.index()].state;
        if *state == TrunkState::Unknown {
            *state = TrunkState::Up;
        }
    }

    pub(super) fn set_up(&mut self, trunk: TrunkId, up: bool) {
        self.0[trunk.index()].state = if up { TrunkState::Up } else { TrunkState::Down };
    }

    pub(super) fn is_up(&self, trunk: TrunkId) -> bool {
        self.0[trunk.index()].state != TrunkState::Down
    }

    pub(super) fn has_room_in(&self, trunk: TrunkId) -> bool {
        let line = &self.0[trunk.index()];
        match line.trunk.channels {
            Channels::Unlimited => true,
            Channels::Limited { total, keep_out } => {
                line.inward < total.saturating_sub(keep_out) && line.inward + line.outward < total
            }
        }
    }

    pub(super) fn has_room_out(&self, trunk: TrunkId) -> bool {
        let line = &self.0[trunk.index()];
        match line.trunk.channels {
            Channels::Unlimited => true,
            Channels::Limited { total, .. } => line.inward + line.outward < total,
        }
    }

    /// Whether a call may come in without the trunk's calls being too many a second; then it counts.
    pub(super) fn is_slow_in(&mut self, now: Moment, trunk: TrunkId) -> bool {
        self.0[trunk.index()].rate_in.take(now)
    }

    /// The same of a call out.
    pub(super) fn is_slow_out(&mut self, now: Moment, trunk: TrunkId) -> bool {
        self.0[trunk.index()].rate_out.take(now)
    }

    pub(super) fn take_in(&mut self, trunk: TrunkId) {
        self.heard(trunk);
        self.0[trunk.index()].inward += 1;
    }

    pub(super) fn take_out(&mut self, trunk: TrunkId) {
        self.0[trunk.index()].outward += 1;
    }

    pub(super) fn give_back_in(&mut self, trunk: TrunkId) {
        self.0[trunk.index()].inward -= 1;
    }

    pub(super) fn give_back_out(&mut self, trunk: TrunkId) {
        self.0[trunk.index()].outward -= 1;
    }

    pub(super) fn taken(&self) -> u32 {
        self.0.iter().map(|line| line.inward + line.outward).sum()
    }
}
