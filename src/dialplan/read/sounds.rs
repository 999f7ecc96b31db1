//! `[prompts]` and `[music]`: which files are heard. A prompt NAME is `messages/NAME.wav` unless a file is written;
//! a text is what the recording says.

use super::super::files::SoundFile;
use super::super::plan::{Music, Prompt};
use super::super::wording;
use super::SiteReading;
use crate::base::finding::{Located, Place};
use crate::base::{MusicId, PromptId};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where prompts lie, beside the site.
const FOLDER: &str = "messages";

/// A site's sounds in use, by name.
#[derive(Default)]
pub(in crate::dialplan) struct Sounds<'a> {
    prompts: BTreeMap<&'a str, Option<(PromptId, Duration)>>,
    music: BTreeMap<&'a str, Option<MusicId>>,
}

impl<'a> SiteReading<'a, '_, '_> {
    /// The prompt of this name and how long it lasts.
    pub(super) fn prompt(&mut self, name: &Located<&'a str>) -> Option<(PromptId, Duration)> {
        if let Some(known) = self.sounds.prompts.get(name.value) {
            return *known;
        }
        let found = self.find_prompt(name);
        self.sounds.prompts.insert(name.value, found);
        found
    }

    fn find_prompt(&mut self, name: &Located<&'a str>) -> Option<(PromptId, Duration)> {
        if name.value.contains(['/', '\\']) || name.value.starts_with('.') || name.value.is_empty() {
            self.to.findings.error(&name.place, wording::bad_sound_name(name.value));
            return None;
        }
        let prompts = self.root.section("prompts");
        let entries = prompts.as_ref().map(|prompts| prompts.entries()).unwrap_or_default();
        let entry = entries.iter().find(|entry| entry.key.value == name.value);
        let written = entry.and_then(|entry| entry.text());
        let own_file = written.as_ref().filter(|text| text.value.ends_with(".wav"));
        let relative =
            own_file.map_or_else(|| format!("{FOLDER}/{}.wav", name.value), |file| file.value.to_owned());
        let path = Path::new(self.source.folder()).join(&relative);
        let place = entry.map_or_else(|| name.place.clone(), |entry| entry.place());
        match self.to.files.sound(&path) {
            SoundFile::Lasts(lasts) => {
                let id = PromptId(u32::try_from(self.to.plan.prompts.len()).ok()?);
                self.to.plan.prompts.push(Prompt { name: name.value.into(), file: path });
                return Some((id, lasts));
            }
            SoundFile::Unreadable(why) => {
                self.to.findings.error(&place, wording::unreadable(&relative, &why))
            }
            SoundFile::Absent if own_file.is_some() => {
                self.to.findings.error(&place, wording::no_file(&relative))
            }
            SoundFile::Absent if written.is_some() => {
                self.to.findings.error(&place, wording::no_voice(name.value, &relative));
            }
            // A table of a later version, told already; or its entry is in a part that could not be read.
            SoundFile::Absent if entry.is_some() || self.scope.partial => {}
            SoundFile::Absent => {
                let recorded = self.recorded();
                let known =
                    entries.iter().map(|entry| entry.key.value).chain(recorded.iter().map(String::as_str));
                self.to.findings.error(&place, wording::no_prompt(name.value, &relative, known));
            }
        }
        None
    }

    /// Names of the recordings there are.
    fn recorded(&self) -> Vec<String> {
        let files = self.to.files.list(&Path::new(self.source.folder()).join(FOLDER));
        let stems = files.iter().filter_map(|file| file.file_stem()?.to_str());
        stems.map(str::to_owned).collect()
    }

    /// The music of this name.
    pub(super) fn music(&mut self, name: &Located<&'a str>) -> Option<MusicId> {
        if let Some(known) = self.sounds.music.get(name.value) {
            return *known;
        }
        let found = self.find_music(name);
        self.sounds.music.insert(name.value, found);
        found
    }

    fn find_music(&mut self, name: &Located<&'a str>) -> Option<MusicId> {
        let section = self.root.section("music");
        let entries = section.map(|music| music.entries()).unwrap_or_default();
        let Some(entry) = entries.iter().find(|entry| entry.key.value == name.value) else {
            if !self.scope.partial {
                let known = entries.iter().map(|entry| entry.key.value);
                self.to.findings.error(&name.place, wording::no_music(name.value, known));
            }
            return None;
        };
        let pattern = entry.text()?;
        let folder = self.folder_of(pattern.value);
        let there = self.to.files.list(&folder);
        let files = matching(&there, pattern.value);
        if files.is_empty() {
            let names: Vec<&str> = there.iter().filter_map(|file| file.file_name()?.to_str()).collect();
            let looked = folder.display().to_string();
            self.to.findings.error(&pattern.place, wording::no_music_file(pattern.value, &looked, &names));
            return None;
        }
        for file in &files {
            self.playable(file, &pattern.place);
        }
        let id = MusicId(u32::try_from(self.to.plan.music.len()).ok()?);
        self.to.plan.music.push(Music { name: name.value.into(), files });
        Some(id)
    }

    fn folder_of(&self, pattern: &str) -> PathBuf {
        let folder = pattern.rsplit_once('/').map_or("", |(folder, _)| folder);
        Path::new(self.source.folder()).join(folder)
    }

    fn playable(&mut self, file: &Path, place: &Place) {
        let shown = file.display().to_string();
        match self.to.files.sound(file) {
            SoundFile::Lasts(_) => {}
            SoundFile::Absent => self.to.findings.error(place, wording::no_file(&shown)),
            SoundFile::Unreadable(why) => self.to.findings.error(place, wording::unreadable(&shown, &why)),
        }
    }
}

/// Files whose name fits the last part of a pattern with at most one `*`.
fn matching(files: &[PathBuf], pattern: &str) -> Vec<PathBuf> {
    let last = pattern.rsplit('/').next().unwrap_or("");
    let fits = |name: &str| match last.split_once('*') {
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
        None => name == last,
    };
    let fitting =
        files.iter().filter(|file| file.file_name().and_then(|name| name.to_str()).is_some_and(fits));
    fitting.cloned().collect()
}
