//! The caller's own clock: exact, whatever rings, and where it leads.

use crate::support::sim::{Habit, Hears, Sim};
use spillway::base::{Cause, Outcome};
use spillway::call::VisitEnd;
use std::time::Duration;

const SITE: &str = r#"
[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "prestataire" }]
hold     = { music = "attente" }

[queue.patiente]
agents   = { marc = 202 }
overflow = [{ after = "90s", to = "prestataire" }]
while_ringing = "finish"
full     = { length = 1, to = "rappelez" }

[queue.agence]
agents   = { ali = 203 }
overflow = [{ after = "60s", to = "voisine" }, { after = "150s", to = "rappelez" }]

[queue.voisine]
agents   = { sophie = 204 }
overflow = [{ after = "30s", to = "rappelez" }]

[target.prestataire]
number = "03 84 00 00 01"
ring   = "20s"
else   = "secours"

[target.secours]
number = "03 84 00 00 09"
ring   = "15s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.technique_direct]
steps = [{ go = "technique" }]
[flow.patiente_direct]
steps = [{ go = "patiente" }]
[flow.agence_direct]
steps = [{ go = "agence" }]
[flow.voisine_direct]
steps = [{ go = "voisine" }]

[number."03 84 96 13 70"]
flow = "technique_direct"
[number."03 84 96 13 71"]
flow = "patiente_direct"
[number."03 84 96 13 72"]
flow = "agence_direct"
[number."03 84 96 13 73"]
flow = "voisine_direct"

[prompts]
rappelez = "Merci de rappeler."

[music]
attente = "musique/*.wav"
"#;

/// Somebody keeps the agent of a queue talking.
fn busy(sim: &mut Sim, number: &str, agent: &str) {
    sim.dial(number);
    sim.agent_answers(agent);
}

#[test]
fn after_ninety_seconds_to_the_millisecond_the_caller_leaves_for_the_target() {
    let mut sim = Sim::of(SITE);
    busy(&mut sim, "0384961370", "nadia");
    sim.advance_s(10);
    let caller = sim.dial("0384961370");
    sim.advance_ms(89_999);
    assert!(!sim.rings("prestataire"));
    sim.advance_ms(1);
    assert!(sim.rings("prestataire"));
    assert_eq!(sim.hears(caller), Hears::Music, "the queue's music goes on while the target rings");
    sim.advance_s(7);
    sim.agent_answers("prestataire");
    assert!(sim.talk(caller, "prestataire"));
    sim.advance_s(60);
    sim.hang_up(caller);
    let record = sim.record(caller);
    assert_eq!(record.outcome, Outcome::OverflowedAnswered);
    assert_eq!((record.wait_ms, record.handover_ms, record.talk_ms), (97_000, Some(7_000), 60_000));
}

#[test]
fn the_deadline_cancels_a_phone_that_rings() {
    let mut sim = Sim::of(SITE);
    busy(&mut sim, "0384961370", "nadia");
    let caller = sim.dial("0384961370");
    sim.advance_s(85);
    sim.agent_hangs_up("nadia");
    assert!(sim.rings("nadia"));
    sim.advance_s(5);
    assert!(!sim.rings("nadia"));
    sim.tells_from_s(
        85,
        "85.000 nadia hang up
         85.000 caller bye
         85.000 caller record answered talked=85.000
         85.000 nadia ring
         90.000 nadia cancel
         90.000 prestataire ring",
    );
    sim.hang_up(caller);
    assert_eq!(sim.outcome(caller), Outcome::OverflowedAbandoned);
    sim.is_at_rest();
}

#[test]
fn an_answer_and_the_deadline_have_one_winner() {
    for late_ms in [0, 1] {
        let mut sim = Sim::of(SITE);
        busy(&mut sim, "0384961370", "nadia");
        let caller = sim.dial("0384961370");
        sim.advance_s(80);
        sim.agent_hangs_up("nadia");
        sim.advance_ms(9_999 + late_ms);
        if sim.rings("nadia") {
            sim.agent_answers("nadia");
            assert!(sim.talk(caller, "nadia"));
            sim.advance_s(1);
            assert!(!sim.rings("prestataire"));
        } else {
            assert!(sim.rings("prestataire"));
        }
        sim.hang_up(caller);
        sim.is_at_rest();
    }
}

#[test]
fn where_the_queue_lets_a_ring_finish_the_deadline_waits_for_the_rest_of_that_ring() {
    let mut sim = Sim::of(SITE);
    busy(&mut sim, "0384961371", "marc");
    let caller = sim.dial("0384961371");
    sim.advance_s(85);
    sim.agent_hangs_up("marc");
    sim.advance_s(14);
    assert!(sim.rings("marc"), "the ring has a second left");
    sim.agent_answers("marc");
    assert!(sim.talk(caller, "marc"));
    sim.hang_up(caller);
    assert_eq!(sim.outcome(caller), Outcome::Answered);
}

