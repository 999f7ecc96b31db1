//! One call of a station: its script, where it stands, its story so far. Must never know of packets.

use crate::base::Moment;
use crate::endpoint::event::{Ending, Side, Story};
use crate::endpoint::script::{Answering, Dial, Key, Voice};
use crate::signaling::{Invitation, RemoteMedia};
use std::time::Duration;

/// One call.
#[derive(Debug)]
pub struct Call {
    /// What is told of it at its end.
    pub story: Story,
    /// Where it stands.
    pub stage: Stage,
    /// The station's RTP socket lent to it.
    pub socket: usize,
    /// What it says.
    pub voice: Voice,
    /// What it does once answered.
    pub keys: Vec<Key>,
    /// How long it talks before it hangs up.
    pub talk: Option<Duration>,
}

/// Where a call stands.
#[derive(Debug)]
pub enum Stage {
    /// Ours, not answered yet.
    Calling,
    /// Theirs, not answered yet; their offer waits for our answer.
    Alerting {
        /// Their media; none with a late offer.
        offer: Option<RemoteMedia>,
    },
    /// Answered.
    Talking,
}

impl Call {
    /// A call placed at `now`.
    pub fn placed(now: Moment, dial: Dial, socket: usize) -> Self {
        let story = story(now, dial.tag, Side::Placed, dial.number, dial.caller);
        let Dial { keys, voice, talk, .. } = dial;
        Self { story, stage: Stage::Calling, socket, voice, keys, talk }
    }

    /// A call that came at `now`.
    pub fn taken(now: Moment, invitation: Invitation, socket: usize) -> Self {
        let Invitation { dialled, caller, offer, diversions, .. } = invitation;
        let mut story = story(now, 0, Side::Taken, dialled, caller.number);
        story.diverted_by = diversions.into_iter().next().map(|diversion| diversion.user);
        let stage = Stage::Alerting { offer };
        Self { story, stage, socket, voice: Voice::Off, keys: Vec::new(), talk: None }
    }

    /// Takes up how it is to be answered; the talk's length was drawn for this call.
    pub const fn follow(&mut self, answering: Answering, talk: Option<Duration>) {
        self.voice = answering.voice;
        self.talk = talk;
    }

    /// Whether its audio is to be looked at or made.
    pub fn has_audio(&self) -> bool {
        self.voice != Voice::Off || !self.keys.is_empty()
    }

    /// The story with its end.
    pub fn ended(self, now: Moment, ending: Ending) -> Box<Story> {
        Box::new(Story { ended: now, ending, ..self.story })
    }
}

/// A story at its beginning; its end is written over when it comes.
const fn story(now: Moment, tag: u64, side: Side, user: String, caller: String) -> Story {
    Story {
        tag,
        side,
        user,
        caller,
        diverted_by: None,
        begun: now,
        ringing: None,
        answered: None,
        first_audio: None,
        ended: now,
        ending: Ending::HungUp,
    }
}
