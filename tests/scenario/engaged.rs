//! Agents whose phone is in a call that no queue gave them: no queue rings them until it is over, and the wallboard shows
//! what they do.

use crate::support::phones::dialogs::Dialog;
use crate::support::phones::{Desk, World};
use spillway::base::Outcome;

const SITE: &str = r#"
[queue.technique]
via      = "phones"
agents   = { nadia = 201 }
wrap_up  = "10s"
overflow = [{ after = "120s", to = "rappelez" }]

[queue.facturation]
via      = "phones"
agents   = { karim = 202 }
overflow = [{ after = "120s", to = "rappelez" }]

[queue.exterieure]
via      = "operateur"
agents   = { lea = "0612345600" }
overflow = [{ after = "120s", to = "rappelez" }]

[flow.un]
steps = [{ go = "technique" }]
[flow.deux]
steps = [{ go = "facturation" }]
[flow.trois]
steps = [{ go = "exterieure" }]

[number."03 84 96 13 70"]
flow = "un"
[number."03 84 96 13 71"]
flow = "deux"
[number."03 84 96 13 72"]
flow = "trois"

[message.rappelez]
play = "rappelez"
[prompts]
rappelez = "Merci de rappeler."
"#;

struct Site {
    world: World,
    nadia: Desk,
    karim: Desk,
}

impl Site {
    fn new() -> Self {
        let mut world = World::with_outside(SITE, 10);
        let nadia = Desk::at("198.51.100.7:5060", "201");
        let karim = Desk::at("198.51.100.9:5060", "202");
        world.register(&nadia);
        world.register(&karim);
        Self { world, nadia, karim }
    }

    /// What Nadia and Karim do.
    fn shown(&self) -> [&'static str; 2] {
        [self.world.agent("nadia"), self.world.agent("karim")]
    }

    /// A caller waits for Nadia; says whether her phone was rung.
    fn caller_rings_nadia(&mut self) -> bool {
        let before = self.world.invites();
        self.world.trunk_invites("0384961370");
        self.world.wait_ms(1_000);
        self.world.invites() > before
    }

    /// A caller is in conversation with Nadia; gives her dialog.
    fn caller_has_nadia(&mut self) -> Dialog {
        assert!(self.caller_rings_nadia());
        self.world.answers(&self.nadia);
        self.world.rung_dialog(&self.nadia)
    }

    /// Whether the phone was rung since it had this many INVITEs.
    fn was_rung(&self, before: usize) -> bool {
        self.world.invites() > before
    }
}

#[test]
fn a_colleagues_call_keeps_the_queue_away_from_its_ring_to_its_end() {
    let mut site = Site::new();
    site.world.dials(&site.karim, "201");
    assert_eq!(site.shown(), ["ringing", "talking"], "he is at his phone from dialling on");
    assert!(!site.caller_rings_nadia(), "her phone rings already");
    site.world.answers(&site.nadia);
    assert_eq!(site.shown(), ["talking", "talking"]);
    assert!(!site.caller_rings_nadia());
    let before = site.world.invites();
    site.world.hangs_up(&site.nadia);
    assert!(site.was_rung(before), "she is free at once: no queue's call was over");
    assert_eq!(site.shown(), ["ringing", "ready"]);
}

#[test]
fn a_call_an_agent_dials_keeps_the_queue_away_until_it_is_over() {
    let mut site = Site::new();
    site.world.dials(&site.nadia, "0899000000");
    assert_eq!(site.shown(), ["talking", "ready"]);
    assert!(!site.caller_rings_nadia());
    let before = site.world.invites();
    site.world.trunk_refuses("486 Busy Here");
    assert!(site.was_rung(before), "nobody there: she is free");
}

#[test]
fn a_caller_sent_on_to_an_agent_keeps_their_own_queue_away() {
    let mut site = Site::new();
    let first = site.caller_has_nadia();
    site.world.says_in(&first, "REFER", "Refer-To: <sip:202@spillway>\r\n");
    assert_eq!(site.shown(), ["talking", "ringing"]);
    let before = site.world.invites();
    site.world.trunk_invites_from("+33611111111", "0384961371");
    site.world.answers(&site.karim);
    assert_eq!(site.shown(), ["wrap_up", "talking"]);
    site.world.wait_ms(5_000);
    assert!(!site.was_rung(before), "a caller waits for Karim, who has another");
    site.world.hangs_up(&site.karim);
    assert!(site.was_rung(before));
    assert_eq!(site.world.agent("karim"), "ringing");
}

