//! What is played. Each scenario says what it measured; what it cost beside is the field's to say.

pub mod dispatch;
pub mod flood;
pub mod overload;
pub mod standing;

use crate::field::Field;
use spillway::base::{Cause, Moment};
use spillway::drivers::stations::StationId;
use spillway::endpoint::{Answering, Between, Ending, Event, Pickup, Story, Voice};
use std::error::Error;
use std::time::Duration;

/// What the command line changes of a scenario's size.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scale {
    pub rate: Option<u32>,
    pub seconds: Option<u32>,
    pub calls: Option<u32>,
}

/// A phone that rings briefly, talks, and hangs up; without `talk` it waits to be hung up on.
pub fn phone(talk: Option<Between>, voice: Voice) -> Pickup {
    Pickup::Answer(Answering { ring: Between::exactly(Duration::from_millis(50)), talk, voice })
}

/// Whether a call the carrier placed was answered, talked its time, and was hung up on.
pub fn went_well(story: &Story, talk: Duration) -> bool {
    let normal = matches!(story.ending, Ending::FarHungUp(Cause::Normal));
    // How late the answer reached the caller is the setup's figure; here only calls cut short are caught.
    normal && story.talked().is_some_and(|talked| talked * 2 >= talk)
}

/// Turns the stations until `until`, handing over what happens.
pub fn play(
    field: &mut Field,
    until: Moment,
    mut on: impl FnMut(&mut Field, StationId, Event),
) -> Result<(), Box<dyn Error>> {
    while field.stations.now() < until {
        for (id, event) in field.stations.turn(until)? {
            on(field, id, event);
        }
    }
    Ok(())
}
