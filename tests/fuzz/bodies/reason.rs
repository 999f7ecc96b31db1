//! Any bytes as the Reason of a BYE: what was read of it is written so that it reads the same.

use super::exchange::{Exchange, local, on_one_line};
use spillway::signaling::{LegEvent, Reason, Rejection};
use spillway::wire::sip::{HeaderName, Message};

pub fn run(bytes: &[u8]) {
    let Some(reason) = heard(&on_one_line(bytes)) else { return };
    let mut exchange = Exchange::new(false);
    let invite = exchange.request("Subject", b"-");
    exchange.say(&invite);
    let (leg, _) = exchange.invited.first().expect("a call");
    let rejection =
        Rejection { code: 486, phrase: "Busy Here", reason: Some(reason.clone()), retry_after_s: None };
    exchange.stack.reject(exchange.now, *leg, rejection);
    exchange.look();
    let answer = exchange.sent.last().expect("a refusal");
    let answer = Message::parse(answer).expect("what we send can be read");
    let written = answer.header(HeaderName::Reason).expect("a Reason");
    assert_eq!(heard(written), Some(reason), "{}", String::from_utf8_lossy(written));
}

/// What the stack reads of it in a BYE.
fn heard(value: &[u8]) -> Option<Reason> {
    let mut exchange = Exchange::new(false);
    let invite = exchange.request("Subject", b"-");
    exchange.say(&invite);
    let (leg, _) = exchange.invited.first().expect("a call");
    exchange.stack.accept(exchange.now, *leg, local());
    exchange.look();
    let ack = exchange.in_dialog("ACK", 1, "Subject", b"-");
    exchange.say(&ack);
    let bye = exchange.in_dialog("BYE", 2, "Reason", value);
    exchange.say(&bye);
    exchange.events.iter().find_map(|event| match event {
        LegEvent::HungUp { reason, .. } => Some(reason.clone()),
        _ => None,
    })?
}
