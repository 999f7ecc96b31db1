//! Who needs a port while none is ready. A burst of calls waits the few milliseconds that opening sockets takes, and is
//! refused only when there is nothing left to open, or it takes too long.

use super::core::{Command, Dial};
use super::{Engine, Observation};
use crate::base::{CallId, Cause, LegId, Moment, Now, limits};
use std::collections::VecDeque;

/// Those who wait, in the order they came.
#[derive(Debug, Default)]
pub(super) struct PortWait {
    waiting: VecDeque<(Moment, Waiting)>,
}

/// What needs a port.
#[derive(Debug)]
enum Waiting {
    /// A call whose plan is read when it can be answered.
    Arrival(CallId),
    /// A leg to be dialled.
    Dial(LegId, Dial),
}

impl PortWait {
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.waiting.front().map(|(deadline, _)| *deadline)
    }

    fn push(&mut self, now: Moment, waiting: Waiting) {
        self.waiting.push_back((now + limits::PORT_WAIT, waiting));
    }

    /// A leg goes on under another name, and is to be dialled no less.
    pub fn renumber(&mut self, from: LegId, to: LegId) {
        for (_, waiting) in &mut self.waiting {
            if let Waiting::Dial(id, _) = waiting
                && *id == from
            {
                *id = to;
            }
        }
    }

    /// A leg is not to be dialled any more; says whether it had not been yet.
    pub fn forget(&mut self, leg: LegId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|(_, waiting)| !matches!(waiting, Waiting::Dial(id, _) if *id == leg));
        self.waiting.len() < before
    }
}

impl Engine {
    /// A call has come: its plan is read now, or once there is a port to answer it with.
    pub(super) fn admit(&mut self, now: Now, call: CallId) {
        let arrival = Waiting::Arrival(call);
        let is_kept = self.is_kept(&arrival);
        if self.core.refuses(call) || self.has_ports(&arrival) && !is_kept {
            self.core.admitted(now, call);
        } else if !is_kept && self.may_wait() {
            self.port_wait.push(now.moment, arrival);
        } else {
            self.turn_away(now, call);
        }
    }

    /// Dials a leg, now or once there is a port for it.
    pub(super) fn dial_with_port(&mut self, now: Now, id: LegId, dial: Dial) {
        let waiting = Waiting::Dial(id, dial);
        if !self.has_ports(&waiting) && !self.is_kept(&waiting) && self.may_wait() {
            self.port_wait.push(now.moment, waiting);
        } else {
            self.serve(now, waiting);
        }
    }

    /// Serves whoever has waited longest, if a port is ready or nobody will wait any longer.
    pub(super) fn serve_port_wait(&mut self, now: Now) -> bool {
        let Some((deadline, first)) = self.port_wait.waiting.front() else { return false };
        if *deadline > now.moment && !self.has_ports(first) {
            return false;
        }
        let first = self.port_wait.waiting.pop_front();
        first.into_iter().for_each(|(_, first)| self.serve(now, first));
        true
    }

    fn serve(&mut self, now: Now, waiting: Waiting) {
        match waiting {
            Waiting::Arrival(call) if self.ports.ready() == 0 || self.is_kept(&waiting) => {
                self.turn_away(now, call);
            }
            Waiting::Arrival(call) => self.core.admitted(now, call),
            Waiting::Dial(id, _) if self.is_kept(&waiting) => self.no_port(now, id),
            Waiting::Dial(id, dial) => self.carry_out(now, id, Command::Dial(dial)),
        }
    }

    fn turn_away(&mut self, now: Now, call: CallId) {
        self.observe(Observation::LimitReached { limit: "ports", cause: Cause::Overload });
        self.core.turned_away(now, call, Cause::Overload);
    }

    /// Whether the ports that are left are kept from this for whoever calls for help.
    fn is_kept(&self, waiting: &Waiting) -> bool {
        let helps = self.config.phones.as_ref().is_some_and(|phones| phones.emergency.is_some());
        let kept = limits::PORTS_FOR_HELP.min(self.ports.capacity() / 8);
        let is_for_help = || match waiting {
            Waiting::Arrival(call) => self.core.is_for_help(*call),
            Waiting::Dial(_, dial) => dial.is_emergency,
        };
        helps && self.ports.left() <= kept && !is_for_help()
    }

    fn may_wait(&mut self) -> bool {
        self.ports.starved();
        self.ports.may_open() && self.port_wait.waiting.len() < limits::PORT_WAITERS
    }

    /// Both legs of a call lie on one board.
    fn has_ports(&self, waiting: &Waiting) -> bool {
        match waiting {
            Waiting::Arrival(_) => self.ports.ready() > 0,
            Waiting::Dial(id, _) => match self.legs.get(LegId::caller(id.call)).and_then(|leg| leg.port) {
                Some(port) => self.ports.ready_on(port.board) > 0,
                None => (0..self.ports.boards()).any(|board| self.ports.ready_on(board) > 1),
            },
        }
    }
}
