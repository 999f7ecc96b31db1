//! A caller who is to be sent on over the trunk they came in by is given back to it: by 302 before the answer, by REFER
//! after it. Two channels are free, nobody knows how it ended, and the figures say just that.

use crate::support::sim::by_hand::{ByHand, IPBX, Said};
use spillway::base::{Cause, Outcome};
use spillway::call::{LegEnd, Record};
use spillway::engine::Observation;
use spillway::engine::core::Channels;
use spillway::settings::Deflect;

const CARRIER: &str = "198.51.100.1:5070";
/// Reaches the target unanswered.
const STRAIGHT: &str = "0384961370";
/// Answers, and reaches it after a minute and a half in a queue whose agent is not there.
const QUEUE: &str = "0384961371";

const SITE: &str = r#"
[queue.technique]
agents   = { nadia = 201 }
overflow = [{ after = "90s", to = "prestataire" }]

[flow.accueil]
steps = [{ go = "technique" }]

[number."03 84 96 13 71"]
flow = "accueil"

[target.prestataire]
number = "03 84 00 00 02"
ring   = "30s"
else   = "rappelez"

[flow.direct]
steps = [{ go = "prestataire" }]

[number."03 84 96 13 70"]
flow = "direct"

[message.rappelez]
play = "rappelez"

[prompts]
rappelez = "Merci de rappeler."
"#;

fn world_of(site: &str, deflect: Deflect) -> ByHand {
    ByHand::new(site, |config| {
        config.trunks[0].line.deflect = deflect;
        config.trunks[0].line.channels = Channels::Limited { total: 1, keep_out: 0 };
        // Nobody rings but the carrier's side.
        config.trunks[1].line.channels = Channels::Limited { total: 1, keep_out: 0 };
    })
}

fn world(deflect: Deflect) -> ByHand {
    world_of(SITE, deflect)
}

/// The caller's side says something in the call that `answer` opened.
fn in_dialog(world: &mut ByHand, answer: &Said, method: &str, cseq: u32, more: &str, body: &str) {
    let text = format!(
        "{method} sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {CARRIER};branch=z9hG4bK{method}{cseq};rport\r\n\
         Max-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:{CARRIER}>\r\n{more}Content-Length: {}\r\n\r\n{body}",
        answer.header("From"),
        answer.header("To"),
        answer.header("Call-ID"),
        body.len()
    );
    world.says(CARRIER, &text);
}

fn acknowledge_refusal(world: &mut ByHand, refusal: &Said) {
    let ack = format!(
        "ACK sip:{STRAIGHT}@192.0.2.1 SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
         Call-ID: {}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
        refusal.header("Via"),
        refusal.header("From"),
        refusal.header("To"),
        refusal.header("Call-ID")
    );
    world.says(CARRIER, &ack);
}

/// A caller in the queue until its clock has run out and the REFER is there.
fn referred(world: &mut ByHand) -> (Said, Said) {
    referred_after(world, 91_000)
}

fn referred_after(world: &mut ByHand, waited_ms: u64) -> (Said, Said) {
    world.calls(CARRIER, QUEUE, "0601020304", "queued", "");
    let answer = world.said_to(CARRIER, "200").pop().expect("answered");
    in_dialog(world, &answer, "ACK", 1, "", "");
    let ring = world.invite_to(IPBX);
    world.answers(&ring, "100 Trying", "");
    world.wait_ms(waited_ms);
    let refer = world.said_to(CARRIER, "REFER").pop();
    (answer, refer.unwrap_or_else(|| panic!("no REFER: {:#?}", world.lines())))
}

fn told(world: &mut ByHand, answer: &Said, cseq: u32, state: &str, line: &str) {
    let more = format!("Event: refer\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag\r\n");
    in_dialog(world, answer, "NOTIFY", cseq, &more, &format!("SIP/2.0 {line}\r\n"));
    let ours = world.said_to(CARRIER, "200").pop().expect("our 200");
    assert_eq!(ours.header("CSeq"), format!("{cseq} NOTIFY"));
}

