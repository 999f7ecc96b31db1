//! Which dialog a Replaces names (RFC 3891 section 3): ours and no other, and how far it is. Who may ask is decided elsewhere;
//! trunks may not, whatever they name.

use super::pair::local;
use super::raw::{Raw, ack_of, invite, request, status, to_tag};
use crate::base::{Cause, Flow};
use crate::signaling::replaces::Replaces;
use crate::signaling::{Caller, Invite, LegEvent, LegKey, Named, Wanted};

fn named(raw: &Raw, value: &str) -> Named {
    raw.stack.named(&Replaces::parse(value.as_bytes()).expect("a value"))
}

/// An answered call, and its name.
fn talking(raw: &mut Raw, n: u32) -> (LegKey, String) {
    raw.say(&invite(n));
    let leg = raw.invited.last().expect("invited").0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", n, 1, &tag, ""));
    (leg, format!("call-{n};to-tag={tag};from-tag=t{n}"))
}

#[test]
fn a_dialog_is_named_by_all_three_of_its_parts() {
    let mut raw = Raw::new();
    let (leg, name) = talking(&mut raw, 1);
    assert_eq!(named(&raw, &name), Named::Confirmed(leg));
    assert_eq!(named(&raw, &format!("{name};early-only")), Named::Answered(leg));
    let tag = name.split(";to-tag=").nth(1).and_then(|rest| rest.split(';').next()).expect("a tag");
    for other in [
        format!("call-2;to-tag={tag};from-tag=t1"),
        format!("call-1;to-tag={tag};from-tag=t2"),
        format!("call-1;to-tag={tag};from-tag=0"),
        format!("call-1;to-tag={}0;from-tag=t1", &tag[1..]),
        // As the far end itself would be asked.
        format!("call-1;to-tag=t1;from-tag={tag}"),
    ] {
        assert_eq!(named(&raw, &other), Named::Nothing, "{other}");
    }
    raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert_eq!(named(&raw, &name), Named::Over(leg), "until its BYE is answered");
}

#[test]
fn an_unanswered_dialog_is_its_callers() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let ringing = raw.act(|stack, now| stack.ring(now, leg));
    let name = format!("call-1;to-tag={};from-tag=t1", to_tag(&ringing[0]));
    assert_eq!(named(&raw, &name), Named::Theirs(leg));
    assert_eq!(named(&raw, &format!("{name};early-only")), Named::Theirs(leg));
    let flow: Flow = raw.flow();
    let called = raw.act(|stack, now| {
        stack.invite(now, Invite::new(flow, "201", Caller::default(), local(6_002)));
    });
    let from = super::raw::header(&called[0], "From").split(";tag=").nth(1).expect("a tag").to_owned();
    let name = format!("{};to-tag={from};from-tag=any", super::raw::header(&called[0], "Call-ID"));
    assert!(matches!(named(&raw, &name), Named::Ours(_)));
}

#[test]
fn a_trunk_that_asks_for_a_dialog_is_refused_alike_whatever_exists() {
    let mut raw = Raw::new();
    let (_, live) = talking(&mut raw, 1);
    raw.events.clear();
    for (n, value) in [(2, live.as_str()), (3, "no-such;to-tag=1;from-tag=2"), (4, "broken")] {
        let invite = invite(n).replace("Contact:", &format!("Replaces: {value}\r\nContact:"));
        raw.say(&invite);
        let (leg, invitation) = raw.invited.last().expect("it deserves its record").clone();
        assert_eq!(
            (invitation.refusal, invitation.replaces.is_some()),
            (Some((403, Cause::Forbidden)), n < 4)
        );
        let refused = raw.act(|stack, now| stack.reject(now, leg, Cause::Busy.into()));
        assert_eq!(status(&refused[0]), "403 Forbidden");
        raw.say(&ack_of(&invite, &refused[0]));
    }
    assert!(raw.events.iter().all(|event| *event == LegEvent::Ended), "{:?}", raw.events);
}

#[test]
fn a_refer_tells_the_dialog_it_names_and_nothing_else_it_asks_for() {
    let mut raw = Raw::new();
    let (_, live) = talking(&mut raw, 1);
    let tag = live.split("to-tag=").nth(1).and_then(|rest| rest.split(';').next()).expect("a tag").to_owned();
    raw.events.clear();
    let escaped = live.replace(';', "%3B").replace('=', "%3D");
    for (cseq, headers, is_read) in [(2, String::new(), true), (3, "&Subject=x".to_owned(), false)] {
        let refer_to = format!("Refer-To: <sip:202@x?Replaces={escaped}{headers}>\r\n");
        raw.say(&request("REFER", 1, cseq, &tag, "").replace("Contact", &format!("{refer_to}Contact")));
        let Some(LegEvent::Referred { referral }) = raw.events.pop() else { panic!("not told") };
        match referral.wanted {
            Wanted::Replacement(replaces) => assert!(is_read && raw.stack.named(&replaces) != Named::Nothing),
            Wanted::Other => assert!(!is_read),
            Wanted::Call => panic!("it asks for more"),
        }
        let leg = raw.invited[0].0;
        raw.act(|stack, now| stack.refuse_refer(now, leg, 403));
    }
}
