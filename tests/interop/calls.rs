//! What a call may go through besides ringing and talking, against SIPp: each story is a caller's ladder and a called phone's,
//! played at once over UDP and over TCP.

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
enum Dials {
    Queue,
    Target,
    Menu,
}

/// Which phone says what.
struct Story<'a> {
    dials: Dials,
    caller: &'a str,
    called: &'a str,
    /// Who is called in the end, behind the carrier; a story with one is told over UDP alone.
    third: Option<&'a str>,
}

/// Plays a story over both transports; every call must end with this outcome.
fn story(story: &Story<'_>, outcome: &str) {
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

fn serve(place: &Place) -> Service<'_> {
    let ip = place.ip(SPILLWAY);
    let settings = format!(
        "version = 1\ndialplans = \"dialplans\"\ndata = \"data\"\n\n\
         [sip]\nlisten = [\"udp:{ip}:5060\", \"tcp:{ip}:5060\"]\ndrain = \"1s\"\n\n\
         [media]\nports = \"{}\"\n\n[http]\nlisten = \"{ip}:8080\"\n\n\
         [trunk.operateur]\npeer = \"udp:{}:5060\"\naccept = [\"{}/32\"]\n\n\
         [trunk.ipbx1]\npeer = \"udp:{}:5060\"\nagents = true\ntransfer_to = [\"0385000030\"]\n\n\
         [trunk.ipbx2]\npeer = \"tcp:{}:5060\"\nagents = true\ntransfer_to = [\"0385000030\"]\n",
        place.rtp_ports(),
        place.ip(OPERATOR),
        place.ip(CALLERS),
        place.ip(PBX),
        place.ip(PBX + 1),
    );
    Setting::new(place).serve_as(&settings, SITE)
}

/// Answers and talks until the other side hangs up.
const ANSWERS: &str = "
    < INVITE
    > 180 INVITE
    ~ 200
    > 200 INVITE audio
    < ACK
    < BYE
    > 200 BYE
";

#[test]
fn early_audio_passes_before_the_answer() {
    let caller = "
        > INVITE audio
        < 100?
        < 183
        + m=audio [1-9]
        < 200
        > ACK
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        > 183 INVITE audio
        ~ 300
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn provisional_responses_are_reliable_on_both_sides() {
    let caller = "
        > INVITE audio
        + Supported: 100rel
        < 100?
        < 183
        + Require: *100rel
        + RSeq: *([0-9]+) => rseq
        > PRACK
        + RAck: [$rseq] 1 INVITE
        < 200
        < 200
        + CSeq: *1 INVITE
        > ACK
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        + Supported:[[:print:]]*100rel
        > 183 INVITE audio
        + Require: 100rel
        + RSeq: 7
        < PRACK
        + RAck: *7 [0-9]+ INVITE
        > 200 PRACK
        ~ 300
        > 200 INVITE
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn update_is_answered_before_and_after_the_answer() {
    let caller = "
        > INVITE audio
        + Supported: 100rel
        < 100?
        < 183
        + RSeq: *([0-9]+) => rseq
        > PRACK
        + RAck: [$rseq] 1 INVITE
        < 200
        > UPDATE audio
        < 200
        + CSeq: *3 UPDATE.*m=audio [1-9]
        < 200
        + CSeq: *1 INVITE
        > ACK
        ~ 300
        > UPDATE sendonly
        < 200
        + a=recvonly
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        + Allow:[[:print:]]*UPDATE
        > 183 INVITE audio
        ~ 500
        > 200 INVITE audio
        < ACK
        > UPDATE audio
        < 200
        + m=audio [1-9]
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn session_timers_are_agreed_on_both_sides_and_what_is_too_short_is_refused() {
    let caller = "
        > INVITE audio
        + Supported: timer
        + Session-Expires: 60
        < 100?
        < 422
        + Min-SE: *90
        > ACK refusal
        > INVITE audio again
        + Supported: timer
        + Session-Expires: 90;refresher=uac
        < 100?
        < 180?
        < 200
        + Session-Expires: *90;refresher=uac
        > ACK
        ~ 500
        > UPDATE
        + Supported: timer
        + Session-Expires: 90;refresher=uac
        < 200
        + Session-Expires: *90;refresher=uac
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        + Supported:[[:print:]]*timer
        + Session-Expires: *[0-9]+
        > 200 INVITE audio
        + Require: timer
        + Session-Expires: 90;refresher=uas
        < ACK
        ~ 200
        > UPDATE
        + Supported: timer
        + Session-Expires: 90;refresher=uac
        < 200
        + Session-Expires: *90;refresher=uac
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Queue, caller, called, third: None }, "answered");
}

#[test]
fn hold_in_both_styles_is_answered_and_taken_back() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 500
        > INVITE sendonly
        < 100?
        < 200
        + a=recvonly
        > ACK
        ~ 200
        > INVITE audio
        < 100?
        < 200
        + a=sendrecv
        > ACK
        ~ 200
        > INVITE nowhere
        < 100?
        < 200
        + m=audio [1-9]
        > ACK
        ~ 200
        > INVITE inactive
        < 100?
        < 200
        + a=inactive
        > ACK
        ~ 200
        > INVITE audio
        < 100?
        < 200
        > ACK
        ~ 200
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Queue, caller, called: ANSWERS, third: None }, "answered");
}

