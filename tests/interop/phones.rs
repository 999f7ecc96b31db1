//! Phones that register, real ones: one is an agent over TCP, another calls the queue over UDP, and each hears the other.

use crate::audio::Heard;
use crate::baresip::Baresip;
use crate::machine::in_real_time;
use crate::place::{CALLERS, PBX, Place, SPILLWAY};
use crate::service::Setting;
use spillway::base::Secret;
use spillway::signaling::password_digests;
use std::thread::sleep;
use std::time::Duration;

const AGENT_HZ: f64 = 660.0;
const CALLER_HZ: f64 = 440.0;
const SOON: Duration = Duration::from_secs(10);
const PASSWORD: &str = "cheval.pile.agrafe";

const SITE: &str = r#"
version = 1
[site]
name     = "Postes"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ go = "technique" }]
[queue.technique]
via      = "phones"
agents   = { Nadia = 201 }
ring     = "20s"
overflow = [{ after = "60s", to = "rappelez" }]
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "200 Hz"
"#;

#[test]
fn an_agent_registers_over_tcp_and_a_colleague_reaches_the_queue_over_udp() {
    in_real_time(|| {
        let place = Place::new();
        place.prompt("rappelez", 200.0, 1.0);
        // baresip 1 knows MD5 alone.
        let line = |extension: &str| {
            let [md5, _] = password_digests(extension, "spillway", &Secret::new(PASSWORD.as_bytes()));
            format!("{extension};;{md5}\n")
        };
        let users = format!("extension;name;ha1_md5\n{}{}", line("201"), line("202"));
        place.write("phones.csv", &users);
        let setting = Setting::new(&place);
        setting.write();
        let settings = std::fs::read_to_string(place.path("spillway.toml")).expect("written");
        let phones = "\n[phones]\nrealm = \"spillway\"\nusers = { file = \"phones.csv\" }\nemergency = \"operateur\"\n";
        let service = setting.serve_as(&(settings + phones), SITE);
        let mut agent = Baresip::registering(&place, PBX, "201", AGENT_HZ, ("tcp", PASSWORD));
        let mut caller = Baresip::registering(&place, CALLERS, "202", CALLER_HZ, ("udp", PASSWORD));

        caller.tell("dial", &format!("sip:0384961370@{}:5060", place.ip(SPILLWAY)));
        agent.meets("CALL_INCOMING", SOON);
        agent.tell("accept", "");
        agent.meets("CALL_ESTABLISHED", SOON);
        sleep(Duration::from_secs(3));
        caller.tell("hangup", "");
        agent.meets("CALL_CLOSED", SOON);
        service.records(1, SOON);
        let row = "SELECT outcome, queue, agent, caller, trunk FROM calls";
        assert_eq!(service.sql(row), "answered|technique|Nadia|202|phones");
        let heard = Heard::read(&agent.heard(), &[CALLER_HZ, AGENT_HZ]);
        let (snr, above) = heard.purity_db(CALLER_HZ, AGENT_HZ);
        assert!(snr > 20.0 && above > 40.0, "{snr:.1} {above:.1} {:?}", heard.story());
    });
}
