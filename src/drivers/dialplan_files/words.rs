//! What is said of the files themselves. Every sentence of it is here.

use crate::base::finding::Words;
use std::io;
use std::path::{Path, PathBuf};

const WHAT_A_SITE_IS: &str = "a site is NAME.toml or NAME/NAME.toml";

pub(super) fn unlisted(error: &io::Error) -> Words {
    Words::new(format!("this folder can't be read: {}", reason(error)), "")
}

pub(super) fn unreadable(error: &io::Error) -> Words {
    let words = Words::new(format!("this file can't be read: {}", reason(error)), "");
    if error.kind() == io::ErrorKind::NotFound {
        return words.hint("it is a link: mend it, or take it away");
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return words.hint("the user who runs spillway must be allowed to read it");
    }
    words
}

/// What the system says of an error, without its number.
fn reason(error: &io::Error) -> String {
    let said = error.to_string();
    said.split(" (os error").next().unwrap_or_default().into()
}

/// Told where spillway.toml names the folder of sites.
pub(super) fn sites_unlisted(folder: &Path, error: &io::Error) -> Words {
    let message = format!("the folder of sites {} can't be read: {}", folder.display(), reason(error));
    Words::new(message, "").hint("relative paths start at this file's folder")
}

/// See [`sites_unlisted`].
pub(super) fn no_site(folder: &Path) -> Words {
    Words::new(format!("there is no site in {}", folder.display()), "").hint(WHAT_A_SITE_IS)
}

pub(super) fn unread() -> Words {
    Words::new("no site reads this file", "").hint(WHAT_A_SITE_IS)
}

pub(super) fn misspelt(path: &Path) -> Words {
    let right = path.with_extension("toml");
    Words::new("this is read as no site: its name does not end in .toml", "")
        .hint(format!("rename it to {}", name(&right)))
}

/// `others` are the TOML files there are.
pub(super) fn no_main(file: &str, others: &[&PathBuf]) -> Words {
    let words = Words::new(format!("this folder is no site: there is no {file} in it"), "");
    match others {
        [] => {
            words.hint("write it, or move the folder elsewhere; names that begin with a dot are left alone")
        }
        [only] => words.hint(format!("rename {} to {file}", name(only))),
        _ => words.hint(format!("one of its TOML files must be {file}")),
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into()
}

/// Told where spillway.toml says that the password is in the variable.
pub(super) fn no_variable(trunk: &str, variable: &str) -> Words {
    Words::new(format!("the password of trunk `{trunk}` is missing: {variable} is not set"), "")
        .hint("set it for `check` as for `serve`: under systemd, with EnvironmentFile=")
}

/// Told where spillway.toml names the file.
pub(super) fn no_password_file(trunk: &str, path: &Path, error: &io::Error) -> Words {
    let (path, why) = (path.display(), reason(error));
    Words::new(format!("the password of trunk `{trunk}` can't be read from {path}: {why}"), "").hint(
        "relative paths start at this file's folder; the user who runs spillway must be allowed to read it",
    )
}

pub(super) fn no_password_in_it(trunk: &str) -> Words {
    Words::new(format!("there is no password of trunk `{trunk}` where it should be"), "")
        .hint("the password stands there alone, on one line")
}

/// Told where spillway.toml names the file.
pub(super) fn no_users_file(path: &Path, error: &io::Error) -> Words {
    let (path, why) = (path.display(), reason(error));
    Words::new(format!("the phones' users can't be read from {path}: {why}"), "").hint(
        "relative paths start at this file's folder; the user who runs spillway must be allowed to read it",
    )
}

/// See [`no_users_file`].
pub(super) fn users_file_open(path: &Path) -> Words {
    let message = format!("everyone on this machine can read the phones' digests in {}", path.display());
    Words::new(message, "").hint(format!("chmod o= {}", path.display()))
}

pub(super) fn users_file_no_text() -> Words {
    Words::new("this file is not UTF-8", "")
}

pub(super) fn no_phone_of_agent(agent: &str, extension: &str) -> Words {
    Words::new(format!("agent `{agent}` is rung on a phone, and extension {extension} is none here"), "")
        .hint("add a line: `spillway phones hash EXTENSION --realm REALM` prints it")
}

pub(super) fn no_phone_of_target(target: &str, extension: &str) -> Words {
    Words::new(format!("target `{target}` is rung on a phone, and extension {extension} is none here"), "")
}

pub(super) fn emergency_extension(extension: &str) -> Words {
    Words::new(format!("extension {extension} is an emergency number"), "")
}

pub(super) fn number_and_extension(extension: &str) -> Words {
    Words::new(format!("extension {extension} is a number of a site too"), "")
        .hint("whoever dials it on a phone would reach either")
}
