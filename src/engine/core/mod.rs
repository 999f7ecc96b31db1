//! Core: calls, the ACD and their timers, told what happened to legs and saying what to do with them.
//! No SIP, no audio: stories and replay drive it as it is. One turn handles one event to its end: nothing is left
//! over between two events but what a timer or the outside will bring.

mod apply;
mod channels;
mod deflect;
mod engaged;
mod journal;
mod look;
mod phones;
mod rate;
mod sent_on;
mod slot;
mod takeover;
mod transfer;
mod words;

pub use channels::{Channels, TrunkLine, TrunkState};
pub use deflect::Deflection;
pub use look::CallView;
pub use phones::PhoneLine;
pub use takeover::Takeover;
pub use words::{Arrival, Command, Dial, Diverted, Output};

use crate::acd::{Acd, Match};
use crate::base::phone::PhoneNumber;
use crate::base::{
    AgentId, CallId, Cause, LegId, Map, Moment, Name, Now, Random, TrunkId, give_back, limits,
};
use crate::call::{Call, Event, Fact, State, Subject, Timer};
use crate::dialplan::{FlowStart, Plan};
use crate::engine::Observation;
use channels::Lines;
use journal::Journal;
use phones::Phones;
use sent_on::SentOn;
use slot::{HeldLeg, Slot};
use smallvec::smallvec;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Calls, queues and agents of the machine.
#[derive(Debug)]
pub struct Core {
    plan: Arc<Plan>,
    acd: Acd,
    lines: Lines,
    sent_on: SentOn,
    /// The phones that register here.
    phones: Option<Phones>,
    calls: Map<CallId, Slot>,
    offered: u64,
    in_progress: usize,
    next_call: CallId,
    timers: crate::base::Timers<(CallId, Timer)>,
    journal: Journal,
    pending: VecDeque<(CallId, Event)>,
    output: VecDeque<Output>,
    agent_keys: Vec<Name>,
    /// The agent states last shown.
    shown: Map<AgentId, (crate::acd::AgentState, Moment)>,
    accepting: bool,
    store_strained: bool,
    /// For strategies that draw lots; unused by the present ones but part of every replay's seed.
    _random: Random,
}

impl Core {
    /// A core that serves `plan` over `trunks`, its first call being `next_call` and its first fact `next_seq`.
    #[must_use]
    pub fn new(
        now: Now,
        plan: Arc<Plan>,
        trunks: Vec<TrunkLine>,
        next_call: CallId,
        next_seq: crate::base::JournalSeq,
        random: Random,
    ) -> Self {
        let mut core = Self {
            plan: Arc::clone(&plan),
            acd: Acd::default(),
            lines: Lines::new(trunks),
            sent_on: SentOn::default(),
            phones: None,
            calls: Map::default(),
            offered: 0,
            in_progress: 0,
            next_call,
            timers: crate::base::Timers::default(),
            journal: Journal::new(next_seq),
            pending: VecDeque::new(),
            output: VecDeque::new(),
            agent_keys: Vec::new(),
            shown: Map::default(),
            accepting: true,
            store_strained: false,
            _random: random,
        };
        let started = Fact::Started { version: env!("CARGO_PKG_VERSION").into(), plan: plan.digest.clone() };
        core.note(now, Subject::Service, started);
        core.configure(now, plan);
        core
    }

    fn configure(&mut self, now: Now, plan: Arc<Plan>) {
        self.acd.configure(now.moment, &plan);
        for (number, queue) in (0u32..).zip(&plan.queues) {
            if let Some(queue) = queue {
                self.acd.wait_unstaffed(crate::base::QueueId(number), queue.nobody.is_none());
            }
        }
        self.agent_keys = plan
            .agents
            .iter()
            .map(|agent| agent.as_ref().map(|agent| agent.key.clone()).unwrap_or_default())
            .collect();
        self.plan = plan;
        self.turn(now);
    }

