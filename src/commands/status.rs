//! `spillway status`: asks the running service over its control socket and shows the answer, in the reader's language or
//! as JSON. Must never open the store or a SIP socket.

use crate::dialplan::Language;
use crate::drivers::control::{self, Answer, Command, ControlError};
use crate::engine::status::{AgentStatus, QueueStatus, Status};
use std::fmt::Write;
use std::path::Path;

/// Why there is no status to show.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// Nobody could be asked.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The service refused.
    #[error("the service answered: {0}")]
    Refused(String),
    /// The answer can't be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Asks the service behind `socket`; gives what is to be printed.
///
/// # Errors
/// When no service answers there.
pub fn run(socket: &Path, json: bool, language: Language) -> Result<String, StatusError> {
    match control::ask(socket, Command::Status)? {
        Answer::Status(status) if json => Ok(serde_json::to_string_pretty(&status)? + "\n"),
        Answer::Status(status) => Ok(written(&status, language)),
        Answer::Error(reason) => Err(StatusError::Refused(reason)),
    }
}

/// The reader's language: `LC_ALL`, `LC_MESSAGES` and `LANG`, the first that is set (POSIX).
#[must_use]
pub fn language() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    language_of(set.as_deref().unwrap_or_default())
}

fn language_of(locale: &str) -> Language {
    if locale.to_ascii_lowercase().starts_with("fr") { Language::French } else { Language::English }
}

