//! What whoever is on hold hears while the holding side sends nothing of its own: our music or silence, beside the relay,
//! whose packets always take precedence. Must never know who holds whom, or why.

use super::pace::Phase;
use super::playing::Playing;
use super::stream::Sends;
use super::{Board, lent};
use crate::base::{Moment, limits};
use crate::media::Refusal;

/// A sound that waits for the relay to fall silent.
#[derive(Debug)]
pub struct Fill {
    playing: Playing,
    phase: Phase,
    /// When it is heard, if nothing is relayed before.
    from: Moment,
}

impl Fill {
    /// A packet was relayed: ours begins when those end.
    pub fn relayed(&mut self, now: Moment) {
        self.from = now + limits::HOLD_GAP;
    }

    /// The sound, if it is heard at this moment. It does not go on unheard.
    pub fn playing(&mut self, due: Moment) -> Option<&mut Playing> {
        (due >= self.from).then_some(&mut self.playing)
    }
}

impl Board {
    /// Another sound takes the place of one before it without a gap.
    pub(super) fn fill(&mut self, now: Moment, number: u16, playing: Playing) -> Result<(), Refusal> {
        let stream = lent(&mut self.ports, number)?;
        let Sends::Relayed { fill, .. } = &mut stream.sends else { return Err(Refusal::NotConnected) };
        match fill {
            Some(fill) => fill.playing = playing,
            None => {
                let phase = self.pace.add(now, number);
                *fill = Some(Fill { playing, phase, from: now + limits::HOLD_BEGINS });
            }
        }
        Ok(())
    }

    pub(super) fn unfill(&mut self, number: u16) -> Result<(), Refusal> {
        let stream = lent(&mut self.ports, number)?;
        if let Sends::Relayed { fill, .. } = &mut stream.sends {
            let fill = fill.take();
            self.end_fill(number, fill);
        }
        Ok(())
    }

    pub(super) fn end_fill(&mut self, number: u16, fill: Option<Fill>) {
        if let Some(Fill { phase, .. }) = fill {
            self.pace.remove(phase, number);
        }
    }
}
