//! What crosses from leg to leg is a list: whatever a caller writes, a phone sees what is on it (invariant 17). The watch
//! over the wire holds every message of ours against that list, here and in every simulation.

use super::by_hand::{Caller, Request, SDP, answer, request};
use crate::support::plan::plan;
use crate::support::sim::wired::{OPERATEUR, Weather, Wired};
use spillway::base::Random;
use spillway::endpoint::Pickup;
use std::sync::Arc;
use std::time::Duration;

const SITE: &str = r#"
[target.astreinte]
number = "03 84 00 00 02"
ring   = "30s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.muet]
steps = [{ go = "astreinte" }]

[number."03 84 96 13 70"]
flow = "muet"

[prompts]
rappelez = "Merci de rappeler."
"#;

const TARGET: &str = "0384000002";

fn world() -> Wired {
    let mut world = Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, false, 1);
    world.phone(OPERATEUR, TARGET, Pickup::RingForever);
    world.listen_in();
    world
}

fn pass(world: &mut Wired) {
    world.advance(Duration::from_millis(100));
}

#[test]
fn user_to_user_and_reason_cross_in_both_directions() {
    let mut world = world();
    let mut caller = Caller::new("uui", "0384961370");
    caller.says(&mut world, "INVITE", "User-to-User: 3132;encoding=hex\r\n", SDP);
    pass(&mut world);
    let invite = world.watch().invites()[0].clone();
    assert_eq!(invite.header("User-to-User"), Some("3132;encoding=hex"));
    answer(&mut world, OPERATEUR, &invite, "200 OK", "t", "User-to-User: 3334\r\n", SDP);
    pass(&mut world);
    let taken = world.watch().ours("INVITE").next_back().expect("our 200");
    assert_eq!((taken.code(), taken.header("User-to-User")), (Some(200), Some("3334")));
    caller.says(&mut world, "ACK", "", "");
    let headers = "User-to-User: 35\r\nReason: Q.850;cause=17;text=\"secret\"\r\n";
    let bye = Request { method: "BYE", cseq: 1, tag: "t", headers, body: "" };
    request(&mut world, OPERATEUR, &invite, &bye);
    pass(&mut world);
    let bye = world.watch().ours("BYE").find(|bye| bye.code().is_none()).expect("our BYE to the caller");
    assert_eq!((bye.header("User-to-User"), bye.header("Reason")), (Some("35"), Some("Q.850;cause=17")));
}

#[test]
fn a_caller_who_was_served_elsewhere_leaves_no_missed_call_behind() {
    let mut world = world();
    let mut caller = Caller::new("elsewhere", "0384961370");
    caller.says(&mut world, "INVITE", "", SDP);
    pass(&mut world);
    caller.says(&mut world, "CANCEL", "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n", "");
    pass(&mut world);
    let cancel = world.watch().ours("CANCEL").find(|cancel| cancel.code().is_none()).expect("our CANCEL");
    assert_eq!(cancel.header("Reason"), Some("SIP;cause=200;text=\"Call completed elsewhere\""));
}

/// Header smuggling and SSRF: what a phone would fetch, follow or obey never comes from a caller.
#[test]
fn attack_nothing_a_caller_writes_makes_a_phone_fetch_or_obey() {
    let mut world = world();
    let mut caller = Caller::new("smuggler", "0384961370");
    let headers = "Alert-Info: <http://10.0.0.1/admin>\r\nCall-Info: <sip:x>;answer-after=0\r\n\
                   Identity: e30.e30.x;info=<http://10.0.0.1/>\r\nSubject: x\r\nX-Foo: bar\r\nRoute: <sip:10.0.0.1;lr>\r\n\
                   P-Asserted-Identity: <sip:+33123456789@evil.example>\r\n\
                   History-Info: <sip:1@evil.example>;index=1\r\nUser-to-User: \"a\x01b\"\r\n";
    caller.says(&mut world, "INVITE", headers, SDP);
    pass(&mut world);
    let invite = &world.watch().invites()[0];
    for name in ["Alert-Info", "Call-Info", "Identity", "Subject", "X-Foo", "Route", "User-to-User"] {
        assert_eq!(invite.header(name), None, "{name}");
    }
    let all: Vec<_> = invite.header_names().flat_map(|name| invite.headers(name)).collect();
    assert!(!all.join(" ").contains("evil"), "{all:?}");
}

#[test]
fn whatever_a_caller_says_what_goes_out_keeps_to_the_list_and_to_the_grammar() {
    const NAMES: [&str; 12] = [
        "Diversion",
        "User-to-User",
        "Reason",
        "Privacy",
        "P-Asserted-Identity",
        "Max-Forwards",
        "Alert-Info",
        "Subject",
        "Remote-Party-ID",
        "Supported",
        "X-Any",
        "Date",
    ];
    const PIECES: [&str; 20] = [
        "\"", "\\", "<sip:", "@h>", ";reason=", "a", "%0d%0a", "%00", "\x01", "\r\n ", "\t", "é", "\u{85}",
        ">", "<", ",", ";", "=", "0123", "\n",
    ];
    let mut random = Random::from_number(17);
    let mut draw = |most: u64| -> String {
        let count = 1 + random.below(most);
        (0..count).map(|_| PIECES[usize::try_from(random.below(20)).expect("few")]).collect()
    };
    let mut rung = 0;
    for call in 0..300 {
        let mut world = world();
        let mut caller = Caller::new(&format!("any{call}"), "0384961370");
        // A display name that may be anything a quoted string holds.
        let name: String = draw(5).chars().filter(|c| !"\"\\\r\n".contains(*c)).collect();
        caller.from = format!("\"{name}\" <sip:06{call}%0d%0aX:y@198.51.100.1>");
        let headers: String = NAMES.iter().map(|name| format!("{name}: {}\r\n", draw(6))).collect();
        let headers: String = headers.split_inclusive("\r\n").skip(call % 12).collect();
        caller.says(&mut world, "INVITE", &headers, SDP);
        pass(&mut world);
        rung += world.watch().invites().len();
    }
    assert!(rung > 40, "most were understood, or this shows nothing: {rung}");
}
