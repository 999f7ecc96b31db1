//! Reads spillway.toml, the sites and their sounds from disk, for `serve` and `check` alike. Opens no socket.
//! Must never say what is wrong with them beyond being unreadable: the loaders do.

use crate::base::finding::{Finding, Findings, Located, Place, Source, Words};
use crate::base::written;
use crate::base::{Map, Name, Secret, TrunkId};
use crate::dialplan::{self, Files, Ids, Known, Plan, SoundFile};
use crate::media::Sound;
use crate::settings::{self, PhoneUser, Settings};
use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

mod passwords;
mod phones;
mod words;

/// Everything the files say, checked.
#[derive(Debug)]
pub struct Configuration {
    /// The machine.
    pub settings: Settings,
    /// The sites.
    pub plan: Plan,
    /// The passwords of trunks that have one.
    pub passwords: Vec<(TrunkId, Secret)>,
    /// Who may register, where phones do.
    pub phones: Vec<PhoneUser>,
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
    let bytes = read_file(config)
        .map_err(|error| ConfigurationError::Unreadable { path: config.to_owned(), error })?;
    let mut undecoded = Findings::default();
    let source = written::decode(&config.display().to_string(), &bytes, &mut undecoded);
    let Some(source) = source else { return Err(ConfigurationError::Refused(undecoded.into_sorted())) };
    let (folder, trunks) = settings::outline(&source);
    let numbered = trunks.into_iter().zip(0..).map(|(name, index): (Name, u16)| (name, TrunkId(index)));
    let known = Known { trunks: numbered.collect() };
    let settings = settings::load(&source);
    let sites = folder.map(|folder| read_sites(&folder, &known, ids));
    let mut surroundings = undecoded;
    let passwords = settings
        .as_ref()
        .ok()
        .map(|(settings, _)| passwords::read(settings, |name| std::env::var_os(name), &mut surroundings));
    let phones = settings.as_ref().ok().map(|(settings, _)| {
        let plan = sites.as_ref().and_then(|sites| sites.as_ref().ok()).map(|(plan, _)| plan);
        phones::read(settings, plan, &mut surroundings)
    });
    let any_error = surroundings.any_error();
    let amiss = surroundings.into_sorted();
    match (settings, passwords.zip(phones), sites) {
        (Ok((settings, mut warnings)), Some((passwords, phones)), Some(Ok((plan, more)))) if !any_error => {
            warnings.extend(amiss);
            warnings.extend(more);
            Ok(Configuration { settings, plan, passwords, phones, warnings })
        }
        (settings, _, sites) => {
            let mut findings = amiss;
            findings.extend(settings.map_or_else(|findings| findings, |(_, warnings)| warnings));
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

/// Every site: `NAME.toml` and `NAME/NAME.toml`, by name. What could be meant as a site and is none is told: its numbers
/// would be unknown to the service. Names that begin with a dot are nobody's business but their owner's.
fn sources(folder: &Located<PathBuf>, findings: &mut Findings) -> Vec<Source> {
    let Located { value: folder, place } = folder;
    let entries = match listing(folder) {
        Ok(entries) => entries,
        Err(error) => {
            findings.error(place, words::sites_unlisted(folder, &error));
            return Vec::new();
        }
    };
    let mut sources = Vec::new();
    for path in entries.iter().filter(|path| !is_hidden(path)) {
        match Kind::of(path) {
            Ok(Kind::Folder) if spelling(path) == Spelling::Other => {
                sources.extend(site_folder(path, findings));
            }
            Ok(kind) => match spelling(path) {
                Spelling::Toml => sources.extend(source(path, kind, findings)),
                Spelling::Misspelt => complain(path, words::misspelt(path), findings),
                Spelling::Other => {}
            },
            Err(error) => complain(path, words::unreadable(&error), findings),
        }
    }
    if sources.is_empty() && !findings.any_error() {
        findings.error(place, words::no_site(folder));
    }
    sources
}

/// The site of a folder: `NAME.toml` in folder `NAME`. Other TOML there is read by nobody: a warning.
fn site_folder(folder: &Path, findings: &mut Findings) -> Option<Source> {
    let name = folder.file_name()?;
    // A name may have dots of its own: only an extension is added, none replaced.
    let mut file_name = name.to_owned();
    file_name.push(".toml");
    let main = folder.join(&file_name);
    let files = match listing(folder) {
        Ok(files) => files,
        Err(error) => {
            complain(folder, words::unlisted(&error), findings);
            return None;
        }
    };
    let written = |file: &&PathBuf| spelling(file) != Spelling::Other && !is_hidden(file) && **file != main;
    let others: Vec<&PathBuf> = files.iter().filter(written).collect();
    if !files.contains(&main) {
        complain(folder, words::no_main(&file_name.to_string_lossy(), &others), findings);
        return None;
    }
    for other in others {
        findings.warning(&whole(other), words::unread());
    }
    match Kind::of(&main) {
        Ok(kind) => source(&main, kind, findings),
        Err(error) => {
            complain(&main, words::unreadable(&error), findings);
            None
        }
    }
}

fn source(path: &Path, kind: Kind, findings: &mut Findings) -> Option<Source> {
    match kind.readable().and_then(|()| std::fs::read(path)) {
        Ok(bytes) => written::decode(&path.display().to_string(), &bytes, findings),
        Err(error) => {
            complain(path, words::unreadable(&error), findings);
            None
        }
    }
}

fn complain(path: &Path, words: Words, findings: &mut Findings) {
    findings.error(&whole(path), words);
}

fn whole(path: &Path) -> Place {
    Place { source: Source::new(&path.display().to_string(), ""), span: 0..0 }
}

/// How a name ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// `.toml`.
    Toml,
    /// `.TOML` and the like, which a file system may take for the same and we don't.
    Misspelt,
    /// Otherwise.
    Other,
}

fn spelling(path: &Path) -> Spelling {
    match path.extension() {
        Some(extension) if extension == "toml" => Spelling::Toml,
        Some(extension) if extension.eq_ignore_ascii_case("toml") => Spelling::Misspelt,
        Some(_) | None => Spelling::Other,
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// What a path leads to, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    /// A FIFO, a socket or a device: opening it could wait for ever.
    Special,
}

impl Kind {
    fn of(path: &Path) -> io::Result<Self> {
        let kind = std::fs::metadata(path)?.file_type();
        Ok(match (kind.is_file(), kind.is_dir()) {
            (true, _) => Self::File,
            (false, true) => Self::Folder,
            (false, false) => Self::Special,
        })
    }

    fn readable(self) -> io::Result<()> {
        match self {
            Self::File => Ok(()),
            Self::Folder => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
            Self::Special => Err(io::Error::other("it is a pipe, a socket or a device, not a file")),
        }
    }
}

/// The bytes of a file; anything else is refused unopened.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    Kind::of(path)?.readable()?;
    std::fs::read(path)
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
        let look = || match read_file(path) {
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

#[cfg(test)]
mod tests;
