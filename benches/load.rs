//! The load harness: starts the release binary as its own process with a generated site, plays the trunk and the phones
//! against it over loopback, and says what a call costs. `cargo bench --bench load -- SCENARIO [--json]`.
//! Must never look inside the server: what it knows comes from SIP, RTP, /proc and /metrics.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "it measures real time, real sockets and another process"
)]

#[path = "load/field.rs"]
mod field;
#[path = "load/metrics.rs"]
mod metrics;
#[path = "load/process.rs"]
mod process;
#[path = "load/raw.rs"]
mod raw;
#[path = "load/row.rs"]
mod row;
#[path = "load/scenario/mod.rs"]
mod scenario;
#[path = "load/server.rs"]
mod server;
#[path = "load/site.rs"]
mod site;

use clap::{Parser, ValueEnum};
use field::Field;
use scenario::Scale;
use std::error::Error;
use std::process::ExitCode;

/// What a call costs, measured from outside.
#[derive(Parser)]
struct Arguments {
    /// What is played.
    scenario: Scenario,
    /// Calls a second (queue, dial).
    #[arg(long)]
    rate: Option<u32>,
    /// How long calls are placed (queue, dial), or stand (bridge, wait).
    #[arg(long)]
    seconds: Option<u32>,
    /// Calls that stand at once (bridge, wait), or samples (dispatch).
    #[arg(long)]
    calls: Option<u32>,
    /// One JSON object instead of a line.
    #[arg(long)]
    json: bool,
    /// Leaves the generated site, its records and the server's log in place, and says where.
    #[arg(long)]
    keep: bool,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Queue to agent, 10 s of talk, no RTP.
    Queue,
    /// Straight to a target, 2 s of talk, no RTP.
    Dial,
    /// Standing calls with A-law both ways.
    Bridge,
    /// Callers who hear music and send audio.
    Wait,
    /// 50 agents who always have the next caller: from BYE to INVITE.
    Dispatch,
    /// Ten times the calls a second that can be served: how many still complete. `--rate` says what can be served.
    Overload,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(void) => ExitCode::from(u8::from(void)),
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::from(2)
        }
    }
}

/// Plays one scenario; says whether its row is void.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let scale = Scale { rate: arguments.rate, seconds: arguments.seconds, calls: arguments.calls };
    let name =
        arguments.scenario.to_possible_value().map_or_else(String::new, |value| value.get_name().into());
    let mut field = Field::open(&name, site::agents(arguments.scenario, scale))?;
    let row = match arguments.scenario {
        Scenario::Queue => scenario::flood::queue(&mut field, scale)?,
        Scenario::Dial => scenario::flood::dial(&mut field, scale)?,
        Scenario::Bridge => scenario::standing::bridge(&mut field, scale)?,
        Scenario::Wait => scenario::standing::wait(&mut field, scale)?,
        Scenario::Dispatch => scenario::dispatch::run(&mut field, scale)?,
        Scenario::Overload => scenario::overload::run(&mut field, scale)?,
    };
    let row = field.close(row, arguments.keep)?;
    println!("{}", if arguments.json { row.json() } else { row.line() });
    Ok(row.is_void())
}
