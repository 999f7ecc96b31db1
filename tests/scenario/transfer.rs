//! Agents send callers on by REFER: to a colleague behind the same IPBX, to a target of the plan, to what the trunk's
//! allow-list says. The agent may wait or hang up; the figures say who talked when.

use super::by_hand::{self, Caller, Request, SDP};
use crate::support::plan::plan;
use crate::support::sim::wired::{IPOFFICE, OPERATEUR, Spoken, TARGET, Tone, Weather, Wired};
use spillway::base::{CallId, LegId, Outcome};
use spillway::call::{LegEnd, Transfer};
use spillway::endpoint::{Answering, Between, Pickup, Voice};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub const SITE: &str = r#"
[queue.technique]
agents   = { nadia = 201 }
wrap_up  = "10s"
overflow = [{ after = "90s", to = "prestataire" }]

[queue.facturation]
agents   = { karim = 202 }
overflow = [{ after = "90s", to = "prestataire" }]

[flow.factures]
steps = [{ go = "facturation" }]

[number."03 84 96 13 71"]
flow = "factures"

[flow.direct]
steps = [{ go = "prestataire" }]

[number."03 84 96 13 72"]
flow = "direct"

[target.prestataire]
number = "03 84 00 00 01"
ring   = "20s"
else   = "rappelez"

[flow.accueil]
steps = [{ go = "technique" }]

[message.rappelez]
play = "rappelez"

[number."03 84 96 13 70"]
flow = "accueil"

[prompts]
rappelez = "Merci de rappeler."
"#;

/// A caller in conversation with Nadia, whose phone is told by hand.
pub struct Talk {
    pub world: Wired,
    pub caller: Caller,
    pub nadia: Spoken,
    cseq: u32,
}

impl Talk {
    pub fn begin(mut world: Wired) -> Self {
        world.phone(IPOFFICE, "201", Pickup::RingForever);
        world.phone(IPOFFICE, "202", answers_after(Duration::from_secs(5)));
        world.listen_in();
        let mut caller = Caller::new("transfer", "0384961370");
        caller.says(&mut world, "INVITE", "", SDP);
        world.advance(Duration::from_millis(100));
        caller.says(&mut world, "ACK", "", "");
        world.advance(Duration::from_millis(900));
        let nadia = world.watch().invites()[0].clone();
        assert_eq!(nadia.dialled(), "201");
        by_hand::answer(&mut world, IPOFFICE, &nadia, "200 OK", "n", "", SDP);
        world.advance(Duration::from_secs(9));
        Self { world, caller, nadia, cseq: 0 }
    }

    pub fn nadia_says(&mut self, method: &str, headers: &str) {
        self.cseq += 1;
        let request = Request { method, cseq: self.cseq, tag: "n", headers, body: "" };
        by_hand::request(&mut self.world, IPOFFICE, &self.nadia, &request);
        self.pass(Duration::from_millis(100));
    }

    pub fn pass(&mut self, time: Duration) {
        self.world.advance(time);
    }

    /// What we answered Nadia's last REFER with.
    pub fn verdict(&self) -> Option<u16> {
        self.world.watch().ours("REFER").next_back().and_then(Spoken::code)
    }

    /// The states of the subscription NOTIFYs told, retransmissions once.
    fn notified(&self) -> Vec<String> {
        let mut seen = Vec::new();
        for notify in self.world.watch().ours("NOTIFY").filter(|notify| notify.code().is_none()) {
            let word = format!("{} {}", notify.sequence(), notify.need("Subscription-State"));
            if !seen.contains(&word) {
                seen.push(word);
            }
        }
        seen.into_iter().map(|word| word.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
    }

    pub fn hang_up(&mut self) {
        self.caller.says(&mut self.world, "BYE", "", "");
        self.pass(Duration::from_secs(1));
    }

    pub fn invited(&self) -> Vec<&str> {
        self.world.watch().invites().iter().map(Spoken::dialled).collect()
    }

    pub fn transfers(&self) -> &[Transfer] {
        &self.world.outcomes().records[0].transfers
    }
}

pub fn world() -> Wired {
    Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, true, 1)
}

fn answers_after(ring: Duration) -> Pickup {
    Pickup::Answer(Answering { ring: Between::exactly(ring), talk: None, voice: Voice::Tone(TARGET) })
}

const ACTIVE: &str = "active;expires=180";
const OVER: &str = "terminated;reason=noresource";

