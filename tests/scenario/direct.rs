//! A target without a queue: reached unanswered it stays unanswered until the target answers.

use crate::support::sim::{Habit, Hears, Sim};
use spillway::base::Outcome;
use std::time::Duration;

const SITE: &str = r#"
[target.astreinte]
number = "03 84 00 00 02"
ring   = "30s"
else   = "cadre"

[target.cadre]
number = "03 84 00 00 03"
ring   = "20s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.muet]
steps = [{ go = "astreinte" }]

[flow.parle]
steps = [{ play = "urgences" }, { go = "astreinte" }]

[number."03 84 96 13 70"]
flow = "muet"
[number."03 84 96 13 71"]
flow = "parle"

[prompts]
urgences = "Nos bureaux sont fermés."
rappelez = "Merci de rappeler."
"#;

#[test]
fn the_targets_ringing_passes_and_its_answer_answers_the_caller() {
    let mut sim = Sim::of(SITE);
    sim.habit("astreinte", Habit::answers_after_s(9));
    let caller = sim.dial("0384961370");
    sim.advance_s(69);
    sim.hang_up(caller);
    sim.tells(
        "0.000 caller dial 0384961370
         0.000 astreinte ring
         0.000 caller ringing
         9.000 astreinte answer
         9.000 caller answered
         9.000 caller connect astreinte
         69.000 caller hang up
         69.000 astreinte bye
         69.000 caller record routed_answered waited=9.000 talked=60.000",
    );
    sim.is_at_rest();
}

#[test]
fn the_targets_early_audio_passes() {
    let mut sim = Sim::of(SITE);
    sim.habit("astreinte", Habit::plays_then_answers(Duration::from_secs(9)));
    let caller = sim.dial("0384961370");
    sim.advance_s(1);
    sim.tells(
        "0.000 caller dial 0384961370
         0.000 astreinte ring
         0.000 caller progress astreinte",
    );
    sim.hang_up(caller);
}

#[test]
fn else_is_tried_still_unanswered_and_the_last_words_answer() {
    let mut sim = Sim::of(SITE);
    sim.habit("cadre", Habit::BUSY);
    let caller = sim.dial("0384961370");
    sim.advance_s(33);
    sim.tells(
        "0.000 caller dial 0384961370
         0.000 astreinte ring
         0.000 caller ringing
         30.000 astreinte cancel
         30.000 cadre ring
         30.000 cadre busy
         30.000 caller answered
         30.000 caller hears rappelez
         33.000 caller bye
         33.000 caller record routed_failed waited=30.000",
    );
    assert!(sim.record(caller).picked_up);
    sim.is_at_rest();
}

#[test]
fn a_caller_who_gives_up_while_the_target_rings_cancels_it() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(12);
    sim.hang_up(caller);
    assert!(!sim.rings("astreinte"));
    assert_eq!(sim.outcome(caller), Outcome::RoutedAbandoned);
    assert!(!sim.record(caller).picked_up);
    assert_eq!(sim.record(caller).wait_ms, 12_000);
    sim.is_at_rest();
}

#[test]
fn once_answered_a_ringing_target_is_heard_as_ringback() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961371");
    assert!(matches!(sim.hears(caller), Hears::Prompt(_)));
    sim.advance_s(3);
    assert!(sim.rings("astreinte"));
    assert_eq!(sim.hears(caller), Hears::Ringback);
    sim.agent_answers("astreinte");
    assert!(sim.talk(caller, "astreinte"));
    sim.agent_hangs_up("astreinte");
    assert_eq!(sim.outcome(caller), Outcome::RoutedAnswered);
}

#[test]
fn a_target_behind_a_trunk_that_is_down_gives_way_at_once() {
    let mut sim = Sim::of(SITE);
    sim.trunk_down("operateur");
    let caller = sim.dial("0384961370");
    sim.advance_s(3);
    assert_eq!(sim.outcome(caller), Outcome::RoutedFailed);
    sim.is_at_rest();
}
