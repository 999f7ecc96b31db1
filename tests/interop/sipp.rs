//! SIPp as callers, agents and targets; its scenarios lie in sipp/. Digits are RFC 4733 packets it sends over a raw socket,
//! for which it needs root or CAP_NET_RAW.

use crate::ladder::{self, Side};
use crate::place::{CALLERS, Place, SPILLWAY};
use crate::process::{Process, until};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Above every port a service binds: ours are bound on every address.
const MEDIA_FIRST: u16 = 40_000;
/// SIPp counts its media ports up by 4 a call; another process at the same address starts this much further.
const MEDIA_STEP: u16 = 4_000;
const SIP_PORT: u16 = 5060;
/// SIPp binds its port within.
pub const BINDS_WITHIN: Duration = Duration::from_millis(500);
/// The next message of a ladder comes within.
const LADDER_STEP: Duration = Duration::from_secs(10);

/// A SIPp process and what it traced.
pub struct Sipp {
    /// The process.
    pub process: Process,
    messages: std::path::PathBuf,
}

/// Who calls, whom, how.
pub struct Calls<'a> {
    /// A scenario of sipp/.
    pub scenario: &'a str,
    /// The number dialled.
    pub dials: &'a str,
    /// Callers' numbers and what they press, a line a call, again from the first after the last.
    pub callers: &'a [(&'a str, &'a str)],
    /// How many calls.
    pub count: usize,
    /// How many a second.
    pub per_second: usize,
    /// "udp" or "tcp".
    pub transport: &'a str,
}

impl Default for Calls<'_> {
    fn default() -> Self {
        Self {
            scenario: "caller",
            dials: "0384961370",
            callers: &[("0601020304", "1")],
            count: 1,
            per_second: 20,
            transport: "udp",
        }
    }
}

impl Calls<'_> {
    /// Starts calling. The process ends when all calls have, with success when each went as its scenario says.
    pub fn start(&self, place: &Place, name: &str) -> Sipp {
        let lines: String = self.callers.iter().map(|(number, keys)| format!("{number};{keys}\n")).collect();
        let callers = place.write(&format!("{name}.csv"), &format!("SEQUENTIAL\n{lines}"));
        let mut command = sipp(place, CALLERS, place.another(), self.scenario, self.transport, name);
        command.arg(format!("{}:5060", place.ip(SPILLWAY)));
        command.args(["-s", self.dials, "-m", &self.count.to_string(), "-r", &self.per_second.to_string()]);
        command.args(["-l", "2000"]).arg("-inf").arg(callers);
        start(place, name, command)
    }
}

/// Starts a phone or a whole PBX that answers, at `host`; `talk` is how long its scenario's open pause lasts.
pub fn answering(place: &Place, host: u8, scenario: &str, transport: &str, talk: Duration) -> Sipp {
    let name = format!("{scenario}-{host}");
    let mut command = sipp(place, host, 0, scenario, transport, &name);
    // -aa: OPTIONS is answered beside the scenario.
    command.args(["-aa", "-d", &talk.as_millis().to_string()]);
    let started = start(place, &name, command);
    std::thread::sleep(BINDS_WITHIN);
    started
}

/// Plays a ladder once, against the service where it calls: then `dials` is whom.
pub fn plays(place: &Place, host: u8, transport: &str, dials: Option<&str>, ladder: &str) -> Sipp {
    let calls = if dials.is_none() && ladder.contains("unless") { 2 } else { 1 };
    plays_at_once(place, host, transport, dials, ladder, (calls, LADDER_STEP))
}

