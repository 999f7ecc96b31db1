//! The main job with every word on the wire and every sound in the air: what the far ends say and hear.

use crate::support::plan::plan;
use crate::support::sim::wired::{AGENT, CALLER, IPOFFICE, OPERATEUR, TARGET, Tone, Weather, Wired};
use spillway::base::{CallId, Cause, LegId, Outcome, Random};
use spillway::endpoint::{Answering, Between, Dial, Ending, Key, Pickup, Voice};
use std::sync::Arc;
use std::time::Duration;

const SITE: &str = r#"
[flow.accueil]
steps = [{ play = "bienvenue" }, { go = "motif" }]

[menu.motif]
say  = "choix"
1    = "technique"
else = "technique"

[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "prestataire" }]
hold     = { music = "attente" }

[target.prestataire]
number = "03 84 00 00 01"
ring   = "20s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[number."03 84 96 13 70"]
flow = "accueil"

[prompts]
bienvenue = "Bonjour."
choix     = "Tapez 1."
rappelez  = "Merci de rappeler."

[music]
attente = "musique/*.wav"
"#;

const FIRST: CallId = CallId(1);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn answers_after(ring: Duration, hz: u16) -> Pickup {
    Pickup::Answer(Answering { ring: Between::exactly(ring), talk: None, voice: Voice::Tone(hz) })
}

fn caller_who_presses_1() -> Dial {
    Dial {
        keys: vec![Key { after: seconds(7), digit: '1' }],
        voice: Voice::Tone(CALLER),
        ..Wired::call("0384961370", "0601020304")
    }
}

fn world() -> Wired {
    Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, true, 1)
}

#[test]
fn a_caller_hears_the_prompts_the_music_and_then_the_agent_who_hears_the_caller() {
    let mut world = world();
    world.phone(IPOFFICE, "201", answers_after(seconds(5), AGENT));
    world.will_dial(Duration::ZERO, Dial { patience: Some(seconds(40)), ..caller_who_presses_1() });
    world.advance(seconds(10));
    let caller = LegId::caller(FIRST);
    assert_eq!(world.heard(caller), [Tone::Quiet, Tone::Music, Tone::Prompt(0), Tone::Prompt(1)]);
    world.advance(seconds(60));
    assert!(world.heard(caller).contains(&Tone::Agent));
    assert_eq!(
        world.heard(LegId { call: FIRST, number: 1 }),
        [Tone::Caller],
        "an agent hears nobody but the caller"
    );
    let [(_, placed), (_, taken)] = world.stories() else { panic!("two ends") };
    assert!([placed.ending, taken.ending].contains(&Ending::HungUp));
    assert_eq!(taken.caller, "0601020304");
    assert_eq!(world.outcomes().records[0].outcome, Outcome::Answered);
    assert_eq!(world.outcomes().records[0].keys, "1");
}

#[test]
fn ninety_seconds_after_joining_the_caller_is_diverted_with_their_own_number() {
    let mut world = world();
    world.phone(IPOFFICE, "201", Pickup::RingForever);
    world.phone(OPERATEUR, "0384000001", answers_after(seconds(3), TARGET));
    world.will_dial(Duration::ZERO, Dial { patience: Some(seconds(140)), ..caller_who_presses_1() });
    world.advance(seconds(200));
    let diverted = world.watch().invites().last().expect("an INVITE to the target");
    assert_eq!(diverted.dialled(), "0384000001");
    let diversion = diverted.header("Diversion").expect("a Diversion header (RFC 5806)");
    assert!(diversion.contains("0384961370"), "{diversion}");
    assert!(diverted.header("From").is_some_and(|from| from.contains("0601020304")));
    let record = &world.outcomes().records[0];
    assert_eq!(record.outcome, Outcome::OverflowedAnswered);
    let target = record.rings.last().expect("the target rang");
    let waited_ms = target.at_ms - record.flow_ms;
    assert!((89_900..=90_100).contains(&waited_ms), "left after {waited_ms} ms");
    let taken = world.stories().iter().find(|(side, story)| *side == OPERATEUR && story.user == "0384000001");
    let (_, taken) = taken.expect("the target's own story");
    assert_eq!((taken.caller.as_str(), taken.diverted_by.as_deref()), ("0601020304", Some("0384961370")));
    assert!(world.heard(LegId::caller(FIRST)).contains(&Tone::Target));
}

