//! REFER and INVITE with Replaces (RFC 3891): two dialogs of one phone become a conversation without it, or one phone takes
//! another's place. Whose dialogs they are is decided here, what comes of it in the core. Who may name none learns the same
//! of those that exist as of those that don't. Must never read a header.

use super::Engine;
use super::legs::{Heard, Stage};
use super::observation::Observation;
use crate::base::{Cause, LegId, Now};
use crate::call::Event as CallEvent;
use crate::media::{self, PortId};
use crate::signaling::{Invitation, LegKey, Named, Replaces};

impl Engine {
    /// An agent asks that whoever is at the other end of another dialog of theirs takes their place, or the other way
    /// round: phones send it in either dialog. What can't be done is said in NOTIFY (RFC 3515 section 2.4.5), and the agent
    /// has both as before.
    pub(super) fn referred_to_dialog(&mut self, now: Now, id: LegId, key: LegKey, replaces: &Replaces) {
        let named = self.stack.named(replaces);
        let other = leg_key(named).and_then(|key| self.legs.id(key));
        let other = other.filter(|other| other.call != id.call && self.is_same_phone(id, *other));
        let by_agent = |leg: LegId| self.core.is_agent_talking(leg);
        if !by_agent(id) && !other.is_some_and(by_agent) {
            return self.stack.refuse_refer(now.moment, key, 403);
        }
        let code = match (named, other) {
            (Named::Over(_), Some(_)) => 603,
            (Named::Answered(_), Some(_)) => 486,
            // RFC 3891 section 3: a dialog nobody has answered is its caller's to have replaced.
            (Named::Confirmed(_) | Named::Theirs(_), Some(other)) => {
                let takeover = self.core.takeover(id, other);
                match takeover.filter(|takeover| self.has_way(takeover.caller(), takeover.newcomer())) {
                    Some(takeover) => {
                        self.stack.accept_refer(now.moment, key);
                        return self.core.take_over(now, takeover);
                    }
                    None => 603,
                }
            }
            (
                Named::Nothing
                | Named::Over(_)
                | Named::Answered(_)
                | Named::Theirs(_)
                | Named::Ours(_)
                | Named::Confirmed(_),
                _,
            ) => 481,
        };
        self.stack.accept_refer(now.moment, key);
        self.stack.report_refer(now.moment, key, code);
    }

    /// Whether two legs are of one phone; behind an IPBX, of the IPBX.
    fn is_same_phone(&self, one: LegId, other: LegId) -> bool {
        let (Some(one), Some(other)) = (self.legs.get(one), self.legs.get(other)) else { return false };
        let is_trunk = self.config.trunks.get(one.trunk.index()).is_some();
        one.trunk == other.trunk && (is_trunk || one.party == other.party)
    }

    /// The leg whose place an INVITE asks for, or why it can't have it: recorded, and told with a code of RFC 3891.
    pub(super) fn place_asked_for(
        &mut self,
        key: LegKey,
        invitation: &Invitation,
    ) -> Result<Option<LegId>, Cause> {
        let Some(named) = invitation.replaces else { return Ok(None) };
        let leg = leg_key(named).and_then(|key| self.legs.id(key));
        let leg = leg.filter(|leg| {
            let phone = invitation.phone.as_deref();
            phone.is_some_and(|phone| self.core.may_ask_for_place(phone, *leg))
        });
        let code = match (named, leg) {
            (Named::Confirmed(_), Some(leg)) if self.core.is_agent_talking(leg) => return Ok(Some(leg)),
            // RFC 3891 section 3: what rings at our wish is ours to have replaced.
            (Named::Ours(_), Some(leg)) if self.may_pick_up(invitation, leg) => return Ok(Some(leg)),
            (Named::Over(_), Some(_)) => 603,
            (Named::Answered(_), Some(_)) => 486,
            (
                Named::Nothing
                | Named::Over(_)
                | Named::Answered(_)
                | Named::Theirs(_)
                | Named::Ours(_)
                | Named::Confirmed(_),
                _,
            ) => 481,
        };
        self.stack.deny_place(key, code);
        Err(Cause::Forbidden)
    }

    fn may_pick_up(&self, invitation: &Invitation, leg: LegId) -> bool {
        let phone = invitation.phone.as_deref();
        phone.is_some_and(|phone| self.core.may_pick_up(phone, leg).is_some())
    }

