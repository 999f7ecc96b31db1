//! Reads spillway.toml, the sites and their sounds from disk, for `serve` and `check` alike. Opens no socket.
//! Must never say what is wrong with them beyond being unreadable: the loaders do.

use crate::base::finding::{Finding, Findings, Located, Place, Source, Words};
use crate::base::{Map, Name, TrunkId};
use crate::dialplan::{self, Files, Ids, Known, Plan, SoundFile};
use crate::media::Sound;
use crate::settings::{self, Settings};
use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

/// Everything the files say, checked.
#[derive(Debug)]
pub struct Configuration {
    /// The machine.
    pub settings: Settings,
    /// The sites.
    pub plan: Plan,
    /// What is unlikely to be meant.
    pub warnings: Vec<Finding>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// spillway.toml itself can't be read.
    #[error("the settings file {path} can't be read: {error}; --config names another")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something in the files is wrong: all of it.
    #[error("{} findings", .0.len())]
    Refused(Vec<Finding>),
}

/// Reads and checks spillway.toml and every site it names.
///
/// # Errors
/// [`ConfigurationError`], with everything wrong in all files at once.
pub fn read(config: &Path, ids: &mut Ids) -> Result<Configuration, ConfigurationError> {
    let text = std::fs::read_to_string(config)
        .map_err(|error| ConfigurationError::Unreadable { path: config.to_owned(), error })?;
    let source = Source::new(&config.display().to_string(), &text);
    let (folder, trunks) = settings::outline(&source);
    let numbered = trunks.into_iter().zip(0..).map(|(name, index): (Name, u16)| (name, TrunkId(index)));
    let known = Known { trunks: numbered.collect() };
    let settings = settings::load(&source);
    let sites = folder.map(|folder| read_sites(&folder, &known, ids));
    match (settings, sites) {
        (Ok((settings, mut warnings)), Some(Ok((plan, more)))) => {
            warnings.extend(more);
            Ok(Configuration { settings, plan, warnings })
        }
        (settings, sites) => {
            let mut findings = settings.map_or_else(|findings| findings, |(_, warnings)| warnings);
            findings.extend(
                sites.into_iter().flat_map(|sites| sites.map_or_else(|all| all, |(_, warnings)| warnings)),
            );
            Err(ConfigurationError::Refused(findings))
        }
    }
}

/// Reads and checks every site of a folder.
///
/// # Errors
/// Everything wrong with any of them.
pub fn read_sites(
    folder: &Located<PathBuf>,
    known: &Known,
    ids: &mut Ids,
) -> Result<(Plan, Vec<Finding>), Vec<Finding>> {
    let mut findings = Findings::default();
    let sources = sources(folder, &mut findings);
    let any_error = findings.any_error();
    let loaded = dialplan::load(&sources, &Disk::default(), known, ids);
    let mut all = findings.into_sorted();
    match loaded {
        Ok((plan, warnings)) if !any_error => {
            all.extend(warnings);
            Ok((plan, all))
        }
        Ok((_, more)) | Err(more) => {
            all.extend(more);
            Err(all)
        }
    }
}

/// Every site: `NAME.toml` and `NAME/NAME.toml`, by name. Other TOML in a site's folder is read by nobody: a warning.
fn sources(folder: &Located<PathBuf>, findings: &mut Findings) -> Vec<Source> {
    let Located { value: folder, place } = folder;
    let entries = match listing(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("the folder of sites {} can't be read: {error}", folder.display());
            findings.error(place, Words::new(message, "").hint("relative paths start at this file's folder"));
            return Vec::new();
        }
    };
    let mut sources = Vec::new();
    for path in entries {
        if is_toml(&path) {
            sources.extend(source(&path, findings));
            continue;
        }
        let Some(name) = path.file_name().filter(|_| path.is_dir()) else { continue };
        let main = path.join(name).with_extension("toml");
        let inside = listing(&path).unwrap_or_else(|error| {
            complain(&path, &format!("this folder can't be read: {error}"), findings);
            Vec::new()
        });
        for other in inside.into_iter().filter(|other| is_toml(other)) {
            if other == main {
                sources.extend(source(&other, findings));
            } else {
                let words =
                    Words::new("no site reads this file", "").hint("a site is NAME.toml or NAME/NAME.toml");
                findings.warning(&whole(&other), words);
            }
        }
    }
    if sources.is_empty() && !findings.any_error() {
        let message = format!("there is no site in {}", folder.display());
        findings.error(place, Words::new(message, "").hint("a site is NAME.toml or NAME/NAME.toml"));
    }
    sources
}

fn source(path: &Path, findings: &mut Findings) -> Option<Source> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(Source::new(&path.display().to_string(), &text)),
        Err(error) => {
            complain(path, &format!("this file can't be read: {error}"), findings);
            None
        }
    }
}

fn complain(path: &Path, message: &str, findings: &mut Findings) {
    findings.error(&whole(path), Words::new(message, ""));
}

fn whole(path: &Path) -> Place {
    Place { source: Source::new(&path.display().to_string(), ""), span: 0..0 }
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml") && path.is_file()
}

fn listing(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
    entries.sort();
    Ok(entries)
}

/// Sounds on disk, each looked at once.
#[derive(Debug, Default)]
pub struct Disk {
    known: RefCell<Map<PathBuf, SoundFile>>,
}

impl Files for Disk {
    fn sound(&self, path: &Path) -> SoundFile {
        let look = || match std::fs::read(path) {
            Ok(bytes) => sound_of(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => SoundFile::Absent,
            Err(error) => SoundFile::Unreadable(error.to_string()),
        };
        self.known.borrow_mut().entry(path.to_owned()).or_insert_with(look).clone()
    }

    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        listing(folder).unwrap_or_default()
    }
}

/// What a WAV file's bytes are to a dialplan.
#[must_use]
pub fn sound_of(wav: &[u8]) -> SoundFile {
    match Sound::from_wav(wav) {
        Ok(sound) => SoundFile::Lasts(sound.duration()),
        Err(error) => SoundFile::Unreadable(error.to_string()),
    }
}
