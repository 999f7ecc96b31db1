//! An engine without a world around it, for attacks of a size that would take a world too long.

use super::SITE;
use crate::support::plan::plan;
use crate::support::sim::wired::{GATEWAY, engine_config};
use spillway::base::{Flow, Moment, Now, Random, Transport, Utc};
use spillway::engine::{Effect, Engine, Event};
use spillway::media::{Command, Event as MediaEvent};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// An engine alone: its ports open at once, its disk is fast, and whoever it calls back says that it knows of nothing.
pub struct Alone {
    pub engine: Engine,
    now: Now,
    ours: SocketAddr,
    /// What it said last.
    pub said: String,
    /// The most legs it ever had at once.
    pub most_legs: usize,
}

impl Alone {
    /// One that serves the site of these stories.
    pub fn new() -> Self {
        let now = Now { moment: Moment::from_millis(1_000), utc: Utc::from_micros(1_780_905_600_000_000) };
        let config = engine_config(&Arc::new(plan(SITE)), false);
        let ours = config.listens[0].address;
        let mut alone = Self {
            engine: Engine::new(now, config, Random::from_number(1)),
            now,
            ours,
            said: String::new(),
            most_legs: 0,
        };
        alone.obey();
        alone
    }

    /// Handles what somebody says, and does what it asks for.
    pub fn hears(&mut self, from: SocketAddr, text: &str) {
        self.handle(from, text.as_bytes());
        self.obey();
    }

    fn handle(&mut self, from: SocketAddr, bytes: &[u8]) {
        let flow = Flow { transport: Transport::Udp, local: self.ours, remote: from };
        self.engine.handle(self.now, Event::Sip { flow, bytes });
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
                Some(Effect::Send { bytes, .. }) => self.said = String::from_utf8_lossy(&bytes).into_owned(),
                Some(_) => {}
                None => match said.pop_front() {
                    Some(bye) => self.disown(&String::from_utf8_lossy(&bye)),
                    None => break,
                },
            }
        }
        self.most_legs = self.most_legs.max(self.engine.stack().legs());
    }

    fn disown(&mut self, bye: &str) {
        let (_, head) = bye.split_once("\r\n").expect("a start line");
        let answer = format!("SIP/2.0 481 Call/Transaction Does Not Exist\r\n{head}");
        self.handle(GATEWAY, answer.as_bytes());
    }

    /// Lets time pass.
    pub fn wait(&mut self, span: Duration) {
        let until = self.now.moment + span;
        while let Some((at, _)) = self.engine.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = self.now.later(at.since(self.now.moment));
            self.engine.handle_timeout(self.now);
            self.obey();
        }
        self.now = self.now.later(until.since(self.now.moment));
    }
}
