//! What happens when there is no room, nobody, no trunk, no service, or a fault of ours.

use crate::support::plan::plan;
use crate::support::sim::{Habit, Hears, Sim};
use spillway::base::{Cause, MenuId, Outcome};
use spillway::call::VisitEnd;
use spillway::dialplan::Destination;
use spillway::engine::core::Channels;

const SITE: &str = r#"
[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "prestataire" }]
full     = { length = 2, to = "prestataire" }
hold     = { music = "attente" }

[queue.gardee]
agents   = { marc = 202 }
overflow = [{ after = "60s", to = "rappelez" }]
nobody   = "technique"

[queue.patiente]
agents   = { sophie = 203 }
overflow = [{ after = "60s", to = "excuses" }]
hold     = { music = "attente" }

[queue.jumelee]
agents   = { marc = 202 }
overflow = [{ after = "10s", to = "lointaine" }, { after = "60s", to = "rappelez" }]
nobody   = "rappelez"

[queue.lointaine]
via      = "operateur"
agents   = { lucie = 301 }
overflow = [{ after = "60s", to = "rappelez" }]

[flow.excuses]
steps = [{ play = "excuses" }, { go = "prestataire" }]

[target.prestataire]
number = "03 84 00 00 01"
ring   = "20s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.accueil]
steps = [{ go = "technique" }]
[flow.accueil_garde]
steps = [{ go = "gardee" }]
[flow.accueil_jumele]
steps = [{ go = "jumelee" }]
[flow.accueil_patient]
steps = [{ go = "patiente" }]

[number."03 84 96 13 70"]
flow = "accueil"
[number."03 84 96 13 71"]
flow = "accueil_garde"
[number."03 84 96 13 72"]
flow = "accueil_patient"
[number."03 84 96 13 73"]
flow = "accueil_jumele"

[prompts]
excuses  = "Toutes nos lignes sont occupées."
rappelez = "Merci de rappeler."

[music]
attente = "musique/*.wav"
"#;

#[test]
fn a_full_queue_sends_the_next_caller_elsewhere_with_its_music() {
    let mut sim = Sim::of(SITE);
    let first = sim.dial("0384961370");
    sim.dial("0384961370");
    let third = sim.dial("0384961370");
    assert!(sim.rings("prestataire"));
    assert_eq!(sim.hears(third), Hears::Music, "whoever leaves a queue for a target hears its music");
    sim.hang_up(first);
    let fourth = sim.dial("0384961370");
    assert_eq!(sim.hears(fourth), Hears::Music);
    sim.hang_up(third);
    let record = sim.record(third);
    assert_eq!((record.outcome, record.visit), (Outcome::OverflowedAbandoned, Some(VisitEnd::Full)));
}

#[test]
fn a_prompt_on_the_way_to_a_target_interrupts_the_music_only_for_itself() {
    let mut sim = Sim::of(SITE);
    sim.habit("sophie", Habit::SILENT);
    let caller = sim.dial("0384961372");
    sim.advance_s(61);
    assert!(matches!(sim.hears(caller), Hears::Prompt(_)));
    sim.advance_s(2);
    assert!(sim.rings("prestataire"));
    assert_eq!(sim.hears(caller), Hears::Music);
}

#[test]
fn with_nobody_logged_in_callers_go_where_the_queue_says() {
    let mut sim = Sim::of(SITE);
    sim.trunk_down("ipoffice");
    let caller = sim.dial("0384961371");
    assert_eq!(sim.hears(caller), Hears::Music, "in the second queue, which has no such ending");
    sim.advance_s(90);
    assert!(sim.rings("prestataire"));
    sim.hang_up(caller);
    let record = sim.record(caller);
    assert_eq!((record.queue.as_deref(), record.visit), (Some("gardee"), Some(VisitEnd::Nobody)));
    assert_eq!(record.wait_ms, 90_000);
}

#[test]
fn callers_in_line_are_sent_on_when_the_last_agent_goes() {
    let mut sim = Sim::of(SITE);
    sim.habit("marc", Habit::BUSY);
    let waiting = sim.dial("0384961371");
    sim.advance_s(1);
    sim.trunk_down("ipoffice");
    assert_eq!(sim.hears(waiting), Hears::Music);
    sim.trunk_up("ipoffice");
    sim.habit("marc", Habit::RINGS);
    sim.advance_s(10);
    let ringing = sim.dial("0384961371");
    assert!(sim.rings("marc"));
    sim.trunk_down("ipoffice");
    sim.advance_s(15);
    assert_eq!(sim.hears(ringing), Hears::Music, "the ring led nowhere and nobody is left");
    sim.hang_up(waiting);
    sim.hang_up(ringing);
    sim.is_at_rest();
}

