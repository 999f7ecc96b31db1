//! What the journal says and what it can bear: one name for one person, and a limit to what waits for the disk.

use crate::support::sim::Sim;
use spillway::call::{Fact, Subject};

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
