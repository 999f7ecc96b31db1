//! The PBX dies: while its phones are dead, callers leave by the queue's clock; when it is back, they are answered.

use crate::machine::in_real_time;
use crate::place::{PBX, Place};
use crate::service::Setting;
use crate::sipp::{Calls, answering};
use std::time::Duration;

const SITE: &str = r#"
version = 1
[site]
name     = "Panne"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ go = "technique" }]
[queue.technique]
via      = "ipbx1"
agents   = { Nadia = 201, Marc = 202 }
ring     = "2s"
hold     = { music = "attente" }
overflow = [{ after = "5s", to = "rappelez" }]
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "court"
[music]
attente = "musique/*.wav"
"#;

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_dead_pbx_costs_rings_not_callers() {
    in_real_time(|| {
        let place = Place::new();
        place.prompt("rappelez", 200.0, 0.5);
        place.music(520.0);
        let service = Setting::new(&place).serve(SITE);
        let mut agents = answering(&place, PBX, "agent", "udp", Duration::from_secs(1));
        Calls::default().start(&place, "before").succeed(SOON);
        service.records(1, SOON);
        agents.process.kill();

        Calls::default().start(&place, "during").succeed(SOON);
        service.records(2, SOON);
        let wait = service.sql("SELECT outcome, round(wait_s, 1) FROM calls ORDER BY call DESC LIMIT 1");
        assert_eq!(wait, "message|5.0", "{}", service.sql("SELECT * FROM timeline"));
        let rings = service.sql("SELECT DISTINCT who FROM rings WHERE call = 2 AND ring_end IN ('no_answer', 'unreachable') ORDER BY who");
        assert_eq!(rings, "Marc\nNadia", "{}", service.sql("SELECT * FROM rings"));

        let _agents = answering(&place, PBX, "agent", "udp", Duration::from_secs(1));
        Calls::default().start(&place, "after").succeed(SOON);
        service.records(3, SOON);
        assert_eq!(service.sql("SELECT outcome FROM calls ORDER BY call"), "answered\nmessage\nanswered");
        service.comes_to_rest(Duration::from_secs(45));
    });
}

#[test]
fn a_pbx_that_dies_in_a_conversation_leaves_the_caller_free_to_hang_up() {
    in_real_time(|| {
        let place = Place::aside();
        place.prompt("rappelez", 200.0, 0.5);
        place.music(520.0);
        let service = Setting::new(&place).serve(SITE);
        let mut agents = answering(&place, PBX, "agent", "udp", Duration::from_secs(60));
        let mut caller = Calls { scenario: "hangs_up", ..Calls::default() }.start(&place, "caller");
        service.reaches("spillway_calls", &["state=\"bridged\""], 1.0, SOON);
        agents.process.kill();
        caller.succeed(SOON);
        service.records(1, Duration::from_secs(45));
        assert_eq!(service.sql("SELECT outcome, agent FROM calls").split('|').next(), Some("answered"));
        service.comes_to_rest(Duration::from_secs(75));
    });
}
