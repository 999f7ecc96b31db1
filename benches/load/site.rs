//! The site the server is given: settings, one dialplan, its sounds. Must never know what will be called.

use crate::Scenario;
use crate::scenario::{self, Scale};
use std::f64::consts::TAU;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// Enters the queue.
pub const QUEUE_NUMBER: &str = "+33384000001";
/// Rings the target.
pub const TARGET_NUMBER: &str = "+33384000002";
/// The first agent's extension.
pub const FIRST_AGENT: u32 = 10_000;

/// Everything the site must agree on with the harness.
#[derive(Debug)]
pub struct Site {
    /// Where the server takes SIP.
    pub sip: SocketAddr,
    /// Where it serves metrics.
    pub http: SocketAddr,
    /// The carrier's address.
    pub trunk: SocketAddr,
    /// The IPBX's address.
    pub ipbx: SocketAddr,
    /// How many agents there are.
    pub agents: u32,
}

/// How many agents a scenario needs.
pub fn agents(scenario: Scenario, scale: Scale) -> u32 {
    match scenario {
        // 10 s of talk a call, and half as many again, so that nobody waits.
        Scenario::Queue => scale.rate.unwrap_or(scenario::flood::QUEUE_RATE) * 15,
        Scenario::Dispatch => scenario::dispatch::AGENTS,
        Scenario::Dial | Scenario::Bridge | Scenario::Wait | Scenario::Overload => 1,
    }
}

/// Writes it all into `folder`; `spillway.toml` is the file to serve.
pub fn write(site: &Site, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    for sub in ["data", "dialplans/load/messages", "dialplans/load/musique"] {
        std::fs::create_dir_all(folder.join(sub))?;
    }
    std::fs::write(folder.join("spillway.toml"), settings(site))?;
    std::fs::write(folder.join("dialplans/load/load.toml"), dialplan(site.agents))?;
    wav(&folder.join("dialplans/load/messages/busy.wav"), 1, 440.0)?;
    wav(&folder.join("dialplans/load/musique/hold.wav"), 10, 330.0)
}

fn settings(site: &Site) -> String {
    let Site { sip, http, trunk, ipbx, .. } = site;
    // 1,000 calls a second that talk for 2 s and rest their ports for 5 s need 15,000 pairs.
    format!(
        r#"version   = 1
dialplans = "dialplans"
data      = "data"

[sip]
listen = ["udp:{sip}"]

[media]
ports = "10000-60000"

[http]
listen = "{http}"

[trunk.carrier]
peer   = "udp:{trunk}"
codecs = ["pcma"]

[trunk.ipbx]
peer   = "udp:{ipbx}"
codecs = ["pcma"]
agents = true
"#
    )
}

fn dialplan(agents: u32) -> String {
    let mut list = String::new();
    for extension in FIRST_AGENT..FIRST_AGENT + agents {
        // Writing to a string can't fail.
        let _ = write!(list, "a{extension} = {extension}, ");
    }
    let list = list.trim_end_matches(", ");
    format!(
        r#"version = 1

[site]
name     = "Load"
timezone = "Europe/Paris"
country  = "FR"

[number."{QUEUE_NUMBER}"]
flow = "queued"

[number."{TARGET_NUMBER}"]
flow = "direct"

[flow.queued]
steps = [{{ go = "line" }}]

[flow.direct]
steps = [{{ go = "phone" }}]

[target.phone]
number = "+33384000099"
via    = "ipbx"
ring   = "20s"
else   = "busy"

[queue.line]
via      = "ipbx"
agents   = {{ {list} }}
strategy = "longest-idle"
ring     = "15s"
hold     = {{ music = "hold" }}
overflow = [{{ after = "150s", to = "busy" }}]

[message.busy]
play = "busy"

[prompts]
busy = "All lines are busy."

[music]
hold = "musique/*.wav"
"#
    )
}

fn wav(path: &Path, seconds: u32, hz: f64) -> Result<(), Box<dyn std::error::Error>> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec)?;
    for n in 0..seconds * 8_000 {
        #[expect(clippy::cast_possible_truncation, reason = "within ±8000")]
        let sample = ((TAU * hz * f64::from(n) / 8_000.0).sin() * 8_000.0) as i16;
        file.write_sample(sample)?;
    }
    Ok(file.finalize()?)
}