    /// A leg goes on as another call's: its SIP leg, its port and whoever is waited for go with it.
    pub(super) fn moved(&mut self, from: LegId, to: LegId) {
        self.legs.renumber(from, to);
        self.attempts.renumber(from, to);
        self.port_wait.renumber(from, to);
        if let Some(leg) = self.legs.get_mut(to) {
            leg.heard = Heard::Silence;
        }
        if self.legs.get(to).is_some_and(|leg| leg.attached) {
            // The board knows the leg under its new name from here on.
            self.attach(to);
            self.sound(to);
        }
    }

    /// The board of a phone's other leg, with room for a call: who is called there while somebody waits here may be joined
    /// with them, and then no far end has to be told of another port.
    pub(super) fn board_beside(&self, id: LegId) -> Option<u8> {
        let party = self.legs.get(id)?.party.as_ref()?;
        let others = self.legs.of(party).into_iter().filter(|(other, _)| *other != id);
        let mut boards = others.filter_map(|(_, leg)| leg.port).map(|port| port.board);
        boards.find(|board| self.ports.ready_on(*board) > 1)
    }

    /// A port on the board of the call whose place is asked for.
    pub(super) fn port_for_place(&mut self, of: Option<LegId>) -> Option<PortId> {
        let board = self.legs.get(of?)?.port?.board;
        self.ports.take(Some(board))
    }

    /// Whether two legs lie on one board, or can.
    fn has_way(&self, one: LegId, other: LegId) -> bool {
        let board = |leg| self.legs.get(leg).and_then(|leg| leg.port).map(|port| port.board);
        let (one, other) = self.stays_and_goes(one, other);
        match (board(one), board(other)) {
            (Some(one), Some(other)) => one == other || self.ports.ready_on(one) > 0,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// Which of two legs on two boards keeps its port, and which gets another: a phone that registers here takes a re-INVITE,
    /// what is behind a trunk may be set to take none.
    fn stays_and_goes(&self, one: LegId, other: LegId) -> (LegId, LegId) {
        let is_trunk = |leg| {
            let trunk = self.legs.get(leg).map(|leg| leg.trunk.index());
            trunk.is_some_and(|trunk| self.config.trunks.get(trunk).is_some())
        };
        if is_trunk(other) && !is_trunk(one) { (other, one) } else { (one, other) }
    }

    /// Two legs that came to be of one call may lie on two boards: then one of them gets a port beside the other's, and its
    /// far end is told by re-INVITE.
    pub(super) fn share_board(&mut self, now: Now, one: LegId, other: LegId) {
        let (one, other) = self.stays_and_goes(one, other);
        let port = |leg| self.legs.get(leg).and_then(|leg| leg.port);
        let (Some(beside), Some(left)) = (port(one), port(other)) else { return };
        if beside.board == left.board {
            return;
        }
        let Some(taken) = self.ports.take(Some(beside.board)) else {
            self.observe(Observation::LimitReached { limit: "ports", cause: Cause::Overload });
            self.carry_out(now, other, super::core::Command::HangUp(Cause::Overload));
            return self.core.happened(now, other.call, CallEvent::HungUp(other.number, Cause::Overload));
        };
        let Some(leg) = self.legs.get_mut(other) else { return };
        leg.port = Some(taken);
        let (trunk, key) = (leg.trunk, leg.key);
        let was_attached = std::mem::take(&mut leg.attached);
        self.ports.release(left, now.moment);
        if was_attached {
            self.draining.insert(left, trunk);
            self.command(media::Command::Release { port: left });
        } else {
            self.command(media::Command::Close { port: left });
        }
        self.attach(other);
        if let Some(local) = self.local_media(other)
            && self.legs.get(other).is_some_and(|leg| leg.stage == Stage::Up)
        {
            self.stack.reinvite(now.moment, key, local);
        }
    }
}

/// The SIP leg a Replaces names.
const fn leg_key(named: Named) -> Option<LegKey> {
    match named {
        Named::Nothing => None,
        Named::Over(key)
        | Named::Answered(key)
        | Named::Theirs(key)
        | Named::Ours(key)
        | Named::Confirmed(key) => Some(key),
    }
}
