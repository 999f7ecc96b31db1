//! A sound on its way to one listener. Must never know who listens.

use crate::base::Codec;
use crate::media::{Sound, g711};
use std::sync::Arc;

/// Samples, and at G.711's one byte a sample also bytes, in one packet: 20 ms.
pub const FRAME: usize = 160;

/// A sound and how far it has been sent.
#[derive(Debug)]
pub struct Playing {
    sound: Arc<Sound>,
    at: usize,
    then: Then,
}

/// What happens at a sound's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It begins again.
    Again,
    /// Its end is reported with this token.
    Report(u64),
}

impl Playing {
    /// A sound from its beginning.
    pub const fn new(sound: Arc<Sound>, then: Then) -> Self {
        Self { sound, at: 0, then }
    }

    /// The token to report when all of the sound has been sent.
    pub fn ended(&self) -> Option<u64> {
        match self.then {
            Then::Report(token) if self.at >= self.sound.bytes(Codec::Pcma).len() => Some(token),
            Then::Report(_) | Then::Again => None,
        }
    }

    /// The next 20 ms: silence after a sound's end and in place of an empty one.
    pub fn fill(&mut self, codec: Codec, frame: &mut [u8; FRAME]) {
        let bytes = self.sound.bytes(codec);
        let mut filled = 0;
        while filled < FRAME {
            let part = &bytes[self.at.min(bytes.len())..];
            let part = &part[..part.len().min(FRAME - filled)];
            frame[filled..filled + part.len()].copy_from_slice(part);
            filled += part.len();
            self.at += part.len();
            if self.at >= bytes.len() && filled < FRAME {
                if self.then == Then::Again && !bytes.is_empty() {
                    self.at = 0;
                } else {
                    frame[filled..].fill(g711::silence(codec));
                    return;
                }
            }
        }
    }
}
