//! SIPp floods the menu: every call chooses by digit, reaches an agent, talks, ends, is recorded, and leaves nothing.

use crate::machine::in_real_time;
use crate::place::{PBX, Place};
use crate::service::Setting;
use crate::sipp::{Calls, answering};
use std::fmt::Write;
use std::time::Duration;

const PBXES: u8 = 5;
const EXTENSIONS: u16 = 40;
const TALK: Duration = Duration::from_secs(4);
/// Timers B, F and H of RFC 3261 hold what they hold for 32 s; the audio ports 5 s.
const RESTS_WITHIN: Duration = Duration::from_secs(40);

/// Five queues, each behind a PBX of its own, one key each.
fn site() -> String {
    let mut site = String::from(
        r#"
version = 1
[site]
name     = "Lundi matin"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ play = "bienvenue" }, { go = "motif" }]
[message.rappelez]
play = "rappelez"
[prompts]
bienvenue = "court"
choix     = "court"
rappelez  = "court"
[music]
attente = "musique/*.wav"
[defaults.queue]
ring     = "15s"
wrap_up  = "0s"
hold     = { music = "attente" }
[menu.motif]
say  = "choix"
else = "rappelez"
"#,
    );
    for number in 1..=PBXES {
        writeln!(site, "{number} = \"file{number}\"").expect("a String takes everything");
    }
    for number in 1..=PBXES {
        let agents: Vec<_> = (0..EXTENSIONS).map(|agent| format!("A{agent} = {}", 200 + agent)).collect();
        writeln!(
            site,
            "[queue.file{number}]\nvia = \"ipbx{number}\"\nagents = {{ {} }}\n\
             overflow = [{{ after = \"60s\", to = \"rappelez\" }}]",
            agents.join(", ")
        )
        .expect("a String takes everything");
    }
    site
}

fn every_call_is_bridged_and_ends(transport: &str) {
    let count = if std::env::var("SPILLWAY_INTEROP").is_ok_and(|size| size == "full") { 500 } else { 60 };
    let place = Place::new();
    place.prompt("bienvenue", 900.0, 0.5);
    place.prompt("choix", 1_300.0, 1.0);
    place.prompt("rappelez", 200.0, 0.5);
    place.music(520.0);
    let setting = Setting { transport, pbxes: PBXES, ..Setting::new(&place) };
    let service = setting.serve(&site());
    let agents: Vec<_> =
        (0..PBXES).map(|number| answering(&place, PBX + number, "agent", transport, TALK)).collect();
    let callers = [
        ("0601020301", "1"),
        ("0601020302", "2"),
        ("0601020303", "3"),
        ("0601020304", "4"),
        ("0601020305", "5"),
    ];
    let calls = Calls { callers: &callers, count, per_second: 20, transport, ..Calls::default() };
    calls
        .start(&place, "callers")
        .succeed(Duration::from_secs(30) + Duration::from_millis(50) * count as u32 * 2);

    service.records(count, Duration::from_secs(5));
    let ended = service.sql(
        "SELECT outcome, cause, count(*) FROM calls WHERE talk_s BETWEEN 3.8 AND 4.5 GROUP BY outcome, cause",
    );
    assert_eq!(ended, format!("answered|normal|{count}"), "{}", service.sql("SELECT * FROM calls"));
    let by_queue = "SELECT DISTINCT queue, keys, count(*) FROM calls GROUP BY queue, keys ORDER BY queue";
    let expected: Vec<_> =
        (1..=PBXES).map(|key| format!("file{key}|{key}|{}", count / usize::from(PBXES))).collect();
    assert_eq!(service.sql(by_queue), expected.join("\n"));
    let answered = service.metric("spillway_calls_total", &["outcome=\"answered\""]);
    assert_eq!(answered, count as f64);
    service.comes_to_rest(RESTS_WITHIN);
    assert_eq!(service.status()["calls"]["in_progress"], 0);
    assert_eq!(service.status()["calls"]["offered"], count);
    drop(agents);
}

#[test]
fn callers_choose_by_digit_and_reach_agents_over_udp() {
    in_real_time(|| every_call_is_bridged_and_ends("udp"));
}

#[test]
fn callers_choose_by_digit_and_reach_agents_over_tcp() {
    in_real_time(|| every_call_is_bridged_and_ends("tcp"));
}
