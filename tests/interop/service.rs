//! The service under test: its files, its process, and everything it shows to the world.

use crate::http;
use crate::place::{CALLERS, OPERATOR, PBX, Place, SPILLWAY};
use crate::process::{Process, until};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

/// It serves within.
const STARTS_WITHIN: Duration = Duration::from_secs(30);
/// A small question to another program is answered within.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// How a service is set up; what stories differ in.
pub struct Setting<'a> {
    /// Where.
    pub place: &'a Place,
    /// "udp" or "tcp", towards every trunk.
    pub transport: &'a str,
    /// PBXes, `ipbx1` and on.
    pub pbxes: u8,
    /// How long running calls may go on after SIGTERM.
    pub drain: &'a str,
}

impl<'a> Setting<'a> {
    /// One PBX over UDP.
    pub fn new(place: &'a Place) -> Self {
        Self { place, transport: "udp", pbxes: 1, drain: "10s" }
    }

    /// Writes spillway.toml.
    pub fn write(&self) {
        let Self { place, transport, pbxes, drain } = self;
        let ip = place.ip(SPILLWAY);
        let mut text = format!(
            "version = 1\ndialplans = \"dialplans\"\ndata = \"data\"\n\n\
             [sip]\nlisten = [\"udp:{ip}:5060\", \"tcp:{ip}:5060\"]\ndrain = \"{drain}\"\n\n\
             [media]\nports = \"{}\"\n\n[http]\nlisten = \"{ip}:8080\"\n\n\
             [trunk.operateur]\npeer = \"{transport}:{}:5060\"\naccept = [\"{}/32\"]\n",
            place.rtp_ports(),
            place.ip(OPERATOR),
            place.ip(CALLERS),
        );
        for number in 1..=*pbxes {
            let peer = place.ip(PBX + number - 1);
            text.push_str(&format!(
                "\n[trunk.ipbx{number}]\npeer = \"{transport}:{peer}:5060\"\ncodecs = [\"pcma\"]\nagents = true\n"
            ));
        }
        place.write("spillway.toml", &text);
    }

    /// Writes spillway.toml and the site, and starts the service, ready or not.
    pub fn start(&self, site: &str) -> Service<'a> {
        self.write();
        self.run(site)
    }

    /// Writes the site and starts the service by the settings that are there.
    fn run(&self, site: &str) -> Service<'a> {
        self.place.write("dialplans/site/site.toml", site);
        let mut command = service_command();
        command.arg("serve").arg("--config").arg(self.place.path("spillway.toml"));
        let process = Process::start("spillway", &mut command, self.place.path("spillway.log"));
        Service { process, place: self.place }
    }

    /// The same, and waits until it serves.
    pub fn serve(&self, site: &str) -> Service<'a> {
        Self::ready(self.start(site))
    }

    /// The same by settings of a story's own; the service's HTTP is where it always is.
    pub fn serve_as(&self, settings: &str, site: &str) -> Service<'a> {
        self.place.write("spillway.toml", settings);
        Self::ready(self.run(site))
    }

    fn ready(mut service: Service<'a>) -> Service<'a> {
        let ready = until(STARTS_WITHIN, || {
            if let Some(status) = service.process.ended() {
                panic!("spillway ended with {status}; it said:\n{}", service.process.said());
            }
            http::get(service.http(), "/readyz").filter(|(status, _)| *status == 200)
        });
        assert!(
            ready.is_some(),
            "spillway is not ready after {STARTS_WITHIN:?}:\n{}",
            service.process.said()
        );
        service
    }
}

/// The binary, run by the words of `SPILLWAY_RUN_BY` where there are some: see `tests/bad_line`.
fn service_command() -> Command {
    let binary = env!("CARGO_BIN_EXE_spillway");
    let by = std::env::var("SPILLWAY_RUN_BY").unwrap_or_default();
    let mut words = by.split_whitespace().chain([binary]);
    let mut command = Command::new(words.next().unwrap_or(binary));
    command.args(words);
    command
}

