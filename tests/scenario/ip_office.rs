//! An Avaya IP Office whose SIP line is set as shipped: no PRACK, no UPDATE, no re-INVITE, no session timers, digits by
//! RFC 2833, and four seconds of patience for a first answer.

use super::by_hand::{self, Caller, Request, answer, request};
use super::transfer::SITE;
use crate::support::plan::plan;
use crate::support::sim::wired::{IPOFFICE, Spoken, Wired};
use spillway::base::Outcome;
use spillway::endpoint::Pickup;
use std::sync::Arc;
use std::time::Duration;

const SDP: &str = "v=0\r\no=UserA 1 1 IN IP4 203.0.113.1\r\ns=Session SDP\r\nc=IN IP4 203.0.113.1\r\nt=0 0\r\n\
                   m=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n\
                   a=fmtp:101 0-15\r\n";
const ALLOW: &str = "Allow: INVITE,ACK,CANCEL,OPTIONS,BYE,INFO,NOTIFY,REFER\r\nServer: IP Office 11.1\r\n";

fn world() -> Wired {
    let mut world = Wired::with_ipoffice(&Arc::new(plan(SITE)), 1, |trunk| trunk.peer.prack = false);
    world.phone(IPOFFICE, "201", Pickup::RingForever);
    world.listen_in();
    world
}

/// A caller waits and an IP Office extension is rung.
fn rung(world: &mut Wired) -> (Caller, Spoken) {
    let mut caller = Caller::new("office", "0384961370");
    caller.says(world, "INVITE", "", by_hand::SDP);
    world.advance(Duration::from_millis(10));
    let trying = world.watch().ours("INVITE").find_map(Spoken::code);
    assert_eq!(trying, Some(100), "at once: four seconds later it would try another line");
    world.advance(Duration::from_millis(500));
    caller.says(world, "ACK", "", "");
    let invite = world.watch().invites()[0].clone();
    (caller, invite)
}

#[test]
fn a_call_asks_nothing_an_ip_office_does_not_do() {
    let mut world = world();
    let (mut caller, invite) = rung(&mut world);
    assert!(invite.headers("Supported").all(|options| !options.contains("100rel")));
    assert_eq!(invite.header("Require"), None);
    answer(&mut world, IPOFFICE, &invite, "180 Ringing", "ipo", ALLOW, "");
    world.advance(Duration::from_secs(3));
    answer(&mut world, IPOFFICE, &invite, "200 OK", "ipo", ALLOW, SDP);
    world.advance(Duration::from_secs(25));
    let asked: Vec<_> =
        world.watch().said().iter().filter(|said| said.ours && said.peer.port() == 5_080).collect();
    let of = |method: &str| asked.iter().filter(|said| said.is_request(method)).count();
    assert_eq!((of("INVITE"), of("UPDATE"), of("PRACK")), (1, 0, 0), "no refresh, no re-INVITE");
    let bye = Request { method: "BYE", cseq: 1, tag: "ipo", headers: "Reason: Q.850;cause=16\r\n", body: "" };
    request(&mut world, IPOFFICE, &invite, &bye);
    world.advance(Duration::from_secs(1));
    caller.says(&mut world, "ACK", "", "");
    let record = &world.outcomes().records[0];
    assert_eq!((record.outcome, record.agent.as_deref()), (Outcome::Answered, Some("nadia")));
}

#[test]
fn a_forwarded_extension_says_181_and_rings_on() {
    let mut world = world();
    let (_, invite) = rung(&mut world);
    let forwarded = format!("{ALLOW}Diversion: <sip:201@203.0.113.1>;reason=no-answer\r\n");
    answer(&mut world, IPOFFICE, &invite, "181 Call Is Being Forwarded", "ipo", &forwarded, "");
    answer(&mut world, IPOFFICE, &invite, "180 Ringing", "ipo", ALLOW, "");
    world.advance(Duration::from_secs(2));
    answer(&mut world, IPOFFICE, &invite, "200 OK", "ipo", &forwarded, SDP);
    world.advance(Duration::from_millis(100));
    let acks = world.watch().ours("ACK").count();
    assert_eq!(acks, 1);
    let bye = Request { method: "BYE", cseq: 1, tag: "ipo", headers: "", body: "" };
    request(&mut world, IPOFFICE, &invite, &bye);
    world.advance(Duration::from_secs(1));
    let record = &world.outcomes().records[0];
    assert_eq!(record.outcome, Outcome::Answered, "without `accept` it is only said");
    assert!(record.rings[0].forwarded);
}

/// How the ring of a phone that answers with these headers is told.
fn is_forwarded(headers: &str) -> bool {
    let mut world = world();
    let (_, invite) = rung(&mut world);
    answer(&mut world, IPOFFICE, &invite, "180 Ringing", "ipo", ALLOW, "");
    world.advance(Duration::from_secs(2));
    answer(&mut world, IPOFFICE, &invite, "200 OK", "ipo", &format!("{ALLOW}{headers}"), SDP);
    world.advance(Duration::from_secs(1));
    let bye = Request { method: "BYE", cseq: 1, tag: "ipo", headers: "", body: "" };
    request(&mut world, IPOFFICE, &invite, &bye);
    world.advance(Duration::from_secs(1));
    world.outcomes().records[0].rings[0].forwarded
}

#[test]
fn an_answer_from_another_phone_says_so() {
    assert!(!is_forwarded(""));
    assert!(is_forwarded("Diversion: \"Nadia\" <sip:201@203.0.113.1>;reason=unconditional\r\n"));
    assert!(
        !is_forwarded("Diversion: <sip:0384961370@192.0.2.1>;reason=unknown\r\n"),
        "who sent them to 201"
    );
    let history = "History-Info: <sip:0384961370@192.0.2.1>;index=1, <sip:201@203.0.113.1>;index=1.1";
    assert!(!is_forwarded(&format!("{history}\r\n")), "how they came to 201");
    assert!(is_forwarded(&format!("{history}, <sip:vm@203.0.113.1;cause=408>;index=1.1.1\r\n")));
    assert!(!is_forwarded("History-Info: <sip:201@203.0.113.1>;index=1\r\nDiversion: \0\r\n"));
}

#[test]
fn phones_ring_as_the_trunk_says_and_targets_as_they_like() {
    let mut world = Wired::with_ipoffice(&Arc::new(plan(SITE)), 1, |trunk| {
        trunk.alerting = vec![
            ("Alert-Info", "<http://127.0.0.1>;info=ring2".into()),
            ("Call-Info", "<sip:192.0.2.1>;answer-after=0".into()),
        ];
    });
    world.phone(IPOFFICE, "201", Pickup::RingForever);
    world.listen_in();
    let mut caller = Caller::new("alert", "0384961370");
    caller.says(&mut world, "INVITE", "Alert-Info: <http://10.0.0.1/x>\r\n", by_hand::SDP);
    world.advance(Duration::from_millis(500));
    let mut direct = Caller::new("direct", "0384961372");
    direct.says(&mut world, "INVITE", "", by_hand::SDP);
    world.advance(Duration::from_millis(500));
    let [phone, target] = world.watch().invites() else { panic!("an agent and a target") };
    assert_eq!(phone.headers("Alert-Info").collect::<Vec<_>>(), ["<http://127.0.0.1>;info=ring2"]);
    assert_eq!(phone.header("Call-Info"), Some("<sip:192.0.2.1>;answer-after=0"));
    assert_eq!(target.dialled(), "0384000001");
    assert_eq!((target.header("Alert-Info"), target.header("Call-Info")), (None, None));
}
