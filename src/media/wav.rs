//! WAV files (RIFF): which samples are in one. Also A-law and µ-law ones, which hound refuses. Must never resample.

use super::{SoundError, g711};
use crate::base::Codec;

/// A file's samples, its channels mixed to one.
#[derive(Debug, PartialEq, Eq)]
pub struct Wav {
    /// Samples a second.
    pub rate: u32,
    /// 16-bit linear.
    pub samples: Vec<i16>,
}

/// Programs that write to a pipe can't know the length, and write one this large or larger: what is there counts.
/// SoX and eSpeak write 0x7ffff000, FFmpeg 0xffffffff.
const OPEN: usize = 0x7ff0_0000;

/// How a file's samples are written.
#[derive(Clone, Copy)]
enum Encoding {
    Pcm8,
    Pcm16,
    Pcm24,
    G711(Codec),
}

impl Encoding {
    const fn bytes(self) -> usize {
        match self {
            Self::Pcm8 | Self::G711(_) => 1,
            Self::Pcm16 => 2,
            Self::Pcm24 => 3,
        }
    }

    fn sample(self, bytes: &[u8]) -> i16 {
        match self {
            Self::Pcm8 => (i16::from(bytes[0]) - 128) << 8,
            Self::Pcm16 => i16::from_le_bytes([bytes[0], bytes[1]]),
            Self::Pcm24 => i16::from_le_bytes([bytes[1], bytes[2]]),
            Self::G711(codec) => g711::decode(codec, bytes[0]),
        }
    }
}

/// Reads a whole file.
///
/// # Errors
/// A [`SoundError`] that says what to change in the file.
pub fn read(file: &[u8]) -> Result<Wav, SoundError> {
    if file.get(..4) != Some(b"RIFF") || file.get(8..12) != Some(b"WAVE") {
        return Err(SoundError::NotWav);
    }
    let mut format = None;
    let mut rest = &file[12..];
    while let Some((head, body)) = rest.split_first_chunk::<8>() {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let chunk = &body[..length.min(body.len())];
        match &head[..4] {
            b"data" if length > body.len() && length < OPEN => return Err(SoundError::Damaged("data")),
            b"fmt " => format = Some(Format::read(chunk)?),
            b"data" => {
                let format = format.ok_or(SoundError::Damaged("fmt "))?;
                return Ok(Wav { rate: format.rate, samples: format.samples(chunk) });
            }
            _ => {}
        }
        // Chunks are padded to an even length.
        rest = body.get(length + length % 2..).unwrap_or(&[]);
    }
    Err(SoundError::Damaged("data"))
}

struct Format {
    encoding: Encoding,
    channels: u16,
    rate: u32,
}

impl Format {
    fn read(chunk: &[u8]) -> Result<Self, SoundError> {
        let word = |at: usize| chunk.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
        let damaged = SoundError::Damaged("fmt ");
        let (Some(mut tag), Some(channels), Some(low), Some(high), Some(bits)) =
            (word(0), word(2), word(4), word(6), word(14))
        else {
            return Err(damaged);
        };
        // WAVE_FORMAT_EXTENSIBLE: the encoding is the first word of its GUID.
        if tag == 0xfffe {
            tag = word(24).ok_or(damaged)?;
        }
        let encoding = match (tag, bits) {
            (1, 8) => Encoding::Pcm8,
            (1, 16) => Encoding::Pcm16,
            (1, 24) => Encoding::Pcm24,
            (1, _) => return Err(SoundError::Bits(bits)),
            (6, _) => Encoding::G711(Codec::Pcma),
            (7, _) => Encoding::G711(Codec::Pcmu),
            (_, _) => return Err(SoundError::Encoding(tag)),
        };
        let rate = u32::from(high) << 16 | u32::from(low);
        if !(1..=2).contains(&channels) {
            return Err(SoundError::Channels(channels));
        }
        if !(super::sound::RATE..=192_000).contains(&rate) {
            return Err(SoundError::Rate(rate));
        }
        Ok(Self { encoding, channels, rate })
    }