    /// An initial INVITE was accepted from a trunk: a call begins, and whatever follows is recorded. Its plan is read
    /// once it is [`Core::admitted`].
    pub fn arrived(&mut self, now: Now, arrival: Arrival) -> CallId {
        let id = self.next_call;
        self.next_call = CallId(id.0 + 1);
        let plan = Arc::clone(&self.plan);
        let found = plan.number(&arrival.dialled).filter(|_| arrival.in_place_of.is_none());
        let country = found.map(|(_, number)| &plan.sites[number.site.index()].country);
        let caller = country.and_then(|country| self.known(country, &arrival));
        let call = match arrival.in_place_of {
            Some(of) => self.ask_for_place(now, id, &arrival, of),
            None => {
                let start = match self.dialled_on_phone(now, &arrival, found.is_some()) {
                    Some(start) => start,
                    None => self.admit(now, &arrival, caller.as_ref(), found.map(|(_, number)| number.flow)),
                };
                Call::new(id, now.moment, Arc::clone(&plan), start)
            }
        };
        if found.is_some() {
            self.offered += 1;
            self.in_progress += 1;
        }
        // Whoever asks for a place is free until they have it.
        let asks = arrival.in_place_of.is_some();
        let dials = self.agent_calling(arrival.trunk, &arrival.caller).filter(|_| !asks);
        let fact = Fact::Arrived {
            trunk: self.lines.name(arrival.trunk).clone(),
            caller: arrival.caller,
            dialled: arrival.dialled.clone(),
            number: found.map(|(_, number)| number.name.clone()),
            site: found.map(|(_, number)| plan.sites[number.site.index()].id.clone()),
            plan: plan.digest.clone(),
            sip_call_id: arrival.sip_call_id,
        };
        self.lines.take_in(arrival.trunk);
        let slot = Slot {
            call: Some(call),
            dialled: arrival.dialled,
            caller,
            facts: Vec::new(),
            legs: smallvec![HeldLeg::caller(arrival.trunk)],
            agents: smallvec![],
            deflecting: None,
            timers: smallvec![],
            over: false,
        };
        self.calls.insert(id, slot);
        self.note(now, Subject::Call(id), fact);
        self.engage(now, LegId::caller(id), dials, true);
        id
    }

    /// Whether a call that has arrived is refused whatever room there is.
    #[must_use]
    pub fn refuses(&self, call: CallId) -> bool {
        self.state(call).is_some_and(State::is_to_be_refused)
    }

    /// There is room for a call that has arrived: it goes where its number leads.
    pub fn admitted(&mut self, now: Now, call: CallId) {
        self.happened(now, call, Event::Invited);
    }

    /// There is no room for a call that has arrived.
    pub fn turned_away(&mut self, now: Now, call: CallId, cause: Cause) {
        self.happened(now, call, Event::NoRoom(cause));
    }

    fn admit(
        &mut self,
        now: Now,
        arrival: &Arrival,
        caller: Option<&PhoneNumber>,
        flow: Option<crate::base::FlowId>,
    ) -> FlowStart {
        match (self.refusal(now, arrival, caller), flow) {
            (Some(cause), _) => FlowStart::Refused(cause),
            (None, Some(flow)) => FlowStart::Flow(flow),
            (None, None) => FlowStart::Refused(Cause::NotFound),
        }
    }

    /// Why nothing can be done for a call, whatever it dialled.
    fn refusal(&mut self, now: Now, arrival: &Arrival, caller: Option<&PhoneNumber>) -> Option<Cause> {
        arrival.refused.or_else(|| {
            if !self.accepting {
                Some(Cause::ShuttingDown)
            } else if self.store_strained {
                self.limit("store", Cause::Overload)
            } else if self.in_progress >= limits::CALLS {
                self.limit("calls", Cause::Overload)
            } else if self.sent_on.holds(caller) {
                Some(Cause::Loop)
            } else if !self.lines.is_slow_in(now.moment, arrival.trunk) {
                self.limit_of(arrival.trunk, "cps", Cause::RateLimited)
            } else if !self.lines.has_room_in(arrival.trunk) {
                self.limit_of(arrival.trunk, "channels", Cause::NoChannel)
            } else {
                None
            }
        })
    }

    fn limit(&mut self, limit: &'static str, cause: Cause) -> Option<Cause> {
        self.output.push_back(Output::Observe(Observation::LimitReached { limit, cause }));
        Some(cause)
    }

    fn limit_of(&mut self, trunk: TrunkId, limit: &'static str, cause: Cause) -> Option<Cause> {
        let trunk = self.lines.name(trunk).clone();
        self.output.push_back(Output::Observe(Observation::TrunkLimit { trunk, limit }));
        self.limit(limit, cause)
    }

    /// Something happened to a call. A call that is gone has nothing left to hear it.
    pub fn happened(&mut self, now: Now, call: CallId, event: Event) {
        if let Event::LegRinging(number) | Event::LegProgressed(number) | Event::LegAnswered(number) = event {
            self.heard(LegId { call, number });
        }
        if let Event::LegAnswered(number) = event {
            self.sent_on_over(LegId { call, number });
        }
        self.engaged_heard(now, call, &event);
        self.pending.push_back((call, event));
        self.turn(now);
    }

