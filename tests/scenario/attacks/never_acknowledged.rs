//! INVITEs whose sender never says another word: what they hold is let go when their time is over.

use super::MENU;
use super::alone::Alone;
use crate::support::sim::wired::GATEWAY;
use std::time::Duration;

const INVITES: u32 = 100_000;

/// One in ten goes to nobody here.
#[test]
fn invites_that_are_never_acknowledged_leave_nothing_after_33_seconds() {
    let mut alone = Alone::new();
    for n in 0..INVITES {
        let number = if n % 10 == 0 { "0899123456" } else { MENU };
        alone.hears(GATEWAY, &format!(
            "INVITE sip:{number}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {GATEWAY};branch=z9hG4bK{n};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:0601020304@198.51.100.66>;tag={n}\r\nTo: <sip:{number}@192.0.2.1>\r\n\
             Call-ID: {n}\r\nCSeq: 1 INVITE\r\nContact: <sip:{GATEWAY}>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{}",
            super::SDP.len(),
            super::SDP
        ));
    }
    assert!(alone.most_legs >= 500, "{} at once: the attack is one", alone.most_legs);
    alone.wait(Duration::from_secs(33));
    let (engine, stack) = (&alone.engine, alone.engine.stack());
    assert_eq!((engine.core().call_count(), engine.leg_count(), stack.legs()), (0, 0, 0));
    assert_eq!(engine.ports().lent(), 0);
    // A copy of the answer to a BYE may still come, for timer K's 5 s (RFC 3261 section 17.1.2.2).
    assert!(stack.transactions() <= alone.most_legs, "{} transactions", stack.transactions());
    alone.wait(Duration::from_secs(5));
    assert_eq!((alone.engine.stack().transactions(), alone.engine.stack().timers()), (0, 0));
}