    #[expect(clippy::cast_possible_truncation, reason = "the mean of two 16-bit samples has 16 bits")]
    fn samples(&self, data: &[u8]) -> Vec<i16> {
        let bytes = self.encoding.bytes();
        let sample = |bytes: &[u8]| self.encoding.sample(bytes);
        data.chunks_exact(bytes * usize::from(self.channels))
            .map(|frame| match self.channels {
                1 => sample(frame),
                _ => i32::midpoint(sample(frame).into(), sample(&frame[bytes..]).into()) as i16,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file written by hound, which our reader has never seen the inside of.
    fn written(channels: u16, rate: u32, bits: u16, samples: &[i32]) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).expect("a spec");
        for sample in samples {
            writer.write_sample(*sample).expect("memory");
        }
        writer.finalize().expect("memory");
        file.into_inner()
    }

    fn g711_file(tag: u16, data: &[u8]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x12\0\0\0".to_vec();
        file.extend(tag.to_le_bytes());
        file.extend([1, 0, 0x40, 0x1f, 0, 0, 0x40, 0x1f, 0, 0, 1, 0, 8, 0, 0, 0]);
        file.extend(b"fact\x04\0\0\0\0\0\0\0data");
        file.extend(u32::try_from(data.len()).expect("short").to_le_bytes());
        file.extend(data);
        file
    }

    #[test]
    fn pcm_of_every_size_is_read_and_stereo_is_mixed() {
        let mono = read(&written(1, 8_000, 16, &[0, 1_000, -1_000, 32_767])).expect("a WAV file");
        assert_eq!(mono, Wav { rate: 8_000, samples: vec![0, 1_000, -1_000, 32_767] });
        let stereo = read(&written(2, 44_100, 16, &[100, 300, -32_768, -32_768])).expect("a WAV file");
        assert_eq!(stereo, Wav { rate: 44_100, samples: vec![200, -32_768] });
        assert_eq!(read(&written(1, 8_000, 8, &[-128, 127])).expect("a WAV file").samples, [-32_768, 32_512]);
        assert_eq!(
            read(&written(1, 8_000, 24, &[-256 * 77, 256 * 5])).expect("a WAV file").samples,
            [-77, 5]
        );
    }

    #[test]
    fn g711_files_are_read() {
        let samples = read(&g711_file(6, &[0xd5, 0x80])).expect("an A-law file").samples;
        assert_eq!(samples, [8, g711::decode(Codec::Pcma, 0x80)]);
        assert_eq!(read(&g711_file(7, &[0xff])).expect("a µ-law file").samples, [0]);
    }

    #[test]
    fn a_file_we_cannot_play_says_why() {
        assert_eq!(read(b"ID3 and so on"), Err(SoundError::NotWav));
        assert_eq!(read(&g711_file(0x55, &[0])), Err(SoundError::Encoding(0x55)));
        assert_eq!(read(&written(1, 8_000, 32, &[1])), Err(SoundError::Bits(32)));
        assert_eq!(read(&written(6, 8_000, 16, &[0; 6])), Err(SoundError::Channels(6)));
        assert_eq!(read(&written(1, 4_000, 16, &[0])), Err(SoundError::Rate(4_000)));
        assert_eq!(read(&written(1, 8_000, 16, &[0])[..36]), Err(SoundError::Damaged("data")));
        assert_eq!(read(b"RIFF\0\0\0\0WAVEdata\0\0\0\0"), Err(SoundError::Damaged("fmt ")));
    }

    #[test]
    fn a_file_cut_in_the_middle_of_its_data_is_damaged_and_one_from_a_pipe_is_not() {
        let whole = written(1, 8_000, 16, &[1, 2, 3, 4]);
        assert_eq!(read(&whole[..whole.len() - 3]), Err(SoundError::Damaged("data")));
        for open in [0x7fff_f000_u32, u32::MAX] {
            let mut piped = whole.clone();
            piped[40..44].copy_from_slice(&open.to_le_bytes());
            assert_eq!(read(&piped).expect("a WAV file").samples, [1, 2, 3, 4]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&[b"RIFF\0\0\0\0WAVEfmt ".as_slice(), &tail].concat());
            let _ = read(&[&g711_file(1, &[0; 9])[..20], &tail].concat());
        }
    }
}
