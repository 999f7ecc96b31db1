//! A call over TLS, from a phone that believes the service's certificate alone to one over UDP, with audio both ways.

use crate::audio::Heard;
use crate::baresip::{Baresip, Secured};
use crate::machine::in_real_time;
use crate::place::{CALLERS, OPERATOR, PBX, Place, SPILLWAY};
use crate::service::Setting;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

const CALLER_HZ: f64 = 440.0;
const AGENT_HZ: f64 = 660.0;
const SOON: Duration = Duration::from_secs(10);

const SITE: &str = r#"
version = 1
[site]
name     = "Secrets"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ go = "technique" }]
[queue.technique]
via      = "ipbx1"
agents   = { Nadia = 201 }
ring     = "20s"
hold     = { music = "attente" }
overflow = [{ after = "60s", to = "rappelez" }]
[message.rappelez]
play = "rappelez"
[prompts]
rappelez  = "200 Hz"
[music]
attente = "musique/*.wav"
"#;

#[test]
fn a_call_over_tls_is_answered_heard_both_ways_and_hung_up() {
    in_real_time(|| {
        let place = Place::new();
        place.prompt("rappelez", 200.0, 1.0);
        place.music(520.0);
        let ip = place.ip(SPILLWAY);
        let signed = rcgen::generate_simple_self_signed(vec![ip.to_string()]).expect("a certificate");
        let certificate = place.write("full.pem", &signed.cert.pem());
        place.write("key.pem", &signed.signing_key.serialize_pem());
        let setting = Setting::new(&place);
        setting.write();
        let callers = place.ip(CALLERS);
        // A connection of baresip's comes from wherever the kernel likes.
        let settings = fs::read_to_string(place.path("spillway.toml")).expect("written");
        let settings = settings
            .replace(&format!("\"tcp:{ip}:5060\""), &format!("\"tcp:{ip}:5060\", \"tls:{ip}:5061\""))
            .replace("[media]", "[sip.tls]\ncertificate = \"full.pem\"\nkey = \"key.pem\"\n\n[media]")
            .replace(&format!("udp:{}:5060", place.ip(OPERATOR)), &format!("tls:{callers}:5061"))
            .replace(&format!("\"{callers}/32\""), &format!("\"{callers}/32\", \"127.0.0.1\""))
            + "\n[trunk.operateur.tls]\nca = \"full.pem\"\n";
        let service = setting.serve_as(&settings, SITE);
        let mut agent = Baresip::start(&place, PBX, "201", AGENT_HZ);
        let secured = Secured { believes: certificate };
        let mut caller = Baresip::start_secured(&place, CALLERS, "0601020304", CALLER_HZ, &secured);

        caller.tell("dial", &format!("sip:0384961370@{ip}:5061"));
        caller.meets("CALL_ESTABLISHED", SOON);
        agent.meets("CALL_INCOMING", SOON);
        sleep(Duration::from_secs(1));
        agent.tell("accept", "");
        agent.meets("CALL_ESTABLISHED", SOON);
        sleep(Duration::from_secs(4));
        // Our BYE goes back on the caller's connection: nobody here could open one to a phone without a certificate.
        agent.tell("hangup", "");
        caller.meets("CALL_CLOSED", SOON);
        service.records(1, SOON);

        assert_eq!(service.sql("SELECT outcome, queue, agent FROM calls"), "answered|technique|Nadia");
        assert!(service.metric("spillway_tls_certificate_expiry_timestamp_seconds", &[]).is_finite());
        assert_eq!(service.metric("spillway_tls_handshakes_failed_total", &["direction=\"in\""]), 0.0);
        for (heard, other) in [(caller.heard(), AGENT_HZ), (agent.heard(), CALLER_HZ)] {
            let story = Heard::read(&heard, &[CALLER_HZ, AGENT_HZ, 520.0]).story();
            let seconds: f64 = story.iter().filter(|(hz, _)| *hz == other).map(|(_, seconds)| seconds).sum();
            assert!(seconds > 3.0, "{other} Hz: {story:?}");
        }
    });
}
