//! baresip calls, baresip answers: each hears the other and nothing else; before that the caller heard prompt, menu, music.

use crate::audio::Heard;
use crate::baresip::Baresip;
use crate::machine::in_real_time;
use crate::place::{CALLERS, PBX, Place, SPILLWAY};
use crate::service::Setting;
use std::thread::sleep;
use std::time::Duration;

const CALLER_HZ: f64 = 440.0;
const AGENT_HZ: f64 = 660.0;
const GREETING_HZ: f64 = 900.0;
const CHOICE_HZ: f64 = 1_300.0;
const MUSIC_HZ: f64 = 520.0;
const SOON: Duration = Duration::from_secs(10);

const SITE: &str = r#"
version = 1
[site]
name     = "Deux voix"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ play = "bienvenue" }, { go = "motif" }]
[menu.motif]
say  = "choix"
1    = "technique"
else = "rappelez"
[queue.technique]
via      = "ipbx1"
agents   = { Nadia = 201 }
ring     = "20s"
hold     = { music = "attente" }
overflow = [{ after = "60s", to = "rappelez" }]
[message.rappelez]
play = "rappelez"
[prompts]
bienvenue = "900 Hz"
choix     = "1300 Hz"
rappelez  = "200 Hz"
[music]
attente = "musique/*.wav"
"#;

#[test]
fn each_hears_the_other_and_the_caller_heard_prompt_and_music_before() {
    in_real_time(|| {
        let place = Place::new();
        place.prompt("bienvenue", GREETING_HZ, 1.0);
        place.prompt("choix", CHOICE_HZ, 5.0);
        place.prompt("rappelez", 200.0, 1.0);
        place.music(MUSIC_HZ);
        let service = Setting::new(&place).serve(SITE);
        let mut agent = Baresip::start(&place, PBX, "201", AGENT_HZ);
        let mut caller = Baresip::start(&place, CALLERS, "0601020304", CALLER_HZ);

        caller.tell("dial", &format!("sip:0384961370@{}:5060", place.ip(SPILLWAY)));
        caller.meets("CALL_ESTABLISHED", SOON);
        sleep(Duration::from_millis(1_800));
        caller.tell("sndcode", "1");
        agent.meets("CALL_INCOMING", SOON);
        sleep(Duration::from_secs(2));
        agent.tell("accept", "");
        agent.meets("CALL_ESTABLISHED", SOON);
        sleep(Duration::from_secs(4));
        caller.tell("hangup", "");
        agent.meets("CALL_CLOSED", SOON);
        service.records(1, SOON);

        let row = "SELECT outcome, keys, queue, agent, caller FROM calls";
        assert_eq!(service.sql(row), "answered|1|technique|Nadia|0601020304");
        let heard = Heard::read(&caller.heard(), &[CALLER_HZ, AGENT_HZ, GREETING_HZ, CHOICE_HZ, MUSIC_HZ]);
        let story: Vec<_> = heard.story().into_iter().filter(|(_, seconds)| *seconds >= 0.3).collect();
        let tones: Vec<f64> = story.iter().map(|(hz, _)| *hz).collect();
        assert_eq!(tones, [GREETING_HZ, CHOICE_HZ, MUSIC_HZ, AGENT_HZ], "{story:?}");
        let lengths: Vec<f64> = story.iter().map(|(_, seconds)| *seconds).collect();
        assert!((0.8..=1.0).contains(&lengths[0]), "the greeting lasts 1 s: {story:?}");
        assert!((0.3..=1.5).contains(&lengths[1]), "the key ends the menu's prompt: {story:?}");
        assert!((1.5..=3.0).contains(&lengths[2]), "music until the agent answers: {story:?}");
        assert!(lengths[3] > 3.0, "the agent speaks 4 s: {story:?}");
        pure(&heard, AGENT_HZ, CALLER_HZ);
        pure(&Heard::read(&agent.heard(), &[CALLER_HZ, AGENT_HZ]), CALLER_HZ, AGENT_HZ);
    });
}

fn pure(heard: &Heard, hz: f64, other: f64) {
    let (snr, above) = heard.purity_db(hz, other);
    assert!(snr > 20.0, "{hz} Hz: {snr:.1} dB above the rest: {:?}", heard.story());
    assert!(above > 40.0, "{hz} Hz: {above:.1} dB above {other} Hz: {:?}", heard.story());
}
