//! Calls at a steady rate, without audio: what signaling a call costs, through a queue or straight to a target.

use super::{Scale, phone, went_well};
use crate::field::Field;
use crate::row::Row;
use crate::site::{QUEUE_NUMBER, TARGET_NUMBER};
use spillway::base::Moment;
use spillway::endpoint::{Between, Happened, Side, Voice};
use std::error::Error;
use std::time::Duration;

/// Calls a second through a queue, unless told otherwise.
pub const QUEUE_RATE: u32 = 50;
/// A call that has not ended this long after the last was placed is lost.
const PATIENCE: Duration = Duration::from_secs(40);
/// Calls placed in one go when the rate's clock is behind: no more, so that answers get read between.
const BURST: u64 = 16;

struct Flood {
    number: &'static str,
    rate: u32,
    seconds: u32,
    talk: Duration,
}

/// Through a queue to an agent.
pub fn queue(field: &mut Field, scale: Scale) -> Result<Row, Box<dyn Error>> {
    let flood = Flood {
        number: QUEUE_NUMBER,
        rate: scale.rate.unwrap_or(QUEUE_RATE),
        seconds: scale.seconds.unwrap_or(60),
        talk: Duration::from_secs(10),
    };
    flood.run(field)
}

/// Straight to a target.
pub fn dial(field: &mut Field, scale: Scale) -> Result<Row, Box<dyn Error>> {
    let flood = Flood {
        number: TARGET_NUMBER,
        rate: scale.rate.unwrap_or(1_000),
        seconds: scale.seconds.unwrap_or(20),
        talk: Duration::from_secs(2),
    };
    flood.run(field)
}

impl Flood {
    fn run(&self, field: &mut Field) -> Result<Row, Box<dyn Error>> {
        let ipbx = field.ipbx;
        field.stations.station(ipbx).anyone(phone(Some(Between::exactly(self.talk)), Voice::Off));
        let total = u64::from(self.rate) * u64::from(self.seconds);
        let mut row = Row { calls: total, ..Row::default() };
        let begun = field.usage();
        let last_due = begun.at() + Duration::from_secs(self.seconds.into());
        let (mut placed, mut ended) = (0, 0);
        while ended < total && field.stations.now() < last_due + PATIENCE {
            placed = self.place(field, begun.at(), placed, total);
            let next = if placed < total { self.due(begun.at(), placed) } else { last_due + PATIENCE };
            for (_, event) in field.stations.turn(next)? {
                if let Happened::Ended(story) = event.happened
                    && story.side == Side::Placed
                {
                    ended += 1;
                    row.count(&story, went_well(&story, self.talk));
                }
            }
        }
        row.cpu = field.server_cpu(begun);
        row.own_share = field.own_share(begun);
        Ok(row)
    }

    /// Places what is due by now; gives how many are placed.
    fn place(&self, field: &mut Field, begun: Moment, placed: u64, total: u64) -> u64 {
        let now = field.stations.now();
        let calls = (placed..total.min(placed + BURST)).take_while(|call| self.due(begun, *call) <= now);
        calls.fold(placed, |_, tag| {
            let dial = field.call(tag, self.number);
            field.stations.dial(field.trunk, dial);
            tag + 1
        })
    }

    fn due(&self, begun: Moment, call: u64) -> Moment {
        begun + Duration::from_nanos(call * 1_000_000_000 / u64::from(self.rate))
    }
}
