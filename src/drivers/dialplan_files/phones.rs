//! Who may register: the users' file that spillway.toml names, held against the sites. Must never show a digest.

use super::{read_file, whole, words};
use crate::base::emergency;
use crate::base::finding::{Findings, Source};
use crate::dialplan::Plan;
use crate::settings::{self, PhoneUser, Phones, Settings};
use std::os::unix::fs::PermissionsExt;

/// Readable by everyone on the machine (`o=r`).
const OTHERS_READ: u32 = 0o004;

/// The phones' users; what is amiss is told where it stands. `plan` when the sites are sound.
pub(super) fn read(settings: &Settings, plan: Option<&Plan>, findings: &mut Findings) -> Vec<PhoneUser> {
    let Some(phones) = &settings.phones else { return Vec::new() };
    let path = &phones.users.value;
    let bytes = match read_file(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            findings.error(&phones.users.place, words::no_users_file(path, &error));
            return Vec::new();
        }
    };
    if std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & OTHERS_READ != 0) {
        findings.warning(&phones.users.place, words::users_file_open(path));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        findings.error(&whole(path), words::users_file_no_text());
        return Vec::new();
    };
    let source = Source::new(&path.display().to_string(), &text);
    let mut told = Findings::default();
    let users = settings::read_users(&source, &mut told);
    let is_whole = !told.any_error();
    findings.extend(told.into_sorted());
    if let Some(plan) = plan.filter(|_| is_whole) {
        held_against(plan, phones, &users, findings);
    }
    users
}

/// Every agent on a phone has one, and no phone is called like an emergency number.
fn held_against(plan: &Plan, phones: &Phones, users: &[PhoneUser], findings: &mut Findings) {
    let file = whole(&phones.users.value);
    let has = |extension: &str| users.iter().any(|user| &*user.extension == extension);
    let agents = plan.agents.iter().flatten().filter(|agent| agent.via == phones.line);
    for agent in agents.filter(|agent| !has(&agent.extension)) {
        findings.error(&file, words::no_phone_of_agent(&agent.name, &agent.extension));
    }
    for target in plan.targets.iter().filter(|target| target.via == phones.line) {
        let number = target.number.written();
        if !has(&number) {
            findings.error(&file, words::no_phone_of_target(&target.name, &number));
        }
    }
    for user in users {
        if plan.sites.iter().any(|site| emergency::is_emergency(&site.country.id, &user.extension)) {
            findings.error(&file, words::emergency_extension(&user.extension));
        } else if plan.number(&user.extension).is_some() {
            findings.error(&file, words::number_and_extension(&user.extension));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::Ids;
    use crate::drivers::dialplan_files::{self, ConfigurationError};
    use std::fs;
    use std::path::Path;

    /// What is told of a copy of what is shipped whose agents' phones register, with these users and mode bits.
    fn told(users: &str, mode: u32) -> Result<Vec<String>, Vec<String>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().expect("a folder");
        let demo = root.join("dialplans/demo");
        let copy = folder.path().join("sites/demo");
        for part in ["", "messages", "musique"] {
            fs::create_dir_all(copy.join(part)).expect("made");
            for entry in fs::read_dir(demo.join(part)).expect("shipped") {
                let path = entry.expect("listed").path();
                if path.is_file() {
                    fs::copy(&path, copy.join(part).join(path.file_name().expect("a name"))).expect("copied");
                }
            }
        }
        let site = copy.join("demo.toml");
        let text = fs::read_to_string(&site).expect("text");
        fs::write(&site, text.replace("\"ipoffice\"", "\"phones\"")).expect("written");
        let settings = include_str!("../../../config/spillway.toml").replace("../dialplans", "sites");
        let phones =
            "[phones]\nrealm = \"r\"\nusers = { file = \"phones.csv\" }\nemergency = \"operateur\"\n";
        let config = folder.path().join("spillway.toml");
        fs::write(&config, format!("{settings}\n{phones}")).expect("written");
        let file = folder.path().join("phones.csv");
        fs::write(&file, users).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("changed");
        let messages = |findings: Vec<crate::base::finding::Finding>| {
            findings.into_iter().map(|finding| finding.words.message).collect()
        };
        match dialplan_files::read(&config, &mut Ids::default()) {
            Ok(configuration) => Ok(messages(configuration.warnings)),
            Err(ConfigurationError::Refused(findings)) => Err(messages(findings)),
            Err(error @ ConfigurationError::Unreadable { .. }) => panic!("{error}"),
        }
    }

    fn users(extensions: &[&str]) -> String {
        let line = |extension: &&str| format!("{extension};;{}\n", "0".repeat(32));
        format!("extension;name;ha1_md5\n{}", extensions.iter().map(line).collect::<String>())
    }

    #[test]
    fn agents_on_phones_must_be_users_and_others_must_not_read_the_file() {
        let everyone = ["201", "202", "203", "204", "205", "206", "207", "208"];
        assert_eq!(told(&users(&everyone), 0o640), Ok(Vec::new()));
        let warnings = told(&users(&everyone), 0o644).expect("only a warning");
        assert!(warnings[0].contains("everyone on this machine can read"), "{warnings:?}");
        let errors = told(&users(&everyone[1..]), 0o600).expect_err("refused");
        assert!(errors.iter().any(|error| error.contains("extension 201")), "{errors:?}");
        let errors = told(&users(&["112"]), 0o600).expect_err("refused");
        assert!(errors.contains(&"extension 112 is an emergency number".into()), "{errors:?}");
    }
}
