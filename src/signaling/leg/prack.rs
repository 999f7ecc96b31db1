//! Confirming the reliable provisional responses to an INVITE of ours (RFC 3262 section 4): each once, in order, within
//! the early dialog it makes. Whether our INVITE says so is the trunk's to decide.

use super::{Leg, State};
use crate::base::{Moment, limits};
use crate::signaling::compose;
use crate::signaling::dialog::Dialog;
use crate::signaling::media::RemoteMedia;
use crate::signaling::transaction::{Layer, Owner};
use crate::wire::sip::{HeaderName, Message, Method};

/// What an INVITE of ours knows of reliable provisional responses.
#[derive(Debug, Default)]
pub(super) struct Pracks {
    /// It said that we confirm them.
    offered: bool,
    /// One for each phone that rings.
    dialogs: Vec<EarlyDialog>,
}

/// A dialog a reliable provisional response made.
#[derive(Debug)]
struct EarlyDialog {
    dialog: Dialog,
    /// The RSeq heard last.
    heard: u32,
    /// The answer to our offer: final, once it came reliably (RFC 3262 section 5).
    answer: Option<RemoteMedia>,
}

impl Pracks {
    pub(super) const fn new(offered: bool) -> Self {
        Self { offered, dialogs: Vec::new() }
    }

    /// The INVITE goes out again: what phones said to the first one is void.
    pub(super) fn start_over(&mut self) {
        self.dialogs.clear();
    }

    /// The RSeq of a response that is to be confirmed.
    fn sequence(&self, response: &Message<'_>) -> Option<u32> {
        let mut required = response.values(HeaderName::Require);
        let reliable = required.any(|name| name.eq_ignore_ascii_case(compose::PRACK.as_bytes()));
        let sequence = response.number(HeaderName::RSeq, u32::MAX).ok().flatten();
        sequence.filter(|_| self.offered && reliable && remote_tag(response).is_some())
    }

    fn dialog(&mut self, response: &Message<'_>) -> Option<&mut EarlyDialog> {
        let tag = remote_tag(response)?;
        self.dialogs.iter_mut().find(|early| early.dialog.remote_tag() == Some(tag))
    }

    /// What the early dialog that a 2xx confirms has come to: the number of our last request in it, and their answer.
    pub(super) fn confirmed(&mut self, answer: &Message<'_>) -> Option<(u32, Option<RemoteMedia>)> {
        self.dialog(answer).map(|early| (early.dialog.local_cseq, early.answer.take()))
    }
}

fn remote_tag<'a>(response: &Message<'a>) -> Option<&'a [u8]> {
    response.to().ok()?.tag
}

impl Leg {
    /// Confirms a provisional response that asks for it. False when it is a copy or out of order: then nothing of it
    /// counts.
    pub(super) fn confirm(&mut self, now: Moment, layer: &mut Layer, response: &Message<'_>) -> bool {
        let State::Calling(calling) = &mut self.state else { return false };
        let pracks = &mut calling.pracks;
        let Some(sequence) = pracks.sequence(response) else { return true };
        match pracks.dialog(response) {
            Some(early) if early.heard.checked_add(1) == Some(sequence) => early.heard = sequence,
            Some(_) => return false,
            None => {
                let mut dialog = self.dialog.clone();
                if pracks.dialogs.len() >= limits::EARLY_DIALOGS || dialog.join(response).is_none() {
                    return false;
                }
                pracks.dialogs.push(EarlyDialog { dialog, heard: sequence, answer: None });
            }
        }
        let number = response.cseq().map_or(1, |cseq| cseq.number);
        let owner = Owner::Leg(self.key);
        if let Some(early) = pracks.dialog(response) {
            early.dialog.request(layer, now, Method::Prack, owner, |writer| {
                writer.header_fmt(HeaderName::RAck, format_args!("{sequence} {number} INVITE"));
            });
        }
        true
    }

    /// Their media as a provisional response gives them. What came reliably stands, whatever later ones say.
    pub(super) fn early_media(&mut self, response: &Message<'_>) -> Option<RemoteMedia> {
        let State::Calling(calling) = &mut self.state else { return None };
        if calling.late.is_some() || response.body().is_empty() {
            return None;
        }
        let reliable = calling.pracks.sequence(response).is_some();
        let early = calling.pracks.dialog(response);
        if let Some(answer) = early.as_ref().and_then(|early| early.answer.clone()) {
            return Some(answer);
        }
        let media = self.media.preview(response.body(), &self.codecs).ok()?;
        if let Some(early) = early.filter(|_| reliable) {
            early.answer = Some(media.clone());
        }
        calling.early = Some((remote_tag(response).unwrap_or_default().into(), media.clone()));
        Some(media)
    }
}