    /// Nothing is left of a leg.
    pub fn leg_gone(&mut self, now: Now, leg: LegId) {
        self.sent_on_over(leg);
        self.deflection_over(leg);
        let Some(slot) = self.calls.get_mut(&leg.call) else { return };
        let Some(index) = slot.legs.iter().position(|held| held.number == leg.number) else { return };
        let HeldLeg { trunk, agent, phone, came_in, .. } = slot.legs.remove(index);
        let is_over = slot.over;
        if came_in {
            self.lines.give_back_in(trunk);
        } else {
            self.lines.give_back_out(trunk);
        }
        if let Some(agent) = agent {
            self.free_when_quiet(now, leg.call, agent);
        }
        if let Some(agent) = phone {
            self.acd.disengage(now.moment, agent, leg);
        }
        if is_over {
            self.forget_when_empty(leg.call);
        } else {
            // The leg vanished without a farewell: for the call that is a loss.
            self.pending.push_back((leg.call, Event::HungUp(leg.number, Cause::Lost)));
        }
        self.turn(now);
    }

    /// A trunk answers its OPTIONS, or stopped answering; until the first such news calls are tried over it.
    pub fn trunk(&mut self, now: Now, trunk: TrunkId, up: bool) {
        self.lines.set_up(trunk, up);
        let name = self.lines.name(trunk).clone();
        self.output.push_back(Output::Observe(Observation::Trunk { trunk: name, up }));
        self.acd.trunk(now.moment, trunk, up);
        for call in self.acd.abandoned_by_agents() {
            self.pending.push_back((call, Event::Unstaffed));
        }
        self.turn(now);
    }

    /// New calls are refused from here on.
    pub fn stop_accepting(&mut self) {
        self.accepting = false;
    }

    /// New calls are refused while the store could lose what they leave.
    pub fn store_strained(&mut self, strained: bool) {
        self.store_strained = strained;
    }

    /// Ends every call that is left.
    pub fn end_all(&mut self, now: Now) {
        let mut left: Vec<CallId> = self.calls.keys().copied().collect();
        left.sort_unstable();
        self.pending.extend(left.into_iter().map(|call| (call, Event::Stopping)));
        self.turn(now);
    }

    /// The service stops: the last fact.
    pub fn stopped(&mut self, now: Now) {
        self.note(now, Subject::Service, Fact::Stopped);
    }

    /// When the next timer falls due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        let own = self.timers.next().map(|(at, _)| at);
        own.into_iter().chain(self.acd.poll_timeout()).min()
    }

    /// Handles the timers that are due, each at its own turn.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some((_, (call, timer))) = self.timers.pop_due(now.moment) {
            if let Some(slot) = self.calls.get_mut(&call) {
                slot.timers.retain(|set| *set != timer);
            }
            self.pending.push_back((call, Event::Due(timer)));
            self.turn(now);
        }
        self.acd.handle_timeout(now.moment);
        self.turn(now);
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// Runs until nothing is left to be said or matched.
    fn turn(&mut self, now: Now) {
        loop {
            if let Some((call, event)) = self.pending.pop_front() {
                self.step(now, call, event);
            } else if let Some(Match { call, queue, agents }) = self.acd.take_match() {
                if let Some(slot) = self.calls.get_mut(&call) {
                    slot.agents.extend(agents.iter().copied());
                }
                self.pending.push_back((call, Event::Matched { queue, agents }));
            } else {
                break;
            }
        }
        self.show_changes(now);
    }

    fn step(&mut self, now: Now, id: CallId, event: Event) {
        let Some(slot) = self.calls.get_mut(&id) else { return };
        let Some(call) = slot.call.take() else { return };
        match catch_unwind(AssertUnwindSafe(move || call.on(now, event))) {
            Ok((call, effects)) => {
                let plan = Arc::clone(call.plan());
                slot.call = Some(call);
                for effect in effects {
                    self.apply(now, id, &plan, effect);
                }
            }
            Err(panic) => self.fault(now, id, panic.as_ref()),
        }
        self.forget_when_empty(id);
    }

    fn forget_when_empty(&mut self, id: CallId) {
        let Some(slot) = self.calls.get(&id) else { return };
        if slot.over && slot.legs.is_empty() {
            self.calls.remove(&id);
            give_back(&mut self.calls);
            self.output.push_back(Output::Forgotten(id));
        }
    }

    /// The state a call is in, if it is not being stepped.
    fn state(&self, id: CallId) -> Option<&State> {
        self.calls.get(&id).and_then(|slot| slot.call.as_ref()).map(Call::state)
    }
}
