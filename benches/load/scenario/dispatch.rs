//! Agents who always have a next caller: from an agent's BYE, sent, to the next INVITE for that agent.

use super::{Scale, phone, went_well};
use crate::field::Field;
use crate::row::Row;
use crate::site::QUEUE_NUMBER;
use spillway::base::{Map, Moment};
use spillway::endpoint::{Between, Event, Happened, Side, Voice};
use std::error::Error;
use std::time::Duration;

/// Agents.
pub const AGENTS: u32 = 50;
/// Callers waiting behind those who talk.
const WAITING: u64 = 50;
const TALK: Between = Between::new(Duration::from_secs(4), Duration::from_secs(8));
/// The slowest run that can still succeed: 50 agents free themselves 8 times a second.
const SAMPLES_PER_S: u64 = 4;

/// Runs until so many samples came.
pub fn run(field: &mut Field, scale: Scale) -> Result<Row, Box<dyn Error>> {
    let samples = u64::from(scale.calls.unwrap_or(1_000));
    let ipbx = field.ipbx;
    field.stations.station(ipbx).anyone(phone(Some(TALK), Voice::Off));
    let begun = field.usage();
    let mut desk = Desk::default();
    for _ in 0..u64::from(AGENTS) + WAITING {
        desk.call(field);
    }
    let until = begun.at() + Duration::from_secs(20 + samples / SAMPLES_PER_S);
    while desk.row.dispatch.len() < samples && field.stations.now() < until {
        for (_, event) in field.stations.turn(until)? {
            desk.on(field, event, true);
        }
    }
    // Nobody calls any more: those who wait are still served.
    let until = field.stations.now() + TALK.most * 4;
    while desk.ended < desk.row.calls && field.stations.now() < until {
        for (_, event) in field.stations.turn(until)? {
            desk.on(field, event, false);
        }
    }
    desk.row.cpu = field.server_cpu(begun);
    desk.row.own_share = field.own_share(begun);
    Ok(desk.row)
}

#[derive(Default)]
struct Desk {
    row: Row,
    ended: u64,
    /// Agents without a call, and since when their BYE is out.
    free_since: Map<String, Moment>,
}

impl Desk {
    fn call(&mut self, field: &mut Field) {
        self.row.calls += 1;
        let dial = field.call(self.row.calls, QUEUE_NUMBER);
        field.stations.dial(field.trunk, dial);
    }

    /// Takes note; while `open`, each caller who leaves is followed by another.
    fn on(&mut self, field: &mut Field, event: Event, open: bool) {
        match event.happened {
            Happened::Invited { user, .. } => {
                if let Some(since) = self.free_since.remove(&user).filter(|_| open) {
                    self.row.dispatch.record(event.at.since(since));
                }
            }
            Happened::Ended(story) => match story.side {
                Side::Taken => {
                    self.free_since.insert(story.user, story.ended);
                }
                Side::Placed => {
                    self.ended += 1;
                    self.row.count(&story, went_well(&story, TALK.least));
                    if open {
                        self.call(field);
                    }
                }
            },
            Happened::Ringing | Happened::Answered | Happened::FirstAudio => {}
        }
    }
}
