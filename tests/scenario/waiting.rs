//! The main job: a caller waits in a queue and reaches an agent, or leaves when their own clock says so.

use crate::support::sim::{Habit, Sim};
use spillway::base::Outcome;

const SITE: &str = r#"
[queue.technique]
agents   = { nadia = 201, marc = 202 }
overflow = [{ after = "90s", to = "prestataire" }]
hold     = { music = "attente" }

[target.prestataire]
number = "03 84 00 00 01"
ring   = "20s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.accueil]
steps = [{ play = "bienvenue" }, { go = "technique" }]

[number."03 84 96 13 70"]
flow = "accueil"

[prompts]
bienvenue = "Bonjour."
rappelez  = "Merci de rappeler."

[music]
attente = "attente.wav"
"#;

#[test]
fn a_caller_waits_five_seconds_and_talks_to_an_agent() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(8);
    sim.agent_answers("nadia");
    sim.advance_s(65);
    sim.hang_up(caller);
    sim.tells("");
}

#[test]
fn an_agent_who_does_not_answer_is_passed_over_and_the_caller_keeps_their_place() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(20);
    assert!(sim.rings("marc"));
    sim.agent_answers("marc");
    sim.hang_up(caller);
    assert_eq!(sim.outcome(caller), Outcome::Answered);
    sim.habit("nadia", Habit::BUSY);
    sim.tells("");
}
