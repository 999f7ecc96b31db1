//! Arguments to a command. Knows nothing of calls.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use spillway::commands::{check, demo, phones, serve, status, trace};
use spillway::drivers::logs::LogFormat;
use spillway::drivers::store::find::Wanted;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Short-lived small blocks on one engine thread: measured beside the system's allocator under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SERVE_CODES: &str = "Exit codes:
  0  stopped when asked to
  1  the files are refused, something can't be opened, or the service failed
  2  the settings file or the arguments can't be read";
const CHECK_CODES: &str = "Exit codes:
  0  the files can be served; there may be warnings
  1  they can't
  2  the settings file or the arguments can't be read";
const STATUS_CODES: &str = "Exit codes:
  0  the service answered
  1  nobody answers, or the settings are refused
  2  the settings file or the arguments can't be read";
const TRACE_CODES: &str = "Exit codes:
  0  the call is shown
  1  there is no such call, the store can't be read, nobody answers, or the settings are refused
  2  the settings file or the arguments can't be read";
const DEMO_CODES: &str = "Exit codes:
  0    every call ended as it should
  1    one did not
  2    it could not be played, or the arguments can't be read
  130  interrupted: at Ctrl-C or SIGTERM everybody hangs up and what was so far is told; a second one ends it at once

Records and last metrics are left in the folder spillway-demo-PROCESS of $TMPDIR, or of /tmp; the summary names it. A new
demo removes the folders of those that are over, except the latest three.";

/// A call-routing engine: a SIP back-to-back user agent with menus and queues, the overflow router beside an IPBX.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve calls until SIGTERM: no new calls then, the running ones may end up to `[sip] drain`.
    #[command(after_help = SERVE_CODES)]
    Serve {
        /// The settings file.
        #[arg(long, default_value = "config/spillway.toml")]
        config: PathBuf,
        /// Log lines as JSON objects.
        #[arg(long)]
        json_logs: bool,
        /// Which log lines: a level, or targets with levels.
        #[arg(long, env = "SPILLWAY_LOG", default_value = "info")]
        log: String,
    },
    /// Say everything wrong with the settings and the sites. Opens no socket.
    #[command(after_help = CHECK_CODES)]
    Check {
        /// The settings file.
        #[arg(long, default_value = "config/spillway.toml")]
        config: PathBuf,
    },
    /// Serve a small call centre on loopback and play its callers and agents.
    #[command(after_help = DEMO_CODES)]
    Demo {
        /// How many call; 40 unless --for says how long.
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        calls: Option<u64>,
        /// Calls a second.
        #[arg(long, default_value = "1", value_parser = rate)]
        rate: f64,
        /// How long new calls are placed: 60s, 5m.
        #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
        duration: Option<Duration>,
        /// Where metrics are served; any free port unless given.
        #[arg(long, value_name = "ADDRESS")]
        http: Option<SocketAddr>,
        /// Stay up afterwards, for Prometheus to look.
        #[arg(long)]
        keep: bool,
    },
    /// Help with the phones that register here.
    #[command(subcommand)]
    Phones(PhonesCommand),
    /// Say how a running service stands.
    #[command(after_help = STATUS_CODES)]
    Status {
        /// The settings file, which names the control socket.
        #[arg(long, default_value = "config/spillway.toml")]
        config: PathBuf,
        /// The control socket itself.
        #[arg(long)]
        socket: Option<PathBuf>,
        /// As one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one call step by step, as a ladder: from the store, whether the call is over or not, with the SIP messages the
    /// running service still keeps; or live.
    #[command(after_help = TRACE_CODES)]
    Trace {
        /// `call-17`, a caller's or a dialled number (its last call), or `last`.
        #[arg(value_name = "CALL|NUMBER|last", value_parser = trace::wanted)]
        wanted: Wanted,
        /// The settings file, which names the folder of the store.
        #[arg(long, default_value = "config/spillway.toml")]
        config: PathBuf,
        /// The store itself.
        #[arg(long)]
        store: Option<PathBuf>,
        /// As one line of JSON; live as one a step.
        #[arg(long)]
        json: bool,
        /// As it goes, until it is over: the call named, the one that runs, or else the next one.
        #[arg(long, conflicts_with = "store")]
        live: bool,
        /// Each SIP message whole, its digests blanked.
        #[arg(long, conflicts_with = "store")]
        messages: bool,
    },
}

/// Calls a second.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.01..=1_000.0).contains(rate));
    rate.ok_or_else(|| "a number from 0.01 to 1000".into())
}

/// `90s`, `5m` or `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let number = text[..text.len() - unit.len()].parse().ok();
    let seconds = match unit {
        "s" => number,
        "m" => number.and_then(|minutes: u64| minutes.checked_mul(60)),
        "h" => number.and_then(|hours| hours.checked_mul(3_600)),
        _ => None,
    };
    seconds.map(Duration::from_secs).ok_or_else(|| "a whole number with its unit: 90s, 5m, 1h".into())
}

#[derive(Subcommand)]
enum PhonesCommand {
    /// Ask for a password and print a phone's line of the users' file: extension;name;ha1_md5;ha1_sha256.
    Hash {
        /// The phone's extension.
        extension: String,
        /// The `realm` of [phones].
        #[arg(long)]
        realm: String,
        /// Whose phone it is.
        #[arg(long, default_value = "")]
        name: String,
    },
}

fn main() -> ExitCode {
    let code = match Arguments::parse().command {
        Command::Serve { config, json_logs, log } => serve::run(&serve::ServeArgs {
            config,
            logs: if json_logs { LogFormat::Json } else { LogFormat::Text },
            log_filter: log,
        }),
        Command::Check { config } => check::run(&check::CheckArgs { config }),
        Command::Demo { calls, rate, duration, http, keep } => {
            demo::run(&demo::DemoArgs { calls, rate, duration, http, keep })
        }
        Command::Phones(PhonesCommand::Hash { extension, realm, name }) => {
            phones::hash(&phones::HashArgs { extension, realm, name })
        }
        Command::Status { config, socket, json } => status::run(&status::StatusArgs { config, socket, json }),
        Command::Trace { wanted, config, store, json, live, messages } => {
            trace::run(&trace::TraceArgs { wanted, config, store, json, live, messages })
        }
    };
    ExitCode::from(code)
}
