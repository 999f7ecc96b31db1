//! Messages that pretend to belong to somebody else's call.

use super::{FOREIGN, MENU, QUEUE, RINGING, Request, codes, hang_up, say, say_raw, standing, world};
use crate::support::sim::wired::{GATEWAY, IPOFFICE, OPERATEUR, STRANGER, Wired};
use spillway::base::Outcome;
use spillway::endpoint::Pickup;
use std::time::Duration;

#[test]
fn a_cancel_that_is_not_the_callers_cancels_nothing() {
    let mut world = world();
    world.phone(OPERATEUR, "0384000001", Pickup::RingForever);
    let invite = Request::new("INVITE", RINGING, "mine");
    say(&mut world, &invite);
    let cancel = Request { method: "CANCEL", body: Vec::new(), ..invite.clone() };
    assert_eq!(codes(&say(&mut world, &cancel.clone().stranger())), [403], "even with everything overheard");
    for wrong in [
        Request { branch: "z9hG4bKother".into(), ..cancel.clone() },
        Request { branch: invite.branch.to_uppercase(), ..cancel.clone() },
    ] {
        assert_eq!(codes(&say(&mut world, &wrong)), [481], "{wrong:?}");
    }
    assert!(!world.is_at_rest(), "the phone still rings");
    assert_eq!(codes(&say(&mut world, &cancel)), [200, 487]);
    say(&mut world, &Request { method: "ACK", ..cancel });
    world.advance(Duration::from_secs(40));
    assert_eq!(world.outcomes().records.len(), 1);
}

#[test]
fn a_bye_with_anything_guessed_hangs_up_nobody() {
    let mut world = world();
    let (invite, tag) = standing(&mut world, MENU, "talking");
    let other = format!("{}{}", &tag[..23], if tag.ends_with('a') { 'b' } else { 'a' });
    let bye = invite.then("BYE", 2, &tag);
    for wrong in [
        Request { our_tag: other.clone(), ..bye.clone() },
        Request { their_tag: "guessed".into(), ..bye.clone() },
        Request { call: "guessed".into(), ..bye.clone() },
        Request { our_tag: String::new(), ..bye.clone() },
        // In the range of ours, so that nothing of the dialog's order is upset either.
        Request { cseq: u32::MAX >> 1, our_tag: other, ..bye.clone() },
    ] {
        assert_eq!(codes(&say(&mut world, &wrong)), [481], "{wrong:?}");
        world.advance(Duration::from_secs(1));
        assert_eq!(codes(&say(&mut world, &wrong.stranger())), [403]);
        assert!(world.outcomes().records.is_empty());
    }
    hang_up(&mut world, &invite, &tag, 2);
}

/// The branch of the INVITE that rings the agent, and a forged answer to it.
fn forged(world: &Wired, code: &str, branch: Option<&str>) -> Vec<u8> {
    let invite = world.watch().invites().last().expect("the agent is rung");
    let field = |name: &str| invite.header(name).expect("there").to_owned();
    let via =
        branch.map_or_else(|| field("Via"), |branch| format!("SIP/2.0/UDP 192.0.2.1:5060;branch={branch}"));
    format!(
        "SIP/2.0 {code}\r\nVia: {via}\r\nFrom: {}\r\nTo: {};tag=forged\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:{FOREIGN}@{STRANGER}>\r\nContent-Length: 0\r\n\r\n",
        field("From"),
        field("To"),
        field("Call-ID"),
        field("CSeq"),
    )
    .into_bytes()
}

#[test]
fn an_answer_with_a_branch_that_is_not_ours_answers_for_nobody() {
    let mut world = world();
    world.phone(IPOFFICE, "201", Pickup::RingForever);
    let (invite, tag) = standing(&mut world, QUEUE, "ringing");
    for code in ["200 OK", "486 Busy Here", "302 Moved Temporarily", "407 Proxy Authentication Required"] {
        for branch in ["z9hG4bK000000000000000000000000", "z9hG4bK", ""] {
            for from in [STRANGER, GATEWAY] {
                let forged = forged(&world, code, Some(branch));
                assert!(say_raw(&mut world, from, &forged).is_empty(), "{code} {branch}");
            }
        }
    }
    assert_eq!(world.watch().invites().len(), 1, "nobody else was rung");
    hang_up(&mut world, &invite, &tag, 2);
    let [record] = &world.outcomes().records[..] else { panic!("one call") };
    assert_eq!((record.outcome, record.talk_ms), (Outcome::AbandonedShort, 0));
}