fn results(world: &ByHand) -> Vec<&'static str> {
    let result = |seen: &Observation| match seen {
        Observation::Deflection { trunk, result } if &**trunk == "operateur" => Some(*result),
        _ => None,
    };
    world.observed.iter().filter_map(result).collect()
}

fn the_record(world: &mut ByHand) -> Record {
    world.wait_ms(60_000);
    assert!(world.is_at_rest(), "{:#?}", world.lines());
    let [record] = &world.records[..] else { panic!("one record: {:#?}", world.records) };
    assert_eq!(record.flow_ms + record.wait_ms + record.talk_ms + record.after_ms, record.duration_ms);
    (**record).clone()
}

fn assert_unobserved(record: &Record, outcome: Outcome) {
    assert_eq!((record.outcome, record.cause), (outcome, Cause::Normal));
    assert_eq!((record.target.as_deref(), record.agent.as_deref()), (Some("prestataire"), None));
    assert_eq!((record.talk_ms, record.handover_ms), (0, None), "nobody saw an answer");
    assert_eq!(record.rings.last().map(|ring| ring.end), Some(LegEnd::Deflected));
}

#[test]
fn an_unanswered_caller_is_given_back_by_302() {
    for deflect in [Deflect::Redirect, Deflect::Both] {
        let mut world = world(deflect);
        world.calls(CARRIER, STRAIGHT, "0601020304", "straight", "");
        let moved = world.said_to(CARRIER, "302").pop().expect("302");
        assert_eq!(moved.headers("Contact"), [format!("<sip:0384000002@{CARRIER}>")]);
        let diversion = moved.header("Diversion");
        assert!(diversion.starts_with("<sip:0384961370@192.0.2.1:5060>;reason=unconditional"), "{diversion}");
        acknowledge_refusal(&mut world, &moved);
        assert!(world.said_to(CARRIER, "INVITE").is_empty(), "no channel of ours carries it");
        assert_eq!(results(&world), ["redirected"]);
        let record = the_record(&mut world);
        assert_unobserved(&record, Outcome::RoutedUnobserved);
        assert!(!record.picked_up, "we answered nobody");
        assert_eq!(record.wait_ms, 0);
    }
}

#[test]
fn an_answered_caller_is_given_back_by_refer() {
    for deflect in [Deflect::Refer, Deflect::Both] {
        let mut world = world(deflect);
        let (answer, refer) = referred(&mut world);
        assert_eq!(refer.header("Refer-To"), format!("<sip:0384000002@{CARRIER}>"));
        assert_eq!(refer.header("Referred-By"), "<sip:0384961371@192.0.2.1:5060>");
        world.answers(&refer, "202 Accepted", "");
        told(&mut world, &answer, 2, "active;expires=60", "100 Trying");
        told(&mut world, &answer, 3, "active;expires=60", "180 Ringing");
        assert!(world.said_to(CARRIER, "BYE").is_empty(), "the caller still hears music");
        told(&mut world, &answer, 4, "terminated;reason=noresource", "200 OK");
        let bye = world.said_to(CARRIER, "BYE").pop().expect("our leg is nobody's");
        world.answers(&bye, "200 OK", "");
        assert!(world.said_to(CARRIER, "INVITE").is_empty(), "no channel of ours carries it");
        assert_eq!(results(&world), ["referred"]);
        let record = the_record(&mut world);
        assert_unobserved(&record, Outcome::OverflowedUnobserved);
        assert_eq!(record.wait_ms, 91_000, "from the queue to the last we know of: {record:?}");
        assert_eq!(record.queue.as_deref(), Some("technique"));
    }
}

