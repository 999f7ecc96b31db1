//! `spillway check`: says everything wrong with the settings and the sites. Opens no socket, changes nothing.

use crate::base::finding::{Finding, Style, render};
use crate::dialplan::{Ids, Plan};
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
