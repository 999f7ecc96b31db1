//! One leg, one peer after another: an INVITE whose peer can't serve it goes to the trunk's next peer, and the call sees
//! one leg. Must never try another peer for what the called party decided.
//!
//! What speaks of the peer (RFC 3263 section 4.3): 503, a path that fails, and silence; beside them 500, 502 and 504, by
//! which a server says that it, or what is behind it, broke (RFC 3261 sections 21.5.1, 21.5.3 and 21.5.5). Not 408 and
//! 480: the called party was looked for in vain, and another half a minute would find no more. Not 403: the next peer has
//! the same rules. Not 482 and 483: a loop must not be multiplied. Nothing does once a phone has rung.

use super::{Engine, Observation};
use crate::base::{Flow, LegId, Map, Moment, Now, Timers, TrunkId, give_back};
use crate::signaling::{Invite, LegKey};
use std::collections::VecDeque;
use std::time::Duration;

/// A peer that said nothing to an INVITE for this long is asked by OPTIONS: its 100 should come within 200 ms (RFC 3261
/// section 8.2.6.1), and a lost INVITE has been sent again by now.
const ASK_AFTER: Duration = Duration::from_secs(1);
/// One that answers neither by then is given up; one that answers its OPTIONS has until Timer B, or the trunk's
/// `invite_timeout`.
const DEAD_AFTER: Duration = Duration::from_secs(4);

/// Legs that may be tried elsewhere, or are not waited for as long as Timer B would.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    open: Map<LegId, Attempt>,
    timers: Timers<(LegId, Check)>,
}

#[derive(Debug)]
struct Attempt {
    trunk: TrunkId,
    invite: Invite,
    since: Moment,
    /// The peers not yet tried.
    left: VecDeque<Flow>,
}

/// What is to be looked at when a peer is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Check {
    Ask,
    Judge,
    GiveUp,
}

/// Why another peer is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It refused, speaking of itself.
    Refused,
    /// It can't be reached.
    Unreachable,
    /// It says nothing.
    Silent,
}

impl Why {
    const fn label(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Silent => "silent",
        }
    }
}

/// Whether a refusal speaks of the peer.
pub(super) const fn speaks_of_peer(code: u16) -> bool {
    matches!(code, 500 | 502 | 503 | 504)
}

impl Attempts {
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.timers.next().map(|(at, _)| at)
    }

    /// A leg goes on under another name, and is waited for no less.
    pub fn renumber(&mut self, from: LegId, to: LegId) {
        let Some(attempt) = self.open.remove(&from) else { return };
        self.open.insert(to, attempt);
        for check in [Check::Ask, Check::Judge, Check::GiveUp] {
            if let Some(at) = self.timers.deadline((from, check)) {
                self.timers.cancel((from, check));
                self.timers.set((to, check), at);
            }
        }
    }

    /// The leg is settled: a phone rings, somebody answered, or nobody wants it any more.
    pub fn forget(&mut self, leg: LegId) {
        if self.open.remove(&leg).is_some() {
            give_back(&mut self.open);
            for check in [Check::Ask, Check::Judge, Check::GiveUp] {
                self.timers.cancel((leg, check));
            }
        }
    }
}

impl Engine {
    /// Sends an INVITE to the first of `ways`, the others being for when that peer fails. There must be one.
    pub(super) fn attempt(
        &mut self,
        now: Now,
        id: LegId,
        trunk: TrunkId,
        invite: Invite,
        ways: Vec<Flow>,
    ) -> LegKey {
        let left: VecDeque<Flow> = ways.into_iter().skip(1).collect();
        let timeout = self.config.trunks[trunk.index()].invite_timeout;
        if left.is_empty() && timeout.is_none() {
            return self.invite(now, id, invite);
        }
        let key = self.invite(now, id, invite.clone());
        self.attempts.open.insert(id, Attempt { trunk, invite, since: now.moment, left });
        self.watch_silence(now, id);
        key
    }

    /// Sends an INVITE of a leg's, and says what it is called. Every one of ours goes out here: one that did not would be
    /// missing from traces.
    pub(super) fn invite(&mut self, now: Now, id: LegId, invite: Invite) -> LegKey {
        let key = self.stack.invite(now.moment, invite);
        if let Some(sip_call_id) = self.stack.call_id(key).map(Box::from) {
            self.observe(Observation::LegCalled { leg: id, sip_call_id });
        }
        key
    }

    /// Sets what is to happen while the peer just asked says nothing.
    fn watch_silence(&mut self, now: Now, id: LegId) {
        let Some(attempt) = self.attempts.open.get(&id) else { return };
        let timeout = self.config.trunks[attempt.trunk.index()].invite_timeout;
        let has_more = !attempt.left.is_empty();
        let mut set = |check, after: Option<Duration>| match after {
            Some(after) => self.attempts.timers.set((id, check), now.moment + after),
            None => {
                self.attempts.timers.cancel((id, check));
            }
        };
        set(Check::Ask, has_more.then_some(ASK_AFTER));
        set(Check::Judge, None);
        set(Check::GiveUp, timeout);
    }

    /// The peer of an unanswered leg failed: tries the next one, if there is one. Says whether it did.
    pub(super) fn try_next(&mut self, now: Now, id: LegId, why: Why) -> bool {
        let Some(attempt) = self.attempts.open.get_mut(&id) else { return false };
        let Some(way) = attempt.left.pop_front() else {
            self.attempts.forget(id);
            return false;
        };
        attempt.since = now.moment;
        attempt.invite.flow = way;
        attempt.invite.target_host = self.config.trunks[attempt.trunk.index()].peer.host_of(way);
        let (trunk, invite) = (attempt.trunk, attempt.invite.clone());
        let trunk = self.trunk_name(trunk);
        self.observe(Observation::Failover { trunk, why: why.label() });
        let key = self.invite(now, id, invite);
        // What is left of the INVITE before is nobody's leg: signaling cancels it, or lets its late answer go.
        self.legs.rename(id, key);
        self.watch_silence(now, id);
        true
    }

    /// Looks after the peers that are silent.
    pub(super) fn check_attempts(&mut self, now: Now) {
        while let Some((_, (id, check))) = self.attempts.timers.pop_due(now.moment) {
            let Some(Attempt { trunk, invite, since, left }) = self.attempts.open.get(&id) else { continue };
            let (trunk, flow, since, has_more) = (*trunk, invite.flow, *since, !left.is_empty());
            let Some(key) = self.legs.get(id).map(|leg| leg.key).filter(|key| self.stack.is_silent(*key))
            else {
                continue;
            };
            match check {
                Check::Ask => {
                    if self.stack.ask_peer(now.moment, trunk, flow) {
                        self.attempts.timers.set((id, Check::Judge), since + DEAD_AFTER);
                    }
                }
                Check::Judge => {
                    if !self.stack.judge_peer(trunk, flow, since) {
                        self.abandon(now, id, key);
                    }
                }
                Check::GiveUp if has_more => self.abandon(now, id, key),
                Check::GiveUp => {
                    self.attempts.forget(id);
                    self.unreachable(now, id, key);
                }
            }
        }
    }

    fn abandon(&mut self, now: Now, id: LegId, key: LegKey) {
        if self.try_next(now, id, Why::Silent) {
            self.stack.cancel(now.moment, key, crate::base::Cause::Unreachable);
        }
    }
}
