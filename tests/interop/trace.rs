//! `spillway trace` beside a running service: a call as it goes, and again once it is over.

use crate::machine::in_real_time;
use crate::place::{PBX, Place};
use crate::process::{Process, until};
use crate::service::Setting;
use crate::sipp::{Calls, answering};
use std::process::Command;
use std::time::Duration;

const SITE: &str = r#"
version = 1
[site]
name     = "Trace"
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
overflow = [{ after = "60s", to = "rappelez" }]
[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "court"
[music]
attente = "musique/*.wav"
"#;

const SOON: Duration = Duration::from_secs(20);

fn trace(place: &Place, name: &str, arguments: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spillway"));
    command.env("LC_ALL", "C").arg("trace").args(arguments);
    command.arg("--config").arg(place.path("spillway.toml"));
    Process::start("spillway trace", &mut command, place.path(name))
}

/// The lines of the ladder that say so, from the caller's side or the agent's.
fn lines<'a>(said: &'a str, what: &str) -> Vec<&'a str> {
    said.lines().filter(|line| line.ends_with(what)).collect()
}

#[test]
fn a_call_is_followed_from_its_invite_to_the_bye_of_its_other_leg() {
    in_real_time(|| {
        let place = Place::new();
        place.prompt("rappelez", 200.0, 0.5);
        place.music(520.0);
        let service = Setting::new(&place).serve(SITE);
        // Before there is anything to see: the next call of that number is the one.
        let mut live = trace(&place, "live.out", &["06 01 02 03 04", "--live"]);
        let waits = until(SOON, || live.said().contains("Ctrl-C to stop").then_some(()));
        assert!(waits.is_some(), "{}", live.said());
        std::thread::sleep(Duration::from_millis(200));
        let _agent = answering(&place, PBX, "agent", "udp", Duration::from_secs(2));
        let mut caller = Calls::default().start(&place, "caller");
        let grows = until(SOON, || live.said().contains("talking").then_some(()));
        assert!(
            grows.is_some() && live.ended().is_none(),
            "while the call goes:\n{}\n{}",
            live.said(),
            service.process.said()
        );
        caller.succeed(SOON);
        live.succeed(SOON);

        let said = live.said();
        println!("{said}");
        for (what, times) in
            [("INVITE, SDP", 2), ("200 OK (INVITE), SDP", 2), ("ACK", 2), ("BYE", 2), ("200 OK (BYE)", 2)]
        {
            assert_eq!(lines(&said, what).len(), times, "{what} on both legs:\n{said}");
        }
        let to_agent = format!("│{}>│  INVITE, SDP", "╌".repeat(14));
        assert!(said.lines().any(|line| line.ends_with(&to_agent)), "to the agent's own column:\n{said}");
        service.records(1, SOON);

        let mut after = trace(&place, "after.out", &["last", "--messages"]);
        after.succeed(SOON);
        let said = after.said();
        assert_eq!(lines(&said, "200 OK (BYE)").len(), 2, "{said}");
        assert_eq!(said.matches(" INVITE sip:0384961370@").count(), 1, "whole:\n{said}");
        assert!(said.contains("over (normal)"), "{said}");
        let mut unknown = trace(&place, "unknown.out", &["call-99999", "--live"]);
        assert_eq!(unknown.wait(SOON).code(), Some(1), "{}", unknown.said());
    });
}
