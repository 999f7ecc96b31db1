//! INVITEs whose sender never says another word: what they hold is let go when their time is over.

use super::{MENU, SITE};
use crate::support::plan::plan;
use crate::support::sim::wired::{GATEWAY, settings};
use spillway::base::{Flow, Moment, Now, Random, Transport, Utc};
use spillway::engine::{Effect, Engine, Event};
use spillway::media::{Command, Event as MediaEvent};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// An engine alone: its ports open at once, its disk is fast, and whoever it calls back says that it knows of nothing.
struct Alone {
    engine: Engine,
    now: Now,
    flow: Flow,
    most: usize,
}

impl Alone {
    fn new() -> Self {
        let now = Now { moment: Moment::from_millis(1_000), utc: Utc::from_micros(1_780_905_600_000_000) };
        let config = settings(&Arc::new(plan(SITE)), false);
        let flow = Flow { transport: Transport::Udp, local: config.listens[0].address, remote: GATEWAY };
        let mut alone = Self { engine: Engine::new(now, config, Random::from_number(1)), now, flow, most: 0 };
        alone.obey();
        alone
    }

    fn says(&mut self, text: &str) {
        self.engine.handle(self.now, Event::Sip { flow: self.flow, bytes: text.as_bytes() });
        self.obey();
    }

    fn obey(&mut self) {
        let mut said = VecDeque::new();
        loop {
            match self.engine.poll() {
                Some(Effect::Media(Command::Open { port })) => {
                    self.engine.handle(self.now, Event::Media(MediaEvent::Opened { port }));
                }
                Some(Effect::Media(Command::Close { port } | Command::Release { port })) => {
                    self.engine.handle(self.now, Event::Media(MediaEvent::Closed { port }));
                }
                Some(Effect::Send { bytes, .. }) if bytes.starts_with(b"BYE ") => said.push_back(bytes),
                Some(_) => {}
                None => match said.pop_front() {
                    Some(bye) => self.disown(&String::from_utf8_lossy(&bye)),
                    None => break,
                },
            }
        }
        self.most = self.most.max(self.engine.stack().legs());
    }

    fn disown(&mut self, bye: &str) {
        let (_, head) = bye.split_once("\r\n").expect("a start line");
        let answer = format!("SIP/2.0 481 Call/Transaction Does Not Exist\r\n{head}");
        self.engine.handle(self.now, Event::Sip { flow: self.flow, bytes: answer.as_bytes() });
    }

    fn wait(&mut self, span: Duration) {
        let until = self.now.moment + span;
        while let Some((at, _)) = self.engine.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = self.now.later(at.since(self.now.moment));
            self.engine.handle_timeout(self.now);
            self.obey();
        }
        self.now = self.now.later(until.since(self.now.moment));
    }
}

const INVITES: u32 = 100_000;

/// One in ten goes to nobody here.
#[test]
fn invites_that_are_never_acknowledged_leave_nothing_after_33_seconds() {
    let mut alone = Alone::new();
    for n in 0..INVITES {
        let number = if n % 10 == 0 { "0899123456" } else { MENU };
        alone.says(&format!(
            "INVITE sip:{number}@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {GATEWAY};branch=z9hG4bK{n};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:0601020304@198.51.100.66>;tag={n}\r\nTo: <sip:{number}@192.0.2.1>\r\n\
             Call-ID: {n}\r\nCSeq: 1 INVITE\r\nContact: <sip:{GATEWAY}>\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\n\r\n{}",
            super::SDP.len(),
            super::SDP
        ));
    }
    assert!(alone.most >= 500, "{} at once: the attack is one", alone.most);
    alone.wait(Duration::from_secs(33));
    let (engine, stack) = (&alone.engine, alone.engine.stack());
    assert_eq!((engine.core().call_count(), engine.leg_count(), stack.legs()), (0, 0, 0));
    assert_eq!(engine.ports().lent(), 0);
    // A copy of the answer to a BYE may still come, for timer K's 5 s (RFC 3261 section 17.1.2.2).
    assert!(stack.transactions() <= alone.most, "{} transactions", stack.transactions());
    alone.wait(Duration::from_secs(5));
    assert_eq!((alone.engine.stack().transactions(), alone.engine.stack().timers()), (0, 0));
}
