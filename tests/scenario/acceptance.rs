//! Whoever answers presses a key before anybody is put through: a voicemail, a forwarded phone or a twinned mobile that
//! answers by itself takes no call, and the caller hears none of it.

use super::by_hand::{self, Caller as ByHand, Request, SDP};
use crate::support::plan::plan;
use crate::support::sim::wired::{IPOFFICE, Tone, Weather, Wired};
use crate::support::sim::{Habit, Hears, Sim};
use spillway::base::{CallId, LegId, Outcome};
use spillway::call::{LegEnd, VisitEnd};
use spillway::endpoint::Pickup;
use std::sync::Arc;
use std::time::Duration;

const SITE: &str = r#"
[queue.technique]
agents   = { nadia = 201, marc = 202 }
accept   = "1"
whisper  = "annonce"
ring     = "15s"
hold     = { music = "attente" }
overflow = [{ after = "60s", to = "astreinte" }]

[queue.agence]
agents   = { sophie = 203, ali = 204 }
strategy = "ring-all"
accept   = "5"
overflow = [{ after = "60s", to = "rappelez" }]

[queue.finit]
agents   = { claire = 205 }
accept   = "1"
overflow = [{ after = "20s", to = "rappelez" }]
while_ringing = "finish"

[target.astreinte]
number  = "03 84 00 00 02"
ring    = "20s"
answer  = "key"
whisper = "annonce"
else    = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.technique_directe]
steps = [{ go = "technique" }]
[flow.agence_directe]
steps = [{ go = "agence" }]
[flow.finit_directe]
steps = [{ go = "finit" }]
[flow.astreinte_directe]
steps = [{ go = "astreinte" }]

[number."0384961370"]
flow = "technique_directe"
[number."0384961371"]
flow = "agence_directe"
[number."0384961372"]
flow = "finit_directe"
[number."0384961373"]
flow = "astreinte_directe"

[prompts]
annonce  = "Appel technique. Tapez 1 pour le prendre."
rappelez = "Merci de rappeler."

[music]
attente = "musique/*.wav"
"#;

#[test]
fn the_key_puts_the_caller_through_and_the_wait_goes_on_until_then() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(5);
    sim.agent_answers("nadia");
    assert_eq!(sim.hears(caller), Hears::Music);
    sim.advance_s(4);
    sim.agent_presses("nadia", '7');
    assert!(!sim.talk(caller, "nadia"), "another key is no acceptance");
    sim.agent_presses("nadia", '1');
    assert!(sim.talk(caller, "nadia"));
    sim.advance_s(60);
    sim.hang_up(caller);
    sim.tells(
        "0.000 caller dial 0384961370
         0.000 caller answered
         0.000 caller hears attente
         0.000 nadia ring
         5.000 nadia answer
         5.000 nadia hears annonce, a key is asked for
         9.000 nadia press 7
         9.000 nadia press 1
         9.000 caller connect nadia
         69.000 caller hang up
         69.000 nadia bye
         69.000 caller record answered waited=9.000 talked=60.000",
    );
    let record = sim.record(caller);
    assert_eq!((record.ring_ms, record.keys.as_str()), (9_000, ""), "an agent's keys are not the caller's");
    assert_eq!((record.rings[0].for_ms, record.rings[0].picked_up_ms), (9_000, Some(5_000)));
    sim.is_at_rest();
}

#[test]
fn a_voicemail_that_never_presses_has_not_answered() {
    let mut sim = Sim::of(SITE);
    sim.habit("nadia", Habit::answers_after_s(10));
    let caller = sim.dial("0384961370");
    sim.advance_s(22);
    assert!(!sim.rings("marc"), "the whisper of 3 s and 10 s for the key");
    sim.advance_s(1);
    assert!(sim.rings("marc"));
    assert_eq!(sim.hears(caller), Hears::Music);
    sim.agent_answers("marc");
    sim.agent_presses("marc", '1');
    sim.hang_up(caller);
    let record = sim.record(caller);
    assert_eq!(record.rings[0].end, LegEnd::NoAnswer);
    assert_eq!((record.outcome, record.agent.as_deref()), (Outcome::Answered, Some("marc")));
    assert_eq!((record.wait_ms, record.visit), (23_000, Some(VisitEnd::Answered)));
    sim.is_at_rest();
}

#[test]
fn a_voicemail_that_hangs_up_has_not_answered_either() {
    let mut sim = Sim::of(SITE);
    sim.habit("nadia", Habit::answers_after_s(2).talks_s(3));
    let caller = sim.dial("0384961370");
    sim.advance_s(5);
    assert!(sim.rings("marc"));
    sim.hang_up(caller);
    assert_eq!(sim.record(caller).rings[0].end, LegEnd::NoAnswer);
    sim.is_at_rest();
}

