//! The passwords of trunks, from where spillway.toml says they are kept. Must never show one.

use super::{read_file, words};
use crate::base::finding::Findings;
use crate::base::{Secret, TrunkId};
use crate::settings::{PasswordSource, Settings};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// What no password is longer than, bytes: another file is meant.
const LONGEST: usize = 1_024;

/// Each trunk's, where it has one; what is missing is told where it is named. `variable` looks one up.
pub(super) fn read(
    settings: &Settings,
    variable: impl Fn(&str) -> Option<OsString>,
    findings: &mut Findings,
) -> Vec<(TrunkId, Secret)> {
    let mut passwords = Vec::new();
    for trunk in &settings.trunks {
        let Some(account) = &trunk.account else { continue };
        let found = match &account.password.value {
            PasswordSource::Env(name) => {
                variable(name).map(OsString::into_vec).ok_or_else(|| words::no_variable(&trunk.name, name))
            }
            PasswordSource::File(path) => {
                read_file(path).map_err(|error| words::no_password_file(&trunk.name, path, &error))
            }
        };
        let found = found.and_then(|bytes| {
            let password = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let password = password.strip_suffix(b"\r").unwrap_or(password);
            let sound = (1..=LONGEST).contains(&password.len()) && !password.contains(&b'\n');
            sound.then(|| Secret::new(password)).ok_or_else(|| words::no_password_in_it(&trunk.name))
        });
        match found {
            Ok(password) => passwords.push((trunk.id, password)),
            Err(words) => findings.error(&account.password.place, words),
        }
    }
    passwords
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::finding::Source;
    use crate::settings;
    use std::fs;

    fn settings(password: &str) -> Settings {
        let text = include_str!("../../../config/spillway.toml");
        let text = format!("{text}user = \"habitat70\"\npassword = {password}\n");
        settings::load(&Source::new("spillway.toml", &text)).expect("sound").0
    }

    /// What is found, or the message.
    fn found(settings: &Settings) -> Result<Vec<u8>, String> {
        let mut findings = Findings::default();
        let variable = |name: &str| match name {
            "SET" => Some("s3cret".into()),
            "EMPTY" => Some("".into()),
            _ => None,
        };
        let passwords = read(settings, variable, &mut findings);
        match &findings.into_sorted()[..] {
            [] => Ok(passwords[0].1.expose().to_vec()),
            findings => Err(findings[0].words.message.clone()),
        }
    }

    #[test]
    fn a_password_is_read_from_its_variable_or_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("password");
        let in_file = settings(&format!("{{ file = \"{}\" }}", path.display()));
        assert_eq!(found(&settings("{ env = \"SET\" }")), Ok(b"s3cret".to_vec()));
        let missing = found(&in_file).expect_err("no such file");
        assert!(missing.contains("the password of trunk `ipoffice` can't be read"), "{missing}");
        fs::write(&path, "p\u{e9} \"x\"\r\n").expect("written");
        assert_eq!(found(&in_file), Ok("p\u{e9} \"x\"".as_bytes().to_vec()));
        for (text, why) in [("", "nothing"), ("\n", "a line end"), ("a\nb\n", "two lines")] {
            fs::write(&path, text).expect("written");
            assert!(found(&in_file).is_err(), "{why}");
        }
    }

    #[test]
    fn a_variable_that_is_absent_or_empty_is_told() {
        let absent = found(&settings("{ env = \"ABSENT\" }"));
        assert_eq!(absent, Err("the password of trunk `ipoffice` is missing: ABSENT is not set".into()));
        assert!(found(&settings("{ env = \"EMPTY\" }")).is_err());
    }
}
