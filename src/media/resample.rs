//! Any sampling rate above 8 kHz to 8 kHz, once, at load. A windowed-sinc filter, one set of taps per phase.
//! Must never run on the packet path: it allocates and takes milliseconds.

use super::sound::RATE;
use std::f64::consts::PI;

/// Half the filter's length, in output samples: 24 give over 60 dB between pass and stop band.
const HALF_WIDTH: f64 = 24.0;
/// Where the filter cuts, of the output's rate: telephone speech ends at 3.4 kHz.
const CUTOFF: f64 = 3_600.0 / 8_000.0;

/// `samples` at `rate` Hz, which must be at least 8,000, as they sound at 8 kHz.
pub fn to_8_khz(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate == RATE {
        return samples.to_vec();
    }
    let divisor = greatest_common_divisor(rate, RATE);
    let (step, phases) = ((rate / divisor) as usize, (RATE / divisor) as usize);
    let ratio = f64::from(rate) / f64::from(RATE);
    let half = (HALF_WIDTH * ratio).ceil() as usize;
    let filters: Vec<Vec<f32>> =
        (0..phases).map(|phase| taps(phase as f64 / phases as f64, half, ratio)).collect();
    (0..(samples.len() * phases).div_ceil(step))
        .map(|out| {
            let (centre, phase) = (out * step / phases, out * step % phases);
            let (first, skipped) = ((centre + 1).saturating_sub(half), half.saturating_sub(centre + 1));
            let heard = &samples[first..samples.len().min(centre + 1 + half)];
            let sum: f32 = filters[phase][skipped..]
                .iter()
                .zip(heard)
                .map(|(tap, sample)| tap * f32::from(*sample))
                .sum();
            sum.round() as i16
        })
        .collect()
}

/// The filter for an output sample that lies `fraction` of an input sample after the middle; sums to 1.
fn taps(fraction: f64, half: usize, ratio: f64) -> Vec<f32> {
    let raw: Vec<f64> = (0..2 * half)
        .map(|tap| {
            let from_centre = (tap as f64 - (half as f64 - 1.0) - fraction) / ratio;
            let window = if from_centre.abs() < HALF_WIDTH {
                let turn = PI * from_centre / HALF_WIDTH;
                0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos()
            } else {
                0.0
            };
            sinc(2.0 * CUTOFF * from_centre) * window
        })
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|tap| (tap / sum) as f32).collect()
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

const fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::tone::{level_db, sine, snr_db};

    #[test]
    fn a_tone_keeps_its_pitch_and_level_from_every_usual_rate() {
        for rate in [11_025, 16_000, 22_050, 24_000, 44_100, 48_000] {
            let out = to_8_khz(&sine(1_000.0, 10_000.0, rate, rate), rate);
            assert!(out.len().abs_diff(8_000) <= 1, "{rate}: {} samples", out.len());
            let middle = &out[400..7_600];
            assert!(snr_db(middle, 1_000.0) > 55.0, "{rate}: {} dB", snr_db(middle, 1_000.0));
            assert!(
                (level_db(middle, 1_000.0) - level_db(&sine(1_000.0, 10_000.0, 8_000, 7_200), 1_000.0)).abs()
                    < 0.1
            );
        }
    }

    #[test]
    fn what_8_khz_cannot_carry_is_gone_rather_than_folded() {
        let out = to_8_khz(&sine(5_000.0, 10_000.0, 48_000, 48_000), 48_000);
        assert!(out[400..7_600].iter().all(|sample| sample.abs() < 20));
        assert!(to_8_khz(&[], 44_100).is_empty());
        assert_eq!(to_8_khz(&[5, 6], 8_000), [5, 6]);
    }
}
