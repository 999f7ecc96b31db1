//! The main job: callers wait in line and reach an agent, first come, first served.

use crate::support::sim::{Habit, Hears, Sim};
use spillway::base::Cause;
use spillway::call::LegEnd;

const SITE: &str = r#"
[queue.technique]
agents   = { nadia = 201, marc = 202 }
overflow = [{ after = "90s", to = "rappelez" }]
hold     = { music = "attente" }

[queue.seule]
agents   = { sophie = 203 }
overflow = [{ after = "90s", to = "rappelez" }]
wrap_up  = "20s"

[queue.autre]
agents   = { sophie = 203 }
overflow = [{ after = "90s", to = "rappelez" }]

[message.rappelez]
play = "rappelez"

[flow.accueil]
steps = [{ play = "bienvenue" }, { go = "technique" }]
[flow.seule_direct]
steps = [{ go = "seule" }]
[flow.autre_direct]
steps = [{ go = "autre" }]

[number."03 84 96 13 70"]
flow = "accueil"
[number."03 84 96 13 71"]
flow = "seule_direct"
[number."03 84 96 13 72"]
flow = "autre_direct"

[prompts]
bienvenue = "Bonjour."
rappelez  = "Merci de rappeler."

[music]
attente = "musique/*.wav"
"#;

#[test]
fn a_caller_waits_five_seconds_and_talks_for_sixty_five() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(8);
    sim.agent_answers("nadia");
    assert!(sim.talk(caller, "nadia"));
    sim.advance_s(65);
    sim.hang_up(caller);
    sim.tells(
        "0.000 caller dial 0384961370
         0.000 caller answered
         0.000 caller hears bienvenue
         3.000 caller hears attente
         3.000 nadia ring
         8.000 nadia answer
         8.000 caller connect nadia
         73.000 caller hang up
         73.000 nadia bye
         73.000 caller record answered waited=5.000 talked=65.000",
    );
    sim.is_at_rest();
}

#[test]
fn an_agent_who_does_not_answer_is_passed_over_and_the_caller_keeps_their_place() {
    let mut sim = Sim::of(SITE);
    let first = sim.dial("0384961371");
    let second = sim.dial("0384961371");
    sim.advance_s(15);
    assert!(!sim.rings("sophie"), "nobody picked up: the phone is left alone for two seconds");
    sim.advance_s(2);
    sim.agent_answers("sophie");
    assert!(sim.talk(first, "sophie"), "who came first is still first");
    assert_eq!(sim.hears(second), Hears::Silence);
}

#[test]
fn after_fifteen_seconds_the_next_agent_rings() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(18);
    sim.agent_answers("marc");
    sim.advance_s(10);
    sim.hang_up(caller);
    let record = sim.record(caller);
    let rings: Vec<_> = record.rings.iter().map(|ring| (&*ring.who, ring.for_ms, ring.end)).collect();
    assert_eq!(rings, [("nadia", 15_000, LegEnd::NoAnswer), ("marc", 0, LegEnd::Answered)]);
    assert_eq!((record.wait_ms, record.ring_ms), (15_000, 15_000));
    assert_eq!(record.agent.as_deref(), Some("marc"));
}

#[test]
fn a_busy_phone_is_left_alone_for_five_seconds_and_tried_again() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961371");
    sim.agent_refuses("sophie", Cause::Busy);
    sim.advance_ms(4_999);
    assert!(!sim.rings("sophie"));
    sim.advance_ms(1);
    sim.agent_answers("sophie");
    assert!(sim.talk(caller, "sophie"));
}

#[test]
fn a_phone_that_gives_up_of_its_own_accord_is_not_rung_in_a_circle() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961371");
    sim.agent_refuses("sophie", Cause::Cancelled);
    sim.advance_ms(4_999);
    assert!(!sim.rings("sophie"));
    sim.hang_up(caller);
}

#[test]
fn first_come_first_served() {
    let mut sim = Sim::of(SITE);
    let callers = [(); 4].map(|()| {
        let caller = sim.dial("0384961371");
        sim.advance_s(1);
        caller
    });
    for caller in callers {
        sim.agent_answers("sophie");
        assert!(sim.talk(caller, "sophie"));
        sim.advance_s(5);
        sim.hang_up(caller);
        sim.advance_s(20);
    }
    sim.is_at_rest();
}

