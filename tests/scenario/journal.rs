//! What the journal says and what it can bear: one name for one person, and a limit to what waits for the disk.

use crate::support::plan::plan;
use crate::support::sim::Sim;
use crate::support::sim::wired::{Weather, Wired};
use spillway::base::{Cause, Outcome};
use spillway::call::{Fact, Subject};
use spillway::endpoint::{Dial, Ending};
use std::sync::Arc;
use std::time::Duration;

const SITE: &str = r#"
[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "rappelez" }]

[message.rappelez]
play = "rappelez"

[flow.accueil]
steps = [{ go = "technique" }]

[number."03 84 96 13 70"]
flow = "accueil"

[prompts]
rappelez = "Merci de rappeler."
"#;

#[test]
fn every_fact_about_an_agent_names_the_same_person() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.agent_answers("nadia");
    sim.advance_s(5);
    sim.hang_up(caller);
    let named = |fact: &Fact| match fact {
        Fact::RingStarted { agent_key, .. } | Fact::RingEnded { agent_key, .. } => Some(agent_key.clone()),
        Fact::Bridged { agent_key, .. } => agent_key.clone(),
        _ => None,
    };
    let keys: Vec<_> = sim
        .facts()
        .iter()
        .filter_map(|entry| match &entry.subject {
            Subject::Agent(key) => Some(key.clone()),
            Subject::Call(_) | Subject::Service => named(&entry.fact),
        })
        .collect();
    assert!(keys.len() >= 6, "{keys:?}");
    assert!(keys.iter().all(|key| key.as_str() == "201@ipoffice"), "{keys:?}");
    let record = sim.record(caller);
    assert_eq!((record.agent.as_deref(), record.agent_key.as_deref()), (Some("nadia"), Some("201@ipoffice")));
}

#[test]
fn while_the_disk_can_take_no_more_new_calls_are_refused_and_running_ones_go_on() {
    let mut sim = Sim::of(SITE);
    let talking = sim.dial("0384961370");
    sim.agent_answers("nadia");
    sim.store_strained(true);
    let refused = sim.dial("0384961370");
    let record = sim.record(refused);
    assert_eq!((record.outcome, record.cause), (Outcome::Rejected, Cause::Overload));
    assert_eq!(sim.limits(), ["store"]);
    sim.advance_s(30);
    assert!(sim.talk(talking, "nadia"));
    sim.hang_up(talking);
    assert_eq!(sim.outcome(talking), Outcome::Answered);
    sim.store_strained(false);
    let taken = sim.dial("0384961370");
    sim.agent_answers("nadia");
    assert!(sim.talk(taken, "nadia"));
}

#[test]
fn a_store_that_catches_up_does_not_open_a_service_that_stops() {
    let mut sim = Sim::of(SITE);
    sim.store_strained(true);
    sim.stop_accepting();
    sim.store_strained(false);
    let late = sim.dial("0384961370");
    assert_eq!(sim.record(late).cause, Cause::ShuttingDown);
}

#[test]
fn a_caller_the_store_has_no_room_for_hears_503_at_once() {
    let mut world = Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, false, 1);
    world.store_strained(true);
    world.will_dial(Duration::ZERO, Wired::call("0384961370", "0601020304"));
    world.advance(Duration::from_secs(1));
    world.store_strained(false);
    let short = Dial { patience: Some(Duration::from_secs(3)), ..Wired::call("0384961370", "0601020305") };
    world.will_dial(Duration::ZERO, short);
    world.advance(Duration::from_secs(10));
    let endings: Vec<Ending> = world
        .stories()
        .iter()
        .filter(|(_, story)| story.user == "0384961370")
        .map(|(_, story)| story.ending)
        .collect();
    assert_eq!(endings[..], [Ending::FarRefused(503), Ending::HungUp]);
    assert_eq!(world.outcomes().limits, ["store"]);
}
