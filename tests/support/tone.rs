//! Tones for tests of audio: made, and found again by Goertzel's algorithm. Must never know how they travelled.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::f64::consts::TAU;

/// `samples` samples of a sine of `hz` with the given peak, sampled at `rate` Hz.
#[must_use]
pub fn sine(hz: f64, peak: f64, rate: u32, samples: u32) -> Vec<i16> {
    (0..samples).map(|n| ((TAU * hz * f64::from(n) / f64::from(rate)).sin() * peak).round() as i16).collect()
}

/// Mean power of the component at `hz` in 8 kHz audio (Goertzel), on the scale of [`power`]: a sine's is peak²/2.
#[must_use]
pub fn power_at(samples: &[i16], hz: f64) -> f64 {
    let turn = TAU * hz / 8_000.0;
    let twice_cos = 2.0 * turn.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        let next = f64::from(*sample) + twice_cos * last - before;
        before = last;
        last = next;
    }
    let magnitude = last * last + before * before - twice_cos * last * before;
    2.0 * magnitude / (samples.len() as f64).powi(2)
}

/// Mean power of everything.
#[must_use]
pub fn power(samples: &[i16]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len().max(1) as f64
}

/// How far the tone at `hz` stands above everything else, dB.
#[must_use]
pub fn snr_db(samples: &[i16], hz: f64) -> f64 {
    let tone = power_at(samples, hz);
    10.0 * (tone / (power(samples) - tone).max(1e-9)).log10()
}

/// The level of the component at `hz`, dB over one squared sample unit.
#[must_use]
pub fn level_db(samples: &[i16], hz: f64) -> f64 {
    10.0 * power_at(samples, hz).max(1e-9).log10()
}