#[test]
fn a_change_that_collides_with_another_gets_491() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 500
        > INVITE sendonly
        < 100?
        < 200
        > UPDATE audio
        < 491
        > ACK
        ~ 100
        > UPDATE audio
        < 200
        ~ 200
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Queue, caller, called: ANSWERS, third: None }, "answered");
}

#[test]
fn fax_is_refused_and_the_conversation_goes_on() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 500
        > INVITE fax
        < 100?
        < 488
        > ACK refusal
        ~ 300
        > INVITE audio
        < 100?
        < 200
        > ACK
        ~ 200
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Queue, caller, called: ANSWERS, third: None }, "answered");
}

#[test]
fn a_caller_who_gives_up_cancels_the_phone_that_rings() {
    let caller = "
        > INVITE audio
        < 100?
        < 180
        ~ 300
        > CANCEL
        + Reason: SIP;cause=487
        < 200
        < 487
        > ACK refusal
    ";
    let called = "
        < INVITE
        > 180 INVITE
        < CANCEL
        > 200 CANCEL
        > 487 INVITE
        < ACK
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_abandoned");
}

#[test]
fn a_phone_that_hangs_up_at_once_has_answered_nevertheless() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        < BYE
        > 200 BYE
    ";
    let called = "
        < INVITE
        > 200 INVITE audio
        < ACK
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn two_byes_that_cross_are_both_answered() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 800
        > BYE
        < 200
        > BYE
        < 481
    ";
    let called = "
        < INVITE
        > 180 INVITE
        ~ 200
        > 200 INVITE audio
        < ACK
        < BYE
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn of_two_phones_that_answer_the_first_wins_and_the_other_is_hung_up() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 1000
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        > 200 INVITE audio
        < ACK
        + To:[[:print:]]*tag=[0-9]+a
        > 200 INVITE audio fork
        < ACK
        + To:[[:print:]]*tag=[0-9]+b
        < BYE
        + To:[[:print:]]*tag=[0-9]+b
        > 200 BYE
        < BYE
        + To:[[:print:]]*tag=[0-9]+a
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn a_call_that_comes_twice_is_taken_once() {
    let caller = "
        > INVITE audio
        < 100
        > INVITE audio merged
        < 100?
        < 180?
        < 482
        > ACK refusal merged
        < 180?
        < 200
        > ACK
        ~ 300
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        ~ 600
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Target, caller, called, third: None }, "routed_answered");
}

#[test]
fn a_key_by_info_chooses_from_the_menu() {
    let caller = "
        > INVITE audio
        < 100?
        < 200
        > ACK
        ~ 300
        > INFO key
        < 200
        ~ 800
        > BYE
        < 200
    ";
    story(&Story { dials: Dials::Menu, caller, called: ANSWERS, third: None }, "answered");
}

#[test]
fn a_phone_names_another_in_its_place() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 1000
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        +? INVITE sip:[^@]*385000030@ => moved
        unless moved
        > 302 INVITE
        + Contact: <sip:0385000030@spillway.invalid>
        < ACK
        otherwise
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
        end
    ";
    story(&Story { dials: Dials::Queue, caller, called, third: None }, "answered");
}

#[test]
fn an_agent_sends_a_caller_on_and_hears_what_becomes_of_it() {
    let caller = "
        > INVITE audio
        < 100?
        < 180?
        < 200
        > ACK
        ~ 2500
        > BYE
        < 200
    ";
    let called = "
        < INVITE
        > 200 INVITE audio
        < ACK
        ~ 300
        > REFER
        + Refer-To: <sip:0385000020@spillway.invalid>
        < 202
        < NOTIFY
        + SIP/2.0 100
        > 200 NOTIFY
        < NOTIFY
        + Subscription-State: *active.*SIP/2.0 180
        > 200 NOTIFY
        < NOTIFY
        + Subscription-State: *terminated.*SIP/2.0 200
        > 200 NOTIFY
        < BYE
        > 200 BYE
    ";
    let third = "
        < INVITE
        + Referred-By:
        > 180 INVITE
        ~ 300
        > 200 INVITE audio
        < ACK
        < BYE
        > 200 BYE
    ";
    story(&Story { dials: Dials::Queue, caller, called, third: Some(third) }, "answered");
}
