//! Attended transfer: an agent calls somebody while the caller waits, and joins the two; phones ask for it in either of
//! their dialogs. Who hears whom is told by RTP; who had the caller when, by the records.

use crate::support::phones::dialogs::Dialog;
use crate::support::phones::{Desk, World};
use spillway::base::Outcome;
use spillway::call::LegEnd;

pub const SITE: &str = r#"
[queue.technique]
via      = "phones"
agents   = { nadia = 201 }
wrap_up  = "10s"
overflow = [{ after = "120s", to = "rappelez" }]

[queue.facturation]
via      = "phones"
agents   = { karim = 202 }
wrap_up  = "20s"
overflow = [{ after = "120s", to = "rappelez" }]

[flow.un]
steps = [{ go = "technique" }]
[flow.deux]
steps = [{ go = "facturation" }]

[number."03 84 96 13 70"]
flow = "un"
[number."03 84 96 13 71"]
flow = "deux"

[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "Merci de rappeler."
"#;

/// Nadia's phone holds.
const HELD: &str = "v=0\r\no=- 1 2 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n\
                    m=audio 4000 RTP/AVP 8 0\r\na=sendonly\r\n";

/// A caller in conversation with Nadia, ten seconds after the INVITE; Karim's phone is registered too.
struct Talk {
    world: World,
    caller: Desk,
    nadia: Desk,
    karim: Desk,
    /// Nadia's with the caller.
    first: Dialog,
    /// The caller's own.
    callers: Dialog,
}

impl Talk {
    fn begin() -> Self {
        let mut world = World::with_outside(SITE, 10);
        let nadia = Desk::at("198.51.100.7:5060", "201");
        let karim = Desk::at("198.51.100.9:5060", "202");
        world.register(&nadia);
        world.register(&karim);
        world.trunk_invites("0384961370");
        let caller = world.public();
        let callers = world.placed_dialog(&caller);
        world.wait_ms(100);
        world.answers(&nadia);
        let first = world.rung_dialog(&nadia);
        world.wait_ms(9_900);
        assert!(world.talk(&caller, &nadia));
        Self { world, caller, nadia, karim, first, callers }
    }

    /// Nadia calls Karim; he answers after five seconds, and they talk for five.
    fn consults(&mut self) -> Dialog {
        let second = self.rings_karim();
        self.world.answers(&self.karim);
        self.pass(5_000);
        assert!(self.world.talk(&self.nadia, &self.karim));
        second
    }

    /// Nadia calls Karim, whose phone rings for five seconds.
    fn rings_karim(&mut self) -> Dialog {
        self.world.dials(&self.nadia, "202");
        self.world.rings(&self.karim);
        let second = self.world.placed_dialog(&self.nadia);
        self.pass(5_000);
        second
    }

    fn pass(&mut self, millis: u64) {
        self.world.wait_ms(millis);
    }

    /// The caller hangs up, and nothing is left of anything.
    fn ends(&mut self) {
        self.world.says_in(&self.callers.clone(), "BYE", "");
        self.pass(65_000);
        self.world.is_at_rest();
    }

    /// Nadia's two calls became one conversation without her.
    fn is_joined(&mut self, asked: &Dialog, second: &Dialog) {
        let world = &mut self.world;
        assert_eq!(world.notified(asked), ["100 Trying", "200 OK"]);
        assert!(world.was_let_go(&self.first) && world.was_let_go(second));
        assert!(world.talk(&self.caller, &self.karim));
        assert!(!world.hears(&self.nadia, &self.caller) && !world.hears(&self.nadia, &self.karim));
        assert_eq!(world.agent("nadia"), "wrap_up");
    }

    /// The records of a caller whom Nadia had from 0.1 s on and Karim from `joined_ms` on.
    fn is_recorded(&self, joined_ms: u64) {
        self.is_recorded_by("201@phones", joined_ms);
    }

    /// Whom the caller of a record talked with, how long, and how much of it on hold.
    fn talked(&self, call: usize) -> Vec<(String, u64, u64)> {
        let record = &self.world.by_call()[call];
        record.talks.iter().map(|one| (one.who.clone(), one.talk_ms, one.hold_ms)).collect()
    }

    /// The records of such a caller, where this phone brought the change about.
    fn is_recorded_by(&self, by: &str, joined_ms: u64) {
        let records = self.world.by_call();
        let [first, second] = &records[..] else { panic!("{records:#?}") };
        assert_eq!((first.outcome, first.agent.as_deref()), (Outcome::Answered, Some("nadia")));
        assert_eq!(first.talk_ms, first.duration_ms - 100, "somebody was there all the time");
        let [transfer] = &first.transfers[..] else { panic!("{first:#?}") };
        assert_eq!((transfer.by.as_str(), transfer.to.as_str()), (by, "202"));
        assert_eq!((transfer.end, transfer.call), (LegEnd::Answered, Some(second.call)));
        assert_eq!(transfer.at_ms + transfer.for_ms, joined_ms);
        assert!(!second.is_offered(), "a consultation is in no figure");
    }
}

#[test]
fn a_refer_in_the_callers_dialog_joins_the_caller_and_whom_the_agent_called() {
    let mut talk = Talk::begin();
    let second = talk.consults();
    let first = talk.first.clone();
    let answer = talk.world.says_in(&first, "REFER", &second.refer_to("202"));
    assert_eq!(answer.as_deref(), Some("202 Accepted"));
    talk.is_joined(&first, &second);
    talk.pass(10_000);
    assert_eq!(talk.world.agent("nadia"), "ready", "after her wrap-up");
    talk.ends();
    talk.is_recorded(20_000);
    assert_eq!(talk.talked(0), [("201@phones".into(), 19_900, 0), ("202@phones".into(), 10_000, 0)]);
    let second = &talk.world.by_call()[1];
    assert_eq!((second.outcome, second.talk_ms), (Outcome::RoutedAnswered, 5_000), "until it was joined");
    assert_eq!(second.duration_ms, 10_000);
}

#[test]
fn a_refer_in_the_consultation_does_the_same() {
    let mut talk = Talk::begin();
    let second = talk.consults();
    let refer_to = talk.first.refer_to("0612345678");
    assert_eq!(talk.world.says_in(&second, "REFER", &refer_to).as_deref(), Some("202 Accepted"));
    talk.is_joined(&second.clone(), &second);
    talk.ends();
    talk.is_recorded(20_000);
}

#[test]
fn the_one_called_hangs_up_and_the_caller_is_let_go() {
    let mut talk = Talk::begin();
    let second = talk.consults();
    let karims = talk.world.rung_dialog(&talk.karim);
    let first = talk.first.clone();
    talk.world.says_in(&first, "REFER", &second.refer_to("202"));
    talk.pass(3_000);
    talk.world.says_in(&karims, "BYE", "");
    assert!(talk.world.was_let_go(&talk.callers));
    talk.pass(65_000);
    talk.world.is_at_rest();
    talk.is_recorded(20_000);
    assert_eq!(talk.world.by_call()[0].duration_ms, 23_000);
}

#[test]
fn somebody_outside_is_joined_with_the_caller_over_the_trunk() {
    let mut talk = Talk::begin();
    talk.world.dials(&talk.nadia, "0899000000");
    talk.world.trunk_answers();
    let second = talk.world.placed_dialog(&talk.nadia);
    talk.pass(5_000);
    let outside = talk.world.rung_dialog(&talk.caller);
    let first = talk.first.clone();
    talk.world.says_in(&first, "REFER", &second.refer_to("0899000000"));
    assert_eq!(talk.world.notified(&first), ["100 Trying", "200 OK"]);
    assert_eq!(talk.world.channels_taken(), 2, "the caller's and theirs");
    assert!(!talk.world.was_let_go(&outside) && !talk.world.was_let_go(&talk.callers));
    talk.ends();
    assert_eq!(talk.world.by_call()[0].transfers[0].to, "0899000000");
}

#[test]
fn time_on_hold_ends_with_the_transfer() {
    let mut talk = Talk::begin();
    let first = talk.first.clone();
    talk.world.says_with(&first, "INVITE", HELD);
    assert!(!talk.world.hears(&talk.nadia.clone(), &talk.caller.clone()));
    let second = talk.consults();
    talk.world.says_in(&first, "REFER", &second.refer_to("202"));
    talk.is_joined(&first, &second);
    talk.pass(30_000);
    talk.ends();
    assert_eq!(talk.world.by_call()[0].hold_ms, 10_000);
    assert_eq!(talk.talked(0), [("201@phones".into(), 19_900, 10_000), ("202@phones".into(), 30_000, 0)]);
}

#[test]
fn whoever_waits_for_a_transfer_on_hold_hears_us_until_it_is_done() {
    let mut talk = Talk::begin();
    let (first, caller) = (talk.first.clone(), talk.caller.clone());
    talk.world.says_with(&first, "INVITE", HELD);
    let second = talk.consults();
    talk.pass(1_000);
    assert!(talk.world.plays_to(&caller, 2_000) > 98, "while Nadia talks with Karim");
    talk.world.says_in(&first, "REFER", &second.refer_to("202"));
    talk.is_joined(&first, &second);
    assert_eq!(talk.world.plays_to(&caller, 2_000), 0, "Karim alone from here on");
    talk.ends();
}

#[test]
fn an_agent_of_another_queue_keeps_the_caller_and_wraps_up_afterwards() {
    let mut talk = Talk::begin();
    talk.world.dials(&talk.nadia, "0384961371");
    talk.pass(1_000);
    talk.world.answers(&talk.karim);
    let second = talk.world.placed_dialog(&talk.nadia);
    talk.pass(4_000);
    let first = talk.first.clone();
    talk.world.says_in(&first, "REFER", &second.refer_to("0384961371"));
    talk.is_joined(&first, &second);
    assert_eq!(talk.world.agent("karim"), "talking");
    talk.pass(20_000);
    assert_eq!(talk.world.agent("karim"), "talking", "he has her yet");
    let callers = talk.callers.clone();
    talk.world.says_in(&callers, "BYE", "");
    assert_eq!(talk.world.agent("karim"), "wrap_up");
    talk.pass(20_000);
    assert_eq!(talk.world.agent("karim"), "ready");
    talk.pass(45_000);
    talk.world.is_at_rest();
    let records = talk.world.by_call();
    assert_eq!((records[0].agent.as_deref(), records[1].agent.as_deref()), (Some("nadia"), Some("karim")));
    assert_eq!(records[1].talk_ms, 4_000, "what came after is the caller's own call");
    assert_eq!(records.iter().map(|record| record.duration_ms).collect::<Vec<_>>(), [35_000, 5_000]);
}

#[test]
fn one_who_called_the_agent_is_joined_from_another_board_and_told_where_to_send() {
    let mut talk = Talk::begin();
    talk.world.dials(&talk.karim, "201");
    talk.world.answers(&talk.nadia);
    let second = talk.world.rung_dialog(&talk.nadia);
    let karims = talk.world.placed_dialog(&talk.karim);
    talk.pass(5_000);
    assert!(talk.world.talk(&talk.nadia, &talk.karim));
    let first = talk.first.clone();
    talk.world.says_in(&first, "REFER", &second.refer_to("202"));
    let told = talk.world.last_invite_to(&talk.karim).expect("a re-INVITE");
    let call_id = karims.replaces().split(';').next().map(str::to_owned).expect("a Call-ID");
    assert!(told.contains(&format!("Call-ID: {call_id}\r\n")) && told.contains("m=audio"), "{told}");
    talk.world.answers(&talk.karim);
    talk.is_joined(&first, &second);
    talk.ends();
    talk.is_recorded(15_000);
}

#[test]
fn a_phone_that_still_rings_takes_the_caller_when_it_answers() {
    let mut talk = Talk::begin();
    let second = talk.rings_karim();
    let first = talk.first.clone();
    assert_eq!(talk.world.says_in(&first, "REFER", &second.refer_to("202")).as_deref(), Some("202 Accepted"));
    assert_eq!(talk.world.last_answer_to(&talk.nadia), "487 Request Terminated", "the consultation is over");
    talk.pass(4_000);
    assert_eq!(talk.world.notified(&first), ["100 Trying"]);
    assert_eq!(talk.world.invites(), 2, "his phone rings on, and no other");
    talk.world.answers(&talk.karim);
    assert_eq!(talk.world.notified(&first), ["100 Trying", "200 OK"]);
    assert!(talk.world.was_let_go(&first) && talk.world.talk(&talk.caller, &talk.karim));
    assert_eq!(talk.world.agent("nadia"), "wrap_up");
    talk.ends();
    talk.is_recorded(19_000);
}

#[test]
fn a_consultation_that_rings_takes_no_refer_and_the_callers_dialog_does() {
    let mut talk = Talk::begin();
    let second = talk.rings_karim();
    let first = talk.first.clone();
    let refused = talk.world.says_in(&second, "REFER", &first.refer_to("x"));
    assert_eq!(refused.as_deref(), Some("403 Forbidden"), "what becomes of it could be told nowhere");
    assert!(talk.world.talk(&talk.caller, &talk.nadia));
    talk.world.says_in(&first, "REFER", &second.refer_to("202"));
    talk.world.answers(&talk.karim);
    assert_eq!(talk.world.notified(&first), ["100 Trying", "200 OK"]);
    assert!(talk.world.talk(&talk.caller, &talk.karim));
    talk.ends();
    talk.is_recorded(15_000);
}

#[test]
fn an_agent_who_hangs_up_while_it_rings_is_free_and_it_rings_on() {
    let mut talk = Talk::begin();
    let second = talk.rings_karim();
    let first = talk.first.clone();
    talk.world.says_in(&first, "REFER", &second.refer_to("202"));
    talk.world.says_in(&first, "BYE", "");
    assert_eq!(talk.world.agent("nadia"), "wrap_up");
    talk.pass(2_000);
    talk.world.answers(&talk.karim);
    assert!(talk.world.talk(&talk.caller, &talk.karim));
    talk.ends();
    let record = &talk.world.by_call()[0];
    assert_eq!((record.outcome, record.after_ms), (Outcome::Answered, 2_000), "nobody was there for so long");
}

#[test]
fn a_phone_that_rings_and_refuses_leaves_the_caller_with_the_agent() {
    let mut talk = Talk::begin();
    let second = talk.rings_karim();
    let first = talk.first.clone();
    talk.world.says_in(&first, "REFER", &second.refer_to("202"));
    talk.world.refuses(&talk.karim, "486 Busy Here");
    assert_eq!(talk.world.notified(&first), ["100 Trying", "486 Busy Here"]);
    assert!(talk.world.talk(&talk.caller, &talk.nadia), "she has her back");
    assert_eq!(talk.world.agent("nadia"), "talking");
    talk.ends();
    assert_eq!(talk.world.by_call()[0].transfers[0].end, LegEnd::Busy);
}

#[test]
fn a_consultation_that_is_over_leaves_the_caller_with_the_agent() {
    let mut talk = Talk::begin();
    let second = talk.consults();
    let karims = talk.world.rung_dialog(&talk.karim);
    talk.world.says_in(&karims, "BYE", "");
    let first = talk.first.clone();
    assert_eq!(talk.world.says_in(&first, "REFER", &second.refer_to("202")).as_deref(), Some("202 Accepted"));
    assert_eq!(talk.world.notified(&first), ["100 Trying", "481 Call/Transaction Does Not Exist"]);
    assert!(talk.world.talk(&talk.caller, &talk.nadia));
    talk.ends();
    let record = &talk.world.by_call()[0];
    assert_eq!((record.outcome, record.transfers.len()), (Outcome::Answered, 0));
}

#[test]
fn a_caller_who_has_hung_up_leaves_the_consultation_as_it_is() {
    let mut talk = Talk::begin();
    let second = talk.consults();
    let (callers, first) = (talk.callers.clone(), talk.first.clone());
    talk.world.says_in(&callers, "BYE", "");
    assert_eq!(talk.world.says_in(&second, "REFER", &first.refer_to("x")).as_deref(), Some("403 Forbidden"));
    assert!(talk.world.talk(&talk.nadia, &talk.karim), "they talk on");
    talk.world.says_in(&second, "BYE", "");
    talk.pass(65_000);
    talk.world.is_at_rest();
}

#[test]
fn a_line_the_agent_waits_in_is_nobody_to_join_the_caller_with() {
    let mut talk = Talk::begin();
    talk.world.dials(&talk.nadia, "0384961371");
    let second = talk.world.placed_dialog(&talk.nadia);
    talk.pass(1_000);
    let first = talk.first.clone();
    talk.world.says_in(&first, "REFER", &second.refer_to("0384961371"));
    assert_eq!(talk.world.notified(&first), ["100 Trying", "603 Decline"]);
    assert!(talk.world.talk(&talk.caller, &talk.nadia) && !talk.world.was_let_go(&second));
    talk.world.says_in(&second, "BYE", "");
    talk.ends();
}

#[test]
fn only_an_agents_own_dialogs_are_joined() {
    let mut talk = Talk::begin();
    let second = talk.consults();
    let karims = talk.world.rung_dialog(&talk.karim);
    let (callers, first) = (talk.callers.clone(), talk.first.clone());
    // Karim and the caller name what is Nadia's, and what is nobody's: they learn nothing of either.
    let nothing = "Refer-To: <sip:x@spillway?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n";
    for (who, named) in
        [(&karims, first.refer_to("x")), (&karims, nothing.into()), (&callers, second.refer_to("x"))]
    {
        assert_eq!(talk.world.says_in(who, "REFER", &named).as_deref(), Some("403 Forbidden"), "{named}");
    }
    // Nadia names Karim's and the caller's: for her there are no such dialogs.
    for named in [&karims, &callers] {
        let before = talk.world.notified(&first).len();
        talk.world.says_in(&first, "REFER", &named.refer_to("x"));
        assert_eq!(talk.world.notified(&first)[before + 1], "481 Call/Transaction Does Not Exist");
    }
    assert!(talk.world.talk(&talk.nadia, &talk.karim));
    talk.world.says_in(&second, "BYE", "");
    assert!(talk.world.says_in(&first, "BYE", "").is_some());
    talk.pass(65_000);
    talk.world.is_at_rest();
}

#[test]
fn a_registered_phone_takes_an_agents_place_with_the_caller() {
    let mut talk = Talk::begin();
    let replaces = format!("Replaces: {}\r\nRequire: replaces\r\n", talk.first.replaces());
    talk.world.dials_with(&talk.karim, "201", &replaces);
    assert_eq!(talk.world.last_answer_to(&talk.karim), "200 OK");
    assert!(talk.world.was_let_go(&talk.first));
    assert!(talk.world.talk(&talk.caller, &talk.karim));
    assert!(!talk.world.hears(&talk.nadia, &talk.caller));
    assert_eq!(talk.world.agent("nadia"), "wrap_up");
    talk.pass(5_000);
    talk.ends();
    talk.is_recorded_by("202@phones", 10_000);
    assert_eq!(talk.talked(0), [("201@phones".into(), 9_900, 0), ("202@phones".into(), 5_000, 0)]);
    let second = &talk.world.by_call()[1];
    assert_eq!((second.outcome, second.duration_ms), (Outcome::RoutedAnswered, 0));
}

#[test]
fn a_phone_that_names_anything_else_gets_the_same_no_and_touches_nothing() {
    let mut talk = Talk::begin();
    let second = talk.rings_karim();
    let named = [
        "no-such@x;to-tag=1;from-tag=2".to_owned(),
        // The caller's, a consultation that rings, an agent's under a wrong tag.
        talk.callers.replaces(),
        second.replaces(),
        talk.first.replaces() + "x",
    ];
    for named in named {
        talk.world.dials_with(&talk.karim, "201", &format!("Replaces: {named}\r\n"));
        assert_eq!(talk.world.last_answer_to(&talk.karim), "481 Call/Transaction Does Not Exist", "{named}");
    }
    let first = talk.first.replaces();
    talk.world.dials_with(&talk.karim, "201", &format!("Replaces: {first};early-only\r\n"));
    assert_eq!(talk.world.last_answer_to(&talk.karim), "486 Busy Here");
    talk.world.dials_with(&talk.karim, "201", &format!("Replaces: {first}\r\nReplaces: {first}\r\n"));
    assert_eq!(talk.world.last_answer_to(&talk.karim), "400 Bad Request");
    assert!(talk.world.talk(&talk.caller, &talk.nadia) && !talk.world.was_let_go(&talk.first));
    talk.world.says_in(&second, "BYE", "");
    talk.ends();
    let refused = talk.world.outcomes().iter().filter(|outcome| **outcome == Outcome::Rejected).count();
    assert_eq!(refused, 6, "each has its record");
}

#[test]
fn whoever_took_the_caller_over_may_join_her_with_somebody_else_again() {
    let mut talk = Talk::begin();
    talk.world.dials(&talk.nadia, "0384961371");
    talk.pass(1_000);
    talk.world.answers(&talk.karim);
    let (second, karims) = (talk.world.placed_dialog(&talk.nadia), talk.world.rung_dialog(&talk.karim));
    let first = talk.first.clone();
    talk.world.says_in(&first, "REFER", &second.refer_to("0384961371"));
    assert!(talk.world.talk(&talk.caller, &talk.karim));
    talk.pass(12_000);
    // He calls Nadia back, and she takes the caller again.
    talk.world.dials(&talk.karim, "201");
    talk.world.answers(&talk.nadia);
    let third = talk.world.placed_dialog(&talk.karim);
    talk.pass(2_000);
    talk.world.says_in(&karims, "REFER", &third.refer_to("201"));
    assert_eq!(talk.world.notified(&karims), ["100 Trying", "200 OK"]);
    assert!(talk.world.talk(&talk.caller, &talk.nadia) && !talk.world.hears(&talk.karim, &talk.caller));
    assert_eq!(talk.world.agent("karim"), "wrap_up");
    talk.ends();
    let records = talk.world.by_call();
    let by: Vec<_> = records[0].transfers.iter().map(|one| (one.by.as_str(), one.to.as_str())).collect();
    assert_eq!(by, [("201@phones", "0384961371"), ("202@phones", "201")]);
    assert_eq!(records[0].talk_ms, records[0].duration_ms - 100);
}

#[test]
fn a_caller_is_joined_with_others_as_often_as_sent_on_and_no_oftener() {
    let mut talk = Talk::begin();
    let first = talk.first.clone();
    for n in 0..11 {
        talk.world.dials(&talk.nadia, "202");
        talk.world.rings(&talk.karim);
        let second = talk.world.placed_dialog(&talk.nadia);
        talk.world.says_in(&first, "REFER", &second.refer_to("202"));
        let said = talk.world.notified(&first).pop().expect("told");
        assert_eq!(said, if n < 10 { "100 Trying" } else { "603 Decline" }, "{n}");
        talk.world.refuses(&talk.karim, "486 Busy Here");
        talk.pass(1_000);
        assert!(talk.world.talk(&talk.caller, &talk.nadia), "{n}");
    }
    talk.ends();
    assert_eq!(talk.world.by_call()[0].transfers.len(), 10);
}
