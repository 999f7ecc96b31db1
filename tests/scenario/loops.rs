//! A target that forwards back to us, and trunks with more calls than they carry: refused, and the record says why.

use crate::support::sim::by_hand::{ByHand, IPBX, Said};
use spillway::base::{Cause, Outcome};

const SITE: &str = r#"
[target.prestataire]
number = "03 84 00 00 02"
ring   = "60s"
else   = "rappelez"

[message.rappelez]
play = "rappelez"

[flow.muet]
steps = [{ go = "prestataire" }]

[number."03 84 96 13 70"]
flow = "muet"
[number."03 84 96 13 71"]
flow = "muet"

[prompts]
rappelez = "Merci de rappeler."
"#;

const CARRIER: &str = "198.51.100.1:5070";

/// A caller is being sent on: the INVITE the carrier got.
fn sent_on() -> (ByHand, Said) {
    let mut world = ByHand::new(SITE, |_| {});
    world.calls(CARRIER, "0384961370", "0601020304", "first", "");
    let out = world.invite_to(CARRIER);
    (world, out)
}

/// What the second caller was answered with, when nothing was sent on for them.
fn refused(world: &ByHand, code: &str) -> Said {
    assert_eq!(world.said_to(CARRIER, "INVITE").len(), 1, "{:#?}", world.lines());
    let said = world.said_to(CARRIER, code);
    said.last().cloned().unwrap_or_else(|| panic!("{:#?}", world.lines()))
}

#[test]
fn our_own_invite_come_back_through_proxies_is_refused() {
    let (mut world, out) = sent_on();
    let back = out
        .text
        .replace("INVITE sip:0384000002@198.51.100.1:5070", "INVITE sip:0384961371@192.0.2.1")
        .replacen("Via: ", "Via: SIP/2.0/UDP 198.51.100.1:5070;branch=z9hG4bKproxy;rport\r\nVia: ", 1)
        .replace("0601020304", "0601020399");
    world.says(CARRIER, &back);
    assert_eq!(refused(&world, "482").header("Call-ID"), out.header("Call-ID"));
    let record = world.records.last().expect("its record");
    assert_eq!((record.outcome, record.cause), (Outcome::Rejected, Cause::Loop));
}

#[test]
fn our_own_call_id_is_known_again_without_our_via() {
    let (mut world, out) = sent_on();
    world.calls(CARRIER, "0384961371", "0601020399", out.header("Call-ID"), "");
    refused(&world, "482");
}

#[test]
fn our_own_diversion_from_the_number_it_comes_back_to_is_a_loop() {
    let (mut world, out) = sent_on();
    let diversion = format!("Diversion: {}\r\n", out.header("Diversion"));
    assert!(diversion.contains("0384961370"), "{diversion}");
    world.calls(CARRIER, "+33384961370", "0601020399", "back", &diversion);
    refused(&world, "482");
    assert_eq!(world.records.last().expect("its record").cause, Cause::Loop);
    // To another number of ours it is somebody's choice, and a carrier that delivers another way marks nothing.
    world.calls(CARRIER, "0384961371", "0601020398", "elsewhere", &diversion);
    world.calls(
        CARRIER,
        "0384961370",
        "0601020397",
        "rerouted",
        "Diversion: <sip:0384961370@a>;reason=unavailable\r\n",
    );
    assert_eq!(world.said_to(CARRIER, "INVITE").len(), 3);
}

#[test]
fn the_same_caller_come_back_while_their_call_is_sent_on_is_a_loop() {
    let (mut world, out) = sent_on();
    world.calls(CARRIER, "0384961371", "+33601020304", "back", "");
    refused(&world, "482");
    assert_eq!(world.records.last().expect("its record").cause, Cause::Loop);
    // Once the target's leg is gone, they may call again.
    world.answers(&out, "486 Busy Here", "");
    world.wait_ms(1_000);
    world.calls(CARRIER, "0384961371", "0601020304", "again", "");
    assert_eq!(world.said_to(CARRIER, "INVITE").len(), 2);
}

#[test]
fn callers_nobody_knows_are_not_taken_for_each_other() {
    let mut world = ByHand::new(SITE, |_| {});
    world.calls(CARRIER, "0384961370", "anonymous", "first", "");
    world.calls(CARRIER, "0384961370", "anonymous", "second", "");
    assert_eq!(world.said_to(CARRIER, "INVITE").len(), 2);
}

#[test]
fn more_calls_a_second_than_a_trunk_carries_are_refused_for_a_second() {
    let mut world = ByHand::new(SITE, |config| config.trunks[1].line.calls_per_second = Some(2));
    for (n, call) in ["a", "b", "c"].iter().enumerate() {
        world.calls(IPBX, "0384961370", &format!("060102030{n}"), call, "");
    }
    let refusal = world.said_to(IPBX, "503").pop().expect("one too many");
    assert_eq!((refusal.header("Call-ID"), refusal.header("Retry-After")), ("c", "1"));
    let record = world.records.last().expect("its record");
    assert_eq!((record.outcome, record.cause), (Outcome::Rejected, Cause::RateLimited));
    world.wait_ms(500);
    world.calls(IPBX, "0384961370", "0601020309", "d", "");
    assert_eq!(world.said_to(CARRIER, "INVITE").len(), 3);
}

#[test]
fn a_call_out_above_the_rate_goes_elsewhere_at_once() {
    let mut world = ByHand::new(SITE, |config| config.trunks[0].line.calls_per_second = Some(1));
    world.calls(IPBX, "0384961370", "0601020301", "a", "");
    world.calls(IPBX, "0384961370", "0601020302", "b", "");
    assert_eq!(world.said_to(CARRIER, "INVITE").len(), 1);
    assert_eq!(world.said_to(IPBX, "200").pop().expect("the message").header("Call-ID"), "b");
}

#[test]
fn a_caller_who_gives_up_while_the_target_says_nothing_may_call_again_at_once() {
    let (mut world, _) = sent_on();
    world.gives_up(CARRIER, "0384961370", "0601020304", "first");
    world.wait_ms(100);
    world.calls(CARRIER, "0384961370", "0601020304", "again", "");
    assert_eq!(world.said_to(CARRIER, "482").len(), 0, "{:#?}", world.lines());
    assert_eq!(world.said_to(CARRIER, "INVITE").len(), 2);
}

#[test]
fn whoever_calls_from_the_same_number_is_heard_once_the_target_has_answered() {
    let (mut world, out) = sent_on();
    world.answers(&out, "200 OK", "");
    world.wait_ms(1_000);
    world.calls(CARRIER, "0384961371", "0601020304", "colleague", "");
    assert_eq!(world.said_to(CARRIER, "482").len(), 0, "{:#?}", world.lines());
    assert_eq!(world.said_to(CARRIER, "INVITE").len(), 2);
}