#[test]
fn a_ring_a_colleague_gives_up_leaves_the_agent_free_once_the_phone_is_quiet() {
    let mut site = Site::new();
    site.world.dials(&site.karim, "201");
    site.world.rings(&site.nadia);
    site.world.gives_up(&site.karim, "201");
    assert!(!site.caller_rings_nadia());
    let before = site.world.invites();
    assert_eq!(site.shown(), ["ringing", "ready"], "her phone was told to stop, and has not said so");
    site.world.refuses(&site.nadia, "487 Request Terminated");
    assert!(site.was_rung(before));
}

#[test]
fn a_queues_ring_goes_on_while_its_agent_dials_and_can_be_answered() {
    let mut site = Site::new();
    assert!(site.caller_rings_nadia());
    site.world.dials(&site.nadia, "202");
    site.world.answers(&site.karim);
    assert_eq!(site.shown(), ["ringing", "talking"]);
    let consults = site.world.placed_dialog(&site.nadia);
    site.world.answers(&site.nadia);
    assert_eq!(site.shown(), ["talking", "talking"]);
    site.world.says_in(&consults, "BYE", "");
    assert_eq!(site.shown(), ["talking", "ready"], "she has the caller");
    site.world.hangs_up(&site.nadia);
    assert_eq!(site.world.agent("nadia"), "wrap_up");
}

#[test]
fn a_call_in_wrap_up_outlasts_it_and_is_shown() {
    let mut site = Site::new();
    let first = site.caller_has_nadia();
    site.world.says_in(&first, "BYE", "");
    assert_eq!(site.world.agent("nadia"), "wrap_up");
    site.world.dials(&site.nadia, "202");
    assert_eq!(site.world.agent("nadia"), "talking");
    site.world.answers(&site.karim);
    site.world.wait_ms(12_000);
    assert!(!site.caller_rings_nadia(), "her wrap-up is over, her call is not");
    let before = site.world.invites();
    let placed = site.world.placed_dialog(&site.nadia);
    site.world.says_in(&placed, "BYE", "");
    assert!(site.was_rung(before));
}

#[test]
fn a_phone_in_a_call_that_takes_a_colleagues_place_is_engaged_as_long_as_it_lasts() {
    let mut site = Site::new();
    let first = site.caller_has_nadia();
    site.world.dials_with(&site.karim, "201", &format!("Replaces: {}\r\n", first.replaces()));
    assert_eq!(site.shown(), ["wrap_up", "talking"]);
    let before = site.world.invites();
    site.world.trunk_invites_from("+33611111111", "0384961371");
    site.world.wait_ms(5_000);
    assert!(!site.was_rung(before), "he has Nadia's caller");
    let karims = site.world.placed_dialog(&site.karim);
    site.world.says_in(&karims, "BYE", "");
    assert!(site.was_rung(before));
}

#[test]
fn one_who_is_engaged_picks_up_nothing() {
    let mut site = Site::new();
    assert!(site.caller_rings_nadia());
    let rings = site.world.rung_dialog(&site.nadia);
    site.world.dials(&site.karim, "0899000000");
    site.world.dials_with(&site.karim, "201", &format!("Replaces: {};early-only\r\n", rings.replaces()));
    assert_eq!(site.world.last_answer_to(&site.karim), "481 Call/Transaction Does Not Exist");
}

#[test]
fn a_phone_that_another_names_in_its_place_is_engaged_too() {
    let mut site = Site::new();
    assert!(site.caller_rings_nadia());
    site.world.names(&site.nadia, "202");
    assert_eq!(site.shown(), ["ringing", "ringing"]);
    site.world.answers(&site.karim);
    assert_eq!(site.shown(), ["talking", "talking"]);
    site.world.hangs_up(&site.karim);
    assert_eq!(site.shown(), ["wrap_up", "ready"]);
}

#[test]
fn a_number_of_the_public_network_engages_nobody_who_did_not_prove_it() {
    let mut site = Site::new();
    assert_eq!(site.world.agent("lea"), "ready");
    site.world.trunk_invites_from("0612345600", "0384961370");
    assert_eq!(site.world.agent("lea"), "ready", "anybody can write her number");
    site.world.dials(&site.karim, "0612345600");
    assert_eq!(site.world.agent("lea"), "ringing", "that is her phone");
    site.world.trunk_answers();
    assert_eq!(site.world.agent("lea"), "talking");
}

