//! Any bytes as the Diversion of a call that comes in: what was read of it goes on with the call so that it reads the
//! same, and is never taken for ours.

use super::exchange::{Exchange, on_one_line};
use spillway::base::limits;
use spillway::signaling::{Diversion, Invite};

pub fn run(bytes: &[u8]) {
    let (mut exchange, diversions) = heard(&[on_one_line(bytes)]);
    assert!(diversions.len() <= limits::DIVERSIONS);
    assert!(diversions.iter().all(|diversion| !diversion.is_ours), "a mark of ours was guessed");
    let invite = Invite { diversions: diversions.clone(), ..exchange.invite() };
    exchange.stack.invite(exchange.now, invite);
    exchange.look();
    let sent = exchange.sent.last().expect("an INVITE");
    let sent = spillway::wire::sip::Message::parse(sent).expect("what we send can be read");
    let written = sent.headers(spillway::wire::sip::HeaderName::Diversion).map(<[u8]>::to_vec);
    assert_eq!(heard(&written.collect::<Vec<_>>()).1, diversions);
}

/// What the stack reads of them in an INVITE.
fn heard(values: &[Vec<u8>]) -> (Exchange, Vec<Diversion>) {
    let mut exchange = Exchange::new(false);
    let invite = exchange.request("Diversion", &values.join(&b"\r\nDiversion: "[..]));
    exchange.say(&invite);
    let diversions = exchange.invited.first().map(|(_, invitation)| invitation.diversions.clone());
    (exchange, diversions.unwrap_or_default())
}