#[test]
fn when_the_target_is_down_else_is_taken_and_the_words_are_heard() {
    let mut world = world();
    world.phone(IPOFFICE, "201", Pickup::Refuse(486));
    world.phone(OPERATEUR, "0384000001", Pickup::Refuse(503));
    world.will_dial(Duration::ZERO, caller_who_presses_1());
    world.advance(seconds(110));
    assert!(world.heard(LegId::caller(FIRST)).contains(&Tone::Prompt(2)));
    let [(_, story)] =
        &world.stories().iter().filter(|(_, story)| story.user == "0384961370").collect::<Vec<_>>()[..]
    else {
        panic!("one caller")
    };
    assert!(matches!(story.ending, Ending::FarHungUp(_)));
    assert_eq!(world.outcomes().records[0].outcome, Outcome::OverflowedFailed);
}

#[test]
fn a_burst_of_callers_waits_for_ports_to_be_opened_and_is_served() {
    let opening = Duration::from_millis(200);
    let mut world = Wired::slow_to_open(&Arc::new(plan(SITE)), Weather::CLEAR, true, 1, opening);
    for caller in 0..30 {
        world.will_dial(Duration::ZERO, Wired::call("0384961370", &format!("06010203{caller:02}")));
    }
    // One of them gives up before there is any port.
    let hasty = Dial { patience: Some(opening / 2), ..Wired::call("0384961370", "0601020399") };
    world.will_dial(Duration::ZERO, hasty);
    world.advance(seconds(4));
    for caller in 1..=30 {
        assert!(world.heard(LegId::caller(CallId(caller))).contains(&Tone::Prompt(0)), "caller {caller}");
    }
    let [record] = &world.outcomes().records[..] else { panic!("one call is over") };
    assert_eq!((record.caller.as_str(), record.outcome), ("0601020399", Outcome::AbandonedGreeting));
}

#[test]
fn with_no_port_to_be_had_callers_are_refused_within_half_a_second() {
    let mut world = Wired::slow_to_open(&Arc::new(plan(SITE)), Weather::CLEAR, false, 1, seconds(60));
    world.will_dial(Duration::ZERO, Wired::call("0384961370", "0601020304"));
    world.advance(seconds(1));
    let [(_, story)] = world.stories() else { panic!("one end") };
    assert_eq!(story.ending, Ending::FarRefused(503));
    let record = &world.outcomes().records[0];
    assert_eq!(record.outcome, Outcome::Rejected);
    assert!(record.duration_ms <= 500, "{record:?}");
    world.advance(seconds(130));
    assert!(world.is_at_rest(), "{:?}", world.left());
}

#[test]
fn a_caller_whose_network_is_gone_is_let_go_and_so_is_the_agent() {
    let mut world = world();
    world.phone(IPOFFICE, "201", answers_after(seconds(5), AGENT));
    world.will_dial(Duration::ZERO, caller_who_presses_1());
    world.advance(seconds(30));
    world.cut_off(OPERATEUR);
    world.advance(seconds(80));
    let record = &world.outcomes().records[0];
    assert_eq!((record.outcome, record.cause), (Outcome::Answered, Cause::Lost));
    let [(IPOFFICE, agent)] = world.stories() else { panic!("the agent's phone is free again") };
    assert!(matches!(agent.ending, Ending::FarHungUp(_)));
    world.advance(seconds(64));
    assert!(world.is_at_rest(), "{:?}", world.left());
}

/// An answered call whose two far ends have sessions of 90 s, 10 s old.
fn refreshed(patience: Duration) -> Wired {
    let mut world = world();
    world.sessions_last(90, &mut Random::from_number(2));
    world.phone(IPOFFICE, "201", answers_after(seconds(1), AGENT));
    world.will_dial(Duration::ZERO, Dial { patience: Some(patience), ..caller_who_presses_1() });
    world.advance(seconds(20));
    world
}