#[test]
fn whoever_got_the_caller_may_send_her_on_along_any_chain() {
    let mut site = Site::new();
    let first = site.caller_has_nadia();
    let callers = site.world.placed_dialog(&site.world.public());
    site.world.wait_ms(4_000);
    site.world.says_in(&first, "REFER", "Refer-To: <sip:202@spillway>\r\n");
    site.world.answers(&site.karim);
    let second = site.world.rung_dialog(&site.karim);
    site.world.wait_ms(11_000);
    // Back to Nadia, who joins her with Karim again by a consultation.
    let answer = site.world.says_in(&second, "REFER", "Refer-To: <sip:201@spillway>\r\n");
    assert_eq!(answer.as_deref(), Some("202 Accepted"));
    site.world.answers(&site.nadia);
    assert_eq!(site.world.notified(&second), ["100 Trying", "200 OK"]);
    let third = site.world.rung_dialog(&site.nadia);
    assert_eq!(site.shown(), ["talking", "ready"]);
    site.world.wait_ms(2_000);
    site.world.dials(&site.nadia, "202");
    site.world.answers(&site.karim);
    let consults = site.world.placed_dialog(&site.nadia);
    site.world.wait_ms(1_000);
    site.world.says_in(&third, "REFER", &consults.refer_to("202"));
    assert_eq!(site.world.notified(&third), ["100 Trying", "200 OK"]);
    let caller = site.world.public();
    assert!(site.world.talk(&caller, &site.karim));
    assert_eq!(site.shown(), ["ready", "talking"]);
    site.world.wait_ms(3_000);
    site.world.says_in(&callers, "BYE", "");
    site.world.wait_ms(65_000);
    site.world.is_at_rest();
    let record = &site.world.by_call()[0];
    let by: Vec<_> = record.transfers.iter().map(|one| (one.by.as_str(), one.to.as_str())).collect();
    assert_eq!(by, [("201@phones", "202"), ("202@phones", "201"), ("201@phones", "202")]);
    assert_eq!((record.outcome, record.agent.as_deref()), (Outcome::Answered, Some("nadia")));
    assert_eq!((record.wait_ms, record.talk_ms), (1_000, 21_000), "somebody was there all the time");
    let talks: Vec<_> = record.talks.iter().map(|one| (one.who.as_str(), one.talk_ms)).collect();
    let shared =
        [("201@phones", 4_000), ("202@phones", 11_000), ("201@phones", 3_000), ("202@phones", 3_000)];
    assert_eq!(talks, shared);
    assert!(record.talks.iter().all(|one| one.agent.is_some()));
}

#[test]
fn an_agent_who_sends_the_caller_to_their_own_phone_is_refused_and_keeps_her() {
    let mut site = Site::new();
    let first = site.caller_has_nadia();
    let answer = site.world.says_in(&first, "REFER", "Refer-To: <sip:201@spillway>\r\n");
    assert_eq!(answer.as_deref(), Some("403 Forbidden"));
    let caller = site.world.public();
    assert!(site.world.talk(&caller, &site.nadia) && !site.world.was_let_go(&first));
    assert_eq!(site.shown(), ["talking", "ready"]);
}

#[test]
fn a_colleague_who_is_asked_nothing_sends_nobody_anywhere() {
    let mut site = Site::new();
    site.world.dials(&site.nadia, "202");
    site.world.answers(&site.karim);
    let karims = site.world.rung_dialog(&site.karim);
    let answer = site.world.says_in(&karims, "REFER", "Refer-To: <sip:0384961370@spillway>\r\n");
    assert_eq!(answer.as_deref(), Some("403 Forbidden"), "it is no queue's caller");
}

#[test]
fn an_agent_whose_phone_is_gone_in_a_call_is_engaged_until_the_call_ends() {
    let mut site = Site::new();
    site.world.dials(&site.nadia, "202");
    site.world.answers(&site.karim);
    let placed = site.world.placed_dialog(&site.nadia);
    site.world.loses(&site.nadia);
    site.world.says_in(&placed, "BYE", "");
    site.world.wait_ms(65_000);
    site.world.is_at_rest();
    assert_ne!(site.world.agent("nadia"), "talking");
    assert_eq!(site.world.outcomes(), [Outcome::RoutedAnswered]);
}