#[test]
fn a_carrier_may_tell_before_it_answers_or_say_that_it_tells_no_more() {
    for (line, state) in [
        ("200 OK", "terminated;reason=noresource"),
        ("100 Trying", "Terminated;reason=noresource"),
        ("180 Ringing", "terminated;reason=timeout"),
    ] {
        let mut world = world(Deflect::Refer);
        let (answer, refer) = referred(&mut world);
        told(&mut world, &answer, 2, state, line);
        let bye = world.said_to(CARRIER, "BYE").pop().expect("our leg is nobody's");
        world.answers(&refer, "202 Accepted", "");
        world.answers(&bye, "200 OK", "");
        assert_unobserved(&the_record(&mut world), Outcome::OverflowedUnobserved);
    }
}

#[test]
fn news_of_something_else_or_none_at_all_changes_nothing() {
    let mut world = world(Deflect::Refer);
    let (answer, refer) = referred(&mut world);
    world.answers(&refer, "202 Accepted", "");
    let over = "Subscription-State: terminated\r\nContent-Type: message/sipfrag\r\n";
    in_dialog(&mut world, &answer, "NOTIFY", 2, &format!("Event: presence\r\n{over}"), "SIP/2.0 200 OK\r\n");
    let refusal = world.said_to(CARRIER, "489").pop().expect("489");
    assert_eq!(refusal.header("Allow-Events"), "refer");
    in_dialog(&mut world, &answer, "NOTIFY", 3, over, "SIP/2.0 200 OK\r\n");
    assert_eq!(world.said_to(CARRIER, "489").len(), 2);
    told(&mut world, &answer, 4, "active;expires=60", "no status line");
    assert!(world.said_to(CARRIER, "BYE").is_empty(), "the caller waits on");
}

#[test]
fn a_carrier_that_hangs_up_once_it_has_taken_the_call_needs_tell_no_more() {
    let mut world = world(Deflect::Refer);
    let (answer, refer) = referred(&mut world);
    world.answers(&refer, "202 Accepted", "");
    in_dialog(&mut world, &answer, "BYE", 2, "", "");
    assert_unobserved(&the_record(&mut world), Outcome::OverflowedUnobserved);
    assert_eq!(results(&world), ["referred"]);
}

#[test]
fn a_caller_who_hangs_up_before_the_carrier_takes_the_call_has_abandoned_it() {
    let mut world = world(Deflect::Refer);
    let (answer, _) = referred(&mut world);
    in_dialog(&mut world, &answer, "BYE", 2, "", "");
    let record = the_record(&mut world);
    assert_eq!(record.outcome, Outcome::OverflowedAbandoned);
    assert!(results(&world).is_empty());
}

/// What the target's phone says is seen then, and counts.
fn rung_by_us(world: &mut ByHand, answer: &Said) {
    let invite = world.invite_to(CARRIER);
    assert!(invite.first_line().starts_with("INVITE sip:0384000002@"), "{}", invite.first_line());
    assert_eq!(results(world), ["refused"]);
    world.answers(&invite, "200 OK", "");
    world.wait_ms(10_000);
    in_dialog(world, answer, "BYE", 9, "", "");
    let bye = world.said_to(CARRIER, "BYE").pop().expect("the target's leg ends");
    world.answers(&bye, "200 OK", "");
    let record = the_record(world);
    assert_eq!(record.outcome, Outcome::OverflowedAnswered);
    assert_eq!(record.talk_ms, 10_000);
}

/// Room for the caller and the target.
fn roomy() -> ByHand {
    ByHand::new(SITE, |config| config.trunks[0].line.deflect = Deflect::Both)
}

#[test]
fn a_carrier_that_refuses_the_refer_has_the_target_rung_by_us() {
    for code in ["403 Forbidden", "405 Method Not Allowed", "501 Not Implemented", "603 Decline"] {
        let mut world = roomy();
        let (answer, refer) = referred(&mut world);
        world.answers(&refer, code, "");
        rung_by_us(&mut world, &answer);
    }
}

