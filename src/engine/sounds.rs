//! The sounds of a plan, decoded once and shared by all who hear them.

use crate::base::{MusicId, PromptId};
use crate::media::Sound;
use std::sync::Arc;

/// Sounds by the ids of one plan.
#[derive(Clone, Debug, Default)]
pub struct Sounds {
    /// Prompts, by [`PromptId`].
    pub prompts: Vec<Arc<Sound>>,
    /// Music, by [`MusicId`]: its pieces, played in turn.
    pub music: Vec<Vec<Arc<Sound>>>,
}

impl Sounds {
    pub(super) fn prompt(&self, prompt: PromptId) -> Option<&Arc<Sound>> {
        self.prompts.get(prompt.index())
    }

    /// The piece played after `played` others, and whether it is the only one.
    pub(super) fn piece(&self, music: MusicId, played: u32) -> Option<(&Arc<Sound>, bool)> {
        let pieces = self.music.get(music.index())?;
        let index = (played as usize).checked_rem(pieces.len())?;
        Some((&pieces[index], pieces.len() == 1))
    }
}
