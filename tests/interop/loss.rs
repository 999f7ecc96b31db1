//! Calls between stations of our own through the running service, over lines that lose, double and reorder on both legs.

use crate::impaired::{Impaired, go_on};
use crate::machine::in_real_time;
use crate::place::{CALLERS, PBX, Place, SPILLWAY};
use crate::service::Setting;
use spillway::base::Random;
use spillway::endpoint::{Answering, Between, Dial, Ending, Pickup, Station, StationConfig, Voice};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Between two calls.
const PAUSE: Duration = Duration::from_millis(50);
/// What the longest call takes: 64 × T1 for the INVITE, for the 200 and for the BYE of each leg (RFC 3261), and its talk.
const LONGEST: Duration = Duration::from_secs(140);
const EXTENSIONS: u16 = 400;

fn site() -> String {
    let agents: Vec<_> = (0..EXTENSIONS).map(|agent| format!("A{agent} = {}", 1_000 + agent)).collect();
    format!(
        r#"
version = 1
[site]
name     = "Mauvais temps"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{{ go = "technique" }}]
[queue.technique]
via      = "ipbx1"
agents   = {{ {} }}
ring     = "60s"
wrap_up  = "0s"
hold     = {{ music = "attente" }}
overflow = [{{ after = "180s", to = "rappelez" }}]
[message.rappelez]
play = "rappelez"
[prompts]
rappelez  = "200 Hz"
[music]
attente = "musique/*.wav"
"#,
        agents.join(", ")
    )
}

fn station(name: &str, sip: SocketAddr, seed: u64) -> Station {
    let rtp = (0..400).map(|n| SocketAddr::new(sip.ip(), 40_000 + 2 * n)).collect();
    Station::new(StationConfig::new(name, sip, rtp), Random::from_number(seed))
}

/// Plays calls that all succeed on a good line; at most `allowed` may fail. One succeeds when one phone was rung, both far
/// ends talked, the agent hung up, and the caller learnt of it. No caller is ever answered by two phones to the end.
fn calls_get_through(calls: u64, lost_of_100: u64, allowed: usize) {
    let place = Place::new();
    place.prompt("rappelez", 200.0, 0.5);
    place.music(520.0);
    let service = Setting::new(&place).serve(&site());
    let callers = station("callers", (place.ip(CALLERS), 5060).into(), 1);
    let mut agents = station("agents", (place.ip(PBX), 5060).into(), 2);
    let between = |least, most| Between::new(Duration::from_millis(least), Duration::from_millis(most));
    let answering =
        Answering { ring: between(100, 1_500), talk: Some(between(1_000, 3_000)), voice: Voice::Off };
    agents.anyone(Pickup::Answer(answering));
    let mut ends = [Impaired::new(callers, lost_of_100, 3), Impaired::new(agents, lost_of_100, 4)];
    let spillway = (place.ip(SPILLWAY), 5060).into();
    for tag in 0..calls {
        ends[0].dial(Dial { tag, ..Dial::new(spillway, "0384961370", &format!("06{tag:08}")) });
        go_on(&mut ends, PAUSE);
    }
    let deadline = Instant::now() + LONGEST;
    while ends.iter().any(|end| end.left() > 0) && Instant::now() < deadline {
        go_on(&mut ends, Duration::from_millis(100));
    }
    let [callers, agents] = &ends;
    assert!(lost_of_100 == 0 || callers.lost() > 0 && agents.lost() > 0, "both lines are bad");
    let mut failures = Vec::new();
    for tag in 0..calls {
        let who = format!("06{tag:08}");
        let placed: Vec<_> = callers.stories.iter().filter(|story| story.tag == tag).collect();
        let taken: Vec<_> = agents.stories.iter().filter(|story| story.caller == who).collect();
        let talked = taken.iter().filter(|story| story.ending == Ending::HungUp).count();
        assert!(placed.len() <= 1 && talked <= 1, "{who} is doubled: {placed:?} {taken:?}");
        let ended_well = placed
            .iter()
            .any(|story| story.answered.is_some() && matches!(story.ending, Ending::FarHungUp(_)));
        if !ended_well || talked != 1 || taken.len() != 1 {
            failures.push(format!("{who}: {placed:?} {taken:?}"));
        }
    }
    let (at_callers, at_agents) = (callers.lost(), agents.lost());
    println!("{lost_of_100} %: {calls} calls, {at_callers} + {at_agents} lost, {} failed", failures.len());
    assert!(failures.len() <= allowed, "{} failed, {allowed} may:\n{}", failures.len(), failures.join("\n"));
    let answered = service.sql("SELECT count(*) FROM calls WHERE outcome = 'answered'");
    let answered: usize = answered.parse().expect("a count");
    assert!(answered + failures.len() >= calls as usize, "{answered} records say answered");
}

/// Where the network is bad, lines of our own need not be: `tests/bad_line` says how many calls, and how many may fail.
fn on_a_bad_network(play: &str) {
    let [calls, allowed] = *play.split(':').filter_map(|number| number.parse().ok()).collect::<Vec<u64>>()
    else {
        panic!("SPILLWAY_BAD_LINE says CALLS:MAY_FAIL, not {play}");
    };
    calls_get_through(calls, 0, usize::try_from(allowed).expect("a count"));
}

#[test]
fn calls_survive_loss_on_both_legs() {
    if let Ok(play) = std::env::var("SPILLWAY_BAD_LINE") {
        return on_a_bad_network(&play);
    }
    let full = std::env::var("SPILLWAY_INTEROP").is_ok_and(|size| size == "full");
    let plays: &[_] = if full { &[(1_000, 5, 0), (1_000, 10, 1), (1_000, 20, 5)] } else { &[(20, 10, 0)] };
    for (calls, lost_of_100, allowed) in plays {
        in_real_time(|| calls_get_through(*calls, *lost_of_100, *allowed));
    }
}
