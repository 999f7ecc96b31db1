//! What a call asked for is done here, in order, after its state has returned.

use super::slot::{HeldLeg, Slot};
use super::{Command, Core, Dial, Diverted, Output};
use crate::acd::{Admission, RingEnd};
use crate::base::phone::PhoneNumber;
use crate::base::{AgentId, CallId, Cause, LegId, Now, TargetId, TrunkId};
use crate::call::{Effect, Event, Fact, LegCommand, LegEnd, Subject, TurnedAway, VisitEnd};
use crate::dialplan::{Direct, Plan};
use crate::engine::Observation;
use std::any::Any;

/// Whom a leg is for.
#[derive(Clone, Copy)]
enum To<'a> {
    /// An agent.
    Agent(AgentId),
    /// A target, by its number.
    Target(&'a PhoneNumber),
    /// What was dialled on a phone.
    Direct,
    /// The same, where that was an emergency number.
    Emergency,
    /// Whom an agent, by the extension, sends the caller on to.
    Referred(Option<&'a str>),
}

impl Core {
    pub(super) fn apply(&mut self, now: Now, call: CallId, plan: &Plan, effect: Effect) {
        match effect {
            Effect::Note(fact) => self.note(now, Subject::Call(call), fact),
            Effect::Leg(number, command) => self.leg(now, LegId { call, number }, plan, command),
            Effect::Enqueue { queue, since } => {
                let answer = match self.acd.enqueue(call, queue, since) {
                    Admission::Waiting { position } => Event::Joined { position },
                    Admission::Full(to) => Event::TurnedAway(TurnedAway::Full(to)),
                    Admission::Nobody => Event::TurnedAway(TurnedAway::Nobody),
                };
                self.pending.push_front((call, answer));
            }
            Effect::Widen(queue) => self.acd.widen(call, queue),
            Effect::LastRing => self.acd.last_ring(call),
            Effect::LeaveQueues => self.acd.leave(call),
            Effect::RingOver { agent, end } => {
                self.disown(call, agent);
                let end = match end {
                    LegEnd::NoAnswer => RingEnd::NoAnswer,
                    LegEnd::Busy | LegEnd::Declined | LegEnd::Unreachable => RingEnd::Refused,
                    LegEnd::Cancelled | LegEnd::Answered | LegEnd::Deflected => RingEnd::Cancelled,
                };
                self.acd.ring_over(now.moment, call, agent, end);
                self.free_when_quiet(now, call, agent);
                // Its agents may have gone while the phone rang.
                if self.acd.is_abandoned(call) {
                    self.pending.push_back((call, Event::Unstaffed));
                }
            }
            Effect::AgentAnswered(agent) => self.acd.answered(now.moment, call, agent),
            Effect::TalkOver { agent, wrap_up } => {
                self.disown(call, agent);
                self.acd.talk_over(now.moment, call, agent, wrap_up);
            }
            Effect::DialTransfer { leg, to, by } => {
                let by = plan.agent(by).map(|agent| agent.extension.to_string());
                let to_phone = To::Referred(by.as_deref());
                self.dial(now, LegId { call, number: leg }, to.trunk, to.user, to_phone);
            }
            Effect::TakeLeg { leg, from } => self.take_leg(LegId { call, number: leg }, from),
            Effect::TakePlace(of) => self.take_place(now, call, of),
            Effect::Set(timer, at) => {
                self.timers.set((call, timer), at);
                if let Some(slot) = self.calls.get_mut(&call)
                    && !slot.timers.contains(&timer)
                {
                    slot.timers.push(timer);
                }
            }
            Effect::Forget(timer) => {
                self.timers.cancel((call, timer));
                if let Some(slot) = self.calls.get_mut(&call) {
                    slot.timers.retain(|set| *set != timer);
                }
            }
        }
    }

    /// An agent whose phone was told to stop is free once nothing is left of its legs. A phone that is rung again sooner
    /// may still be ringing: its CANCEL waits for the first provisional response (RFC 3261 section 9.1).
    pub(super) fn free_when_quiet(&mut self, now: Now, call: CallId, agent: AgentId) {
        let slot = self.calls.get(&call);
        if !slot.is_some_and(|slot| slot.legs.iter().any(|leg| leg.agent == Some(agent))) {
            self.acd.stopped(now.moment, call, agent);
        }
    }

    fn disown(&mut self, call: CallId, agent: AgentId) {
        if let Some(slot) = self.calls.get_mut(&call) {
            slot.agents.retain(|owned| *owned != agent);
        }
    }

    fn leg(&mut self, now: Now, leg: LegId, plan: &Plan, command: LegCommand) {
        let command = match command {
            LegCommand::Ring => Command::Ring,
            LegCommand::PassProgress { from } => {
                Command::PassProgress { from: LegId { call: leg.call, number: from } }
            }
            LegCommand::Answer => Command::Answer,
            LegCommand::HangUp(cause) => Command::HangUp(cause),
            LegCommand::ReportTransfer(code) => Command::ReportTransfer(code),
            LegCommand::Play { prompt, token } => Command::Play { prompt, token },
            LegCommand::Music(music) => Command::Music(music),
            LegCommand::Ringback => Command::Ringback,
            LegCommand::Silence => Command::Silence,
            LegCommand::Whisper(whisper) => Command::Whisper(whisper),
            LegCommand::Connect { with } => Command::Connect { with: LegId { call: leg.call, number: with } },
            LegCommand::Held { by, music } => Command::Held(LegId { call: leg.call, number: by }, music),
            LegCommand::Resumed { by } => Command::Resumed(LegId { call: leg.call, number: by }),
            LegCommand::RingAgent(agent) => return self.dial_agent(now, leg, plan, agent),
            LegCommand::RingTarget(target) => return self.dial_target(now, leg, plan, target),
            LegCommand::RingDirect(to) => return self.dial_direct(now, leg, to),
        };
        let holds = self
            .calls
            .get(&leg.call)
            .is_some_and(|slot| slot.legs.iter().any(|held| held.number == leg.number));
        if let Command::HangUp(_) = command {
            self.sent_on_over(leg);
            self.deflection_over(leg);
            self.engaged_told(now, leg);
        }
        if holds {
            self.output.push_back(Output::Leg { leg, command });
        }
    }

    fn dial_agent(&mut self, now: Now, leg: LegId, plan: &Plan, agent: AgentId) {
        let Some(phone) = plan.agent(agent) else { return self.refuse_dial(leg, Cause::Unreachable) };
        self.dial(now, leg, phone.via, phone.extension.to_string(), To::Agent(agent));
    }

    fn dial_target(&mut self, now: Now, leg: LegId, plan: &Plan, target: TargetId) {
        if !self.deflect(leg, plan, target) {
            self.ring_target(now, leg, plan, target);
        }
    }

    pub(super) fn ring_target(&mut self, now: Now, leg: LegId, plan: &Plan, target: TargetId) {
        let target = &plan.targets[target.index()];
        let country = &plan.sites[target.site.index()].country;
        let user = self.lines.write(target.via, country, &target.number);
        self.dial(now, leg, target.via, user, To::Target(&target.number));
    }

    /// What was dialled on a phone. An emergency call is tried whatever is known of its trunk, and whatever that carries.
    fn dial_direct(&mut self, now: Now, leg: LegId, to: Direct) {
        let dialled = self.calls.get(&leg.call).map(|slot| slot.dialled.clone()).unwrap_or_default();
        let Some((trunk, user)) = self.direct(to, &dialled) else {
            return self.refuse_dial(leg, Cause::Unreachable);
        };
        match to {
            Direct::Emergency => self.send_dial(now, leg, trunk, user, To::Emergency),
            Direct::Outside | Direct::Phone => self.dial(now, leg, trunk, user, To::Direct),
        }
    }

    fn dial(&mut self, now: Now, leg: LegId, trunk: TrunkId, user: String, to: To<'_>) {
        if let Some(cause) = self.refusal_of(now, trunk) {
            return self.refuse_dial(leg, cause);
        }
        self.send_dial(now, leg, trunk, user, to);
    }

    fn send_dial(&mut self, now: Now, leg: LegId, trunk: TrunkId, user: String, to: To<'_>) {
        let Some(slot) = self.calls.get_mut(&leg.call) else { return };
        let from = slot.legs.iter().find(|held| held.number == 0).map(|held| held.trunk);
        let (agent, referred_by) = match to {
            To::Agent(agent) => (Some(agent), None),
            To::Referred(by) => (None, by.map(str::to_owned)),
            To::Target(_) | To::Direct | To::Emergency => (None, None),
        };
        let phone = match to {
            To::Agent(_) | To::Emergency => None,
            To::Target(_) | To::Direct | To::Referred(_) => self.agent_at(trunk, &user),
        };
        let Some(slot) = self.calls.get_mut(&leg.call) else { return };
        let (diverted, signed) = match to {
            To::Target(number) => (Some(diverted(slot)), signed(slot, number)),
            To::Referred(_) => (Some(diverted(slot)), None),
            To::Agent(_) | To::Direct | To::Emergency => (None, None),
        };
        let sends_on = agent.is_none();
        slot.legs.push(HeldLeg { number: leg.number, trunk, came_in: false, agent, phone: None, sends_on });
        self.lines.take_out(trunk);
        if sends_on {
            self.sent_on.begin(slot.caller.as_ref());
        }
        let caller = self.shown_number(from, trunk);
        let dial = Dial {
            trunk,
            user,
            diverted,
            signed,
            is_agent: agent.is_some(),
            is_emergency: matches!(to, To::Emergency),
            caller,
            moved: false,
            referred_by,
        };
        self.output.push_back(Output::Leg { leg, command: Command::Dial(dial) });
        self.engage(now, leg, phone, false);
    }

    /// Why nothing can be dialled over a trunk now.
    fn refusal_of(&mut self, now: Now, trunk: TrunkId) -> Option<Cause> {
        if !self.lines.is_up(trunk) {
            return Some(Cause::Unreachable);
        }
        if !self.lines.has_room_out(trunk) {
            return self.limit_of(trunk, "channels", Cause::NoChannel);
        }
        // Not made to wait: that would be a line nobody sees, and the caller has somewhere else to go.
        if !self.lines.is_slow_out(now.moment, trunk) {
            return self.limit_of(trunk, "cps", Cause::NoChannel);
        }
        None
    }

    /// A leg that can't even be dialled is refused like one the far end refuses, in a turn of its own.
    fn refuse_dial(&mut self, leg: LegId, cause: Cause) {
        self.pending.push_back((leg.call, Event::LegRefused(leg.number, cause)));
    }

    /// A broken invariant: it costs this call, and nothing it held stays behind.
    pub(super) fn fault(&mut self, now: Now, id: CallId, panic: &(dyn Any + Send)) {
        let what = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without words".into());
        self.output.push_back(Output::Observe(Observation::Fault { what: what.clone() }));
        let Some(slot) = self.calls.get_mut(&id) else { return };
        let (legs, agents, timers) =
            (slot.legs.clone(), std::mem::take(&mut slot.agents), std::mem::take(&mut slot.timers));
        let over = slot.over;
        self.acd.leave(id);
        for agent in agents {
            self.acd.ring_over(now.moment, id, agent, RingEnd::Cancelled);
            self.acd.talk_over(now.moment, id, agent, std::time::Duration::ZERO);
            self.free_when_quiet(now, id, agent);
        }
        for timer in timers {
            self.timers.cancel((id, timer));
        }
        for held in legs {
            let leg = LegId { call: id, number: held.number };
            self.engaged_told(now, leg);
            self.output.push_back(Output::Leg { leg, command: Command::HangUp(Cause::Internal) });
        }
        if !over {
            for end in self.open_ends(id) {
                self.note(now, Subject::Call(id), end);
            }
            self.note(now, Subject::Call(id), Fact::Faulted { what });
            self.note(now, Subject::Call(id), Fact::Ended { cause: Cause::Internal });
        }
    }

    /// What ends the rings and the visit a call leaves open: the fault took its state, its facts are there.
    fn open_ends(&self, id: CallId) -> Vec<Fact> {
        let Some(slot) = self.calls.get(&id) else { return Vec::new() };
        let (mut rings, mut visit) = (Vec::new(), None);
        for entry in &slot.facts {
            if let Fact::RingStarted { agent, agent_key, leg, .. } = &entry.fact {
                let (agent, agent_key) = (agent.clone(), agent_key.clone());
                let end = LegEnd::Cancelled;
                rings.push((*leg, Fact::RingEnded { agent, agent_key, leg: *leg, end }));
            } else if let Fact::TargetRung { target, leg, .. } = &entry.fact {
                let (target, end) = (target.clone(), LegEnd::Cancelled);
                rings.push((*leg, Fact::TargetEnded { target, leg: *leg, end }));
            } else if let Fact::RingEnded { leg, .. } | Fact::TargetEnded { leg, .. } = &entry.fact {
                rings.retain(|(ringing, _)| ringing != leg);
            } else if let Fact::Enqueued { queue, .. } = &entry.fact {
                visit = Some(Fact::Dequeued { queue: queue.clone(), end: VisitEnd::Failed });
            } else if let Fact::Dequeued { .. } = &entry.fact {
                visit = None;
            }
        }
        rings.into_iter().map(|(_, end)| end).chain(visit).collect()
    }
}

/// The number of ours a call is sent on from, and why.
pub(super) fn diverted(slot: &Slot) -> Diverted {
    let left = slot
        .facts
        .iter()
        .rev()
        .find_map(|entry| if let Fact::Dequeued { end, .. } = &entry.fact { Some(*end) } else { None });
    Diverted { from: slot.dialled.clone(), after: left }
}

/// What a signed identity must say to go on to a target.
fn signed(slot: &Slot, target: &PhoneNumber) -> Option<(Box<str>, Box<str>)> {
    match (&slot.caller, target) {
        (Some(PhoneNumber::E164(caller)), PhoneNumber::E164(called)) => {
            Some((caller.clone(), called.clone()))
        }
        (Some(PhoneNumber::E164(_) | PhoneNumber::Short(_) | PhoneNumber::Text(_)) | None, _) => None,
    }
}
