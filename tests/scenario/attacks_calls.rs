//! Attacks by those who are in a call, or would like to be: dialling out at our expense, and taking over what is
//! another's. Each is refused, and what it was aimed at goes on.

use super::by_hand::SDP;
use super::transfer::{SITE, Talk, world};
use crate::support::plan::plan;
use crate::support::sim::wired::{Weather, Wired};
use std::sync::Arc;
use std::time::Duration;

fn assert_untouched(talk: &mut Talk) {
    talk.pass(Duration::from_secs(2));
    assert_eq!(talk.invited(), ["201"], "nobody else is rung");
    assert_eq!(talk.world.watch().ours("BYE").count(), 0, "and they talk on");
    assert_eq!(talk.world.watch().ours("NOTIFY").count(), 0);
    talk.hang_up();
    assert!(talk.transfers().is_empty());
}

#[test]
fn attack_dialling_out_by_refer() {
    for outside in ["0899123456", "+33899123456", "112", "20", "2021", "%32%30%33"] {
        let mut talk = Talk::begin(world());
        talk.nadia_says("REFER", &format!("Refer-To: <sip:{outside}@192.0.2.1>\r\n"));
        assert_eq!(talk.verdict(), Some(403), "{outside}");
        assert_untouched(&mut talk);
    }
}

#[test]
fn attack_refer_by_the_caller() {
    let mut talk = Talk::begin(world());
    talk.caller.says(&mut talk.world, "REFER", "Refer-To: <sip:202@192.0.2.1>\r\n", "");
    talk.pass(Duration::from_millis(100));
    assert_eq!(talk.verdict(), Some(403));
    assert_untouched(&mut talk);
}

#[test]
fn attack_refer_out_of_any_call() {
    let mut world = Wired::new(&Arc::new(plan(SITE)), Weather::CLEAR, false, 1);
    world.listen_in();
    let mut stranger = super::by_hand::Caller::new("outside", "0384961370");
    stranger.says(&mut world, "REFER", "Refer-To: <sip:202@192.0.2.1>\r\n", "");
    world.advance(Duration::from_secs(1));
    let verdict = world.watch().ours("REFER").next_back().and_then(|refused| refused.code());
    assert_eq!((verdict, world.watch().invites().len()), (Some(403), 0));
}

#[test]
fn attack_replaces_by_an_outsider() {
    let mut talk = Talk::begin(world());
    let (call_id, from) = (talk.nadia.need("Call-ID").to_owned(), talk.nadia.tag("From"));
    // What a phone would need to take Nadia's place, in an INVITE that asks for it and in a REFER.
    let live = format!("Replaces: {call_id};to-tag={from};from-tag=n\r\n");
    let none = "Replaces: no-such@x;to-tag=1;from-tag=2\r\n".to_owned();
    for (n, replaces) in [live.clone(), live + "Require: replaces\r\n", none].iter().enumerate() {
        let mut outsider = super::by_hand::Caller::new(&format!("outsider-{n}"), "0384961370");
        outsider.says(&mut talk.world, "INVITE", replaces, SDP);
        talk.pass(Duration::from_millis(100));
        assert_eq!(talk.world.watch().answer(&outsider.call_id), Some(403), "alike whatever exists");
    }
    // Her own dialog is no other one to be joined with.
    let refer_to =
        format!("Refer-To: <sip:202@192.0.2.1?Replaces={call_id}%3Bto-tag%3D{from}%3Bfrom-tag%3Dn>\r\n");
    talk.nadia_says("REFER", &refer_to);
    assert_eq!(talk.verdict(), Some(202));
    talk.pass(Duration::from_secs(2));
    assert_eq!(talk.world.watch().ours("BYE").count(), 0, "they talk on");
    talk.hang_up();
}

#[test]
fn attack_dialling_out_by_keys_in_a_conversation() {
    let mut talk = Talk::begin(world());
    for key in ["*", "2", "0", "2", "#"] {
        let body = format!("Signal={key}\r\nDuration=160\r\n");
        talk.caller.says(&mut talk.world, "INFO", "Content-Type: application/dtmf-relay\r\n", &body);
        talk.pass(Duration::from_millis(50));
    }
    assert_untouched(&mut talk);
}

#[test]
fn attack_what_a_phone_answers_302_with_is_not_dialled() {
    let mut world = world();
    world.phone(1, "201", spillway::endpoint::Pickup::RingForever);
    world.listen_in();
    let mut caller = super::by_hand::Caller::new("deflected", "0384961370");
    caller.says(&mut world, "INVITE", "", SDP);
    world.advance(Duration::from_secs(1));
    let nadia = world.watch().invites()[0].clone();
    let contact = "Contact: <sip:0899123456@192.0.2.1>\r\n";
    super::by_hand::answer(&mut world, 1, &nadia, "302 Moved Temporarily", "n", contact, "");
    world.advance(Duration::from_secs(3));
    let dialled: Vec<_> = world.watch().invites().iter().map(|invite| invite.dialled().to_owned()).collect();
    assert!(!dialled.iter().any(|user| user.contains("0899")), "{dialled:?}");
}

/// An agent's phone that has run wild, or been taken over, costs nobody more than its own call's ten tries.
#[test]
fn attack_no_end_of_transfers() {
    let mut talk = Talk::begin(world());
    talk.world.phone(1, "202", spillway::endpoint::Pickup::Refuse(486));
    for _ in 0..10 {
        talk.nadia_says("REFER", "Refer-To: <sip:202@192.0.2.1>\r\n");
        assert_eq!(talk.verdict(), Some(202));
    }
    talk.nadia_says("REFER", "Refer-To: <sip:202@192.0.2.1>\r\n");
    assert_eq!(talk.verdict(), Some(403));
    assert_eq!(talk.world.watch().ours("BYE").count(), 0, "they talk on");
    talk.hang_up();
    assert_eq!(talk.transfers().len(), 10);
}
