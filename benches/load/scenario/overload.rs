//! Ten times what the server can serve: first as many calls at once as it takes to find what that is, then ten times that
//! a second, straight to a target. What counts is how many still complete.

use super::{Scale, phone};
use crate::field::Field;
use crate::raw::Carrier;
use crate::row::Row;
use crate::site::TARGET_NUMBER;
use spillway::endpoint::Voice;
use std::error::Error;
use std::time::{Duration, Instant};

/// Calls kept open while the capacity is sought: enough that the server never waits, be it for the carrier or the disk.
const AT_ONCE: u64 = 400;
/// How long it is sought, and how long ten times as much is offered: two RTP ports rest for 5 s after each call
/// (limits::PORT_COOLING), and 25,000 of them are what the server would run out of next.
const SPAN_S: u32 = 4;
/// How much more is offered.
const TIMES: u32 = 10;
/// Calls placed between two looks at what came.
const BURST: u64 = 64;
/// What was offered last has this long to come to an end.
const FADE: Duration = Duration::from_secs(9);
/// Ports rest before anything more is offered.
const REST: Duration = Duration::from_secs(6);
const IDLE: Duration = Duration::from_micros(200);

/// Seeks the capacity, unless a rate is told, and offers ten times as much.
pub fn run(field: &mut Field, scale: Scale) -> Result<Row, Box<dyn Error>> {
    let ipbx = field.ipbx;
    field.stations.station(ipbx).anyone(phone(None, Voice::Off));
    let span = Duration::from_secs(scale.seconds.unwrap_or(SPAN_S).into());
    let capacity = match scale.rate {
        Some(rate) => f64::from(rate),
        None => seek(field, span)?,
    };
    let begun = field.usage();
    let mut carrier = Carrier::new(field.sip(), TARGET_NUMBER)?;
    let rate = capacity * f64::from(TIMES);
    let start = Instant::now();
    while start.elapsed() < span {
        let due = floor(start.elapsed().as_secs_f64() * rate);
        (carrier.placed()..due).take(usize::try_from(BURST)?).for_each(|_| carrier.place());
        let wait = if carrier.placed() < due { Duration::ZERO } else { IDLE };
        turn(field, &mut carrier, wait)?;
    }
    let (offered, own_share) = (carrier.placed(), field.own_share(begun));
    fade(field, &mut carrier, FADE)?;
    let mut row =
        Row { calls: offered, ok: carrier.completed, setup: carrier.setup.clone(), ..Row::default() };
    row.capacity = Some(capacity);
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 calls")]
    let completed = carrier.completed as f64;
    row.goodput = Some(completed / (capacity * span.as_secs_f64()));
    (row.cpu, row.own_share) = (field.server_cpu(begun), own_share);
    row.wrongs.extend(carrier.refused.iter().map(|(code, count)| (format!("refused with {code}"), *count)));
    row.wrongs.extend([("without a word".into(), carrier.unheard), ("never over".into(), carrier.open())]);
    row.wrongs.retain(|_, count| *count > 0);
    Ok(row)
}

/// Calls a second that complete while there is always a next one.
fn seek(field: &mut Field, span: Duration) -> Result<f64, Box<dyn Error>> {
    let mut carrier = Carrier::new(field.sip(), TARGET_NUMBER)?;
    let start = Instant::now();
    while start.elapsed() < span {
        while carrier.open() < AT_ONCE {
            carrier.place();
        }
        turn(field, &mut carrier, IDLE)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 calls")]
    let capacity = carrier.completed as f64 / start.elapsed().as_secs_f64();
    fade(field, &mut carrier, FADE)?;
    let Carrier { refused, unheard, .. } = &carrier;
    eprintln!("capacity: {capacity:.0} calls/s; refused meanwhile: {refused:?}, without a word: {unheard}");
    let until = Instant::now() + REST;
    while Instant::now() < until {
        turn(field, &mut carrier, IDLE)?;
    }
    Ok(capacity)
}

/// Lets what is open end.
fn fade(field: &mut Field, carrier: &mut Carrier, patience: Duration) -> Result<(), Box<dyn Error>> {
    let until = Instant::now() + patience;
    while carrier.open() > 0 && Instant::now() < until {
        turn(field, carrier, IDLE)?;
    }
    Ok(())
}

/// Both sides hear and say what is due; they wait so long when there was nothing.
fn turn(field: &mut Field, carrier: &mut Carrier, wait: Duration) -> Result<(), Box<dyn Error>> {
    let wait = if carrier.turn() { Duration::ZERO } else { wait };
    let until = field.stations.now() + wait;
    field.stations.turn(until)?;
    Ok(())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
fn floor(calls: f64) -> u64 {
    calls as u64
}