#[test]
fn a_long_call_is_refreshed_on_both_sides_and_nobody_hears_of_it() {
    let mut world = refreshed(seconds(610));
    world.advance(seconds(600));
    let refreshes = |ours: bool| {
        world.watch().said().iter().filter(|line| line.ours == ours && line.is_request("UPDATE")).count()
    };
    assert_eq!((refreshes(true), refreshes(false)), (13, 13), "one in 45 s by whoever called");
    let record = &world.outcomes().records[0];
    assert_eq!((record.outcome, record.cause), (Outcome::Answered, Cause::Normal));
    assert_eq!(world.heard(LegId { call: FIRST, number: 1 }), [Tone::Caller]);
    world.advance(seconds(64));
    assert!(world.is_at_rest(), "{:?}", world.left());
}

#[test]
fn a_far_end_whose_signalling_vanished_is_let_go_although_its_audio_flows_on() {
    // Answered 9 s ago, the agent's phone is asked at 45 s and given up 32 s later. The caller should have refreshed since
    // they called: 90 s, less a third.
    for (side, at_most) in [(IPOFFICE, 45 + 32 + 9), (OPERATEUR, 60)] {
        let mut world = refreshed(seconds(600));
        world.mute(side);
        world.advance(seconds(30));
        assert!(world.outcomes().records.is_empty(), "its session lasts");
        world.advance(seconds(at_most + 1 - 50));
        let record = &world.outcomes().records[0];
        assert_eq!((record.outcome, record.cause), (Outcome::Answered, Cause::Lost));
        let other = if side == IPOFFICE { OPERATEUR } else { IPOFFICE };
        let told = world.stories().iter().find(|(told, _)| *told == other);
        let (_, story) = told.expect("whoever is left is told");
        assert!(matches!(story.ending, Ending::FarHungUp(_)));
        world.advance(seconds(130));
        assert!(world.is_at_rest(), "{:?}", world.left());
    }
}

/// An INVITE as another make writes it: built by rsip, with headers that are the public network's own business.
fn foreign_invite() -> String {
    use rsip::Header;
    let other = |name: &str, value: &str| Header::Other(name.into(), value.into());
    let sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
               m=audio 30000 RTP/AVP 8\r\na=sendrecv\r\n";
    let headers = vec![
        Header::Via("SIP/2.0/UDP 198.51.100.1:5070;branch=z9hG4bKforeign;rport".into()),
        Header::MaxForwards("20".into()),
        Header::From("\"Mme Petit\" <sip:0601020304@198.51.100.1>;tag=foreign".into()),
        Header::To("<sip:0384961370@192.0.2.1>".into()),
        Header::CallId("foreign@198.51.100.1".into()),
        Header::CSeq("7 INVITE".into()),
        Header::Contact("<sip:0601020304@198.51.100.1:5070>".into()),
        Header::ContentType("application/sdp".into()),
        other("P-Charging-Vector", "icid-value=secret"),
        other("History-Info", "<sip:secret@198.51.100.9>;index=1"),
        other("X-Carrier-Route", "secret"),
        Header::ContentLength(sdp.len().to_string().into()),
    ];
    let uri = rsip::Uri::try_from("sip:0384961370@192.0.2.1:5060").expect("a URI");
    let request = rsip::Request {
        method: rsip::Method::Invite,
        uri,
        version: rsip::Version::V2,
        headers: headers.into(),
        body: sdp.as_bytes().to_vec(),
    };
    request.to_string()
}