#[test]
fn a_carrier_that_has_refused_is_not_asked_again_for_the_same_caller() {
    let site = SITE.replace("else   = \"rappelez\"", "else   = \"secours\"")
        + "[target.secours]\nnumber = \"03 84 00 00 03\"\nring = \"30s\"\nelse = \"rappelez\"\n";
    let mut world = ByHand::new(&site, |config| config.trunks[0].line.deflect = Deflect::Both);
    let (_, refer) = referred(&mut world);
    world.answers(&refer, "403 Forbidden", "");
    let first = world.invite_to(CARRIER);
    world.answers(&first, "486 Busy Here", "");
    let second = world.invite_to(CARRIER);
    assert!(second.first_line().starts_with("INVITE sip:0384000003@"), "{}", second.first_line());
    assert_eq!(world.said_to(CARRIER, "REFER").len(), 1);
}

#[test]
fn a_carrier_that_could_not_do_it_has_the_target_rung_by_us() {
    let mut world = roomy();
    let (answer, refer) = referred(&mut world);
    world.answers(&refer, "202 Accepted", "");
    told(&mut world, &answer, 2, "terminated;reason=noresource", "503 Service Unavailable");
    rung_by_us(&mut world, &answer);
}

#[test]
fn a_carrier_that_says_nothing_to_the_refer_has_the_target_rung_by_us_after_four_seconds() {
    let mut world = roomy();
    let (answer, _) = referred(&mut world);
    world.wait_ms(2_900);
    assert!(world.said_to(CARRIER, "INVITE").is_empty());
    world.wait_ms(200);
    rung_by_us(&mut world, &answer);
}

#[test]
fn a_carrier_that_took_the_call_after_all_is_let_go_of_and_the_second_call_with_it() {
    let mut world = roomy();
    let (answer, refer) = referred(&mut world);
    world.wait_ms(4_000);
    let invite = world.invite_to(CARRIER);
    world.answers(&invite, "180 Ringing", "");
    world.answers(&refer, "202 Accepted", "");
    told(&mut world, &answer, 2, "terminated;reason=noresource", "200 OK");
    assert_eq!(world.said_to(CARRIER, "CANCEL").len(), 1, "nobody is rung twice");
    let bye = world.said_to(CARRIER, "BYE").pop().expect("the caller is with the target");
    world.answers(&bye, "200 OK", "");
    world.answers(&invite, "487 Request Terminated", "");
    assert_unobserved(&the_record(&mut world), Outcome::OverflowedUnobserved);
}

#[test]
fn a_carrier_that_rings_no_longer_than_the_plan_says_leaves_the_caller_to_the_plan() {
    let mut world = world(Deflect::Refer);
    let (answer, refer) = referred(&mut world);
    world.answers(&refer, "202 Accepted", "");
    told(&mut world, &answer, 2, "active;expires=60", "180 Ringing");
    world.wait_ms(30_000);
    in_dialog(&mut world, &answer, "BYE", 3, "", "");
    let record = the_record(&mut world);
    assert_eq!(record.outcome, Outcome::OverflowedNoAnswer);
    assert_eq!(record.rings.last().map(|ring| (ring.end, ring.for_ms)), Some((LegEnd::NoAnswer, 30_000)));
}

/// What the carrier tells from then on may be of either.
#[test]
fn a_second_target_is_rung_by_us_while_the_carrier_still_tries_the_first() {
    let site = SITE.replace("else   = \"rappelez\"", "else   = \"secours\"")
        + "[target.secours]\nnumber = \"03 84 00 00 03\"\nring = \"30s\"\nelse = \"rappelez\"\n";
    let mut world = ByHand::new(&site, |config| config.trunks[0].line.deflect = Deflect::Both);
    let (answer, refer) = referred(&mut world);
    world.answers(&refer, "202 Accepted", "");
    world.wait_ms(30_000);
    let second = world.invite_to(CARRIER);
    assert!(second.first_line().starts_with("INVITE sip:0384000003@"), "{}", second.first_line());
    assert_eq!(world.said_to(CARRIER, "REFER").len(), 1);
    told(&mut world, &answer, 2, "terminated;reason=noresource", "200 OK");
    assert_eq!((world.said_to(CARRIER, "BYE").len(), results(&world)), (1, vec!["refused"]));
}

