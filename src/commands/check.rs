//! `spillway check`: says everything wrong with the settings and the sites, then with certificates. Opens no socket, changes nothing.

use crate::base::finding::{Finding, Style, render};
use crate::dialplan::{Ids, Plan};
use crate::drivers::certificates::Certificates;
use crate::drivers::dialplan_files::{self, ConfigurationError};
use std::io::IsTerminal;
use std::path::PathBuf;

/// What `check` is asked.
#[derive(Debug)]
pub struct CheckArgs {
    /// The settings file.
    pub config: PathBuf,
}

/// Checks, prints findings on standard error, and returns the exit code: 0 when the files can be served (there may be
/// warnings), 1 when they can't, 2 when the settings file can't be read.
#[must_use]
pub fn run(args: &CheckArgs) -> u8 {
    match dialplan_files::read(&args.config, &mut Ids::default()) {
        Ok(configuration) => {
            if let Err(findings) = Certificates::read(&configuration.settings) {
                print(&findings);
                return 1;
            }
            print(&configuration.warnings);
            eprintln!("{}: {}", args.config.display(), summary(&configuration.plan));
            0
        }
        Err(ConfigurationError::Refused(findings)) => {
            print(&findings);
            1
        }
        Err(error @ ConfigurationError::Unreadable { .. }) => {
            eprintln!("error: {error}");
            2
        }
    }
}

/// Prints findings on standard error, in colours for a terminal, with a last line that counts them.
pub fn print(findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let style = if std::io::stderr().is_terminal() { Style::Colours } else { Style::Plain };
    eprint!("{}", render(findings, style));
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    eprintln!("\n{}, {}", count(errors, "error"), count(findings.len() - errors, "warning"));
}

fn summary(plan: &Plan) -> String {
    let queues = plan.queues.iter().flatten().count();
    let agents = plan.agents.iter().flatten().count();
    let counted = [
        count(plan.sites.len(), "site"),
        count(plan.numbers.len(), "number"),
        count(queues, "queue"),
        count(agents, "agent"),
        count(plan.targets.len(), "target"),
    ];
    format!("{}; every call ends within 3 minutes", counted.join(", "))
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    /// A copy of what is shipped, in a folder of its own, with one file changed.
    fn checked(file: &str, from: &str, to: &str) -> u8 {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().expect("a folder");
        for part in ["config", "dialplans/demo/messages", "dialplans/demo/musique", "dialplans/demo"] {
            fs::create_dir_all(folder.path().join(part)).expect("made");
            for entry in
                fs::read_dir(root.join(part)).expect("shipped").map(|entry| entry.expect("listed").path())
            {
                if entry.is_file() {
                    let copy = folder.path().join(part).join(entry.file_name().expect("a name"));
                    fs::copy(&entry, copy).expect("copied");
                }
            }
        }
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).expect("text");
        assert!(text.contains(from), "{from} is not in {file}");
        fs::write(&path, text.replace(from, to)).expect("written");
        run(&CheckArgs { config: folder.path().join("config/spillway.toml") })
    }

    #[test]
    fn exit_codes_say_whether_it_can_be_served() {
        assert_eq!(checked("config/spillway.toml", "", ""), 0);
        assert_eq!(checked("config/spillway.toml", "ports = ", "prots = "), 1);
        assert_eq!(checked("dialplans/demo/demo.toml", "go = \"motif\"", "go = \"motiv\""), 1);
        assert_eq!(checked("config/spillway.toml", "\"../dialplans\"", "\"../elsewhere\""), 1);
        let account = |kept| format!("agents = true\nuser = \"u\"\npassword = {{ {kept} }}\n#");
        for kept in ["env = \"SPILLWAY_TEST_ABSENT\"", "file = \"absent\"", "file = \"spillway.toml\""] {
            assert_eq!(checked("config/spillway.toml", "agents = true", &account(kept)), 1, "{kept}");
        }
        let tls =
            |file| format!("\"tls:127.0.0.1:5061\"]\ntls = {{ certificate = \"{file}\", key = \"{file}\" }}");
        let listen = "\"tcp:127.0.0.1:5060\"]";
        for file in ["absent.pem", "spillway.toml"] {
            assert_eq!(checked("config/spillway.toml", listen, &tls(file)), 1, "{file}");
        }
        assert_eq!(run(&CheckArgs { config: "absent/spillway.toml".into() }), 2);
    }

    #[test]
    fn faults_of_settings_and_sites_are_told_together() {
        let folder = tempfile::tempdir().expect("a folder");
        let shipped = include_str!("../../config/spillway.toml");
        let config = folder.path().join("spillway.toml");
        let text = shipped.replace("../dialplans", "sites").replace("ports = ", "prots = ");
        fs::write(&config, text).expect("written");
        fs::create_dir_all(folder.path().join("sites/a")).expect("made");
        fs::write(folder.path().join("sites/a/a.toml"), "version = 1\n").expect("written");
        fs::write(folder.path().join("sites/a/rest.toml"), "").expect("written");
        fs::write(folder.path().join("sites/b.toml"), [0xff]).expect("written");
        let Err(ConfigurationError::Refused(findings)) = dialplan_files::read(&config, &mut Ids::default())
        else {
            panic!("refused");
        };
        let messages: Vec<&str> = findings.iter().map(|finding| finding.words.message.as_str()).collect();
        assert_eq!(messages[..2], ["`ports` is missing", "unknown key `prots`"]);
        assert!(messages.contains(&"no site reads this file"), "{messages:?}");
        assert!(messages.contains(&"`site` is missing"), "{messages:?}");
        assert!(
            messages.iter().any(|message| message.starts_with("this file can't be read")),
            "{messages:?}"
        );
    }
}
