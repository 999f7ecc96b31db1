//! Kamailio as a carrier that asks for a name and a password, over every transport: the service registers, a call comes in
//! to where it registered from and goes out again past a challenge, with audio both ways.

use crate::audio::Heard;
use crate::baresip::Baresip;
use crate::kamailio::Kamailio;
use crate::machine::in_real_time;
use crate::place::{CALLERS, OPERATOR, PBX, Place, SPILLWAY};
use crate::service::Setting;
use crate::softphone::Softphone;
use crate::softphone_stage::certificate;
use std::thread::sleep;
use std::time::Duration;

const CALLER_HZ: f64 = 350.0;
const CALLED_HZ: f64 = 660.0;
const SOON: Duration = Duration::from_secs(10);
const WHILE: Duration = Duration::from_millis(1_200);

const SITE: &str = r#"
version = 1
[site]
name     = "Abonné"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ go = "astreinte" }]
[target.astreinte]
number = "03 85 00 00 10"
via    = "operateur"
ring   = "20s"
else   = "rappelez"
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "200 Hz"
"#;

fn settings(place: &Place, transport: &str) -> String {
    let (ip, carrier) = (place.ip(SPILLWAY), place.ip(OPERATOR));
    let port = if transport == "tls" { 5061 } else { 5060 };
    let believes = if transport == "tls" { "\n[trunk.operateur.tls]\nca = \"carrier.pem\"\n" } else { "" };
    place.write("password", "mot.de.passe");
    format!(
        "version = 1\ndialplans = \"dialplans\"\ndata = \"data\"\n\n\
         [sip]\nlisten = [\"udp:{ip}:5060\", \"tcp:{ip}:5060\", \"tls:{ip}:5061\"]\ndrain = \"1s\"\n\n\
         [sip.tls]\ncertificate = \"full.pem\"\nkey = \"full.key\"\n\n\
         [media]\nports = \"{}\"\n\n[http]\nlisten = \"{ip}:8080\"\n\n\
         [trunk.operateur]\npeer = \"{transport}:{carrier}:{port}\"\nnumbers = \"national\"\n\
         user = \"habitat70\"\npassword = {{ file = \"password\" }}\nrealm = \"carrier.invalid\"\n\
         register = true\n{believes}",
        place.rtp_ports(),
    )
}

fn calls_pass(transport: &str, algorithm: &str) {
    in_real_time(|| {
        let place = Place::new();
        place.prompt("rappelez", 200.0, 1.0);
        certificate(&place, "full", &[SPILLWAY]);
        certificate(&place, "carrier", &[OPERATOR]);
        let words = [
            ("CALLER", place.ip(CALLERS).to_string()),
            ("AUTHORITY", place.path("full.pem").display().to_string()),
            ("PUBLIC", format!("{}:5060", place.ip(PBX))),
            ("ALGORITHM", algorithm.to_owned()),
        ];
        let carrier = Kamailio::start(&place, "carrier.cfg", "carrier", &words);
        let service = Setting::new(&place).serve_as(&settings(&place, transport), SITE);
        let mut called = Baresip::start(&place, PBX, "0385000010", CALLED_HZ);
        let mut caller = Baresip::start(&place, CALLERS, "0601020304", CALLER_HZ);
        service.reaches("spillway_trunk_registered", &[], 1.0, SOON);
        let by = format!("algorithm={algorithm}");
        assert!(carrier.lines("REGISTER of habitat70:", &by) > 0, "{}", carrier.said());

        caller.dials(&format!("sip:0384961370@{}:5060", Kamailio::ip(&place)));
        called.is_rung(SOON);
        called.answers();
        called.is_connected(SOON);
        caller.is_connected(SOON);
        sleep(WHILE);
        caller.holds();
        sleep(WHILE);
        caller.resumes();
        sleep(WHILE);
        called.hangs_up();
        caller.is_hung_up(SOON);
        service.records(1, SOON);
        let row = "SELECT outcome, caller, trunk FROM calls";
        assert_eq!(service.sql(row), "routed_answered|0601020304|operateur");
        let out = format!("INVITE of habitat70 over {transport}:");
        let asked = (carrier.lines("INVITE challenged", ""), carrier.lines(&out, &by));
        assert_eq!(asked, (1, 1), "{}", carrier.said());
        assert_eq!(service.metric("spillway_faults_total", &[]), 0.0, "{}", service.process.said());
        for (heard, other) in [(caller.heard(), CALLED_HZ), (called.heard(), CALLER_HZ)] {
            let story = Heard::read(&heard, &[CALLER_HZ, CALLED_HZ, 440.0]).story();
            let seconds: f64 = story.iter().filter(|(hz, _)| *hz == other).map(|(_, seconds)| seconds).sum();
            assert!(seconds > 0.8, "{other} Hz: {story:?}");
        }
    });
}

#[test]
fn a_carrier_over_udp_that_asks_for_md5_takes_and_brings_calls() {
    calls_pass("udp", "MD5");
}

#[test]
fn a_carrier_over_tcp_that_asks_for_sha_256_takes_and_brings_calls() {
    calls_pass("tcp", "SHA-256");
}

#[test]
fn a_carrier_over_tls_that_asks_for_sha_256_takes_and_brings_calls() {
    calls_pass("tls", "SHA-256");
}