#[test]
fn a_trunk_that_says_nothing_of_it_or_only_the_other_way_has_its_targets_rung() {
    for (deflect, number) in [
        (Deflect::Off, STRAIGHT),
        (Deflect::Refer, STRAIGHT),
        (Deflect::Off, QUEUE),
        (Deflect::Redirect, QUEUE),
    ] {
        let mut world = ByHand::new(SITE, |config| config.trunks[0].line.deflect = deflect);
        world.calls(CARRIER, number, "0601020304", "call", "");
        if number == QUEUE {
            let answer = world.said_to(CARRIER, "200").pop().expect("answered");
            in_dialog(&mut world, &answer, "ACK", 1, "", "");
            world.wait_ms(91_000);
        }
        world.invite_to(CARRIER);
        assert!(world.said_to(CARRIER, "302").is_empty() && world.said_to(CARRIER, "REFER").is_empty());
    }
}

#[test]
fn a_target_on_another_trunk_is_rung_by_us() {
    let mut world = ByHand::new(SITE, |config| {
        config.trunks.iter_mut().for_each(|trunk| trunk.line.deflect = Deflect::Both);
    });
    world.calls(IPBX, STRAIGHT, "0601020304", "other", "");
    world.invite_to(CARRIER);
    assert!(world.said_to(IPBX, "302").is_empty());
}

#[test]
fn a_target_whose_answer_is_judged_or_asked_for_is_rung_by_us() {
    let judged = "[sla.contrat]\nclock = \"handover\"\nqs2 = { above = 85 }\n";
    for (key, more) in [("answer = \"key\"", ""), ("sla = \"contrat\"", judged)] {
        let site = SITE.replace("ring   = \"30s\"", &format!("ring   = \"30s\"\n{key}")) + more;
        let mut world = ByHand::new(&site, |config| config.trunks[0].line.deflect = Deflect::Both);
        world.calls(CARRIER, STRAIGHT, "0601020304", "seen", "");
        world.invite_to(CARRIER);
        assert!(world.said_to(CARRIER, "302").is_empty(), "{key}");
    }
}

/// A queue whose callers are given back answers for them: in N, and never in a numerator, however soon it was.
#[test]
fn a_queue_is_judged_as_if_nobody_had_answered() {
    let site = SITE
        .replace("overflow = [{ after = \"90s\"", "sla = \"contrat\"\noverflow = [{ after = \"10s\"")
        + "[sla.contrat]\nclock = \"queue\"\nqs1 = { answered_under = \"40s\", above = 85 }\nqs2 = { above = 85 }\n";
    let mut world = world_of(&site, Deflect::Refer);
    let (answer, refer) = referred_after(&mut world, 10_500);
    world.answers(&refer, "202 Accepted", "");
    told(&mut world, &answer, 2, "terminated;reason=noresource", "200 OK");
    let bye = world.said_to(CARRIER, "BYE").pop().expect("our leg is nobody's");
    world.answers(&bye, "200 OK", "");
    the_record(&mut world);
    let judged = world.observed.iter().filter_map(|seen| match seen {
        Observation::Judged { on, indicator, verdict, .. } => Some((&**on, *indicator, *verdict)),
        _ => None,
    });
    assert_eq!(judged.collect::<Vec<_>>(), [("technique", "qs1", "miss"), ("technique", "qs2", "miss")]);
}

#[test]
fn a_notify_nobody_asked_for_changes_nothing() {
    let mut world = roomy();
    world.calls(CARRIER, QUEUE, "0601020304", "queued", "");
    let answer = world.said_to(CARRIER, "200").pop().expect("answered");
    in_dialog(&mut world, &answer, "ACK", 1, "", "");
    let more = "Event: refer\r\nSubscription-State: terminated\r\nContent-Type: message/sipfrag\r\n";
    in_dialog(&mut world, &answer, "NOTIFY", 2, more, "SIP/2.0 200 OK\r\n");
    assert_eq!(world.said_to(CARRIER, "405").len(), 1);
    assert!(world.said_to(CARRIER, "BYE").is_empty(), "the caller waits on");
}