#[test]
fn a_blind_transfer_to_a_colleague_succeeds_and_frees_the_agent() {
    let mut talk = Talk::begin(world());
    talk.nadia_says("REFER", "Refer-To: <sip:202@192.0.2.1>\r\n");
    assert_eq!(talk.verdict(), Some(202));
    talk.pass(Duration::from_secs(10));
    assert_eq!(talk.invited(), ["201", "202"]);
    let invite = &talk.world.watch().invites()[1];
    assert!(invite.need("Referred-By").starts_with("<sip:201@192.0.2.1"));
    assert_eq!(talk.notified(), [ACTIVE, ACTIVE, OVER], "100, 180, 200");
    let bye = talk.world.watch().ours("BYE").find(|bye| bye.code().is_none());
    assert_eq!(bye.map(|bye| bye.need("Call-ID")), Some(talk.nadia.need("Call-ID")));
    let caller = LegId::caller(CallId(1));
    for tone in [Tone::Ringback, Tone::Target] {
        assert!(talk.world.heard(caller).contains(&tone), "{:?}", talk.world.heard(caller));
    }
    talk.hang_up();
    let record = &talk.world.outcomes().records[0];
    assert_eq!((record.outcome, record.agent.as_deref()), (Outcome::Answered, Some("nadia")));
    let [transfer] = talk.transfers() else { panic!("one transfer") };
    assert_eq!((transfer.by.as_str(), transfer.to.as_str()), ("201@ipoffice", "202"));
    assert_eq!(transfer.end, LegEnd::Answered);
    assert!((4_900..5_200).contains(&transfer.for_ms), "{transfer:?}");
    talk.pass(Duration::from_secs(64));
}

#[test]
fn when_nobody_answers_the_agent_has_the_caller_back() {
    let mut talk = Talk::begin(world());
    talk.world.phone(IPOFFICE, "202", Pickup::Refuse(486));
    talk.nadia_says("REFER", "Refer-To: <sip:202@192.0.2.1>\r\n");
    talk.pass(Duration::from_secs(5));
    assert_eq!(talk.notified(), [ACTIVE, OVER], "100, 486");
    assert_eq!(talk.world.watch().ours("BYE").count(), 0, "they talk on");
    talk.nadia_says("REFER", "Refer-To: <sip:202@192.0.2.1>\r\n");
    assert_eq!(talk.verdict(), Some(202), "and may try again");
    talk.hang_up();
    let ends: Vec<_> = talk.transfers().iter().map(|transfer| transfer.end).collect();
    assert_eq!(ends, [LegEnd::Busy, LegEnd::Busy]);
    let record = &talk.world.outcomes().records[0];
    assert!(record.talk_ms >= 14_000, "the agent was there all the time: {record:?}");
    assert_eq!(record.after_ms, 0);
}

#[test]
fn an_agent_who_hangs_up_at_once_is_free_and_the_new_phone_rings_on() {
    let mut talk = Talk::begin(world());
    talk.nadia_says("REFER", "Refer-To: <sip:202@192.0.2.1>\r\n");
    talk.nadia_says("BYE", "");
    talk.pass(Duration::from_secs(10));
    assert!(talk.world.heard(LegId::caller(CallId(1))).contains(&Tone::Target));
    talk.hang_up();
    let record = &talk.world.outcomes().records[0];
    assert_eq!(record.outcome, Outcome::Answered);
    assert!((4_700..5_100).contains(&record.after_ms), "it rang with nobody there: {record:?}");
    assert!((14_000..15_500).contains(&record.talk_ms), "{record:?}");
}

#[test]
fn an_agent_who_wants_no_news_gets_none() {
    let mut talk = Talk::begin(world());
    talk.nadia_says("REFER", "Refer-To: <sip:202@192.0.2.1>\r\nRefer-Sub: false\r\n");
    let accepted = talk.world.watch().ours("REFER").next_back().expect("our 202");
    assert_eq!((accepted.code(), accepted.header("Refer-Sub")), (Some(202), Some("false")));
    talk.pass(Duration::from_secs(10));
    assert_eq!(talk.notified(), Vec::<String>::new());
    talk.hang_up();
    assert_eq!(talk.transfers()[0].end, LegEnd::Answered);
}

#[test]
fn a_caller_who_hangs_up_during_a_transfer_leaves_nobody_behind() {
    let mut talk = Talk::begin(world());
    talk.nadia_says("REFER", "Refer-To: <sip:202@192.0.2.1>\r\n");
    talk.pass(Duration::from_secs(1));
    talk.hang_up();
    let said =
        |method: &str| talk.world.watch().ours(method).filter(|said| said.code().is_none()).count() > 0;
    assert!(said("CANCEL") && said("BYE"));
    assert_eq!(talk.transfers()[0].end, LegEnd::Cancelled);
}