#[test]
fn a_guest_whose_own_agents_are_gone_waits_for_the_neighbours() {
    let mut sim = Sim::of(SITE);
    sim.habit("marc", Habit::BUSY);
    sim.habit("lucie", Habit::BUSY);
    let waiting = sim.dial("0384961373");
    sim.advance_s(11);
    sim.trunk_down("ipoffice");
    assert_eq!(sim.hears(waiting), Hears::Silence, "the neighbour's agent is there");
    sim.habit("lucie", Habit::RINGS);
    sim.advance_s(5);
    sim.agent_answers("lucie");
    assert!(sim.talk(waiting, "lucie"));
    sim.hang_up(waiting);
    sim.trunk_up("ipoffice");
    sim.habit("lucie", Habit::BUSY);
    let abandoned = sim.dial("0384961373");
    sim.advance_s(11);
    sim.trunk_down("ipoffice");
    sim.trunk_down("operateur");
    assert!(matches!(sim.hears(abandoned), Hears::Prompt(_)), "nobody is left in either");
    sim.hang_up(abandoned);
}

#[test]
fn agents_behind_a_trunk_that_is_down_are_not_rung_until_it_is_back() {
    let mut sim = Sim::of(SITE);
    sim.trunk_down("ipoffice");
    let caller = sim.dial("0384961370");
    sim.advance_s(30);
    assert!(!sim.rings("nadia"));
    sim.trunk_up("ipoffice");
    assert!(sim.rings("nadia"));
    sim.agent_answers("nadia");
    assert!(sim.talk(caller, "nadia"));
}

#[test]
fn at_the_channel_limit_callers_are_busy_and_overflow_still_has_its_channels() {
    let mut sim = Sim::with_channels(SITE, Channels::Limited { total: 4, keep_out: 2 });
    sim.habit("nadia", Habit::SILENT);
    let first = sim.dial("0384961370");
    let second = sim.dial("0384961370");
    let third = sim.dial("0384961370");
    assert_eq!(sim.outcome(third), Outcome::Rejected);
    assert_eq!(sim.record(third).cause, Cause::NoChannel);
    sim.advance_s(90);
    assert!(sim.rings("prestataire"), "two channels were kept for calls out");
    sim.hang_up(first);
    sim.hang_up(second);
    sim.is_at_rest();
    let fourth = sim.dial("0384961370");
    assert_eq!(sim.hears(fourth), Hears::Music);
}

#[test]
fn without_a_channel_out_the_target_gives_way() {
    let mut sim = Sim::with_channels(SITE, Channels::Limited { total: 1, keep_out: 0 });
    sim.habit("nadia", Habit::SILENT);
    let caller = sim.dial("0384961370");
    sim.advance_s(93);
    assert_eq!(sim.outcome(caller), Outcome::OverflowedFailed);
}

#[test]
fn a_number_that_is_not_ours_is_refused_and_recorded_but_was_not_offered() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0399999999");
    sim.tells(
        "0.000 caller dial 0399999999
         0.000 caller refused 404
         0.000 caller record rejected",
    );
    assert_eq!(sim.record(caller).cause, Cause::NotFound);
    assert!(!sim.record(caller).is_offered());
    assert_eq!(sim.offered(), 0);
    let ours = sim.dial("0384961370");
    sim.hang_up(ours);
    assert!(sim.record(ours).is_offered());
    assert_eq!(sim.offered(), 1);
    sim.is_at_rest();
}

#[test]
fn a_service_that_stops_refuses_new_calls_and_ends_those_left() {
    let mut sim = Sim::of(SITE);
    let talking = sim.dial("0384961370");
    sim.agent_answers("nadia");
    let waiting = sim.dial("0384961370");
    let ringing = sim.dial("0384961371");
    assert!(sim.rings("marc"));
    sim.advance_s(10);
    sim.stop_accepting();
    let late = sim.dial("0384961370");
    assert_eq!(sim.record(late).cause, Cause::ShuttingDown);
    sim.advance_s(10);
    sim.end_all();
    assert_eq!(sim.outcome(talking), Outcome::Answered);
    assert_eq!(sim.outcome(waiting), Outcome::Failed);
    assert_eq!(sim.outcome(ringing), Outcome::Failed);
    assert!(!sim.rings("marc"));
    sim.is_at_rest();
}

