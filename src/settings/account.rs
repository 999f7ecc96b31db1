//! What a trunk's peer knows us by, read from its section. The password itself is never here: only where it is kept.

use super::{Located, wording};
use crate::base::Name;
use crate::base::finding::Findings;
use crate::base::written::Section;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// RFC 3261 section 10.2.1.1 leaves it to the client; an hour is usual, and ten minutes find a lost binding sooner.
const EXPIRES: Duration = Duration::from_secs(600);
/// A shorter one would be a flood: registrars refuse it with 423.
const SHORTEST_EXPIRES: Duration = Duration::from_secs(60);

/// The keys `user`, `password`, `realm`, `register` and `expires` of a trunk.
#[derive(Clone, Debug)]
pub struct Account {
    /// The name.
    pub user: Name,
    /// Where the password is kept.
    pub password: Located<PasswordSource>,
    /// The one realm that is answered; the first one heard when `None`.
    pub realm: Option<Name>,
    /// For how long to register with the peer; not at all when `None`.
    pub register: Option<Duration>,
}

/// Where a password is kept: whoever reads the settings does not read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// In this environment variable.
    Env(String),
    /// In this file, alone; a line end after it does not count.
    File(PathBuf),
}

/// Reads the account of the trunk `name`.
pub(super) fn read(
    name: &str,
    section: &Section<'_>,
    folder: &Path,
    findings: &mut Findings,
) -> Option<Account> {
    let register = register(section, findings);
    let Some(user) = section.text("user") else {
        for key in ["password", "realm", "register"] {
            if let Some(entry) = section.entry(key).filter(|_| section.entry("user").is_none()) {
                findings.error(&entry.key.place, wording::no_user(key));
            }
        }
        return None;
    };
    if user.value.is_empty() {
        findings.error(&user.place, wording::empty("user"));
    }
    let password = password(name, section, folder, findings)?;
    let realm = section.text("realm").map(|realm| realm.value.into());
    Some(Account { user: user.value.into(), password, realm, register })
}

/// For how long to register.
fn register(section: &Section<'_>, findings: &mut Findings) -> Option<Duration> {
    let expires = section.duration("expires");
    if let Some(expires) = expires.as_ref().filter(|expires| expires.value < SHORTEST_EXPIRES) {
        findings.error(&expires.place, wording::expires_too_soon());
    }
    let registers = section.flag("register").is_some_and(|flag| flag.value);
    if let Some(expires) = expires.as_ref().filter(|_| !registers) {
        findings.error(&expires.place, wording::expires_of_nothing());
    }
    registers.then(|| expires.map_or(EXPIRES, |expires| expires.value))
}

fn password(
    name: &str,
    section: &Section<'_>,
    folder: &Path,
    findings: &mut Findings,
) -> Option<Located<PasswordSource>> {
    let Some(entry) = section.entry("password") else {
        findings.error(&section.place(), wording::no_password(name));
        return None;
    };
    if entry.text().is_some() {
        // Not at its own place: a finding shows the line it is about, and logs keep what they are shown.
        findings.error(&section.place(), wording::written_password(name));
        return None;
    }
    let kept = section.section("password")?;
    let source = match (kept.text("env"), kept.text("file")) {
        (Some(env), None) if env.value.is_empty() || env.value.contains(['=', '\0']) => {
            findings.error(&env.place, wording::bad_variable(env.value));
            return None;
        }
        (Some(env), None) => PasswordSource::Env(env.value.to_owned()),
        (None, Some(file)) => PasswordSource::File(folder.join(file.value)),
        (Some(_), Some(_)) | (None, None) => {
            findings.error(&entry.key.place, wording::one_password(name));
            return None;
        }
    };
    Some(Located { value: source, place: entry.place() })
}
