//! `spillway status`: asks a running service over its control socket how it stands, and shows it.

use super::check;
use super::language::Language;
use crate::base::finding::Source;
use crate::drivers::control::{self, Answer, Command};
use crate::drivers::dialplan_files::ConfigurationError;
use crate::engine::status::{AgentStatus, BannedStatus, QueueStatus, Status, TrunkState};
use crate::settings::{self, Settings};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What `status` is asked.
#[derive(Debug)]
pub struct StatusArgs {
    /// The settings file, which names the control socket.
    pub config: PathBuf,
    /// The control socket, when it is known without a settings file.
    pub socket: Option<PathBuf>,
    /// As JSON.
    pub json: bool,
}

/// Asks, shows, and returns the exit code: 0 when the service answered, 1 when the settings are refused or nobody
/// answers, 2 when the settings file can't be read.
#[must_use]
pub fn run(args: &StatusArgs) -> u8 {
    let socket = match args.socket.clone().map_or_else(|| socket_of(&args.config), Ok) {
        Ok(socket) => socket,
        Err(code) => return code,
    };
    let status = match control::ask(&socket, &Command::Status) {
        Ok(Answer::Status(status)) => status,
        Ok(Answer::Step(_)) => return refuse("an answer to another question"),
        Ok(Answer::Error(why)) => return refuse(&why),
        Err(error) => return refuse(&error.to_string()),
    };
    if args.json {
        match serde_json::to_string(&status) {
            Ok(json) => println!("{json}"),
            Err(error) => return refuse(&error.to_string()),
        }
    } else {
        println!("{}", page(&status, Language::of_environment()).join("\n"));
    }
    0
}

fn refuse(why: &str) -> u8 {
    eprintln!("error: {why}");
    1
}

pub(super) fn socket_of(config: &Path) -> Result<PathBuf, u8> {
    Ok(settings_of(config)?.control.value)
}

/// The settings file read, or the exit code of a command that needs no dialplan, what is wrong having been said.
pub(super) fn settings_of(config: &Path) -> Result<Settings, u8> {
    let text = std::fs::read_to_string(config).map_err(|error| {
        eprintln!("error: {}", ConfigurationError::Unreadable { path: config.to_owned(), error });
        2
    })?;
    let settings =
        settings::load(&Source::new(&config.display().to_string(), &text)).map_err(|findings| {
            check::print(&findings);
            1
        })?;
    Ok(settings.0)
}

/// The whole page: the service, then its queues, agents and trunks.
fn page(status: &Status, language: Language) -> Vec<String> {
    let Status { version, uptime_s, calls, .. } = status;
    let mut lines = vec![match language {
        Language::French => format!(
            "Spillway {version}, depuis {uptime_s} s : {} appels présentés, {} en cours",
            calls.offered, calls.in_progress
        ),
        Language::English => format!(
            "Spillway {version}, up {uptime_s} s: {} calls offered, {} in progress",
            calls.offered, calls.in_progress
        ),
    }];
    if status.draining {
        lines.push(language.say("arrêt en cours : plus de nouvel appel", "stopping: no new calls").into());
    }
    if status.store.failing || status.store.lost > 0 {
        let (lost, backlog) = (status.store.lost, status.store.backlog);
        lines.push(match language {
            Language::French => format!("le disque refuse : {backlog} lignes en attente, {lost} perdues"),
            Language::English => format!("the disk refuses: {backlog} rows wait, {lost} lost"),
        });
    }
    if status.overloaded {
        let (french, english) = ("surcharge : des appels sont refusés", "overloaded: calls are refused");
        lines.push(language.say(french, english).into());
    }
    if status.banned.count > 0 {
        lines.push(banned_line(&status.banned, language));
    }
    lines.push(String::new());
    lines.extend(tables(status, language));
    lines
}

fn banned_line(banned: &BannedStatus, language: Language) -> String {
    let BannedStatus { count, sources } = banned;
    let shown = sources.iter().map(|ban| format!("{} ({})", ban.source, seconds(ban.left_ms)));
    let mut shown: Vec<String> = shown.collect();
    if u64::from(*count) > sources.len() as u64 {
        shown.push("…".into());
    }
    let label = language.say("adresses bannies :", "banned sources:");
    format!("{label} {count}, {}", shown.join(", "))
}

