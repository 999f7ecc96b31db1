//! What is kept of calls, and what is not.

use super::*;
use crate::base::{Cause, JournalSeq, Moment, Transport, Utc};
use std::time::Duration;

fn now(ms: u64) -> Now {
    let start = Now { moment: Moment::from_millis(60_000), utc: Utc::from_micros(1_800_000_000_000_000) };
    start.later(Duration::from_millis(ms))
}

fn flow() -> Flow {
    let address = "127.0.0.1:5070".parse().expect("an address");
    Flow { transport: Transport::Udp, local: address, remote: address }
}

fn message(first: &str, call_id: &str) -> Vec<u8> {
    format!("{first}\r\nCall-ID: {call_id}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn fact(call: u64, fact: Fact) -> Observation {
    fact_at(1, call, fact)
}

fn fact_at(at: u64, call: u64, fact: Fact) -> Observation {
    let subject = Subject::Call(CallId(call));
    Observation::Fact(Arc::new(Entry { seq: JournalSeq(1), now: now(at), subject, fact }))
}

fn arrived(call: u64, caller: &str, sip_call_id: &str) -> Observation {
    let arrived = Fact::Arrived {
        trunk: "operateur".into(),
        caller: caller.into(),
        dialled: "0384961370".into(),
        number: None,
        site: None,
        plan: "d1gest".into(),
        sip_call_id: sip_call_id.into(),
    };
    fact(call, arrived)
}

/// What is shown of a call: `>` came, `<` went, with the leg and the first line; facts as `·`.
fn shown(traces: &Traces, call: u64) -> Vec<String> {
    let word = |step| match step {
        Step::Message(Passed { leg, sent, text, .. }) => {
            format!("{}{leg} {}", if sent { '<' } else { '>' }, text.lines().next().unwrap_or_default())
        }
        Step::Fact(_) => "·".to_owned(),
        Step::Call(_) | Step::Omitted(_) => "?".to_owned(),
    };
    traces.steps(CallId(call), 0).map(word).collect()
}

fn incoming(traces: &mut Traces, call: u64) {
    let call_id = format!("caller-{call}");
    traces.received(now(0), flow(), &message("INVITE sip:a SIP/2.0", &call_id));
    traces.sent(now(0), flow(), &message("SIP/2.0 100 Trying", &call_id));
    traces.observe(&arrived(call, "+33612345678", &call_id));
}

/// The store's own record stands in for the call's end: only its id is looked at.
fn over(traces: &mut Traces, call: u64) {
    traces.ended(CallId(call));
}

#[test]
fn all_legs_of_a_call_are_one_trace_from_its_invite_on_and_strangers_are_in_none() {
    let mut traces = Traces::new(true, 7);
    traces.received(now(0), flow(), &message("OPTIONS sip:a SIP/2.0", "ping"));
    traces.received(now(0), flow(), &message("INVITE sip:a SIP/2.0", "stranger"));
    traces.sent(now(0), flow(), &message("SIP/2.0 403 Forbidden", "stranger"));
    incoming(&mut traces, 7);
    let leg = LegId { call: CallId(7), number: 1 };
    traces.observe(&Observation::LegCalled { leg, sip_call_id: b"ours".as_slice().into() });
    traces.sent(now(2), flow(), &message("INVITE sip:b SIP/2.0", "ours"));
    traces.received(now(3), flow(), &message("SIP/2.0 200 OK", "ours"));
    traces.received(now(4), flow(), &message("SIP/2.0 200 OK", "ping"));
    assert_eq!(
        shown(&traces, 7),
        [
            ">0 INVITE sip:a SIP/2.0",
            "<0 SIP/2.0 100 Trying",
            "·",
            "<1 INVITE sip:b SIP/2.0",
            ">1 SIP/2.0 200 OK"
        ]
    );
    assert_eq!(traces.steps(CallId(7), 4).count(), 1);
    let correlated = |message: &[u8]| traces.correlation(message).map(<[u8]>::to_vec);
    assert_eq!(correlated(&message("BYE sip:b SIP/2.0", "ours")).as_deref(), Some(&b"caller-7"[..]));
    assert_eq!(correlated(&message("BYE sip:b SIP/2.0", "other")).as_deref(), Some(&b"other"[..]));
    assert_eq!(correlated(b"nonsense"), None);
}

#[test]
fn a_leg_that_goes_over_to_another_call_is_found_there_with_what_it_has_said() {
    let mut traces = Traces::new(true, 7);
    incoming(&mut traces, 7);
    incoming(&mut traces, 8);
    let leg = LegId { call: CallId(8), number: 1 };
    traces.observe(&Observation::LegCalled { leg, sip_call_id: b"karim".as_slice().into() });
    traces.sent(now(2), flow(), &message("INVITE sip:202 SIP/2.0", "karim"));
    traces.observe(&fact_at(2, 7, Fact::LegTaken { leg: 2, call: CallId(8), call_leg: 1 }));
    traces.received(now(3), flow(), &message("BYE sip:a SIP/2.0", "karim"));
    traces.sent(now(3), flow(), &message("SIP/2.0 200 OK", "caller-8"));
    let [invite, bye] = ["<2 INVITE sip:202 SIP/2.0", ">2 BYE sip:a SIP/2.0"];
    assert_eq!(shown(&traces, 7)[3..], [invite, "·", bye]);
    assert_eq!(shown(&traces, 8)[3..], ["<1 INVITE sip:202 SIP/2.0", "<0 SIP/2.0 200 OK"]);
    assert_eq!(traces.correlation(&message("BYE", "karim")), Some(&b"caller-7"[..]));
    // The call it came from may be forgotten first.
    over(&mut traces, 8);
    assert!(traces.forget_oldest());
    traces.received(now(4), flow(), &message("INFO sip:a SIP/2.0", "karim"));
    assert_eq!(shown(&traces, 7).last().map(String::as_str), Some(">2 INFO sip:a SIP/2.0"));
    over(&mut traces, 7);
    assert!(traces.forget_oldest());
    assert_eq!((traces.legs.len(), traces.bytes), (0, 0));
}

#[test]
fn a_call_is_found_by_id_number_or_as_the_last_and_one_that_is_over_only_where_it_may_be() {
    let mut traces = Traces::new(true, 7);
    incoming(&mut traces, 7);
    incoming(&mut traces, 8);
    over(&mut traces, 8);
    let number = Wanted::Number("06 12 34 56 78".into());
    assert_eq!(traces.find(&Wanted::Last, false), Some(CallId(8)));
    assert_eq!(traces.find(&Wanted::Last, true), Some(CallId(7)));
    assert_eq!(traces.find(&number, true), Some(CallId(7)));
    assert_eq!(traces.find(&Wanted::Number("0699999999".into()), false), None);
    assert_eq!(traces.find(&Wanted::Call(CallId(9)), false), None);
    assert!(traces.is_over(CallId(8)) && !traces.is_over(CallId(7)));
}

#[test]
fn calls_that_are_over_make_room_and_running_ones_only_leave_out() {
    let mut traces = Traces::new(true, 7);
    let (big, size) = (message(&"x".repeat(60_000), "caller-2"), limits::TRACE_BYTES / 60_000);
    incoming(&mut traces, 1);
    over(&mut traces, 1);
    incoming(&mut traces, 2);
    for _ in 0..size + 5 {
        traces.received(now(9), flow(), &big);
    }
    assert_eq!(shown(&traces, 1), [""; 0], "forgotten for its room");
    assert_eq!(traces.correlation(&message("BYE", "caller-1")), Some(&b"caller-1"[..]));
    assert!(traces.omitted(CallId(2)) > 0 && traces.bytes <= limits::TRACE_BYTES);
    let left_out = traces.omitted(CallId(2));
    traces.follow(CallId(2), true);
    traces.received(now(9), flow(), &big);
    assert_eq!(traces.omitted(CallId(2)), left_out, "somebody looks on");
}

#[test]
fn one_call_keeps_so_many_steps_and_so_many_calls_are_kept_that_are_over() {
    let mut traces = Traces::new(true, 7);
    incoming(&mut traces, 1);
    for _ in 0..limits::TRACE_STEPS {
        traces.received(now(9), flow(), &message("INFO sip:a SIP/2.0", "caller-1"));
    }
    assert_eq!(traces.steps(CallId(1), 0).count(), limits::TRACE_STEPS);
    assert_eq!(traces.omitted(CallId(1)), 3);
    for call in 2..3 + limits::TRACE_CALLS as u64 {
        incoming(&mut traces, call);
        traces.observe(&fact(call, Fact::Ended { cause: Cause::Normal }));
        over(&mut traces, call);
    }
    assert_eq!((traces.calls.len(), traces.legs.len()), (1 + limits::TRACE_CALLS, 1 + limits::TRACE_CALLS));
    assert!(traces.find(&Wanted::Call(CallId(2)), false).is_none());
}

#[test]
fn switched_off_it_still_knows_which_messages_are_one_calls_and_keeps_none() {
    let mut traces = Traces::new(false, 7);
    incoming(&mut traces, 7);
    let leg = LegId { call: CallId(7), number: 1 };
    traces.observe(&Observation::LegCalled { leg, sip_call_id: b"ours".as_slice().into() });
    assert_eq!((traces.steps(CallId(7), 0).count(), traces.bytes, traces.pending.len()), (0, 0, 0));
    assert_eq!(traces.correlation(&message("BYE", "ours")), Some(&b"caller-7"[..]));
}

#[test]
fn secrets_are_blanked_in_what_is_shown() {
    let mut traces = Traces::new(true, 7);
    traces.received(now(0), flow(), b"INVITE sip:a SIP/2.0\r\nAuthorization: Digest x\r\nCall-ID: c\r\n\r\n");
    traces.observe(&arrived(7, "", "c"));
    let Some(Step::Message(passed)) = traces.steps(CallId(7), 0).next() else { panic!("its INVITE") };
    assert_eq!(passed.text, "INVITE sip:a SIP/2.0\r\nAuthorization: ***\r\nCall-ID: c\r\n\r\n");
}

#[test]
fn what_one_event_brought_about_is_told_in_the_order_it_happened() {
    let mut traces = Traces::new(true, 7);
    incoming(&mut traces, 7);
    traces.sent(now(3), flow(), &message("SIP/2.0 180 Ringing", "caller-7"));
    traces.received(now(2), flow(), &message("CANCEL sip:a SIP/2.0", "caller-7"));
    traces.observe(&fact(7, Fact::Ended { cause: Cause::Cancelled }));
    assert_eq!(
        shown(&traces, 7),
        [
            ">0 INVITE sip:a SIP/2.0",
            "<0 SIP/2.0 100 Trying",
            "·",
            "·",
            ">0 CANCEL sip:a SIP/2.0",
            "<0 SIP/2.0 180 Ringing"
        ]
    );
}