/// Plays a ladder so many times at once, each of whose messages comes within a time.
pub fn plays_at_once(
    place: &Place,
    host: u8,
    transport: &str,
    dials: Option<&str>,
    ladder: &str,
    (calls, step): (usize, Duration),
) -> Sipp {
    let side = if dials.is_some() { Side::Caller } else { Side::Called };
    let nth = if host == CALLERS { place.another() } else { 0 };
    let name = format!("ladder-{host}-{nth}");
    let mut scenario = ladder::scenario(side, ladder);
    if calls > 1 {
        scenario = ladder::each_from_their_own(&scenario, host);
    }
    let file = place.write(&format!("{name}.xml"), &scenario);
    let mut command = sipp_by(place, host, nth, &file, transport, &name);
    command.args(["-recv_timeout", &step.as_millis().to_string(), "-l", "2000"]);
    // -aa: OPTIONS is answered beside the scenario.
    command.args(["-aa", "-m", &calls.to_string()]);
    if let Some(number) = dials {
        command.arg(format!("{}:5060", place.ip(SPILLWAY))).args(["-s", number]);
    }
    start(place, &name, command)
}

/// Starts the scenario SIPp itself has: its caller, who dials a number, or its phone, that answers. It makes or takes this
/// many calls, and answers OPTIONS beside them.
pub fn stock(place: &Place, host: u8, transport: &str, dials: Option<&str>, calls: usize) -> Sipp {
    let name = format!("stock-{host}-{transport}");
    let nth = if host == CALLERS { place.another() } else { 0 };
    let which = if dials.is_some() { "uac" } else { "uas" };
    let mut command = sipp_playing(place, host, nth, &["-sn".as_ref(), which.as_ref()], transport, &name);
    command.args(["-aa", "-m", &calls.to_string()]);
    if let Some(number) = dials {
        command.arg(format!("{}:5060", place.ip(SPILLWAY))).args(["-s", number, "-d", "500"]);
    }
    start(place, &name, command)
}

/// `nth` counts the processes at one address.
fn sipp(place: &Place, host: u8, nth: u16, scenario: &str, transport: &str, name: &str) -> Command {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/sipp");
    sipp_by(place, host, nth, &scenarios.join(scenario).with_extension("xml"), transport, name)
}

fn sipp_by(place: &Place, host: u8, nth: u16, scenario: &Path, transport: &str, name: &str) -> Command {
    sipp_playing(place, host, nth, &["-sf".as_ref(), scenario.as_ref()], transport, name)
}

fn sipp_playing(
    place: &Place,
    host: u8,
    nth: u16,
    scenario: &[&OsStr],
    transport: &str,
    name: &str,
) -> Command {
    let ip = place.ip(host).to_string();
    let mut command = Command::new("sipp");
    command.args(scenario);
    let (port, media) = (SIP_PORT + nth, MEDIA_FIRST + nth * MEDIA_STEP);
    command.args(["-i", &ip, "-p", &port.to_string(), "-mi", &ip, "-mp", &media.to_string(), "-nostdin"]);
    command.args(["-t", if transport == "tcp" { "t1" } else { "u1" }]);
    command.args(["-trace_err", "-error_file"]).arg(place.path(&format!("{name}.errors")));
    command.args(["-trace_msg", "-message_file"]).arg(place.path(&format!("{name}.messages")));
    command
}

fn start(place: &Place, name: &str, mut command: Command) -> Sipp {
    let process = Process::start(name, command.env("TERM", "dumb"), place.path(&format!("{name}.out")));
    Sipp { process, messages: place.path(&format!("{name}.messages")) }
}

impl Sipp {
    /// Everything it sent and received.
    pub fn messages(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.messages).unwrap_or_default()).into_owned()
    }

    /// Waits for its end; whether all its calls went as they should.
    pub fn succeeds(&mut self, within: Duration) -> bool {
        until(within, || self.process.ended()).is_some_and(|status| status.success())
    }

    /// Waits until all its calls went as they should.
    pub fn succeed(&mut self, within: Duration) {
        let status = self.process.wait(within);
        assert!(
            status.success(),
            "SIPp ended with {status}:\n{}\n{}",
            self.process.said(),
            tail(&self.messages(), 20_000)
        );
    }
}

/// The end of a text.
fn tail(text: &str, length: usize) -> &str {
    let mut from = text.len().saturating_sub(length);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}
