//! A prompt or a piece of music, decoded once and shared by all who hear it. Must never know where its file lies.

use super::{g711, resample, wav};
use crate::base::{Codec, limits};
use std::fmt;
use std::time::Duration;

/// The sampling rate of G.711, Hz.
pub(super) const RATE: u32 = 8_000;

/// Audio ready to send in either G.711 law: 8 kHz, mono, 16 kB a second.
pub struct Sound {
    alaw: Box<[u8]>,
    ulaw: Box<[u8]>,
}

/// Why a file is no sound we can play. The wording is for whoever made the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoundError {
    /// Not a RIFF/WAVE file.
    #[error("not a WAV file: it does not begin with RIFF and WAVE")]
    NotWav,
    /// A chunk that must be there is not, or is cut short.
    #[error("damaged WAV file: its `{0}` chunk is missing or cut short")]
    Damaged(&'static str),
    /// A compressed or floating-point encoding.
    #[error("WAV encoding {0:#06x} is not supported: save it as 16-bit PCM, A-law or µ-law")]
    Encoding(u16),
    /// A sample size that PCM files of this kind do not have.
    #[error("{0}-bit samples are not supported: save it with 16 bits")]
    Bits(u16),
    /// No channel, or more than a person has ears for.
    #[error("{0} channels are not supported: save it as mono or stereo")]
    Channels(u16),
    /// A rate below G.711's, or one no sound card has.
    #[error("a sampling rate of {0} Hz is not supported: save it with 8000 to 192000 Hz")]
    Rate(u32),
    /// No sample in it.
    #[error("the file holds no sound")]
    Empty,
    /// Longer than the limit.
    #[error("{0} s of sound is too long: the limit is {limit} s", limit = limits::SOUND_SECONDS)]
    TooLong(u64),
}

impl Sound {
    /// From a WAV file's bytes: PCM of 8, 16 or 24 bits, A-law or µ-law, mono or stereo, 8 to 192 kHz.
    ///
    /// # Errors
    /// A [`SoundError`] that says what to change in the file.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, SoundError> {
        let wav = wav::read(bytes)?;
        let seconds = wav.samples.len() as u64 / u64::from(wav.rate);
        if seconds > u64::from(limits::SOUND_SECONDS) {
            return Err(SoundError::TooLong(seconds));
        }
        if wav.samples.is_empty() {
            return Err(SoundError::Empty);
        }
        Ok(Self::from_samples(&resample::to_8_khz(&wav.samples, wav.rate)))
    }

    /// From linear samples at 8 kHz.
    #[must_use]
    pub fn from_samples(samples: &[i16]) -> Self {
        let encoded = |codec| samples.iter().map(|sample| g711::encode(codec, *sample)).collect();
        Self { alaw: encoded(Codec::Pcma), ulaw: encoded(Codec::Pcmu) }
    }

    /// How long it plays.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.alaw.len() as u64 * 125)
    }

    /// All of it in `codec`'s law, one byte a sample.
    #[must_use]
    pub fn bytes(&self, codec: Codec) -> &[u8] {
        match codec {
            Codec::Pcma => &self.alaw,
            Codec::Pcmu => &self.ulaw,
        }
    }
}

impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sound({:?})", self.duration())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_lasts_as_long_as_its_samples_and_speaks_both_laws() {
        let sound = Sound::from_samples(&[0; 12_000]);
        assert_eq!(sound.duration(), Duration::from_millis(1_500));
        assert!(sound.bytes(Codec::Pcma).iter().all(|byte| *byte == g711::PCMA_SILENCE));
        assert!(sound.bytes(Codec::Pcmu).iter().all(|byte| *byte == g711::PCMU_SILENCE));
        assert_eq!(format!("{sound:?}"), "Sound(1.5s)");
    }

    #[test]
    fn an_empty_file_and_an_endless_one_are_refused() {
        let mut file =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data".to_vec();
        file.extend(u32::MAX.to_le_bytes());
        assert_eq!(Sound::from_wav(&file).expect_err("no samples"), SoundError::Empty);
        file.resize(file.len() + 8_000 * 601, 0xff);
        assert_eq!(Sound::from_wav(&file).expect_err("too long"), SoundError::TooLong(601));
        file.truncate(file.len() - 8_000);
        assert_eq!(Sound::from_wav(&file).map(|sound| sound.duration()), Ok(Duration::from_secs(600)));
        assert!(SoundError::TooLong(601).to_string().contains("600 s"));
    }
}