#[test]
fn a_target_of_the_plan_is_reached_over_its_own_trunk_however_its_number_is_written() {
    let mut talk = Talk::begin(world());
    talk.world.phone(OPERATEUR, "0384000001", answers_after(Duration::from_secs(2)));
    talk.nadia_says("REFER", "Refer-To: <sip:+33384000001@192.0.2.1>\r\n");
    talk.pass(Duration::from_secs(5));
    assert_eq!(talk.invited(), ["201", "0384000001"]);
    talk.hang_up();
    assert_eq!(talk.transfers()[0].end, LegEnd::Answered);
}

#[test]
fn a_target_of_the_plan_is_reached_over_its_own_trunk_even_where_the_agents_trunk_lists_its_number() {
    let world = Wired::may_transfer_to(&Arc::new(plan(SITE)), &["0384*", "+33*"], 1);
    let mut talk = Talk::begin(world);
    talk.world.phone(OPERATEUR, "0384000001", answers_after(Duration::from_secs(2)));
    talk.nadia_says("REFER", "Refer-To: <sip:0384000001@192.0.2.1>\r\n");
    talk.pass(Duration::from_secs(5));
    assert_eq!(talk.invited(), ["201", "0384000001"]);
    talk.hang_up();
    assert_eq!(talk.transfers()[0].end, LegEnd::Answered, "the IPBX has no such phone");
}

#[test]
fn the_trunks_list_allows_numbers_and_prefixes() {
    for (list, user, allowed) in [
        (&["0611*"][..], "0611223344", true),
        (&["0611*"][..], "0612223344", false),
        (&["0611223344"][..], "0611223344", true),
        (&["0611223344"][..], "06112233445", false),
    ] {
        let world = Wired::may_transfer_to(&Arc::new(plan(SITE)), list, 1);
        let mut talk = Talk::begin(world);
        talk.nadia_says("REFER", &format!("Refer-To: <sip:{user}@192.0.2.1>\r\n"));
        assert_eq!(talk.verdict(), Some(if allowed { 202 } else { 403 }), "{user} of {list:?}");
    }
}

/// Nadia's phone rings and answers `code` with this Contact; who is rung in the end.
fn deflected(mut world: Wired, contacts: &[&str]) -> (Wired, Vec<String>) {
    world.phone(IPOFFICE, "201", Pickup::RingForever);
    for user in ["202", "0611223344"] {
        world.phone(IPOFFICE, user, Pickup::RingForever);
    }
    world.listen_in();
    let mut caller = Caller::new("deflected", "0384961370");
    caller.says(&mut world, "INVITE", "", SDP);
    world.advance(Duration::from_secs(1));
    for contact in contacts {
        let ringing = world.watch().invites().last().expect("a phone rings").clone();
        let contact = format!("Contact: <sip:{contact}@10.0.0.1>\r\n");
        let (status, tag) = ("302 Moved Temporarily", "d");
        by_hand::answer(&mut world, IPOFFICE, &ringing, status, tag, &contact, "");
        world.advance(Duration::from_millis(500));
    }
    let dialled = world.watch().invites().iter().map(|invite| invite.dialled().to_owned()).collect();
    (world, dialled)
}

#[test]
fn a_phone_may_name_a_colleague_in_its_place() {
    let (mut world, dialled) = deflected(world(), &["202"]);
    assert_eq!(dialled, ["201", "202"]);
    let moved = world.watch().invites()[1].clone();
    by_hand::answer(&mut world, IPOFFICE, &moved, "200 OK", "k", "", SDP);
    world.advance(Duration::from_secs(5));
    by_hand::request(
        &mut world,
        IPOFFICE,
        &moved,
        &Request { method: "BYE", cseq: 1, tag: "k", headers: "", body: "" },
    );
    world.advance(Duration::from_secs(1));
    let record = &world.outcomes().records[0];
    assert_eq!((record.outcome, record.agent.as_deref()), (Outcome::Answered, Some("nadia")));
}

#[test]
fn a_phone_may_name_what_the_trunk_lists() {
    let world = Wired::may_transfer_to(&Arc::new(plan(SITE)), &["0611*"], 1);
    assert_eq!(deflected(world, &["0611223344"]).1, ["201", "0611223344"]);
}

#[test]
fn a_second_phone_that_names_a_third_has_refused() {
    let (world, dialled) = deflected(world(), &["202", "201"]);
    assert_eq!(dialled, ["201", "202"]);
    let facts = world.watch().said().iter().filter(|said| said.ours && said.is_request("ACK")).count();
    assert!(facts >= 2, "both refusals are acknowledged");
}