#[test]
fn nothing_of_the_callers_headers_crosses_but_what_is_listed() {
    let mut world = world();
    world.phone(IPOFFICE, "201", Pickup::RingForever);
    world.says(OPERATEUR, foreign_invite().as_bytes());
    world.advance(seconds(20));
    let [invite] = world.watch().invites() else { panic!("one agent was rung") };
    let listed = [
        "via",
        "max-forwards",
        "from",
        "to",
        "call-id",
        "cseq",
        "contact",
        "allow",
        "supported",
        "session-expires",
        "min-se",
        "user-agent",
        "content-type",
        "content-length",
    ];
    for name in invite.header_names() {
        assert!(listed.contains(&name), "{name} has no business on an agent's leg");
    }
    assert_eq!(invite.header("Max-Forwards"), Some("19"), "one hop fewer (RFC 3261 section 16.6)");
    let from = invite.header("From").expect("a From header");
    assert!(from.contains("Mme Petit") && from.contains("sip:0601020304@"), "{from}");
}

#[test]
fn a_late_answer_to_nothing_is_a_stray_and_no_unreadable_message() {
    let mut world = world();
    let late = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKlong-gone\r\n\
                From: <sip:spillway@192.0.2.1>;tag=ours\r\nTo: <sip:201@198.51.100.1>;tag=theirs\r\n\
                Call-ID: long-gone@192.0.2.1\r\nCSeq: 7 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    let ack = "ACK sip:0384961370@192.0.2.1 SIP/2.0\r\n\
               Via: SIP/2.0/UDP 198.51.100.1:5070;branch=z9hG4bKnothing\r\nMax-Forwards: 70\r\n\
               From: <sip:0601020304@198.51.100.1>;tag=theirs\r\nTo: <sip:0384961370@192.0.2.1>;tag=nobody\r\n\
               Call-ID: nothing@198.51.100.1\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n";
    world.says(OPERATEUR, late.as_bytes());
    world.says(OPERATEUR, ack.as_bytes());
    world.advance(seconds(1));
    assert_eq!((world.outcomes().strays, world.outcomes().unreadable), (2, 0));
}

#[test]
fn a_target_is_told_why_the_call_comes_and_from_whom_before() {
    const DIRECT: &str = r#"
[flow.accueil]
steps = [{ go = "prestataire" }]
[flow.comble]
steps = [{ go = "technique" }]

[queue.technique]
agents   = { nadia = 201 }
full     = { length = 0, to = "prestataire" }
overflow = [{ after = "90s", to = "rappelez" }]

[target.prestataire]
number = "03 84 00 00 01"
ring   = "20s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[number."03 84 96 13 70"]
flow = "accueil"
[number."03 84 96 13 71"]
flow = "comble"

[prompts]
rappelez = "Merci de rappeler."
"#;
    let dialled = |number: &str| {
        let mut world = Wired::new(&Arc::new(plan(DIRECT)), Weather::CLEAR, false, 1);
        let invite = foreign_invite().replace("0384961370", number);
        let before = "Diversion: <sip:0380000000@198.51.100.1>;reason=user-busy\r\nX-Carrier-Route";
        world.says(OPERATEUR, invite.replace("X-Carrier-Route", before).as_bytes());
        world.advance(seconds(2));
        let invite = world.watch().invites().last().expect("the target is rung");
        invite.headers("Diversion").map(str::to_owned).collect::<Vec<_>>()
    };
    let direct = dialled("0384961370");
    assert_eq!(direct.len(), 2, "{direct:?}");
    assert!(direct[0].contains("0384961370") && direct[0].contains("reason=unconditional"), "{direct:?}");
    assert!(direct[1].contains("0380000000") && direct[1].contains("reason=user-busy"), "{direct:?}");
    let full = dialled("0384961371");
    assert!(full[0].contains("0384961371") && full[0].contains("reason=user-busy"), "{full:?}");
}

#[test]
fn what_is_keyed_to_the_other_side_stays_between_the_two() {
    let mut world = world();
    world.phone(IPOFFICE, "201", answers_after(seconds(1), AGENT));
    let keys = vec![Key { after: seconds(7), digit: '1' }, Key { after: seconds(20), digit: '4' }];
    world.will_dial(Duration::ZERO, Dial { keys, patience: Some(seconds(30)), ..caller_who_presses_1() });
    world.advance(seconds(40));
    let record = &world.outcomes().records[0];
    assert_eq!((record.outcome, record.keys.as_str()), (Outcome::Answered, "1"));
}
