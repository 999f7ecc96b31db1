//! G.711 (ITU-T G.711): linear to A-law and µ-law and back, and one law to the other. Must never know of packets.

use crate::base::Codec;

/// A-law's silence.
pub const PCMA_SILENCE: u8 = 0xd5;
/// µ-law's silence.
pub const PCMU_SILENCE: u8 = 0xff;

/// The byte that is silence under `codec`.
#[must_use]
pub const fn silence(codec: Codec) -> u8 {
    match codec {
        Codec::Pcma => PCMA_SILENCE,
        Codec::Pcmu => PCMU_SILENCE,
    }
}

/// One 16-bit linear sample to a byte of `codec`.
#[must_use]
pub const fn encode(codec: Codec, sample: i16) -> u8 {
    match codec {
        Codec::Pcma => encode_alaw(sample),
        Codec::Pcmu => encode_ulaw(sample),
    }
}

/// One byte of `codec` to a 16-bit linear sample.
#[must_use]
pub const fn decode(codec: Codec, byte: u8) -> i16 {
    match codec {
        Codec::Pcma => FROM_ALAW[byte as usize],
        Codec::Pcmu => FROM_ULAW[byte as usize],
    }
}

/// Turns `payload`, in the law `from`, into the other law, in place.
pub fn transcode(from: Codec, payload: &mut [u8]) {
    let table = match from {
        Codec::Pcma => &ALAW_TO_ULAW,
        Codec::Pcmu => &ULAW_TO_ALAW,
    };
    for byte in payload {
        *byte = table[usize::from(*byte)];
    }
}

const FROM_ALAW: [i16; 256] = decoded(Codec::Pcma);
const FROM_ULAW: [i16; 256] = decoded(Codec::Pcmu);
const ALAW_TO_ULAW: [u8; 256] = crossed(Codec::Pcma);
const ULAW_TO_ALAW: [u8; 256] = crossed(Codec::Pcmu);

/// The magnitude both laws compress: negative samples count from -1.
const fn magnitude(sample: i16) -> u16 {
    (if sample < 0 { !sample } else { sample }).cast_unsigned()
}

#[expect(clippy::cast_possible_truncation, reason = "the code word has 7 bits")]
const fn encode_alaw(sample: i16) -> u8 {
    let magnitude = magnitude(sample) >> 4;
    let code = if magnitude < 32 {
        magnitude
    } else {
        let segment = magnitude.ilog2() - 3;
        ((segment as u16) << 4) | ((magnitude >> (segment - 1)) & 0x0f)
    };
    let sign = if sample < 0 { 0 } else { 0x80 };
    (code as u8 | sign) ^ 0x55
}

#[expect(clippy::cast_possible_truncation, reason = "the code word has 7 bits")]
const fn encode_ulaw(sample: i16) -> u8 {
    let biased = (magnitude(sample) >> 2) + 33;
    let biased = if biased > 0x1fff { 0x1fff } else { biased };
    let segment = biased.ilog2() - 5;
    let code = ((segment as u16) << 4) | ((biased >> (segment + 1)) & 0x0f);
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(code as u8 | sign)
}

const fn decode_alaw(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let segment = (code >> 4) & 0x07;
    let step = ((code & 0x0f) as i16) << 4;
    let magnitude = match segment {
        0 => step + 0x08,
        _ => (step + 0x108) << (segment - 1),
    };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

const fn decode_ulaw(byte: u8) -> i16 {
    let code = !byte;
    let magnitude = ((((code & 0x0f) as i16) << 3) + 0x84) << ((code >> 4) & 0x07);
    if code & 0x80 == 0 { magnitude - 0x84 } else { 0x84 - magnitude }
}

#[expect(clippy::cast_possible_truncation, reason = "the index stays under 256")]
const fn decoded(codec: Codec) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match codec {
            Codec::Pcma => decode_alaw(byte as u8),
            Codec::Pcmu => decode_ulaw(byte as u8),
        };
        byte += 1;
    }
    table
}

const fn crossed(from: Codec) -> [u8; 256] {
    let linear = decoded(from);
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match from {
            Codec::Pcma => encode_ulaw(linear[byte]),
            Codec::Pcmu => encode_alaw(linear[byte]),
        };
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio_codec_algorithms as oracle;

    #[test]
    fn every_linear_sample_and_every_byte_agrees_with_the_oracle() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(encode(Codec::Pcma, sample), oracle::encode_alaw(sample), "A-law of {sample}");
            assert_eq!(encode(Codec::Pcmu, sample), oracle::encode_ulaw(sample), "µ-law of {sample}");
        }
        for byte in 0..=255 {
            assert_eq!(decode(Codec::Pcma, byte), oracle::decode_alaw(byte), "A-law {byte:#x}");
            assert_eq!(decode(Codec::Pcmu, byte), oracle::decode_ulaw(byte), "µ-law {byte:#x}");
        }
    }

    #[test]
    fn silence_decodes_to_nearly_nothing_and_survives_a_crossing() {
        for codec in Codec::ALL {
            assert!(decode(codec, silence(codec)).abs() <= 8);
        }
        let mut silent = [PCMA_SILENCE];
        transcode(Codec::Pcma, &mut silent);
        assert_eq!(silent, [encode(Codec::Pcmu, 8)]);
    }
}
