//! The stage of the stories in calls.rs: a site each transport has its half of, and both halves played at once. Must never
//! know what is told there.

use crate::machine::in_real_time;
use crate::place::{CALLERS, OPERATOR, PBX, Place, SPILLWAY};
use crate::service::{Service, Setting};
use crate::sipp::{BINDS_WITHIN, Sipp, plays};
use std::thread::sleep;
use std::time::Duration;

const ENDS_WITHIN: Duration = Duration::from_secs(20);
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// 03 84 96 13 7x is UDP's, 8x is TCP's: 0 a queue, 1 a target without one, 2 a menu.
const SITE: &str = r#"
version = 1
[site]
name     = "Échelles"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "file_udp"
[number."03 84 96 13 80"]
flow = "file_tcp"
[number."03 84 96 13 71"]
flow = "poste_udp"
[number."03 84 96 13 81"]
flow = "poste_tcp"
[number."03 84 96 13 72"]
flow = "choix_udp"
[number."03 84 96 13 82"]
flow = "choix_tcp"
[flow.file_udp]
steps = [{ go = "udp" }]
[flow.file_tcp]
steps = [{ go = "tcp" }]
[flow.poste_udp]
steps = [{ go = "astreinte_udp" }]
[flow.poste_tcp]
steps = [{ go = "astreinte_tcp" }]
[flow.choix_udp]
steps = [{ go = "motif_udp" }]
[flow.choix_tcp]
steps = [{ go = "motif_tcp" }]
[menu.motif_udp]
say  = "choix"
1    = "udp"
else = "rappelez"
[menu.motif_tcp]
say  = "choix"
1    = "tcp"
else = "rappelez"
[queue.udp]
via      = "ipbx1"
agents   = { Nadia = 201 }
overflow = [{ after = "60s", to = "prestataire" }]
[queue.tcp]
via      = "ipbx2"
agents   = { Nadia = 201 }
overflow = [{ after = "60s", to = "rappelez" }]
[target.astreinte_udp]
number = "03 85 00 00 10"
via    = "ipbx1"
ring   = "20s"
else   = "rappelez"
[target.astreinte_tcp]
number = "03 85 00 00 10"
via    = "ipbx2"
ring   = "20s"
else   = "rappelez"
[target.prestataire]
number = "03 85 00 00 20"
via    = "operateur"
ring   = "20s"
else   = "rappelez"
[message.rappelez]
play = "rappelez"
[prompts]
choix    = "huit secondes"
rappelez = "court"
"#;

/// Whom a story's caller dials.
#[derive(Clone, Copy)]
pub enum Dials {
    /// A queue with one agent: answered at once, music until she picks up.
    Queue,
    /// A target without a queue: not answered until it answers.
    Target,
    /// A menu whose key 1 is the queue.
    Menu,
}

/// A story: who says what.
pub struct Story<'a> {
    /// Whom the caller dials.
    pub dials: Dials,
    /// The ladder of who calls.
    pub caller: &'a str,
    /// The ladder of the phone that is rung.
    pub called: &'a str,
    /// Who is called in the end, behind the carrier; a story with one is told over UDP alone.
    pub third: Option<&'a str>,
}

/// Plays a story over both transports; every call must end with this outcome.
pub fn story(story: &Story<'_>, outcome: &str) {
    in_real_time(|| {
        let place = Place::new();
        place.prompt("choix", 900.0, 8.0);
        place.prompt("rappelez", 200.0, 0.5);
        let service = serve(&place);
        let transports: &[_] = if story.third.is_some() { &["udp"] } else { &["udp", "tcp"] };
        let mut phones = Vec::new();
        for (number, transport) in (0..).zip(transports) {
            phones.push(plays(&place, PBX + number, transport, None, story.called));
        }
        phones.extend(story.third.map(|ladder| plays(&place, OPERATOR, "udp", None, ladder)));
        sleep(BINDS_WITHIN);
        for (transport, ten) in transports.iter().zip(["7", "8"]) {
            let one = match story.dials {
                Dials::Queue => "0",
                Dials::Target => "1",
                Dials::Menu => "2",
            };
            let dials = format!("03849613{ten}{one}");
            phones.push(plays(&place, CALLERS, transport, Some(&dials), story.caller));
        }
        // Where one does not play to its end, what the others heard says why.
        let played: Vec<_> = phones.iter_mut().map(|phone| phone.succeeds(ENDS_WITHIN)).collect();
        let told = || phones.iter().map(Sipp::messages).collect::<String>();
        assert!(!played.contains(&false), "ladders played to their end: {played:?}\n{}", told());
        service.records(transports.len(), WRITTEN_WITHIN);
        let outcomes = vec![outcome; transports.len()].join("\n");
        let told = service.sql("SELECT outcome FROM calls");
        assert_eq!(told, outcomes, "{}", service.sql("SELECT * FROM timeline"));
        assert_eq!(service.metric("spillway_faults_total", &[]), 0.0, "{}", service.process.said());
    });
}

/// The service of this site.
pub fn serve(place: &Place) -> Service<'_> {
    let ip = place.ip(SPILLWAY);
    let settings = format!(
        "version = 1\ndialplans = \"dialplans\"\ndata = \"data\"\n\n\
         [sip]\nlisten = [\"udp:{ip}:5060\", \"tcp:{ip}:5060\"]\ndrain = \"1s\"\n\n\
         [media]\nports = \"{}\"\n\n[http]\nlisten = \"{ip}:8080\"\n\n\
         [trunk.operateur]\npeer = \"udp:{}:5060\"\naccept = [\"{}/32\"]\n\n\
         [trunk.ipbx1]\npeer = \"udp:{}:5060\"\nagents = true\nauto_answer = true\ntransfer_to = [\"0385000030\"]\n\n\
         [trunk.ipbx2]\npeer = \"tcp:{}:5060\"\nagents = true\nauto_answer = true\ntransfer_to = [\"0385000030\"]\n",
        place.rtp_ports(),
        place.ip(OPERATOR),
        place.ip(CALLERS),
        place.ip(PBX),
        place.ip(PBX + 1),
    );
    Setting::new(place).serve_as(&settings, SITE)
}