#[test]
fn a_number_of_ours_begins_its_flow_and_another_agent_answers() {
    let mut talk = Talk::begin(world());
    talk.nadia_says("REFER", "Refer-To: <sip:0384961371@192.0.2.1>\r\n");
    assert_eq!(talk.verdict(), Some(202));
    talk.pass(Duration::from_secs(10));
    assert_eq!(talk.invited(), ["201", "202"], "out of the other queue");
    assert_eq!(talk.notified(), [ACTIVE, OVER], "100, 200: Nadia is free at once");
    talk.hang_up();
    let record = &talk.world.outcomes().records[0];
    assert_eq!((record.outcome, record.agent.as_deref()), (Outcome::Answered, Some("nadia")));
    assert_eq!(record.queue.as_deref(), Some("technique"), "figures are of the first answer");
    assert!((4_900..5_200).contains(&record.after_ms), "Karim's ringing: {record:?}");
    assert!((13_500..15_500).contains(&record.talk_ms), "{record:?}");
    assert_eq!(talk.transfers()[0].to, "03 84 96 13 71");
}

#[test]
fn an_ipbx_joins_the_caller_with_whom_its_agent_called_through_us() {
    let mut talk = Talk::begin(world());
    let mut consults = Caller::behind_the_ipbx("consults", "201", "0384961371");
    consults.says(&mut talk.world, "INVITE", "", SDP);
    talk.pass(Duration::from_millis(100));
    consults.says(&mut talk.world, "ACK", "", "");
    talk.pass(Duration::from_secs(10));
    assert_eq!(talk.invited(), ["201", "202"], "Karim answered after 5 s");
    let ours = talk.world.watch().tag(&consults.call_id).expect("answered").to_owned();
    let replaces = format!("{}%3Bto-tag%3D{ours}%3Bfrom-tag%3Dtheirs", consults.call_id.replace('@', "%40"));
    talk.nadia_says("REFER", &format!("Refer-To: <sip:0384961371@192.0.2.1?Replaces={replaces}>\r\n"));
    assert_eq!(talk.verdict(), Some(202));
    assert_eq!(talk.notified(), [ACTIVE, OVER], "100, 200");
    talk.pass(Duration::from_secs(10));
    let byes = talk.world.watch().ours("BYE").filter(|bye| bye.code().is_none());
    let ended: BTreeSet<_> = byes.map(|bye| bye.need("Call-ID").to_owned()).collect();
    assert_eq!(ended, BTreeSet::from([talk.nadia.need("Call-ID").to_owned(), consults.call_id]));
    assert!(talk.world.heard(LegId::caller(CallId(1))).contains(&Tone::Target), "the caller hears Karim");
    talk.hang_up();
    let records = &talk.world.outcomes().records;
    let of = |call: u64| records.iter().find(|record| record.call == CallId(call)).expect("over");
    assert_eq!((of(1).agent.as_deref(), of(2).agent.as_deref()), (Some("nadia"), Some("karim")));
    assert!(of(1).talk_ms > 28_000 && (4_900..5_300).contains(&of(2).talk_ms), "{records:?}");
    assert_eq!(of(1).transfers[0].call, Some(CallId(2)));
    talk.pass(Duration::from_secs(64));
}

#[test]
fn a_consultation_that_is_just_ending_is_not_joined_and_the_agent_keeps_the_caller() {
    let mut talk = Talk::begin(world());
    let mut consults = Caller::behind_the_ipbx("ending", "201", "0384961371");
    consults.says(&mut talk.world, "INVITE", "", SDP);
    talk.pass(Duration::from_millis(100));
    consults.says(&mut talk.world, "ACK", "", "");
    let ours = talk.world.watch().tag(&consults.call_id).expect("answered").to_owned();
    let replaces = format!("{}%3Bto-tag%3D{ours}%3Bfrom-tag%3Dtheirs", consults.call_id.replace('@', "%40"));
    let refer_to = format!("Refer-To: <sip:x@192.0.2.1?Replaces={replaces}>\r\n");
    // Her own BYE, whose 200 waits for the journal, and her REFER one after the other.
    consults.says(&mut talk.world, "BYE", "", "");
    talk.nadia_says("REFER", &refer_to);
    assert_eq!(talk.verdict(), Some(202));
    let notify = talk.world.watch().ours("NOTIFY").rfind(|notify| notify.code().is_none());
    let said = notify.map(|notify| notify.need("Subscription-State").to_owned());
    assert_eq!(said.as_deref(), Some(OVER));
    talk.pass(Duration::from_secs(5));
    let byes = talk.world.watch().ours("BYE").filter(|bye| bye.code().is_none());
    assert!(byes.count() <= 1, "no BYE to the caller or to her");
    talk.hang_up();
    let records = &talk.world.outcomes().records;
    let first = records.iter().find(|record| record.call == CallId(1)).expect("over");
    assert_eq!((first.outcome, first.transfers.len()), (Outcome::Answered, 0));
    talk.pass(Duration::from_secs(64));
}
