//! Open, closed, and closing while somebody waits. Europe/Paris.

use crate::support::sim::{Habit, Hears, Sim};
use spillway::base::Outcome;
use spillway::call::VisitEnd;

const SITE: &str = r#"
[hours.crc]
mon-thu  = ["08:30-12:00", "13:30-17:30"]
fri      = ["08:30-12:00", "13:30-16:30"]
holidays = "FR"
closed   = [{ on = "2026-11-25 13:30-17:30", why = "Sainte-Catherine" }]

[flow.accueil]
steps = [{ closed = "crc", go = "ferme" }, { go = "technique" }]

[flow.ferme]
steps = [{ play = "urgences" }, { go = "astreinte" }]

[flow.agence]
steps = [{ go = "agence_en_ligne" }]

[flow.agence_saluee]
steps = [{ play = "bienvenue" }, { go = "agence_en_ligne" }]

[flow.guichet]
steps = [{ go = "guichet_en_ligne" }]

[queue.guichet_en_ligne]
agents   = { sophie = 203 }
overflow = [{ after = "90s", to = "rappelez" }]
hours    = "crc"

[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "rappelez" }]

[queue.agence_en_ligne]
agents   = { marc = 202 }
overflow = [{ after = "90s", to = "rappelez" }]
hours    = "crc"
at_close = "ferme"

[target.astreinte]
number = "03 84 00 00 02"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[number."03 84 96 13 70"]
flow = "accueil"
[number."03 84 96 13 71"]
flow = "agence"
[number."03 84 96 13 72"]
flow = "agence_saluee"
[number."03 84 96 13 73"]
flow = "guichet"

[prompts]
bienvenue = "Bonjour."
urgences  = "Nos bureaux sont fermés."
rappelez  = "Merci de rappeler."
"#;

#[test]
fn the_calendar_decides_where_a_call_begins() {
    let moments = [
        ("2026-03-09 08:29:59", "closed"),
        ("2026-03-09 08:30:00", "open"),
        ("2026-03-09 11:59:59", "open"),
        ("2026-03-09 12:00:00", "closed"),
        ("2026-03-13 16:29", "open"),
        ("2026-03-13 16:45", "closed"),
        ("2026-03-14 10:00", "closed"),
        // The Monday after the clocks go forward, Easter Monday, and Saint Catherine's half day.
        ("2026-03-30 08:45", "open"),
        ("2026-04-06 10:00", "closed"),
        ("2026-11-25 10:00", "open"),
        ("2026-11-25 14:00", "closed"),
    ];
    for (local, expected) in moments {
        let mut sim = Sim::at(local, SITE);
        let caller = sim.dial("0384961370");
        let found = if sim.rings("nadia") { "open" } else { "closed" };
        assert_eq!(found, expected, "on {local}");
        sim.advance_s(3);
        assert_eq!(sim.rings("astreinte"), expected == "closed", "on {local}");
        sim.hang_up(caller);
    }
}

#[test]
fn whoever_waits_at_closing_time_is_served_until_their_own_deadline() {
    let mut sim = Sim::at("2026-03-09 17:29:30", SITE);
    sim.habit("nadia", Habit::SILENT);
    let caller = sim.dial("0384961370");
    sim.advance_s(89);
    assert_eq!(sim.hears(caller), Hears::Silence);
    let too_late = sim.dial("0384961370");
    sim.advance_s(3);
    assert!(sim.rings("astreinte"), "no new entries");
    sim.hang_up(too_late);
    sim.hang_up(caller);
}

#[test]
fn a_queue_may_send_its_callers_elsewhere_at_closing_time() {
    let mut sim = Sim::at("2026-03-09 17:29:30", SITE);
    let caller = sim.dial("0384961371");
    assert!(sim.rings("marc"));
    sim.advance_s(30);
    assert!(!sim.rings("marc"));
    sim.advance_s(3);
    assert!(sim.rings("astreinte"));
    sim.agent_answers("astreinte");
    sim.advance_s(10);
    sim.hang_up(caller);
    let record = sim.record(caller);
    assert_eq!((record.outcome, record.visit), (Outcome::OverflowedAnswered, Some(VisitEnd::Closed)));
    assert_eq!(record.wait_ms, 33_000);
    sim.is_at_rest();
}

#[test]
fn whoever_comes_to_a_closed_queue_goes_where_it_says_at_once() {
    let mut sim = Sim::at("2026-03-09 17:30:00", SITE);
    let caller = sim.dial("0384961371");
    assert!(!sim.rings("marc"), "no new entries");
    sim.advance_s(3);
    assert!(sim.rings("astreinte"));
    sim.hang_up(caller);
    let record = sim.record(caller);
    assert_eq!((record.outcome, record.visit), (Outcome::OverflowedAbandoned, Some(VisitEnd::Closed)));
    assert_eq!(record.queue.as_deref(), Some("agence_en_ligne"));
    sim.is_at_rest();
}

#[test]
fn whoever_hears_the_greeting_at_closing_time_comes_too_late() {
    let mut sim = Sim::at("2026-03-09 17:29:58", SITE);
    let caller = sim.dial("0384961372");
    sim.advance_s(3 + 3);
    assert!(!sim.rings("marc") && sim.rings("astreinte"));
    sim.hang_up(caller);
}

#[test]
fn a_queue_with_hours_that_serves_those_inside_sends_new_callers_where_its_overflow_leads() {
    let mut sim = Sim::at("2026-03-09 17:29:59", SITE);
    sim.habit("sophie", Habit::SILENT);
    let inside = sim.dial("0384961373");
    sim.advance_s(1);
    let late = sim.dial("0384961373");
    sim.advance_s(3);
    assert_eq!((sim.outcome(late), sim.record(late).visit), (Outcome::Message, Some(VisitEnd::Closed)));
    assert_eq!(sim.hears(inside), Hears::Silence, "served until their own deadline");
    sim.hang_up(inside);
}
