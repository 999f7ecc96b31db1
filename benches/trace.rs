//! What keeping a call for `spillway trace` costs: nanoseconds a message and a call, with as many calls kept as may be.
//! `cargo bench --bench trace`.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a bench reads the clock and prints"
)]

use spillway::base::{CallId, Cause, Flow, JournalSeq, LegId, Moment, Now, Transport, Utc};
use spillway::call::{Entry, Fact, Subject, fold};
use spillway::engine::Observation;
use spillway::engine::traces::Traces;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Messages of a call with two legs: INVITE, 100, 180, 200, ACK, BYE and 200 on each.
const MESSAGES: u32 = 14;
const CALLS: u32 = 2_000;
const ROUNDS: usize = 20;
/// What pads messages to the usual length with a session description, bytes.
const MESSAGE_BYTES: usize = 900;

fn main() {
    for (name, keeps) in [("kept", true), ("switched off", false)] {
        let mut traces = Traces::new(keeps, 7);
        // The first rounds fill the memory; the best of the others counts, as a busy machine interrupts some.
        let rounds = (0..ROUNDS).map(|round| serve(&mut traces, round as u64));
        let best = rounds.skip(ROUNDS / 4).min().expect("rounds");
        let call_ns = best.as_secs_f64() * 1e9 / f64::from(CALLS);
        println!(
            "trace {name:<12} {:>7.0} ns a message {call_ns:>9.0} ns a call",
            call_ns / f64::from(MESSAGES)
        );
    }
}

/// A round of calls; how long the traces took over them.
fn serve(traces: &mut Traces, round: u64) -> Duration {
    let first = round * u64::from(CALLS);
    (first..first + u64::from(CALLS)).map(|call| serve_one(traces, CallId(call + 1))).sum()
}

fn serve_one(traces: &mut Traces, call: CallId) -> Duration {
    let address = "192.0.2.1:5060".parse().expect("an address");
    let flow = Flow { transport: Transport::Udp, local: address, remote: address };
    let now = Now { moment: Moment::from_millis(call.0), utc: Utc::from_micros(1_800_000_000_000_000) };
    let (theirs, ours) = (format!("{}@caller", call.0), format!("{}@spillway", call.0));
    let [incoming, outgoing] = [&theirs, &ours].map(|call_id| message(call_id));
    let entry = |seq, fact| Arc::new(Entry { seq: JournalSeq(seq), now, subject: Subject::Call(call), fact });
    let arrived = entry(1, arrived(&theirs));
    let ended = entry(2, Fact::Ended { cause: Cause::Normal });
    let record = fold(call, [&*arrived, &*ended]).expect("a call that is over");
    let seen =
        [Observation::Fact(arrived), Observation::Fact(ended), Observation::Recorded(Arc::new(record))];
    let leg = LegId { call, number: 1 };
    let called = Observation::LegCalled { leg, sip_call_id: ours.as_bytes().into() };
    let start = Instant::now();
    traces.received(now, flow, &incoming);
    traces.observe(&seen[0]);
    traces.observe(&called);
    for _ in 0..(MESSAGES - 1) / 4 {
        traces.sent(now, flow, &outgoing);
        traces.received(now, flow, &outgoing);
        traces.sent(now, flow, &incoming);
        traces.received(now, flow, &incoming);
    }
    traces.sent(now, flow, &outgoing);
    seen[1..].iter().for_each(|seen| traces.observe(seen));
    start.elapsed()
}

fn arrived(sip_call_id: &str) -> Fact {
    Fact::Arrived {
        trunk: "operateur".into(),
        caller: "+33612345678".into(),
        dialled: "0384961370".into(),
        number: Some("03 84 96 13 70".into()),
        site: Some("habitat70".into()),
        plan: "d1gest".into(),
        sip_call_id: sip_call_id.into(),
    }
}

fn message(call_id: &str) -> Vec<u8> {
    let head = format!(
        "INVITE sip:0384961370@192.0.2.10:5060;user=phone SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK74bf9;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:+33612345678@192.0.2.1;user=phone>;tag=9fxced76sl\r\n\
         To: <sip:0384961370@192.0.2.10;user=phone>\r\nContact: <sip:192.0.2.1>\r\nCSeq: 1 INVITE\r\n\
         Call-ID: {call_id}\r\nContent-Type: application/sdp\r\n\r\n"
    );
    let mut message = head.into_bytes();
    message.resize(MESSAGE_BYTES, b'x');
    message
}
