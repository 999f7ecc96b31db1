//! The door: a port that is taken is named by the line that asks for it; who isn't on the list gets 403 and no record.

use crate::place::{PBX, Place, SPILLWAY, WATCHER};
use crate::process::Process;
use crate::service::Setting;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::time::Duration;

const SITE: &str = r#"
version = 1
[site]
name     = "Porte"
timezone = "Europe/Paris"
country  = "FR"
[number."03 84 96 13 70"]
flow = "accueil"
[flow.accueil]
steps = [{ go = "rappelez" }]
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "court"
"#;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_port_in_use_is_named_with_its_line() {
    let place = Place::new();
    place.prompt("rappelez", 200.0, 0.5);
    let taken = UdpSocket::bind((place.ip(SPILLWAY), 5060)).expect("nobody else has this address");
    let mut service = Setting::new(&place).start(SITE);
    assert_eq!(service.process.wait(SOON).code(), Some(1), "{}", service.process.said());
    let said = service.process.said();
    let listen = format!("listen = [\"udp:{}:5060\"", place.ip(SPILLWAY));
    assert!(said.contains("spillway.toml:6:") && said.contains(&listen), "the line is missing:\n{said}");
    assert!(said.contains("in use") || said.contains("another program"), "the reason is missing:\n{said}");
    drop(taken);
}

/// What `serve` says of settings it refuses.
fn refusal(place: &Place, settings: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spillway"));
    command.arg("serve").arg("--config").arg(place.path(settings));
    let mut process = Process::start("spillway", &mut command, place.path("refusal.log"));
    assert_eq!(process.wait(SOON).code(), Some(1), "{}", process.said());
    process.said()
}

#[test]
fn whatever_a_service_can_t_have_is_named_with_the_line_that_asks_for_it() {
    let place = Place::new();
    place.prompt("rappelez", 200.0, 0.5);
    let (us, second) = (place.ip(SPILLWAY), place.ip(WATCHER));
    let setting = Setting::new(&place);
    setting.write();
    place.write("dialplans/site/site.toml", SITE);
    let says = |settings: &str, words: &[&str]| {
        let said = refusal(&place, settings);
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} is missing:\n{said}");
    };
    for (port, line) in [(5060, 6), (8080, 13)] {
        let _taken = TcpListener::bind((us, port)).expect("nobody else has this address");
        says("spillway.toml", &[&format!("spillway.toml:{line}:"), "another program listens there"]);
    }

    let written = fs::read_to_string(place.path("spillway.toml")).expect("written");
    let beside = written.replace(&format!("{us}:"), &format!("{second}:"));
    let change = |from: &str, to: &str| {
        assert!(beside.contains(from), "{from}");
        place.write("second.toml", &beside.replace(from, to));
    };
    let _first = setting.serve(SITE);
    change("", "");
    says("second.toml", &["second.toml:3:", "in use by another spillway"]);
    change("\"data\"", "\"data2\"\n[control]\nsocket = \"data/control.sock\"");
    says("second.toml", &["second.toml:5:", "a running spillway already answers"]);
    change("\"data\"", "\"second.toml/data\"");
    says("second.toml", &["second.toml:3:", "Not a directory"]);
    change("\"dialplans\"", "\"sites\"");
    says("second.toml", &["second.toml:2:", "the folder of sites", "can't be read"]);
}

#[test]
fn audio_takes_its_ports_on_the_address_trunks_are_told_and_on_no_other() {
    let place = Place::new();
    place.prompt("rappelez", 200.0, 0.5);
    let _service = Setting::new(&place).serve(SITE);
    let ports = place.rtp_ports();
    let first: u16 = ports.split('-').next().and_then(|first| first.parse().ok()).expect("a range");
    assert!(UdpSocket::bind((place.ip(SPILLWAY), first)).is_err(), "opened ahead");
    assert!(UdpSocket::bind((place.ip(WATCHER), first)).is_ok(), "another service's to take");
}

#[test]
fn a_stranger_gets_403_and_no_record() {
    let place = Place::new();
    place.prompt("rappelez", 200.0, 0.5);
    let service = Setting::new(&place).serve(SITE);
    let stranger = UdpSocket::bind((place.ip(WATCHER), 5060)).expect("nobody else has this address");
    stranger.set_read_timeout(Some(SOON)).expect("a socket option");
    let (us, them) = (place.ip(WATCHER), place.ip(SPILLWAY));
    let invite = format!(
        "INVITE sip:0384961370@{them} SIP/2.0\r\nVia: SIP/2.0/UDP {us}:5060;branch=z9hG4bKstranger\r\n\
         From: <sip:0601020304@{us}>;tag=1\r\nTo: <sip:0384961370@{them}>\r\nCall-ID: stranger@{us}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:{us}:5060>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    stranger.send_to(invite.as_bytes(), (them, 5060)).expect("loopback is up");
    let mut answer = [0; 2_000];
    let length = stranger.recv(&mut answer).expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("SIP/2.0 403 "), "{answer}");
    assert!(answer.contains("branch=z9hG4bKstranger") && answer.contains("Call-ID: stranger@"), "{answer}");
    service.reaches("spillway_sip_sources_refused_total", &[], 1.0, SOON);
    assert_eq!(service.sql("SELECT count(*) FROM calls"), "0");
    assert_eq!(service.metric("spillway_calls_offered_total", &[]), 0.0);
    assert_eq!(service.left(), []);
    assert_eq!(service.status()["calls"]["offered"], 0);
}

#[test]
fn a_trunk_peer_may_ask_and_may_not_dial_what_is_not_ours() {
    let place = Place::new();
    place.prompt("rappelez", 200.0, 0.5);
    let service = Setting::new(&place).serve(SITE);
    let peer = UdpSocket::bind((place.ip(PBX), 5060)).expect("nobody else has this address");
    peer.set_read_timeout(Some(SOON)).expect("a socket option");
    let (us, them) = (place.ip(PBX), place.ip(SPILLWAY));
    let ask = |method: &str, user: &str| {
        let request = format!(
            "{method} sip:{user}{them} SIP/2.0\r\nVia: SIP/2.0/UDP {us}:5060;branch=z9hG4bK{method}\r\n\
             From: <sip:201@{us}>;tag=1\r\nTo: <sip:{user}{them}>\r\nCall-ID: {method}@{us}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:{us}:5060>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        peer.send_to(request.as_bytes(), (them, 5060)).expect("loopback is up");
        let mut answer = [0; 2_000];
        loop {
            let length = peer.recv(&mut answer).expect("an answer");
            let answer = String::from_utf8_lossy(&answer[..length]);
            if answer.starts_with("SIP/2.0 ") && !answer.starts_with("SIP/2.0 100 ") {
                break answer.lines().next().map(str::to_owned).expect("a status line");
            }
        }
    };
    assert_eq!(ask("OPTIONS", ""), "SIP/2.0 200 OK");
    assert_eq!(ask("INVITE", "0999999999@"), "SIP/2.0 404 Not Found");
    service.records(1, SOON);
    assert_eq!(service.sql("SELECT outcome, cause, trunk FROM calls"), "rejected|not_found|ipbx1");
}
