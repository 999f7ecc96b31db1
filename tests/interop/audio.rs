//! What somebody heard: a recording cut into windows, each with the one tone it holds.

use crate::tone::{level_db, power, power_at, snr_db};
use std::path::Path;

/// 100 ms at 8 kHz: 10 Hz of resolution, finer than any two tones of a story lie apart.
const WINDOW: usize = 800;
/// The tone holds at least this share of a window's power.
const MOSTLY: f64 = 0.9;
/// A quiet window's mean power: 40 dB below the tones played.
const QUIET: f64 = 3_200.0;

/// A recording.
pub struct Heard {
    samples: Vec<i16>,
    tones: Vec<f64>,
}

impl Heard {
    /// Reads a recording in which only these tones are expected.
    pub fn read(path: &Path, tones: &[f64]) -> Self {
        let mut reader = hound::WavReader::open(path).expect("a recording");
        assert_eq!(reader.spec().sample_rate, 8_000, "{}", path.display());
        let samples = reader.samples::<i16>().collect::<Result<_, _>>().expect("16-bit samples");
        Self { samples, tones: tones.to_vec() }
    }

    /// The tones heard one after the other, each with its length in seconds; what is no tone is left out.
    pub fn story(&self) -> Vec<(f64, f64)> {
        let mut story: Vec<(f64, f64)> = Vec::new();
        for hz in self.samples.chunks_exact(WINDOW).filter_map(|window| self.tone_of(window)) {
            match story.last_mut().filter(|(last, _)| *last == hz) {
                Some((_, seconds)) => *seconds += 0.1,
                None => story.push((hz, 0.1)),
            }
        }
        story
    }

    /// How far a tone stands above everything else, and above another tone, dB, in the middle half of its longest stretch.
    pub fn purity_db(&self, hz: f64, other: f64) -> (f64, f64) {
        let windows: Vec<_> = self.samples.chunks_exact(WINDOW).map(|window| self.tone_of(window)).collect();
        let mut best = 0..0;
        let mut from = 0;
        for (index, tone) in windows.iter().enumerate() {
            if *tone != Some(hz) {
                from = index + 1;
            } else if index + 1 - from > best.len() {
                best = from..index + 1;
            }
        }
        let quarter = best.len() / 4;
        let middle = &self.samples[(best.start + quarter) * WINDOW..(best.end - quarter) * WINDOW];
        assert!(!middle.is_empty(), "{hz} Hz never heard: {:?}", self.story());
        (snr_db(middle, hz), level_db(middle, hz) - level_db(middle, other))
    }

    fn tone_of(&self, window: &[i16]) -> Option<f64> {
        let all = power(window);
        let strongest = self
            .tones
            .iter()
            .copied()
            .max_by(|one, two| power_at(window, *one).total_cmp(&power_at(window, *two)))?;
        (all > QUIET && power_at(window, strongest) > MOSTLY * all).then_some(strongest)
    }
}
