//! SIGTERM: running calls go on up to the limit, new ones are refused, the records are on disk, the exit code is 0.

use crate::machine::in_real_time;
use crate::place::{PBX, Place};
use crate::service::{Service, Setting};
use crate::sipp::{Calls, Sipp, answering};
use std::time::{Duration, Instant};

const SITE: &str = r#"
version = 1
[site]
name     = "Arrêt"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ go = "technique" }]
[queue.technique]
via      = "ipbx1"
agents   = { Nadia = 201 }
hold     = { music = "attente" }
overflow = [{ after = "60s", to = "rappelez" }]
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "court"
[music]
attente = "musique/*.wav"
"#;

const SOON: Duration = Duration::from_secs(20);

/// A service with one conversation of this length, and its two ends.
fn talking<'a>(place: &'a Place, drain: &'a str, talk: Duration) -> (Service<'a>, [Sipp; 2]) {
    place.prompt("rappelez", 200.0, 0.5);
    place.music(520.0);
    let service = Setting { drain, ..Setting::new(place) }.serve(SITE);
    let agent = answering(place, PBX, "agent", "udp", talk);
    let caller = Calls::default().start(place, "caller");
    service.reaches("spillway_calls", &["state=\"bridged\""], 1.0, SOON);
    (service, [agent, caller])
}

#[test]
fn sigterm_lets_a_call_end_and_refuses_new_ones() {
    in_real_time(|| {
        let place = Place::new();
        let (mut service, [_agent, mut caller]) = talking(&place, "30s", Duration::from_secs(6));
        service.process.terminate();
        service.reaches("spillway_calls", &["state=\"bridged\""], 1.0, SOON);
        Calls { scenario: "refused", callers: &[("0611223344", "")], ..Calls::default() }
            .start(&place, "refused")
            .succeed(SOON);
        caller.succeed(SOON);
        service.process.succeed(SOON);
        let records = service.sql("SELECT outcome, caller FROM calls ORDER BY call");
        assert_eq!(records, "answered|0601020304\nrejected|0611223344");
        let talked: f64 =
            service.sql("SELECT talk_s FROM calls WHERE outcome = 'answered'").parse().expect("a number");
        assert!((5.9..=6.4).contains(&talked), "the agent talks 6 s: {talked}");
    });
}

#[test]
fn a_call_that_outlasts_the_drain_is_ended_and_recorded() {
    in_real_time(|| {
        let place = Place::new();
        let (mut service, [_agent, mut caller]) = talking(&place, "2s", Duration::from_secs(60));
        let asked = Instant::now();
        service.process.terminate();
        caller.succeed(SOON);
        service.process.succeed(SOON);
        let took = asked.elapsed();
        assert!((2.0..=6.0).contains(&took.as_secs_f64()), "drain is 2s, and it took {took:?}");
        assert_eq!(service.sql("SELECT outcome, caller FROM calls"), "answered|0601020304");
    });
}