/// A running service.
pub struct Service<'a> {
    /// Its process.
    pub process: Process,
    place: &'a Place,
}

impl Service<'_> {
    /// Where metrics and health are.
    pub fn http(&self) -> SocketAddr {
        (self.place.ip(SPILLWAY), 8080).into()
    }

    /// The metrics page.
    pub fn page(&self) -> String {
        let (status, page) = http::get(self.http(), "/metrics").expect("the service serves metrics");
        assert_eq!(status, 200, "{page}");
        page
    }

    /// The sum of a metric's series that have all these labels, written as on the page: `queue="technique"`.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        sum(&self.page(), name, labels)
    }

    /// What holds something yet, by metric; empty at rest.
    pub fn left(&self) -> Vec<(&'static str, f64)> {
        let page = self.page();
        [
            "spillway_calls",
            "spillway_legs",
            "spillway_media_ports",
            "spillway_sip_dialogs",
            "spillway_sip_transactions",
        ]
        .map(|name| (name, sum(&page, name, &[])))
        .into_iter()
        .filter(|(_, left)| *left != 0.0)
        .collect()
    }

    /// Asserts that nothing is left of any call within a time.
    pub fn comes_to_rest(&self, within: Duration) {
        let rested = until(within, || self.left().is_empty().then_some(()));
        assert!(rested.is_some(), "left after {within:?}: {:?}", self.left());
        assert_eq!(self.metric("spillway_faults_total", &[]), 0.0, "{}", self.process.said());
        assert_eq!(self.metric("spillway_metrics_unknown_names_total", &[]), 0.0, "{}", self.process.said());
    }

    /// What `spillway status --json` says.
    pub fn status(&self) -> serde_json::Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spillway"));
        command.args(["status", "--json", "--config"]).arg(self.place.path("spillway.toml"));
        let mut process = Process::start("spillway status", &mut command, self.place.path("status.json"));
        process.succeed(ANSWERS_WITHIN);
        serde_json::from_str(&process.said()).expect("JSON")
    }

    /// What the sqlite3 shell reads in the store, a row a line, `|` between columns.
    pub fn sql(&self, query: &str) -> String {
        let mut command = Command::new("sqlite3");
        command.arg("-readonly").arg(self.place.path("data/spillway.db")).arg(query);
        let mut process = Process::start("sqlite3", &mut command, self.place.path("sqlite3.out"));
        process.succeed(ANSWERS_WITHIN);
        process.said().trim_end().to_owned()
    }

    /// Waits for this many records: the last call's is written when nothing is left of it.
    pub fn records(&self, count: usize, within: Duration) {
        let written =
            until(within, || (self.sql("SELECT count(*) FROM calls").parse() == Ok(count)).then_some(()));
        assert!(
            written.is_some(),
            "{count} records expected:\n{}\n{}",
            self.sql("SELECT * FROM calls"),
            self.process.said()
        );
    }

    /// Waits until a metric has at least a value.
    pub fn reaches(&self, name: &str, labels: &[&str], value: f64, within: Duration) {
        let reached = until(within, || (self.metric(name, labels) >= value).then_some(()));
        assert!(
            reached.is_some(),
            "{name}{labels:?} is {}, not {value}, after {within:?}\n{}",
            self.metric(name, labels),
            self.process.said()
        );
    }
}

/// The sum of a metric's series on a page.
fn sum(page: &str, name: &str, labels: &[&str]) -> f64 {
    let values: Vec<f64> = page
        .lines()
        .filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (of, with) = series.split_once('{').unwrap_or((series, ""));
            (of == name && labels.iter().all(|label| with.contains(label))).then_some(value)?.parse().ok()
        })
        .collect();
    assert!(!values.is_empty(), "no {name}{labels:?} on the page:\n{page}");
    values.iter().sum()
}
