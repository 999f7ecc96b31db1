//! What strangers cost: whoever asks too often is not answered, whoever is banned not even read. What the registrar knows
//! of phones, it says here. Must never touch a trunk's messages.

use super::event::Observation;
use super::guard::Verdict;
use super::stack::Stack;
use super::trunk::Source;
use crate::base::{Flow, Moment};
use std::net::IpAddr;
use std::time::Duration;

impl Stack {
    /// Whether a message is dropped unread: its source is banned, and no trunk's. A stream it came over is closed.
    pub(super) fn is_shut_out(&mut self, now: Moment, flow: Flow) -> bool {
        let banned = self.guard.is_banned(now, flow.remote.ip());
        if banned && self.trunks.identify(&flow) == Source::Unknown {
            self.layer.observe(Observation::Limited { limit: "ban" });
            if flow.transport.is_reliable() {
                self.layer.observe(Observation::FlowShut { flow });
            }
            return true;
        }
        false
    }

    /// Whether a stranger's request is looked at. Being asked for a password is no refusal, and blames nobody.
    pub(super) fn hears_stranger(&mut self, now: Moment, flow: Flow) -> bool {
        let limit = match self.guard.hear(now, flow.remote.ip()) {
            Verdict::Heard => return true,
            Verdict::TooOften => "source",
            Verdict::TooMany => "sources",
        };
        self.layer.observe(Observation::Limited { limit });
        false
    }

    /// A refusal over a stream counts towards a ban: its source answered our SYN, so it is there; a datagram's may be
    /// anybody's to write.
    pub(super) fn blame_stream(&mut self, now: Moment, flow: Flow) {
        if flow.transport.is_reliable() {
            self.blame(now, flow);
        }
    }

    fn blame(&mut self, now: Moment, flow: Flow) {
        let source = flow.remote.ip();
        if self.trunks.identify(&flow) != Source::Unknown {
            return;
        }
        if let Some(lasts) = self.guard.blame(now, source) {
            self.layer.observe(Observation::Banned { source, lasts });
        }
    }

    /// Somebody answered a challenge of ours with a wrong password: counts towards a ban. Over datagrams it must be told here
    /// only when the nonce was good and issued to that very address: who read it there is there, while one got elsewhere
    /// may be sent in anybody's name.
    pub fn authentication_failed(&mut self, now: Moment, flow: Flow) {
        self.blame(now, flow);
    }

    /// A phone is registered from `source` until then: nobody there is banned, and more is heard from there.
    pub fn vouch_for(&mut self, now: Moment, source: IpAddr, until: Moment) {
        self.guard.vouch_for(now, source, until);
    }

    /// Who is banned, and for how long yet; the longest first.
    #[must_use]
    pub fn bans(&self, now: Moment) -> Vec<(IpAddr, Duration)> {
        self.guard.bans(now)
    }

    /// How many sources are banned, some of them perhaps no longer.
    #[must_use]
    pub fn ban_count(&self) -> usize {
        self.guard.ban_count()
    }
}