#[test]
fn one_voicemail_among_ringing_phones_silences_nobody() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961371");
    sim.advance_s(3);
    sim.agent_answers("sophie");
    assert!(sim.rings("ali"));
    sim.advance_s(2);
    sim.agent_answers("ali");
    sim.agent_presses("ali", '5');
    assert!(sim.talk(caller, "ali"));
    sim.tells_from_s(
        3,
        "3.000 sophie answer
         3.000 sophie hears a tone, a key is asked for
         5.000 ali answer
         5.000 ali hears a tone, a key is asked for
         5.000 ali press 5
         5.000 sophie bye
         5.000 caller connect ali",
    );
    sim.hang_up(caller);
    assert_eq!(
        sim.record(caller).rings.iter().map(|ring| ring.end).collect::<Vec<_>>(),
        [LegEnd::Cancelled, LegEnd::Answered]
    );
    sim.is_at_rest();
}

#[test]
fn the_callers_deadline_ends_the_asking_or_waits_for_the_rest_of_it() {
    let mut sim = Sim::of(SITE);
    sim.habit("claire", Habit::answers_after_s(14));
    let caller = sim.dial("0384961372");
    sim.advance_s(23);
    assert!(!sim.talk(caller, "claire"));
    sim.agent_presses("claire", '1');
    assert!(sim.talk(caller, "claire"), "asked from 14 s to 24 s, the deadline at 20 s");
    sim.hang_up(caller);

    let mut sim = Sim::of(SITE);
    for who in ["nadia", "marc"] {
        sim.habit(who, Habit::answers_after_s(15 - 1));
    }
    let caller = sim.dial("0384961370");
    sim.advance_s(60);
    assert_eq!(sim.record_after_hang_up(caller).visit, Some(VisitEnd::Overflowed));
    sim.is_at_rest();
}

#[test]
fn a_caller_who_gives_up_takes_the_whisper_along() {
    let mut sim = Sim::of(SITE);
    let caller = sim.dial("0384961370");
    sim.advance_s(8);
    sim.agent_answers("nadia");
    sim.advance_s(1);
    sim.hang_up(caller);
    assert_eq!(sim.outcome(caller), Outcome::AbandonedWaiting);
    sim.is_at_rest();
}

#[test]
fn a_target_asked_for_a_key_leaves_the_caller_unanswered_until_it_is_pressed() {
    let mut sim = Sim::of(SITE);
    sim.habit("astreinte", Habit::plays_then_answers(Duration::from_secs(6)));
    let caller = sim.dial("0384961373");
    sim.advance_s(8);
    sim.agent_presses("astreinte", '1');
    sim.advance_s(30);
    sim.hang_up(caller);
    sim.tells(
        "0.000 caller dial 0384961373
         0.000 astreinte ring
         0.000 caller ringing
         6.000 astreinte answer
         6.000 astreinte hears annonce, a key is asked for
         8.000 astreinte press 1
         8.000 caller answered
         8.000 caller connect astreinte
         38.000 caller hang up
         38.000 astreinte bye
         38.000 caller record routed_answered waited=8.000 talked=30.000",
    );
    assert_eq!(sim.record(caller).handover_ms, Some(8_000));
    sim.is_at_rest();
}

#[test]
fn a_targets_voicemail_leads_on_to_else() {
    let mut sim = Sim::of(SITE);
    sim.habit("astreinte", Habit::answers_after_s(6));
    let caller = sim.dial("0384961373");
    sim.advance_s(20);
    sim.hang_up(caller);
    let record = sim.record(caller);
    assert_eq!((record.rings[0].end, record.outcome), (LegEnd::NoAnswer, Outcome::RoutedNoAnswer));
    assert_eq!((record.rings[0].for_ms, record.picked_up), (19_000, true));
    sim.is_at_rest();
}

#[test]
fn the_key_comes_over_the_wire_and_nobody_hears_anybody_before() {
    let mut world = Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, true, 1);
    world.phone(IPOFFICE, "201", Pickup::RingForever);
    world.listen_in();
    let mut caller = ByHand::new("accepts", "0384961370");
    caller.says(&mut world, "INVITE", "", SDP);
    world.advance(Duration::from_millis(100));
    caller.says(&mut world, "ACK", "", "");
    world.advance(Duration::from_millis(900));
    let nadia = world.watch().invites()[0].clone();
    by_hand::answer(&mut world, IPOFFICE, &nadia, "200 OK", "n", "", SDP);
    world.advance(Duration::from_secs(9));
    let (there, leg) = (LegId::caller(CallId(1)), LegId { call: CallId(1), number: 1 });
    assert!(world.heard(leg).contains(&Tone::Prompt(0)), "{:?}", world.heard(leg));
    let header = "Content-Type: application/dtmf-relay\r\n";
    let body = "Signal=1\r\nDuration=160\r\n";
    let info = Request { method: "INFO", cseq: 1, tag: "n", headers: header, body };
    by_hand::request(&mut world, IPOFFICE, &nadia, &info);
    world.advance(Duration::from_secs(5));
    let bye = Request { method: "BYE", cseq: 2, tag: "n", headers: "", body: "" };
    by_hand::request(&mut world, IPOFFICE, &nadia, &bye);
    world.advance(Duration::from_secs(1));
    assert!(!world.heard(there).contains(&Tone::Prompt(0)), "the whisper is for the agent alone");
    let record = &world.outcomes().records[0];
    assert_eq!((record.outcome, record.agent.as_deref()), (Outcome::Answered, Some("nadia")));
    assert_eq!((record.wait_ms / 1_000, record.rings[0].picked_up_ms), (10, Some(1_000)));
}
