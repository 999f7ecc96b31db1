//! REFER within a dialog (RFC 3515): told, accepted or refused, reported; one at a time; and nothing of it outlives the leg.

use super::pair::local;
use super::raw::{Raw, SDP, header, invite, request, response, status, to_tag};
use crate::base::Cause;
use crate::signaling::{LegEvent, LegKey, Wanted};

/// An answered call.
fn talking(raw: &mut Raw) -> (LegKey, String) {
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let answer = raw.act(|stack, now| stack.accept(now, leg, local(6_000)));
    let tag = to_tag(&answer[0]).to_owned();
    raw.say(&request("ACK", 1, 1, &tag, ""));
    raw.events.clear();
    (leg, tag)
}

fn refer(cseq: u32, tag: &str, headers: &str) -> String {
    request("REFER", 1, cseq, tag, "").replace("Contact", &format!("{headers}Contact"))
}

#[test]
fn a_refer_is_told_accepted_and_reported_to_its_end() {
    let mut raw = Raw::new();
    let (leg, tag) = talking(&mut raw);
    assert!(raw.say(&refer(2, &tag, "Refer-To: <sip:2%3002@x>\r\n")).is_empty(), "it waits for a verdict");
    let [LegEvent::Referred { referral }] = &raw.events[..] else { panic!("{:?}", raw.events) };
    assert_eq!((referral.user.as_str(), &referral.wanted), ("2002", &Wanted::Call));
    let said = raw.act(|stack, now| stack.accept_refer(now, leg));
    assert_eq!((said.len(), status(&said[0])), (2, "202 Accepted"));
    assert!(said[1].starts_with("NOTIFY ") && said[1].ends_with("\r\n\r\nSIP/2.0 100 Trying\r\n"));
    assert_eq!(header(&said[1], "Event"), "refer;id=2");
    assert_eq!(header(&said[1], "Content-Type"), "message/sipfrag;version=2.0");
    raw.say(&response(&said[1], "200 OK", "", ""));
    assert_eq!(status(&raw.say(&refer(3, &tag, "Refer-To: <sip:203@x>\r\n"))[0]), "491 Request Pending");
    let last = raw.act(|stack, now| stack.report_refer(now, leg, 486));
    assert_eq!(header(&last[0], "Subscription-State"), "terminated;reason=noresource");
    assert!(last[0].ends_with("SIP/2.0 486 Busy Here\r\n"));
    raw.say(&response(&last[0], "481 Call/Transaction Does Not Exist", "", ""));
    raw.say(&refer(4, &tag, "Refer-To: <sip:203@x>\r\n"));
    let refused = raw.act(|stack, now| stack.refuse_refer(now, leg, 403));
    assert_eq!(status(&refused[0]), "403 Forbidden");
    assert_eq!(raw.events.len(), 2, "the call goes on");
}

#[test]
fn a_refer_that_makes_no_sense_is_refused_unheard() {
    let tables = [
        "",
        "Refer-To: <http://x>\r\n",
        "Refer-To: <sip:1@x>, <sip:2@x>\r\n",
        "Refer-To: <sip:1@x;method=BYE>\r\n",
    ];
    for headers in tables {
        let mut raw = Raw::new();
        let (_, tag) = talking(&mut raw);
        assert_eq!(status(&raw.say(&refer(2, &tag, headers))[0]), "400 Bad Request", "{headers}");
        assert!(raw.events.is_empty(), "{headers}");
    }
}

#[test]
fn a_refer_before_the_answer_is_refused() {
    let mut raw = Raw::new();
    raw.say(&invite(1));
    let leg = raw.invited[0].0;
    let ringing = raw.act(|stack, now| stack.ring(now, leg));
    let said = raw.say(&refer(2, to_tag(&ringing[0]), "Refer-To: <sip:202@x>\r\n"));
    assert_eq!(status(&said[0]), "403 Forbidden");
}

#[test]
fn a_leg_that_ends_leaves_no_refer_behind() {
    let mut raw = Raw::new();
    let (leg, tag) = talking(&mut raw);
    raw.say(&refer(2, &tag, "Refer-To: <sip:202@x>\r\n"));
    let said = raw.act(|stack, now| stack.bye(now, leg, Cause::Normal));
    assert_eq!(status(&said[0]), "481 Call/Transaction Does Not Exist");
    raw.say(&response(&said[1], "200 OK", "", SDP));
    raw.wait_ms(64_000);
    assert_eq!((raw.stack.legs(), raw.stack.transactions(), raw.stack.timers()), (0, 0, 0));
}
