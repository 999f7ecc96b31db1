//! The audio a voice puts into one packet. Must never know where it goes.

use super::SAMPLES;
use super::stamp::{STAMP_BYTES, Stamp};
use crate::base::Codec;
use crate::endpoint::script::Voice;
use crate::media::g711;
use std::f64::consts::TAU;

/// −12 dB below full scale: a clear tone, far from clipping.
const PEAK: f64 = 8_192.0;

/// Fills `payload` with the packet that begins `spoken` samples into the call.
pub fn fill(payload: &mut [u8; SAMPLES], voice: Voice, codec: Codec, spoken: u32, stamp: Stamp) {
    match voice {
        Voice::Off | Voice::Listening => payload.fill(g711::silence(codec)),
        Voice::Stamped => {
            payload.fill(g711::silence(codec));
            stamp.write(payload.first_chunk_mut::<STAMP_BYTES>().expect("160 bytes"));
        }
        Voice::Tone(hz) => {
            for (byte, n) in payload.iter_mut().zip(spoken..) {
                // A sine of whole hertz repeats every second, which keeps the angle small for ever.
                let turns = f64::from(hz) * f64::from(n % 8_000) / 8_000.0;
                *byte = g711::encode(codec, sample(turns));
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "within ±8192")]
fn sample(turns: f64) -> i16 {
    ((turns * TAU).sin() * PEAK).round() as i16
}