#[test]
fn a_shutdown_undoes_no_answer_and_fails_everybody_else() {
    let mut sim = Sim::of(SITE);
    sim.habit("nadia", Habit::SILENT);
    let talking = sim.dial("0384961370");
    sim.advance_s(90);
    sim.agent_answers("prestataire");
    sim.habit("prestataire", Habit::BUSY);
    let told_to_call_again = sim.dial("0384961370");
    sim.advance_s(91);
    assert!(matches!(sim.hears(told_to_call_again), Hears::Prompt(_)));
    sim.end_all();
    assert_eq!(
        (sim.outcome(talking), sim.record(talking).cause),
        (Outcome::OverflowedAnswered, Cause::ShuttingDown)
    );
    assert_eq!(
        sim.outcome(told_to_call_again),
        Outcome::Failed,
        "cut off in the middle of the closing words"
    );
    sim.is_at_rest();
}

/// How many facts of a kind there are.
fn facts(sim: &Sim, kind: &str) -> usize {
    sim.log().matches(&format!("fact: {kind}")).count()
}

#[test]
fn a_caller_who_leans_on_a_key_fills_no_journal() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    for _ in 0..1_500 {
        sim.press(caller, '5');
    }
    sim.hang_up(caller);
    assert_eq!(sim.record(caller).keys, "5".repeat(64));
    assert_eq!(facts(&sim, "KeyPressed"), 64);
}

#[test]
fn a_caller_who_goes_round_a_menu_by_key_is_not_heard_for_ever() {
    let mut sim = Sim::of(MENU);
    let caller = sim.dial("0384961370");
    for _ in 0..1_500 {
        sim.press(caller, '2');
    }
    assert_eq!(facts(&sim, "MenuEntered"), 1_001);
    sim.advance_s(30);
    sim.agent_answers("nadia");
    assert!(sim.talk(caller, "nadia"), "the menu's else is taken");
    sim.hang_up(caller);
}

#[test]
fn a_phone_that_holds_and_resumes_for_ever_fills_no_journal() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.agent_answers("nadia");
    for _ in 0..300 {
        sim.agent_holds("nadia", true);
        sim.advance_s(1);
        sim.agent_holds("nadia", false);
        sim.advance_s(1);
    }
    sim.hang_up(caller);
    assert_eq!((facts(&sim, "Held"), facts(&sim, "Resumed")), (200, 200));
    assert_eq!((sim.record(caller).talk_ms, sim.record(caller).hold_ms), (600_000, 200_000));
}

#[test]
fn a_fault_of_ours_costs_one_call() {
    let mut broken = plan(MENU);
    broken.menus[0].keys.insert('9', Destination::Menu(MenuId(99)));
    let mut sim = Sim::of_plan(broken);
    let spared = sim.dial("0384961370");
    let struck = sim.dial("0384961370");
    sim.advance_s(1);
    sim.press(struck, '9');
    assert_eq!(sim.outcome(struck), Outcome::Failed);
    assert_eq!(sim.faults().len(), 1);
    sim.press(spared, '1');
    sim.agent_answers("nadia");
    sim.advance_s(5);
    sim.hang_up(spared);
    assert_eq!(sim.outcome(spared), Outcome::Answered);
    sim.is_at_rest();
}

#[test]
fn a_fault_of_ours_ends_the_visit_and_the_ring_of_whoever_was_in_line() {
    let mut broken = plan(MENU);
    let queue = broken.queues[0].as_mut().expect("the site's queue");
    queue.overflow[0].to = Destination::Menu(MenuId(99));
    let mut sim = Sim::of_plan(broken);
    sim.habit("nadia", Habit::SILENT);
    let struck = sim.dial("0384961370");
    sim.advance_s(1);
    sim.press(struck, '1');
    sim.advance_s(90);
    assert_eq!(sim.record(struck).visit, Some(VisitEnd::Failed));
    assert_eq!(sim.outcome(struck), Outcome::Failed);
    assert_eq!((facts(&sim, "Enqueued"), facts(&sim, "Dequeued")), (1, 1));
    assert_eq!(facts(&sim, "RingStarted"), facts(&sim, "RingEnded"), "the phone that rang then is free");
    sim.is_at_rest();
}

const MENU: &str = r#"
[menu.motif]
say  = "choix"
1    = "technique"
2    = "motif"
else = "technique"

[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "rappelez" }]

[message.rappelez]
play = "rappelez"

[flow.accueil]
steps = [{ go = "motif" }]

[number."03 84 96 13 70"]
flow = "accueil"

[prompts]
choix    = "Tapez 1."
rappelez = "Merci de rappeler."
"#;
