//! A question answered with one key: pressed early, wrong, or not at all.

use crate::support::sim::Sim;
use spillway::base::Outcome;

const SITE: &str = r#"
[flow.accueil]
steps = [{ play = "bienvenue" }, { go = "motif" }]

[menu.motif]
say  = "choix"
wait = "5s"
1    = "technique"
2    = "administratif"
else = "technique"

[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "rappelez" }]

[queue.administratif]
agents   = { claire = 205 }
overflow = [{ after = "2m", to = "rappelez" }]

[message.rappelez]
play = "rappelez"

[number."03 84 96 13 70"]
flow = "accueil"

[prompts]
bienvenue = "Bonjour."
choix     = "Tapez 1 ou 2."
rappelez  = "Merci de rappeler."
"#;

#[test]
fn a_key_pressed_after_the_question_chooses_the_queue() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(8);
    sim.press(caller, '2');
    assert!(sim.rings("claire"));
    sim.advance_s(4);
    sim.agent_answers("claire");
    sim.advance_s(30);
    sim.agent_hangs_up("claire");
    sim.tells(
        "0.000 caller dial 0384961370
         0.000 caller answered
         0.000 caller hears bienvenue
         3.000 caller hears choix
         6.000 caller hears silence
         8.000 caller press 2
         8.000 caller hears silence
         8.000 claire ring
         12.000 claire answer
         12.000 caller connect claire
         42.000 claire hang up
         42.000 caller bye
         42.000 caller record answered waited=4.000 talked=30.000",
    );
    assert_eq!(sim.record(caller).keys, "2");
    sim.is_at_rest();
}

#[test]
fn a_key_pressed_during_the_question_counts_at_once() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(4);
    sim.press(caller, '2');
    assert!(sim.rings("claire"));
    assert_eq!(sim.record_after_hang_up(caller).flow_ms, 4_000);
}

#[test]
fn a_key_pressed_during_the_greeting_waits_for_its_question_and_skips_it() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(1);
    sim.press(caller, '2');
    sim.advance_s(2);
    assert!(sim.rings("claire"));
    assert_eq!(sim.record_after_hang_up(caller).flow_ms, 3_000);
}

#[test]
fn a_wrong_key_asks_again_and_the_second_leads_to_else() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(7);
    sim.press(caller, '8');
    sim.advance_s(1);
    sim.press(caller, '9');
    sim.tells(
        "0.000 caller dial 0384961370
         0.000 caller answered
         0.000 caller hears bienvenue
         3.000 caller hears choix
         6.000 caller hears silence
         7.000 caller press 8
         7.000 caller hears choix
         8.000 caller press 9
         8.000 caller hears silence
         8.000 nadia ring",
    );
}

#[test]
fn without_a_key_the_question_is_asked_twice_and_else_is_taken() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(19);
    assert!(sim.rings("nadia"), "3 s of greeting, twice 3 s of question and 5 s of patience");
    sim.tells_from_s(
        3,
        "3.000 caller hears choix
         6.000 caller hears silence
         11.000 caller hears choix
         14.000 caller hears silence
         19.000 caller hears silence
         19.000 nadia ring",
    );
    assert_eq!(sim.record_after_hang_up(caller).flow_ms, 19_000);
}

#[test]
fn a_key_that_comes_with_the_last_second_is_one_of_two_winners() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_ms(10_999);
    sim.press(caller, '2');
    assert!(sim.rings("claire"), "a key in time cancels the clock");
    sim.advance_s(1);
    assert!(!sim.rings("nadia"));
    sim.hang_up(caller);
}

#[test]
fn a_caller_who_hangs_up_is_named_after_how_far_they_came() {
    let stages = [
        (1, Outcome::AbandonedGreeting),
        (4, Outcome::AbandonedMenu),
        (8, Outcome::AbandonedMenu),
        (20, Outcome::AbandonedShort),
        (25, Outcome::AbandonedWaiting),
    ];
    for (seconds, outcome) in stages {
        let mut sim = Sim::of(SITE);
        let caller = sim.dial("0384961370");
        sim.advance_s(seconds);
        sim.hang_up(caller);
        assert_eq!(sim.outcome(caller), outcome, "after {seconds} s");
        sim.is_at_rest();
    }
}
