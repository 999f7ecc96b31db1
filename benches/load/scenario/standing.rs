//! Calls that stand while audio flows: bridged to a phone, or waiting with music.

use super::{Scale, phone, play};
use crate::field::Field;
use crate::row::Row;
use crate::site::{QUEUE_NUMBER, TARGET_NUMBER};
use spillway::endpoint::{Dial, Ending, Event, Happened, LegKey, Side, Voice};
use std::error::Error;
use std::time::Duration;

/// Calls placed a second until all stand.
const RAMP_PER_S: u32 = 100;
/// After the last was placed, before anything is measured.
const SETTLE: Duration = Duration::from_secs(2);
/// What was sent when the measurement ended has this long to arrive.
const FLIGHT: Duration = Duration::from_secs(1);
/// Hung up so many a second.
const FALL: Duration = Duration::from_millis(5);

/// Calls bridged to a phone, both sides speaking.
pub fn bridge(field: &mut Field, scale: Scale) -> Result<Row, Box<dyn Error>> {
    let ipbx = field.ipbx;
    field.stations.station(ipbx).anyone(phone(None, Voice::Stamped));
    stand(field, scale.calls.unwrap_or(400), scale.seconds, TARGET_NUMBER)
}

/// Callers in a queue whose one agent is taken.
pub fn wait(field: &mut Field, scale: Scale) -> Result<Row, Box<dyn Error>> {
    let (ipbx, trunk) = (field.ipbx, field.trunk);
    field.stations.station(ipbx).anyone(phone(None, Voice::Off));
    let taker = field.call(0, QUEUE_NUMBER);
    let taker = field.stations.dial(trunk, taker);
    let until = field.stations.now() + SETTLE;
    play(field, until, |_, _, _| {})?;
    let row = stand(field, scale.calls.unwrap_or(1_000), scale.seconds, QUEUE_NUMBER)?;
    field.stations.hang_up(trunk, taker);
    let until = field.stations.now() + SETTLE;
    play(field, until, |_, _, _| {})?;
    Ok(row)
}

fn stand(field: &mut Field, calls: u32, seconds: Option<u32>, number: &str) -> Result<Row, Box<dyn Error>> {
    let mut row = Row { calls: calls.into(), standing: calls.into(), ..Row::default() };
    let begun = field.usage();
    let mut standing = Vec::new();
    let step = Duration::from_secs(1) / RAMP_PER_S;
    for tag in 1..=u64::from(calls) {
        let dial = Dial { voice: Voice::Stamped, ..field.call(tag, number) };
        standing.push(field.stations.dial(field.trunk, dial));
        let until = begun.at() + step * u32::try_from(tag)?;
        play(field, until, |_, _, event| {
            if let Happened::Ended(story) = event.happened {
                eprintln!("a call did not stand: {story:?}");
            }
        })?;
    }
    let until = field.stations.now() + SETTLE;
    play(field, until, |_, _, _| {})?;
    measure(field, &mut row, Duration::from_secs(seconds.unwrap_or(30).into()), number == TARGET_NUMBER)?;
    fall(field, &mut row, &standing)?;
    row.cpu = field.server_cpu(begun);
    Ok(row)
}

fn measure(field: &mut Field, row: &mut Row, span: Duration, relayed: bool) -> Result<(), Box<dyn Error>> {
    let stations = [field.trunk, field.ipbx];
    stations.into_iter().for_each(|id| field.stations.station(id).begin_measuring(1));
    let begun = field.usage();
    play(field, begun.at() + span, |_, _, _| {})?;
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 calls")]
    let calls = row.standing as f64;
    row.core_share_per_call = Some(field.server_share(begun) / calls);
    row.own_share = field.own_share(begun);
    row.rss_standing_kib = field.resident_kib();
    stations.into_iter().for_each(|id| field.stations.station(id).end_measuring());
    let until = field.stations.now() + FLIGHT;
    play(field, until, |_, _, _| {})?;
    let [trunk, ipbx] = stations.map(|id| field.stations.station(id).measured().clone());
    row.hear([&trunk, &ipbx], relayed);
    Ok(())
}

/// Hangs up every call; those that stood until then went well.
fn fall(field: &mut Field, row: &mut Row, standing: &[LegKey]) -> Result<(), Box<dyn Error>> {
    let mut count = |_: &mut Field, _, event: Event| {
        if let Happened::Ended(story) = event.happened
            && story.side == Side::Placed
        {
            let stood = story.answered.is_some() && story.ending == Ending::HungUp;
            row.count(&story, stood);
        }
    };
    for call in standing {
        field.stations.hang_up(field.trunk, *call);
        let until = field.stations.now() + FALL;
        play(field, until, &mut count)?;
    }
    let until = field.stations.now() + SETTLE;
    play(field, until, &mut count)
}
