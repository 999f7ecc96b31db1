//! Prometheus scrapes the service while calls run: its own linter finds nothing, and the queries of a dashboard give data.

use crate::http;
use crate::place::{PBX, Place, SPILLWAY, WATCHER};
use crate::process::{Process, until};
use crate::service::{Service, Setting};
use crate::sipp::{Calls, answering};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

const SITE: &str = r#"
version = 1
[site]
name     = "Vue"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ go = "technique" }]
[queue.technique]
via      = "ipbx1"
agents   = { Nadia = 201, Marc = 202 }
hold     = { music = "attente" }
overflow = [{ after = "60s", to = "rappelez" }]
sla      = "accueil"
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "court"
[music]
attente = "musique/*.wav"
[sla.accueil]
clock = "queue"
qs1   = { answered_under = "40s", above = 85 }
qs2   = { above = 85 }
"#;

const SOON: Duration = Duration::from_secs(45);

fn site(place: &Place) -> Service<'_> {
    place.prompt("rappelez", 200.0, 0.5);
    place.music(520.0);
    Setting::new(place).serve(SITE)
}

#[test]
fn promtool_finds_nothing_to_say_about_the_metrics() {
    let place = Place::new();
    let service = site(&place);
    let page = place.write("metrics.txt", &service.page());
    let mut command = Command::new("bash");
    command.args(["-c", "promtool check metrics < \"$0\""]).arg(page);
    let mut promtool = Process::start("promtool", &mut command, place.path("promtool.out"));
    promtool.succeed(SOON);
    assert_eq!(promtool.said(), "", "promtool has advice");
}

#[test]
fn a_dashboards_queries_give_data_in_prometheus() {
    let place = Place::new();
    let service = site(&place);
    let _agents = answering(&place, PBX, "agent", "udp", Duration::from_secs(1));
    let prometheus = Watcher::start(&place, service.http());
    let calls = Calls { count: 10, per_second: 2, ..Calls::default() };
    calls.start(&place, "callers").succeed(SOON);
    service.records(10, SOON);

    prometheus
        .eventually("sum(spillway_queue_calls_total{queue=\"technique\",outcome=\"answered\"})", |value| {
            value == 10.0
        });
    let p90 = "histogram_quantile(0.9, sum by (le) (rate(spillway_queue_wait_seconds_bucket{queue=\"technique\"}[1m])))";
    prometheus.eventually(p90, |value| value > 0.0 && value <= 20.0);
    prometheus.eventually("sum by (queue) (spillway_queue_callers_waiting)", |value| value == 0.0);
    prometheus
        .eventually("max_over_time(spillway_queue_callers_waiting{queue=\"technique\"}[1m])", |value| {
            value >= 1.0
        });
    prometheus.eventually("max_over_time(spillway_queue_oldest_wait_seconds[1m])", |value| value > 0.0);
    prometheus.eventually("sum(spillway_agents)", |value| value == 2.0);
    prometheus.eventually("sum(rate(spillway_calls_offered_total[1m]))", |value| value > 0.0);
    let indicator = "sum(spillway_sla_calls_total{sla=\"accueil\",indicator=\"qs1\",verdict=\"hit\"})
        / sum(spillway_sla_calls_total{sla=\"accueil\",indicator=\"qs1\",verdict=~\"hit|miss\"})";
    prometheus.eventually(indicator, |value| value == 1.0);
    prometheus.eventually("spillway_trunk_up{trunk=\"ipbx1\"}", |value| value == 1.0);
}

#[test]
fn the_demo_stays_up_for_prometheus() {
    let place = Place::new();
    let http = SocketAddr::from((place.ip(SPILLWAY), 8080));
    let mut command = Command::new(env!("CARGO_BIN_EXE_spillway"));
    command.args(["demo", "--calls", "12", "--rate", "2", "--keep", "--http", &http.to_string()]);
    let mut demo = Process::start("spillway demo", &mut command, place.path("demo.out"));
    let prometheus = Watcher::start(&place, http);
    prometheus.eventually("sum(spillway_calls_offered_total)", |value| value == 12.0);
    prometheus.eventually("sum(spillway_calls_total)", |value| value == 12.0);
    let p90 =
        "histogram_quantile(0.9, sum by (le) (spillway_queue_wait_seconds_bucket{queue=\"technique\"}))";
    prometheus.eventually(p90, |value| value > 0.0 && value <= 20.0);
    prometheus.eventually("sum(spillway_queue_calls_total)", |value| value >= 1.0);
    prometheus.eventually("sum(spillway_queue_callers_waiting)", |value| value == 0.0);
    // The service has its last record a moment before the players have heard of it: stopped in between, they complain.
    let stays = ["Still serving", "Reste en service"];
    let played = until(SOON, || stays.iter().any(|words| demo.said().contains(words)).then_some(()));
    assert!(played.is_some(), "{}", demo.said());
    demo.terminate();
    demo.succeed(SOON);
}

/// A Prometheus of our own.
struct Watcher {
    process: Process,
    address: SocketAddr,
}

impl Watcher {
    fn start(place: &Place, target: SocketAddr) -> Self {
        let address = SocketAddr::from((place.ip(WATCHER), 9090));
        let config = place.write(
            "prometheus.yml",
            &format!(
                "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: spillway\n    static_configs:\n      \
                 - targets: ['{target}']\n"
            ),
        );
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", place.path("prometheus").display()));
        command.arg(format!("--web.listen-address={address}"));
        let process = Process::start("prometheus", &mut command, place.path("prometheus.log"));
        let ready = until(SOON, || http::get(address, "/-/ready").filter(|(status, _)| *status == 200));
        assert!(ready.is_some(), "prometheus is not ready:\n{}", process.said());
        let watcher = Self { process, address };
        // It looks for targets every 5 s, and a rate needs a scrape from before the first call.
        watcher.eventually("up{job=\"spillway\"}", |value| value == 1.0);
        watcher
    }

    /// Asks until the first value is as expected.
    fn eventually(&self, query: &str, expected: impl Fn(f64) -> bool) {
        let path = format!("/api/v1/query?query={}", http::escaped(query));
        let mut last = String::new();
        let found = until(SOON, || {
            last = http::get(self.address, &path)?.1;
            let answer: serde_json::Value = serde_json::from_str(&last).ok()?;
            let value = answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()?;
            expected(value).then_some(())
        });
        assert!(found.is_some(), "{query}: {last}\n{}", self.process.said());
    }
}
