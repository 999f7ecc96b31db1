//! What lies beside a site, asked by path: on disk, in the binary, or made up by a test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Sounds by path. A path is the site's own, with the folder its source was given with.
pub trait Files {
    /// What is known of a sound file.
    fn sound(&self, path: &Path) -> SoundFile;

    /// The files in a folder, sorted; empty when there is no such folder.
    fn list(&self, folder: &Path) -> Vec<PathBuf>;
}

/// A sound file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SoundFile {
    /// There is none.
    Absent,
    /// There is one that can't be played, and why.
    Unreadable(String),
    /// There is one this long.
    Lasts(Duration),
}

/// Files held in memory: the demo's, and those of tests.
impl Files for BTreeMap<PathBuf, SoundFile> {
    fn sound(&self, path: &Path) -> SoundFile {
        self.get(path).cloned().unwrap_or(SoundFile::Absent)
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        self.keys().filter(|path| path.parent() == Some(folder)).cloned().collect()
    }
}
