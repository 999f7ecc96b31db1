//! `accept`, `answer` and `whisper`: the key that whoever answers presses before a call is put through.

use super::super::keys::PHONE_KEYS;
use super::super::plan::Acceptance;
use super::super::wording;
use super::SiteReading;
use crate::base::finding::Located;
use crate::base::limits;
use crate::base::written::Section;

impl<'a> SiteReading<'a, '_, '_> {
    /// The key written, and the prompt that asks for it, which a section may have from its defaults.
    pub(super) fn acceptance(
        &mut self,
        key: Option<Located<&'a str>>,
        section: &Section<'a>,
        defaults: Option<&Section<'a>>,
    ) -> Option<Acceptance> {
        let Some(key) = key else {
            if let Some(whisper) = section.text("whisper") {
                self.to.findings.error(&whisper.place, wording::whispers_for_nothing());
            }
            return None;
        };
        if !PHONE_KEYS.contains(&key.value) {
            self.to.findings.error(&key.place, wording::no_phone_key(key.value));
            return None;
        }
        let whisper = section.text("whisper").or_else(|| defaults?.text("whisper"));
        let prompt = whisper.and_then(|whisper| self.prompt(&whisper));
        let wait = prompt.map_or(limits::ACCEPTANCE, |(_, lasts)| lasts + limits::ACCEPTANCE);
        Some(Acceptance { key: key.value.chars().next()?, whisper: prompt.map(|(prompt, _)| prompt), wait })
    }
}