/// Queues, agents and trunks, as tables.
#[must_use]
pub fn tables(status: &Status, language: Language) -> Vec<String> {
    let mut lines = vec![format!(
        "{:<20} {:>8} {:>9} {:>6} {:>8} {:>10} {:>7} {:>7}",
        language.say("file", "queue"),
        language.say("attente", "waiting"),
        language.say("plus long", "longest"),
        language.say("libres", "ready"),
        language.say("occupés", "busy"),
        language.say("post-appel", "wrap-up"),
        language.say("absents", "away"),
        "agents",
    )];
    lines.extend(status.queues.iter().map(queue_line));
    lines.push(String::new());
    lines.extend(status.agents.chunks(2).map(|pair| agents_line(pair, language)));
    for (state, label) in [
        (TrunkState::Down, language.say("trunks muets :", "trunks silent:")),
        (TrunkState::Unknown, language.say("trunks pas encore entendus :", "trunks not heard yet:")),
    ] {
        let those = status.trunks.iter().filter(|trunk| trunk.state == state);
        let names: Vec<&str> = those.map(|trunk| &*trunk.name).collect();
        if !names.is_empty() {
            lines.push(format!("{label} {}", names.join(", ")));
        }
    }
    let away = status.trunks.iter().filter(|trunk| trunk.registered == Some(false));
    let names: Vec<&str> = away.map(|trunk| &*trunk.name).collect();
    if !names.is_empty() {
        let label = language.say("trunks non enregistrés :", "trunks not registered:");
        lines.push(format!("{label} {}", names.join(", ")));
    }
    lines
}

fn queue_line(queue: &QueueStatus) -> String {
    format!(
        "{:<20} {:>8} {:>9} {:>6} {:>8} {:>10} {:>7} {:>7}",
        &*queue.name,
        queue.waiting,
        queue.oldest_wait_ms.map(seconds).unwrap_or_default(),
        queue.agents_ready,
        queue.agents_busy,
        queue.agents_wrap_up,
        queue.agents_away,
        queue.agents,
    )
}

fn agents_line(pair: &[AgentStatus], language: Language) -> String {
    let mut line = String::new();
    for agent in pair {
        let who = format!("{} ({})", agent.name, agent.key);
        let since = agent.since_ms.map(seconds).unwrap_or_default();
        // Writing to a string can't fail.
        let _ = write!(line, "{who:<24} {:<11} {since:>8}   ", state(&agent.state, language));
    }
    line.trim_end().into()
}

fn state(label: &str, language: Language) -> &str {
    let french = match label {
        "ready" => "libre",
        "ringing" => "sonne",
        "talking" => "en ligne",
        "wrap_up" => "post-appel",
        "backed_off" => "écarté",
        "unreachable" => "injoignable",
        "logged_out" => "absent",
        other => other,
    };
    match language {
        Language::French => french,
        Language::English => label,
    }
}

fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1_000, ms / 100 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Name;
    use crate::engine::status::{AGENT_STATES, BanStatus, CallsStatus, TrunkStatus};

    #[test]
    fn a_status_reads_as_a_table_in_both_languages() {
        let queue = QueueStatus {
            name: "technique".into(),
            waiting: 3,
            oldest_wait_ms: Some(4_250),
            agents_ready: 0,
            agents_busy: 1,
            agents_wrap_up: 2,
            agents_away: 3,
            agents: 6,
        };
        let agent = AgentStatus {
            name: "Nadia".into(),
            key: "201@ipoffice".into(),
            state: "talking".into(),
            since_ms: Some(61_000),
            call: Some(7),
        };
        let status = Status {
            version: "1.2.3".into(),
            uptime_s: 60,
            calls: CallsStatus { in_progress: 4, offered: 12 },
            queues: vec![queue],
            agents: vec![agent],
            trunks: ["operateur", "ipoffice", "secours"]
                .map(Name::from)
                .into_iter()
                .zip([
                    (TrunkState::Up, Some(true)),
                    (TrunkState::Down, Some(false)),
                    (TrunkState::Unknown, None),
                ])
                .map(|(name, (state, registered))| TrunkStatus { name, state, registered })
                .collect(),
            ..Status::default()
        };
        let english = page(&status, Language::English);
        assert_eq!(english[0], "Spillway 1.2.3, up 60 s: 12 calls offered, 4 in progress");
        assert_eq!(
            english[3],
            "technique                   3     4.2 s      0        1          2       3       6"
        );
        assert_eq!(english[5], "Nadia (201@ipoffice)     talking       61.0 s");
        assert_eq!(
            english[6..],
            ["trunks silent: ipoffice", "trunks not heard yet: secours", "trunks not registered: ipoffice"]
        );
        let french = page(&status, Language::French);
        assert!(french[0].contains("12 appels présentés") && french[5].contains("en ligne"), "{french:?}");
    }

    #[test]
    fn overload_and_bans_are_told() {
        let ban = BanStatus { source: [198, 51, 100, 7].into(), left_ms: 90_000 };
        let banned = BannedStatus { count: 2, sources: vec![ban] };
        let status = Status { overloaded: true, banned, ..Status::default() };
        let english = page(&status, Language::English);
        assert_eq!(
            english[1..3],
            ["overloaded: calls are refused", "banned sources: 2, 198.51.100.7 (90.0 s), …"]
        );
        let french = page(&status, Language::French);
        assert_eq!(french[2], "adresses bannies : 2, 198.51.100.7 (90.0 s), …");
    }

    #[test]
    fn every_state_of_an_agent_has_a_french_name() {
        for label in AGENT_STATES {
            assert_ne!(state(label, Language::French), label);
        }
    }
}
