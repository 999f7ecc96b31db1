//! Inputs made of others, by a seed: bytes changed, cut, moved, repeated, crossed with another's. Must never look at what
//! became of them.

use spillway::base::Random;

/// Pieces that matter to some rule of the grammars.
const WORDS: [&[u8]; 40] = [
    b"\r\n",
    b"\r\n ",
    b"\n",
    b"\r",
    b"\0",
    b"\"",
    b"\\",
    b"<",
    b">",
    b",",
    b";",
    b"=",
    b":",
    b"@",
    b"[",
    b"]",
    b" ",
    b"\t",
    b"\r\n\r\n",
    b"\xff",
    b"%",
    b"%00",
    b"%0d%0a",
    b"*",
    b"+",
    b"?",
    b"&",
    b"Content-Length: 5\r\n",
    b"l: 0\r\n",
    b"SIP/2.0",
    b"sip:",
    b"tel:",
    b"[::1]",
    b";tag=",
    b";lr",
    b"4294967296",
    b"-1",
    b"Digest ",
    b"a=rtpmap:",
    b"m=audio ",
];
/// The longest input made, bytes: almost as much as one message may have, for an answer repeats most of it and adds a little.
const LONGEST: usize = 64_000;
/// One in so many is made as long as it may be, of one piece again and again: what takes longer than it should shows there.
const SWOLLEN: u64 = 64;

/// Where the inputs come from.
pub struct Mutator<'a> {
    random: Random,
    corpus: &'a [Vec<u8>],
    is_text: bool,
}

impl<'a> Mutator<'a> {
    pub fn new(seed: u64, corpus: &'a [Vec<u8>], is_text: bool) -> Self {
        Self { random: Random::from_number(seed), corpus, is_text }
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random.below(end.max(1) as u64)).expect("it was one")
    }

    /// A part of `bytes`, no longer than `longest`.
    fn part(&mut self, bytes: &[u8], longest: usize) -> std::ops::Range<usize> {
        let start = self.below(bytes.len() + 1);
        let length = self.below(longest.min(bytes.len() - start) + 1);
        start..start + length
    }

    /// The next input.
    pub fn next(&mut self) -> Vec<u8> {
        let corpus = self.corpus;
        let mut bytes = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(6) {
            self.change(&mut bytes);
        }
        if self.random.below(SWOLLEN) == 0 {
            self.swell(&mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        match self.random.below(if self.is_text { 8 } else { 6 }) {
            0 if !bytes.is_empty() => {
                let at = self.below(bytes.len());
                bytes[at] ^= 1 << self.random.below(8);
            }
            0 | 1 => bytes.insert(at, u8::try_from(self.random.below(256)).expect("8 bits")),
            2 => drop(bytes.drain(self.part(bytes, 32))),
            3 => {
                let part = bytes[self.part(bytes, 64)].to_vec();
                bytes.splice(at..at, part);
            }
            4 => {
                let corpus = self.corpus;
                let other = &corpus[self.below(corpus.len())];
                let part = self.part(other, 256);
                let over = at + self.below(32).min(bytes.len() - at);
                bytes.splice(at..over, other[part].iter().copied());
            }
            5 => bytes.truncate(at),
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                let over = at + self.below(6).min(bytes.len() - at);
                bytes.splice(at..over, word.iter().copied());
            }
        }
    }

    /// Repeats a word or a part of it until it is as long as an input may be.
    fn swell(&mut self, bytes: &mut Vec<u8>) {
        let piece = if self.is_text && self.random.below(2) == 0 {
            WORDS[self.below(WORDS.len())].to_vec()
        } else {
            bytes[self.part(bytes, 24)].to_vec()
        };
        let room = LONGEST.saturating_sub(bytes.len());
        let at = self.below(bytes.len() + 1);
        let times = room.checked_div(piece.len()).unwrap_or(0);
        bytes.splice(at..at, piece.repeat(times));
    }
}
