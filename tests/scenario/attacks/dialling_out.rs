//! A call that comes in must not go out again at our cost: not by its number, its keys, nor any header.

use super::{FOREIGN, MENU, QUEUE, Request, codes, hang_up, say, standing, world};
use crate::support::sim::by_hand::{ByHand, IPBX};
use crate::support::sim::wired::{GATEWAY, Wired};
use std::time::Duration;

/// Whom the engine rang.
fn rung(world: &Wired) -> Vec<&str> {
    world.watch().invites().iter().map(|invite| invite.dialled()).collect()
}

#[test]
fn an_invite_to_a_number_that_is_not_ours_goes_nowhere() {
    let mut world = world();
    for (n, number) in
        [FOREIGN, "+33899123456", "0033899123456", "00882123456", "201", "911", "*21*0899123456#"]
            .into_iter()
            .enumerate()
    {
        let invite = Request::new("INVITE", number, &format!("out{n}"));
        let heard = say(&mut world, &invite);
        assert_eq!(codes(&heard), [100, 404], "{number}");
        say(
            &mut world,
            &Request { our_tag: super::our_tag(&heard), method: "ACK", body: Vec::new(), ..invite },
        );
    }
    world.advance(Duration::from_secs(40));
    assert!(rung(&world).is_empty() && world.is_at_rest());
    assert_eq!(world.outcomes().records.len(), 7, "each refusal has its record");
}

#[test]
fn keys_dial_nobody() {
    let mut world = world();
    let (invite, tag) = standing(&mut world, MENU, "keys");
    for (cseq, key) in (2..).zip("90899123456#*".chars()) {
        let body = format!("Signal={key}\r\nDuration=160\r\n").into_bytes();
        let info = Request { body, ..invite.then("INFO", cseq, &tag) };
        let written = String::from_utf8(info.written()).expect("text");
        world.says_from(GATEWAY, written.replace("application/sdp", "application/dtmf-relay").as_bytes());
        world.advance(Duration::from_secs(2));
    }
    assert!(rung(&world).is_empty(), "no key of these leads anywhere");
    let left = world.letters(GATEWAY).iter().any(|letter| letter.starts_with("BYE "));
    if left {
        world.advance(Duration::from_secs(70));
    } else {
        hang_up(&mut world, &invite, &tag, 100);
    }
}

#[test]
fn no_header_of_a_call_steers_it() {
    let elsewhere = format!("sip:{FOREIGN}@198.51.100.1");
    let headers = [
        format!("Diversion: <{elsewhere}>;reason=unconditional"),
        format!("History-Info: <{elsewhere}>;index=1"),
        format!("Refer-To: <{elsewhere}>"),
        format!("Referred-By: <{elsewhere}>"),
        format!("Route: <sip:203.0.113.99;lr>\r\nRoute: <{elsewhere}>"),
        "Record-Route: <sip:203.0.113.99;lr>".to_owned(),
        format!("P-Called-Party-ID: <{elsewhere}>"),
        format!("P-Preferred-Identity: <{elsewhere}>"),
        "Request-Disposition: redirect, fork\r\nAccept-Contact: *;sip.instance".to_owned(),
        "Join: live;to-tag=a;from-tag=b".to_owned(),
        format!("X-Forward-To: {elsewhere}"),
    ];
    for (n, header) in headers.iter().enumerate() {
        let mut world = world();
        let invite = Request::new("INVITE", QUEUE, &format!("steer{n}")).with(header);
        let mut heard = say(&mut world, &invite);
        world.advance(Duration::from_secs(2));
        heard.extend(world.letters(GATEWAY));
        assert_eq!(codes(&heard).last(), Some(&200), "{header}: {heard:?}");
        assert_eq!(rung(&world), ["201"], "{header}");
        let tag = super::our_tag(&heard);
        say(&mut world, &invite.then("ACK", 1, &tag));
        hang_up(&mut world, &invite, &tag, 2);
    }
}

#[test]
fn a_refer_of_a_caller_dials_nobody() {
    let mut world = world();
    let (invite, tag) = standing(&mut world, MENU, "refer");
    let refer = invite.then("REFER", 2, &tag).with(&format!("Refer-To: <sip:{FOREIGN}@198.51.100.1>"));
    let heard = say(&mut world, &refer);
    assert!(codes(&heard).iter().all(|code| *code >= 400), "{heard:?}");
    assert!(rung(&world).is_empty());
    hang_up(&mut world, &invite, &tag, 3);
}

/// Only agents' phones may name another, and only within their trunk's list.
#[test]
fn a_target_that_answers_302_sends_nobody_elsewhere() {
    let carrier = "198.51.100.1:5070";
    let mut world = ByHand::new(super::SITE, |_| {});
    world.calls(IPBX, super::RINGING, "0601020304", "moved", "");
    let invite = world.invite_to(carrier);
    world.answers(&invite, "302 Moved Temporarily", &format!("Contact: <sip:{FOREIGN}@{carrier}>\r\n"));
    world.wait_ms(2_000);
    let asked: Vec<_> = world.said_to(carrier, "INVITE");
    assert_eq!(asked.len(), 1, "{:#?}", world.lines());
    assert!(!world.said.iter().any(|said| said.text.contains(FOREIGN)));
    assert_eq!(world.said_to(IPBX, "200").len(), 1, "the plan goes on: the caller hears the message");
}
