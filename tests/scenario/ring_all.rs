//! Every free phone at once: the first to answer wins, the others are let go.

use crate::support::sim::{Habit, Sim};
use spillway::base::{Cause, Outcome};
use std::time::Duration;

const SITE: &str = r#"
[queue.chalon]
strategy = "ring-all"
ring     = "20s"
agents   = { alice = 311, bruno = 312, chloe = 313 }
overflow = [{ after = "60s", to = "rappelez" }]

[queue.finit]
strategy = "ring-all"
ring     = "20s"
agents   = { alice = 311, bruno = 312, chloe = 313 }
overflow = [{ after = "60s", to = "rappelez" }]
while_ringing = "finish"

[queue.creusot]
strategy = "ring-all"
agents   = { denis = 321, elise = 322 }
overflow = [{ after = "10s", to = "chalon" }, { after = "60s", to = "rappelez" }]

[message.rappelez]
play = "rappelez"

[flow.accueil]
steps = [{ go = "chalon" }]
[flow.accueil_finit]
steps = [{ go = "finit" }]

[flow.accueil_creusot]
steps = [{ go = "creusot" }]

[number."0385000003"]
flow = "accueil_creusot"
[number."0385000001"]
flow = "accueil"
[number."0385000002"]
flow = "accueil_finit"

[prompts]
rappelez = "Merci de rappeler."
"#;

#[test]
fn the_first_to_answer_wins_and_the_others_are_let_go() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0385000001");
    sim.advance_s(6);
    sim.agent_answers("bruno");
    assert!(sim.talk(caller, "bruno"));
    sim.tells_from_s(
        6,
        "6.000 bruno answer
         6.000 alice cancel
         6.000 chloe cancel
         6.000 caller connect bruno",
    );
    sim.hang_up(caller);
    assert_eq!(sim.record(caller).rings.len(), 3);
    sim.is_at_rest();
}

#[test]
fn two_agents_who_answer_at_the_same_instant_have_one_winner() {
    let mut sim = Sim::of(SITE);
    sim.habit("alice", Habit::answers_after_s(4));
    sim.habit("bruno", Habit::answers_after_s(4));
    let caller = sim.dial("0385000001");
    sim.advance_s(4);
    assert!(sim.talk(caller, "alice"));
    assert!(!sim.talk(caller, "bruno"));
    sim.hang_up(caller);
    assert_eq!(sim.outcome(caller), Outcome::Answered);
    assert_eq!(sim.record(caller).agent.as_deref(), Some("alice"));
    sim.is_at_rest();
}

#[test]
fn the_next_caller_gets_whoever_the_first_left_free() {
    let mut sim = Sim::of(SITE);
    let first = sim.dial("0385000001");
    let second = sim.dial("0385000001");
    sim.advance_s(3);
    sim.agent_answers("chloe");
    assert!(sim.talk(first, "chloe"));
    assert!(sim.rings("alice") && sim.rings("bruno"), "now they ring for the second");
    sim.agent_answers("alice");
    assert!(sim.talk(second, "alice"));
    assert!(!sim.rings("bruno"));
}

#[test]
fn a_phone_told_to_stop_is_not_rung_for_the_next_caller_until_it_has_stopped() {
    let mut sim = Sim::of(SITE);
    sim.legs_linger(Duration::from_millis(700));
    let first = sim.dial("0385000001");
    let second = sim.dial("0385000001");
    sim.advance_s(3);
    sim.agent_answers("chloe");
    assert!(sim.talk(first, "chloe"));
    sim.advance_ms(699);
    assert!(!sim.rings("alice") && !sim.rings("bruno"), "a phone that still rings would say that it is busy");
    sim.advance_ms(1);
    sim.agent_answers("alice");
    assert!(sim.talk(second, "alice"));
}

#[test]
fn an_agent_who_becomes_free_joins_the_ringing() {
    let mut sim = Sim::of(SITE);
    let first = sim.dial("0385000001");
    sim.agent_answers("chloe");
    let second = sim.dial("0385000001");
    sim.advance_s(5);
    assert!(!sim.rings("chloe"));
    sim.hang_up(first);
    assert!(sim.rings("chloe"));
    sim.agent_answers("chloe");
    assert!(sim.talk(second, "chloe"));
}

#[test]
fn one_who_refuses_is_left_alone_while_the_others_ring_on() {
    let mut sim = Sim::of(SITE);
    sim.dial("0385000001");
    sim.agent_refuses("alice", Cause::Declined);
    sim.advance_ms(4_999);
    assert!(!sim.rings("alice") && sim.rings("bruno") && sim.rings("chloe"));
    sim.advance_ms(1);
    assert!(sim.rings("alice"), "backed off for five seconds, and free again");
}

#[test]
fn a_ring_that_may_finish_finishes_once() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0385000002");
    // Rung at 0, 22 and 44 s; the deadline at 60 s waits for the end of the third.
    sim.advance_s(64);
    assert!(!sim.rings("alice"));
    assert!(!sim.rings("bruno"));
    sim.advance_s(3);
    assert_eq!(sim.outcome(caller), Outcome::Message);
    assert_eq!(sim.record(caller).wait_ms, 64_000);
}

#[test]
fn nobody_joins_a_ring_that_only_finishes() {
    let mut sim = Sim::of(SITE);
    let other = sim.dial("0385000001");
    sim.agent_answers("chloe");
    let caller = sim.dial("0385000002");
    sim.advance_s(62);
    sim.hang_up(other);
    assert!(!sim.rings("chloe"), "the deadline has passed");
    sim.advance_s(2 + 3);
    assert_eq!(sim.record(caller).wait_ms, 64_000);
    sim.is_at_rest();
}

#[test]
fn when_a_queue_widens_during_a_ring_the_neighbours_join_in() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0385000003");
    sim.advance_s(9);
    assert!(sim.rings("denis") && !sim.rings("alice"));
    sim.advance_s(1);
    assert!(sim.rings("denis") && sim.rings("alice") && sim.rings("chloe"));
    sim.agent_answers("alice");
    assert!(sim.talk(caller, "alice"));
    assert!(!sim.rings("denis"));
}