/// The words of one language.
struct Words {
    up_for: &'static str,
    draining: &'static str,
    calls: [&'static str; 2],
    queue: [&'static str; 4],
    agent: [&'static str; 3],
    trunk: [&'static str; 3],
    store: [&'static str; 3],
    failing: &'static str,
}

const ENGLISH: Words = Words {
    up_for: "up for",
    draining: "stopping: no new calls",
    calls: ["calls in progress", "offered since the start"],
    queue: ["QUEUE", "WAITING", "LONGEST", "AGENTS READY/BUSY/ALL"],
    agent: ["AGENT", "STATE", "FOR"],
    trunk: ["TRUNK", "up", "DOWN"],
    store: ["store: everything on disk", "store: rows waiting", "rows lost"],
    failing: "THE DISK REFUSES",
};

const FRENCH: Words = Words {
    up_for: "en service depuis",
    draining: "arrêt en cours : plus de nouveaux appels",
    calls: ["appels en cours", "présentés depuis le démarrage"],
    queue: ["FILE", "EN ATTENTE", "PLUS LONGUE", "AGENTS PRÊTS/OCCUPÉS/TOUS"],
    agent: ["AGENT", "ÉTAT", "DEPUIS"],
    trunk: ["LIAISON", "en service", "HORS SERVICE"],
    store: ["stockage : tout est sur disque", "stockage : lignes en attente", "lignes perdues"],
    failing: "LE DISQUE REFUSE",
};

fn state(name: &str, language: Language) -> &str {
    match (language, name) {
        (Language::French, "ready") => "prêt",
        (Language::French, "ringing") => "sonnerie",
        (Language::French, "talking") => "en ligne",
        (Language::French, "wrap_up") => "post-appel",
        (Language::French, "backed_off") => "en retrait",
        (Language::French, "unreachable") => "injoignable",
        (Language::French, "logged_out") => "déconnecté",
        (Language::English, "wrap_up") => "wrap-up",
        (Language::English, "backed_off") => "backed off",
        (Language::English, "logged_out") => "logged out",
        (Language::French | Language::English, other) => other,
    }
}

fn written(status: &Status, language: Language) -> String {
    let words = match language {
        Language::French => &FRENCH,
        Language::English => &ENGLISH,
    };
    let mut text = String::new();
    let up_for = clock(status.uptime_s * 1_000);
    // Writing to a String can't fail.
    let _ = writeln!(
        text,
        "spillway {} · {} {up_for} · plan {}",
        status.version,
        words.up_for,
        short(&status.plan)
    );
    if status.draining {
        let _ = writeln!(text, "{}", words.draining);
    }
    let [in_progress, offered] = words.calls;
    let calls = &status.calls;
    let _ = writeln!(text, "{} {in_progress}, {} {offered}", calls.in_progress, calls.offered);
    table(&mut text, words.queue, status.queues.iter().map(queue_row));
    table(&mut text, words.agent, status.agents.iter().map(|agent| agent_row(agent, language)));
    let [trunk, up, down] = words.trunk;
    let trunks = status.trunks.iter();
    let shown = |is_up: bool| if is_up { up } else { down }.to_owned();
    table(&mut text, [trunk, ""], trunks.map(|trunk| [trunk.name.to_string(), shown(trunk.up)]));
    let [stored, waiting, lost] = words.store;
    let store = &status.store;
    text.push('\n');
    text.push_str(&if store.backlog == 0 {
        stored.to_owned()
    } else {
        format!("{waiting}: {}", store.backlog)
    });
    if store.lost > 0 {
        let _ = write!(text, ", {lost}: {}", store.lost);
    }
    if store.failing {
        let _ = write!(text, " · {}", words.failing);
    }
    text.push('\n');
    text
}

fn queue_row(queue: &QueueStatus) -> [String; 4] {
    let agents = format!("{}/{}/{}", queue.agents_ready, queue.agents_busy, queue.agents);
    [
        queue.name.to_string(),
        queue.waiting.to_string(),
        queue.oldest_wait_ms.map_or("-".to_owned(), clock),
        agents,
    ]
}

fn agent_row(agent: &AgentStatus, language: Language) -> [String; 3] {
    let name = format!("{} ({})", agent.name, agent.key);
    [name, state(&agent.state, language).to_owned(), agent.since_ms.map_or("-".to_owned(), clock)]
}

/// Rows under a heading, columns as wide as they need be; nothing when there are no rows.
fn table<const N: usize>(text: &mut String, heading: [&str; N], rows: impl Iterator<Item = [String; N]>) {
    let mut lines = vec![heading.map(str::to_owned)];
    lines.extend(rows);
    if lines.len() == 1 {
        return;
    }
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    text.push('\n');
    for line in &lines {
        let cells: Vec<String> =
            line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
}

/// `42 s`, `3:07`, `26:03:07`: hours only when there are some.
fn clock(millis: u64) -> String {
    let seconds = millis / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A digest's first characters: enough to tell plans apart.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::status::{CallsStatus, StoreStatus, TrunkStatus};

    fn monday() -> Status {
        Status {
            version: "0.1.0".into(),
            uptime_s: 3_787,
            plan: "0123456789abcdef".into(),
            calls: CallsStatus { in_progress: 3, offered: 120 },
            queues: vec![QueueStatus {
                name: "technique".into(),
                waiting: 2,
                oldest_wait_ms: Some(67_900),
                agents_ready: 0,
                agents_busy: 1,
                agents: 1,
            }],
            agents: vec![AgentStatus {
                name: "Nadia".into(),
                key: "201@ipoffice".into(),
                state: "wrap_up".into(),
                since_ms: Some(9_000),
                call: None,
            }],
            trunks: vec![TrunkStatus { name: "operateur".into(), up: false }],
            store: StoreStatus { backlog: 7, lost: 0, failing: true },
            ..Status::default()
        }
    }

    #[test]
    fn a_supervisor_reads_it_in_english_or_french() {
        assert_eq!(
            written(&monday(), Language::English),
            "spillway 0.1.0 · up for 1:03:07 · plan 0123456789ab\n\
             3 calls in progress, 120 offered since the start\n\n\
             QUEUE      WAITING  LONGEST  AGENTS READY/BUSY/ALL\n\
             technique  2        1:07     0/1/1\n\n\
             AGENT                 STATE    FOR\n\
             Nadia (201@ipoffice)  wrap-up  9 s\n\n\
             TRUNK\n\
             operateur  DOWN\n\n\
             store: rows waiting: 7 · THE DISK REFUSES\n"
        );
        let french =
            written(&Status { draining: true, store: StoreStatus::default(), ..monday() }, Language::French);
        for words in
            ["arrêt en cours", "3 appels en cours", "post-appel", "HORS SERVICE", "tout est sur disque"]
        {
            assert!(french.contains(words), "{words} in\n{french}");
        }
    }

    #[test]
    fn the_language_is_the_readers() {
        for (locale, language) in [
            ("fr_FR.UTF-8", Language::French),
            ("FR", Language::French),
            ("en_GB", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(language_of(locale), language, "{locale}");
        }
    }

    #[test]
    fn nobody_there_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = run(&folder.path().join("control.sock"), false, Language::English).expect_err("nobody");
        assert!(refused.to_string().starts_with("no spillway runs on"), "{refused}");
    }
}