#[test]
fn until_that_ring_is_over_the_caller_keeps_a_place_in_line() {
    let mut sim = Sim::of(SITE);
    busy(&mut sim, "0384961371", "marc");
    let caller = sim.dial("0384961371");
    sim.advance_s(85);
    sim.agent_hangs_up("marc");
    sim.advance_s(6);
    let one_more = sim.dial("0384961371");
    assert!(matches!(sim.hears(one_more), Hears::Prompt(_)), "there is room for one, and one is there");
    sim.advance_s(9);
    assert!(sim.rings("prestataire"));
    let next = sim.dial("0384961371");
    sim.advance_s(2);
    assert!(sim.rings("marc"), "now there is room, and marc has had his two seconds");
    sim.hang_up(caller);
    sim.hang_up(next);
    sim.is_at_rest();
}

#[test]
fn when_that_ring_ends_without_an_answer_the_caller_leaves_at_once() {
    let mut sim = Sim::of(SITE);
    busy(&mut sim, "0384961371", "marc");
    let caller = sim.dial("0384961371");
    sim.advance_s(85);
    sim.agent_hangs_up("marc");
    sim.advance_s(15);
    assert!(sim.rings("prestataire"));
    sim.hang_up(caller);
    assert_eq!(sim.record(caller).wait_ms, 100_000);
}

#[test]
fn an_overflow_to_a_queue_widens_and_age_place_and_deadline_are_kept() {
    let mut sim = Sim::of(SITE);
    busy(&mut sim, "0384961372", "ali");
    busy(&mut sim, "0384961373", "sophie");
    let elder = sim.dial("0384961372");
    sim.advance_s(59);
    let younger = sim.dial("0384961373");
    sim.advance_s(2);
    sim.agent_hangs_up("sophie");
    assert!(sim.rings("sophie"));
    sim.agent_answers("sophie");
    assert!(sim.talk(elder, "sophie"), "the guest has waited longer than the neighbour's own caller");
    sim.advance_s(40);
    assert_eq!(sim.outcome(younger), Outcome::Message, "the neighbour's own clock is 30 s");
    sim.hang_up(elder);
    assert_eq!(sim.record(elder).wait_ms, 61_000);
    assert_eq!(sim.record(elder).queue.as_deref(), Some("agence"));
}

#[test]
fn a_guest_keeps_the_first_queues_deadline() {
    let mut sim = Sim::of(SITE);
    busy(&mut sim, "0384961372", "ali");
    busy(&mut sim, "0384961373", "sophie");
    let caller = sim.dial("0384961372");
    sim.advance_ms(149_999);
    assert_eq!(sim.hears(caller), Hears::Silence, "the neighbour's 30 s do not apply to guests");
    sim.advance_s(4);
    assert_eq!(sim.outcome(caller), Outcome::Message);
    assert_eq!(sim.record(caller).wait_ms, 150_000);
}

#[test]
fn a_guest_is_answered_by_their_own_agents_too() {
    let mut sim = Sim::of(SITE);
    busy(&mut sim, "0384961372", "ali");
    busy(&mut sim, "0384961373", "sophie");
    let caller = sim.dial("0384961372");
    sim.advance_s(70);
    sim.agent_hangs_up("ali");
    sim.agent_answers("ali");
    assert!(sim.talk(caller, "ali"));
    sim.agent_hangs_up("sophie");
    assert!(!sim.rings("sophie"));
}

#[test]
fn a_target_that_is_busy_refuses_or_is_silent_is_followed_by_its_else() {
    let declines = Habit::refuses(Duration::ZERO, Cause::Declined);
    let habits = [(Habit::BUSY, 90), (declines, 90), (Habit::RINGS, 110), (Habit::SILENT, 110)];
    for (habit, seconds) in habits {
        let mut sim = Sim::of(SITE);
        sim.habit("prestataire", habit);
        sim.habit("nadia", Habit::BUSY);
        let caller = sim.dial("0384961370");
        sim.advance_s(seconds);
        assert!(sim.rings("secours"), "{habit:?}");
        sim.advance_s(1);
        sim.agent_answers("secours");
        assert!(sim.talk(caller, "secours"));
        sim.hang_up(caller);
        assert_eq!(sim.outcome(caller), Outcome::OverflowedAnswered);
        assert_eq!(sim.record(caller).target.as_deref(), Some("secours"));
        sim.is_at_rest();
    }
}

#[test]
fn when_no_target_answers_the_last_words_are_said_and_the_call_counts_as_overflowed() {
    let mut sim = Sim::of(SITE);
    sim.habit("nadia", Habit::SILENT);
    let caller = sim.dial("0384961370");
    sim.advance_s(90 + 20 + 15 + 3);
    sim.tells_from_s(
        90,
        "90.000 nadia cancel
         90.000 prestataire ring
         110.000 prestataire cancel
         110.000 secours ring
         125.000 secours cancel
         125.000 caller hears rappelez
         128.000 caller bye
         128.000 caller record overflowed_no_answer waited=125.000",
    );
    assert_eq!(sim.record(caller).after_ms, 3_000);
    sim.is_at_rest();
}

#[test]
fn the_targets_number_is_written_and_the_number_called_is_kept() {
    let mut sim = Sim::of(SITE);
    sim.habit("nadia", Habit::SILENT);
    sim.dial("0384961370");
    sim.advance_s(90);
    let dial = sim.last_dial();
    assert_eq!(dial.user, "0384000001");
    let diverted = dial.diverted.as_ref().expect("a target is told where the call comes from");
    assert_eq!((diverted.from.as_str(), diverted.after), ("0384961370", Some(VisitEnd::Overflowed)));
}
