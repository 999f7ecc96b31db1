//! Arguments to a command. Knows nothing of calls.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use spillway::commands::{check, serve};
use spillway::drivers::logs::LogFormat;
use std::path::PathBuf;
use std::process::ExitCode;

/// Short-lived small blocks on one engine thread: measured beside the system's allocator under load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Say everything wrong with the settings and the sites: 0 clean, 1 findings, 2 unreadable. Opens no socket.
    Check {
        /// The settings file.
        #[arg(long, default_value = "config/spillway.toml")]
        config: PathBuf,
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
    };
    ExitCode::from(code)
}
