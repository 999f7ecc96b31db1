//! What whoever is on hold hears: what the holding phone sends of its own, and else music or silence of ours beside it.
//! Nothing of it is negotiated: the held side's own dialog knows nothing of the other's hold. Must never decide who holds
//! whom.

use super::Engine;
use super::legs::Heard;
use crate::base::{LegId, MusicId};
use crate::media::{Command, PortId};

impl Engine {
    pub(super) fn held(&mut self, id: LegId, by: LegId, music: Option<MusicId>) {
        let Some(leg) = self.legs.get_mut(id).filter(|leg| leg.heard.peer() == Some(by)) else { return };
        leg.heard = Heard::Held { by, music, played: 0 };
        self.sound(id);
    }

    pub(super) fn resumed(&mut self, id: LegId, by: LegId) {
        let Some(leg) = self.legs.get_mut(id).filter(|leg| leg.heard.peer() == Some(by)) else { return };
        leg.heard = Heard::Peer(by);
        if let Some(port) = leg.port.filter(|_| leg.attached) {
            self.command(Command::Unfill { port });
        }
    }

    /// The relay goes on, so that what the holding phone sends takes precedence and nobody is joined anew afterwards.
    pub(super) fn sound_of_hold(&mut self, port: PortId, by: LegId, music: Option<MusicId>, played: u32) {
        let Some(other) = self.legs.get(by).filter(|by| by.attached).and_then(|by| by.port) else { return };
        let piece = music.and_then(|music| self.config.sounds.piece(music, played));
        let (sound, only) = match piece {
            Some((sound, only)) => (Some(sound.clone()), only),
            None => (None, true),
        };
        self.command(Command::Connect { a: port, b: other });
        self.command(Command::Fill { port, token: 0, sound, repeat: only });
    }
}