#[test]
fn who_has_been_free_longest_is_rung_first() {
    let mut sim = Sim::of(SITE);
    for (who, other) in [("nadia", "marc"), ("marc", "nadia"), ("nadia", "marc")] {
        let caller = sim.dial("0384961370");
        sim.advance_s(3);
        assert!(!sim.rings(other));
        sim.agent_answers(who);
        sim.advance_s(5);
        sim.hang_up(caller);
    }
}

#[test]
fn a_caller_who_hangs_up_at_any_instant_leaves_nobody_ringing() {
    for seconds in 0..50 {
        let mut sim = Sim::of(SITE);
        sim.habit("nadia", Habit::answers_after_s(14).talks_s(8));
        let caller = sim.dial("0384961370");
        sim.patience_s(caller, seconds);
        sim.advance_s(60);
        assert!(!sim.rings("nadia") && !sim.rings("marc"), "hung up after {seconds} s");
        sim.is_at_rest();
    }
}

#[test]
fn wrap_up_holds_in_every_queue_of_the_agent() {
    let mut sim = Sim::of(SITE);
    let first = sim.dial("0384961371");
    sim.agent_answers("sophie");
    sim.advance_s(30);
    sim.hang_up(first);
    let second = sim.dial("0384961372");
    sim.advance_ms(19_999);
    assert!(!sim.rings("sophie"), "20 s of wrap-up after a call of the other queue");
    sim.advance_ms(1);
    sim.agent_answers("sophie");
    assert!(sim.talk(second, "sophie"));
    sim.hang_up(second);
    let third = sim.dial("0384961371");
    assert!(sim.rings("sophie"), "this queue asks for no wrap-up");
    sim.hang_up(third);
}

#[test]
fn an_agent_in_two_queues_is_rung_for_one_caller_at_a_time() {
    let mut sim = Sim::of(SITE);
    let first = sim.dial("0384961372");
    let second = sim.dial("0384961371");
    sim.agent_answers("sophie");
    assert!(sim.talk(first, "sophie"));
    assert!(!sim.rings("sophie"));
    sim.advance_s(3);
    sim.hang_up(first);
    sim.agent_answers("sophie");
    assert!(sim.talk(second, "sophie"), "whoever has waited longest, whatever the queue");
}

#[test]
fn hold_is_counted_within_the_talk() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961371");
    sim.agent_answers("sophie");
    sim.advance_s(10);
    sim.agent_holds("sophie", true);
    sim.advance_s(7);
    sim.agent_holds("sophie", false);
    sim.advance_s(3);
    sim.agent_holds("sophie", true);
    sim.advance_s(2);
    sim.hang_up(caller);
    assert_eq!((sim.record(caller).talk_ms, sim.record(caller).hold_ms), (22_000, 9_000));
}

#[test]
fn a_hold_begun_while_waiting_counts_from_the_bridge() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961371");
    sim.advance_s(4);
    sim.caller_holds(caller, true);
    sim.advance_s(5);
    sim.agent_answers("sophie");
    sim.advance_s(3);
    sim.caller_holds(caller, false);
    sim.advance_s(8);
    sim.hang_up(caller);
    assert_eq!((sim.record(caller).talk_ms, sim.record(caller).hold_ms), (11_000, 3_000));
}

#[test]
fn legs_that_take_their_time_to_disappear_disturb_nobody() {
    let mut sim = Sim::of(SITE);
    sim.legs_linger(std::time::Duration::from_secs(3));
    let caller = sim.dial("0384961370");
    sim.advance_s(3 + 15 + 4);
    assert!(sim.rings("marc"), "nadia's leg is gone, and it was not the caller who left");
    sim.agent_refuses("marc", Cause::Busy);
    sim.advance_s(4);
    assert_eq!(sim.hears(caller), Hears::Music);
    sim.hang_up(caller);
    sim.advance_s(3);
    sim.is_at_rest();
}
