//! A caller whose agents are all busy leaves for the target at their own deadline, in real time; where the target is down,
//! for what its `else` says.

use crate::machine::in_real_time;
use crate::place::{OPERATOR, PBX, Place};
use crate::service::{Service, Setting};
use crate::sipp::{Calls, Sipp, answering};
use std::time::Duration;

const SITE: &str = r#"
version = 1
[site]
name     = "Trop-plein"
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
overflow = [{ after = "5s", to = "prestataire" }]
[target.prestataire]
number = "03 85 00 00 10"
via    = "operateur"
ring   = "3s"
else   = "rappelez"
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "deux secondes"
[music]
attente = "musique/*.wav"
"#;

const LATER: Duration = Duration::from_secs(30);
const OCCUPIES: (&str, &str) = ("0601020304", "1");
const OVERFLOWS: (&str, &str) = ("0611223344", "1");
const HER_RECORD: &str = "SELECT outcome, queue, target, caller FROM calls WHERE caller = '0611223344'";
/// Seconds from her entering the queue to the target's ring.
const HER_OVERFLOW: &str = "SELECT (rung.moment_ns - entry.moment_ns) / 1e9 FROM journal AS entry
    JOIN journal AS rung ON rung.call = entry.call AND rung.kind = 'target_rung'
    JOIN record ON record.call = entry.call WHERE entry.kind = 'enqueued' AND caller = '0611223344'";

/// A service whose only agent talks, and whoever keeps the agent busy.
fn everyone_is_busy(place: &Place) -> (Service<'_>, [Sipp; 2]) {
    place.prompt("rappelez", 200.0, 2.0);
    place.music(520.0);
    let service = Setting::new(place).serve(SITE);
    let agent = answering(place, PBX, "agent", "udp", Duration::from_secs(60));
    let occupant = Calls { callers: &[OCCUPIES], ..Calls::default() }.start(place, "occupant");
    service.reaches("spillway_calls", &["state=\"bridged\""], 1.0, LATER);
    (service, [agent, occupant])
}

fn overflows_on_time(service: &Service<'_>) {
    let after: f64 = service.sql(HER_OVERFLOW).parse().expect("one overflow");
    // Never early. How late is the machine's affair here (a busy one stalls for tenths of a second): that the clock itself
    // is exact is shown in virtual time, where a deadline falls due to the nanosecond.
    assert!((5.0..5.5).contains(&after), "after = \"5s\", and it was {after} s");
}

#[test]
fn a_caller_overflows_to_the_target_with_her_number_and_who_diverted_her() {
    in_real_time(|| {
        let place = Place::new();
        let (service, _busy) = everyone_is_busy(&place);
        let target = answering(&place, OPERATOR, "agent", "udp", Duration::from_secs(2));
        Calls { callers: &[OVERFLOWS], ..Calls::default() }.start(&place, "caller").succeed(LATER);
        service.records(1, LATER);
        let record = service.sql(HER_RECORD);
        let timeline = service.sql("SELECT * FROM timeline");
        assert_eq!(
            record,
            "overflowed_answered|technique|prestataire|0611223344",
            "{timeline}\n{}",
            target.messages()
        );
        overflows_on_time(&service);
        let talked: f64 = service.sql("SELECT talk_s FROM calls").parse().expect("a number");
        assert!((1.9..=2.3).contains(&talked), "the target talks 2 s: {talked}");

        let messages = target.messages();
        let invite: Vec<_> = messages
            .lines()
            .skip_while(|line| !line.starts_with("INVITE "))
            .take_while(|line| !line.is_empty())
            .collect();
        let header = |name: &str| {
            invite
                .iter()
                .find(|line| line.starts_with(name))
                .unwrap_or_else(|| panic!("no {name} in {invite:#?}"))
        };
        assert!(invite[0].starts_with("INVITE sip:+33385000010@"), "{}", invite[0]);
        assert!(header("From:").contains("sip:0611223344@"), "{}", header("From:"));
        assert!(header("Diversion:").contains("sip:0384961370@"), "{}", header("Diversion:"));
    });
}

#[test]
fn a_target_that_is_down_leaves_the_caller_with_else() {
    in_real_time(|| {
        let place = Place::new();
        let (service, _busy) = everyone_is_busy(&place);
        Calls { callers: &[OVERFLOWS], ..Calls::default() }.start(&place, "caller").succeed(LATER);
        service.records(1, LATER);
        let record = service.sql(HER_RECORD);
        assert!(
            [
                "overflowed_failed|technique|prestataire|0611223344",
                "overflowed_no_answer|technique|prestataire|0611223344"
            ]
            .contains(&record.as_str()),
            "{record}"
        );
        overflows_on_time(&service);
        let message = "SELECT count(*) FROM timeline JOIN calls USING (call)
            WHERE kind = 'message_started' AND caller = '0611223344'";
        assert_eq!(service.sql(message), "1", "{}", service.sql("SELECT * FROM timeline"));
    });
}
