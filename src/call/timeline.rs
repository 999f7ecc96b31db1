//! From a call's facts to its record. The only place where outcomes and times are decided: metrics, the wallboard
//! and reports read the record. Must never look at anything but facts.

use super::fact::{Entry, Fact, LegEnd, VisitEnd};
use super::record::{Record, Ring, Rung, Transfer};
use super::talks::{Talker, Talks};
use super::whole_ms;
use crate::base::{CallId, Cause, Moment, Name, Now, Outcome};

/// How far the call got: what an abandon is named after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Menu,
    Queue,
}

/// Where the call's time goes at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Flow,
    Wait,
    Talk,
    After,
}

struct Timeline {
    record: Record,
    arrived: Moment,
    stage: Stage,
    phase: Phase,
    /// When the phase began, ms since the INVITE.
    phase_ms: u64,
    /// Phones ringing now, and since when at least one has been, within the wait.
    ringing: u32,
    ringing_ms: u64,
    holding: Vec<u16>,
    holding_ms: u64,
    talks: Talks,
    answered_ms: Option<u64>,
    handover_ms: Option<u64>,
    message: bool,
    overflowed: bool,
    target_end: Option<LegEnd>,
    last_visit: Option<VisitEnd>,
    faulted: bool,
    refused: bool,
    agent_answered: bool,
}

/// Folds a call's facts, its last one included, into its record. Nothing when the call is not over or never arrived.
#[must_use]
pub fn fold<'a>(call: CallId, facts: impl IntoIterator<Item = &'a Entry>) -> Option<Record> {
    let mut facts = facts.into_iter();
    let mut timeline = Timeline::begin(call, facts.next()?)?;
    for entry in facts {
        let at = timeline.ms(entry.now.moment);
        if let Fact::Ended { cause } = &entry.fact {
            return Some(timeline.close(at, entry.now, *cause));
        }
        timeline.take(at, &entry.fact);
    }
    None
}

impl Timeline {
    fn begin(call: CallId, first: &Entry) -> Option<Self> {
        let Fact::Arrived { trunk, caller, dialled, number, site, plan, .. } = &first.fact else {
            return None;
        };
        let record = Record {
            call,
            arrived_utc: first.now.utc,
            ended_utc: first.now.utc,
            site: site.clone(),
            trunk: trunk.clone(),
            caller: caller.clone(),
            dialled: dialled.clone(),
            number: number.clone(),
            plan: plan.clone(),
            outcome: Outcome::AbandonedGreeting,
            cause: Cause::Normal,
            queue: None,
            agent: None,
            agent_key: None,
            target: None,
            keys: String::new(),
            picked_up: false,
            flow_ms: 0,
            wait_ms: 0,
            ring_ms: 0,
            talk_ms: 0,
            hold_ms: 0,
            after_ms: 0,
            duration_ms: 0,
            handover_ms: None,
            since_answer_ms: None,
            visit: None,
            rings: Vec::new(),
            transfers: Vec::new(),
            talks: Vec::new(),
        };
        Some(Self {
            record,
            arrived: first.now.moment,
            stage: Stage::Greeting,
            phase: Phase::Flow,
            phase_ms: 0,
            ringing: 0,
            ringing_ms: 0,
            holding: Vec::new(),
            holding_ms: 0,
            talks: Talks::default(),
            answered_ms: None,
            handover_ms: None,
            message: false,
            overflowed: false,
            target_end: None,
            last_visit: None,
            faulted: false,
            refused: false,
            agent_answered: false,
        })
    }

    fn ms(&self, at: Moment) -> u64 {
        whole_ms(self.arrived, at)
    }

    /// The time up to `at` belonged to the phase that ends here.
    fn enter(&mut self, phase: Phase, at: u64) {
        let spent = at - self.phase_ms;
        match self.phase {
            Phase::Flow => self.record.flow_ms += spent,
            Phase::Wait => {
                self.record.wait_ms += spent;
                if self.ringing > 0 {
                    self.record.ring_ms += at - self.ringing_ms;
                    self.ringing = 0;
                }
                self.record.since_answer_ms = self.answered_ms.map(|answered| at - answered);
            }
            Phase::Talk => {
                self.record.talk_ms += spent;
                if !self.holding.is_empty() {
                    self.record.hold_ms += at - self.holding_ms;
                    self.holding.clear();
                }
                self.record.talks.extend(self.talks.end(at, self.record.hold_ms));
            }
            Phase::After => self.record.after_ms += spent,
        }
        self.phase = phase;
        self.phase_ms = at;
        if phase == Phase::Talk {
            self.talks.begin(at, self.record.hold_ms);
        }
    }

    fn ring_started(&mut self, who: &Name, rung: Rung, leg: u16, at: u64) {
        if self.phase == Phase::Flow {
            self.enter(Phase::Wait, at);
        }
        if self.phase == Phase::Wait {
            if self.ringing == 0 {
                self.ringing_ms = at;
            }
            self.ringing += 1;
        }
        self.record.rings.push(Ring {
            who: who.clone(),
            rung,
            leg,
            at_ms: at,
            for_ms: 0,
            end: LegEnd::Cancelled,
            picked_up_ms: None,
            forwarded: false,
        });
    }

    fn of_ring(&mut self, leg: u16, mark: impl FnOnce(&mut Ring)) {
        if let Some(ring) = self.record.rings.iter_mut().rev().find(|ring| ring.leg == leg) {
            mark(ring);
        }
    }

    fn asked(&mut self, leg: u16, at: u64) {
        self.of_ring(leg, |ring| ring.picked_up_ms = Some(at - ring.at_ms));
    }

    fn target_rung(&mut self, target: &Name, leg: u16, overflowed: bool, at: u64) {
        self.record.target = Some(target.clone());
        self.overflowed = overflowed;
        self.target_end = None;
        self.handover_ms = Some(at);
        self.ring_started(target, Rung::Target, leg, at);
    }

    fn ring_ended(&mut self, leg: u16, end: LegEnd, at: u64) {
        self.of_ring(leg, |ring| {
            ring.for_ms = at - ring.at_ms;
            ring.end = end;
        });
        if self.phase == Phase::Wait && self.ringing > 0 {
            self.ringing -= 1;
            if self.ringing == 0 {
                self.record.ring_ms += at - self.ringing_ms;
            }
        }
    }

    fn target_ended(&mut self, leg: u16, end: LegEnd, at: u64) {
        self.target_end = Some(end);
        // Nobody here sees whether one is answered that the caller's own side calls.
        self.record.handover_ms = self.handover_ms.filter(|_| end != LegEnd::Deflected).map(|rung| at - rung);
        self.ring_ended(leg, end, at);
        if end == LegEnd::Deflected {
            self.enter(Phase::After, at);
        }
    }

    fn bridged(
        &mut self,
        leg: u16,
        (agent, key): (&Option<Name>, &Option<Name>),
        target: Option<&Name>,
        at: u64,
    ) {
        let who = key.as_ref().or(target).or(agent.as_ref()).map(ToString::to_string).unwrap_or_default();
        self.talks.comes(Talker { leg, who, agent: key.clone() });
        if agent.is_some() && !std::mem::replace(&mut self.agent_answered, true) {
            self.record.agent.clone_from(agent);
            self.record.agent_key.clone_from(key);
        }
        self.enter(Phase::Talk, at);
    }

    fn transferred(&mut self, by: &Name, to: &str, (leg, end): (u16, LegEnd), at: u64) {
        let (by, to) = (by.clone(), to.to_owned());
        self.record.transfers.push(Transfer { by, to, leg, at_ms: at, for_ms: 0, end, call: None });
        if end == LegEnd::Answered {
            // Nobody has to answer first: the agent is gone.
            self.enter(Phase::After, at);
        }
    }

    fn transfer_ended(&mut self, leg: u16, end: LegEnd, at: u64) {
        if let Some(transfer) = self.record.transfers.iter_mut().rev().find(|transfer| transfer.leg == leg) {
            transfer.for_ms = at - transfer.at_ms;
            transfer.end = end;
        }
        if end == LegEnd::Answered {
            self.enter(Phase::Talk, at);
        }
    }

    fn taken(&mut self, leg: u16, call: CallId) {
        if let Some(transfer) = self.record.transfers.iter_mut().rev().find(|transfer| transfer.leg == leg) {
            transfer.call = Some(call);
        }
    }

    /// One side goes on elsewhere. A call that only asked for another's place has got through with it.
    fn given(&mut self) {
        if !self.agent_answered && self.stage == Stage::Greeting {
            self.target_end.get_or_insert(LegEnd::Answered);
        }
    }

    fn held(&mut self, leg: u16, at: u64) {
        if self.phase == Phase::Talk && !self.holding.contains(&leg) {
            if self.holding.is_empty() {
                self.holding_ms = at;
            }
            self.holding.push(leg);
        }
    }

    /// The time on hold ends when the last who holds resumes.
    fn resumed(&mut self, leg: u16, at: u64) {
        if self.holding.contains(&leg) {
            self.holding.retain(|holding| *holding != leg);
            if self.holding.is_empty() {
                self.record.hold_ms += at - self.holding_ms;
            }
        }
    }

    fn take(&mut self, at: u64, fact: &Fact) {
        match fact {
            Fact::CallerAnswered => {
                self.record.picked_up = true;
                self.answered_ms = Some(at);
            }
            Fact::MenuEntered { .. } if self.stage == Stage::Greeting => self.stage = Stage::Menu,
            Fact::KeyPressed { key, .. } => self.record.keys.push(*key),
            Fact::Enqueued { queue, .. } => {
                self.stage = Stage::Queue;
                self.record.queue.get_or_insert_with(|| queue.clone());
                if self.phase == Phase::Flow {
                    self.enter(Phase::Wait, at);
                }
            }
            Fact::Dequeued { end, .. } => {
                self.record.visit.get_or_insert(*end);
                self.last_visit = Some(*end);
            }
            Fact::RingStarted { agent, leg, .. } => self.ring_started(agent, Rung::Agent, *leg, at),
            Fact::RingEnded { leg, end, .. } => self.ring_ended(*leg, *end, at),
            Fact::AcceptanceAsked { leg } => self.asked(*leg, at),
            Fact::Forwarded { leg } => self.of_ring(*leg, |ring| ring.forwarded = true),
            Fact::TargetRung { target, leg, from_queue, .. } => {
                self.target_rung(target, *leg, from_queue.is_some(), at);
            }
            Fact::TargetEnded { leg, end, .. } => self.target_ended(*leg, *end, at),
            Fact::Bridged { leg, agent, agent_key, target } => {
                self.bridged(*leg, (agent, agent_key), target.as_ref(), at);
            }
            Fact::TransferStarted { agent_key, to, to_leg, to_agent, .. } => {
                let who = to_agent.as_ref().map_or_else(|| to.clone(), ToString::to_string);
                self.talks.comes(Talker { leg: *to_leg, who, agent: to_agent.clone() });
                self.transferred(agent_key, to, (*to_leg, LegEnd::Cancelled), at);
            }
            Fact::TransferredToNumber { agent_key, number, .. } => {
                self.transferred(agent_key, number, (0, LegEnd::Answered), at);
            }
            Fact::TransferLeft { .. } => self.enter(Phase::After, at),
            Fact::TransferEnded { to_leg, end } => self.transfer_ended(*to_leg, *end, at),
            Fact::LegTaken { leg, call, .. } => self.taken(*leg, *call),
            Fact::LegGiven { .. } => self.given(),
            Fact::Held { leg } => self.held(*leg, at),
            Fact::Resumed { leg } => self.resumed(*leg, at),
            Fact::MessageStarted { .. } => {
                self.message = true;
                self.enter(Phase::After, at);
            }
            Fact::Faulted { .. } => self.faulted = true,
            Fact::Refused { .. } => self.refused = true,
            Fact::Arrived { .. }
            | Fact::CallerConfirmed
            | Fact::FlowEntered { .. }
            | Fact::PromptStarted { .. }
            | Fact::PromptEnded
            | Fact::MenuEntered { .. }
            | Fact::Widened { .. }
            | Fact::LegHungUp { .. }
            | Fact::Ended { .. }
            | Fact::AgentBecame { .. }
            | Fact::Started { .. }
            | Fact::Stopped => {}
        }
    }

    fn close(mut self, at: u64, now: Now, cause: Cause) -> Record {
        self.enter(Phase::After, at);
        self.record.ended_utc = now.utc;
        self.record.duration_ms = at;
        self.record.cause = cause;
        if cause == Cause::Overload {
            // There was no port to answer with: whatever the plan had in mind, a limit refused the caller.
            (self.refused, self.record.picked_up) = (true, false);
        }
        self.record.outcome = self.outcome(cause);
        self.record
    }

    /// requirements.md, Outcomes: the first that applies.
    fn outcome(&self, cause: Cause) -> Outcome {
        if cause == Cause::Interrupted {
            return Outcome::Interrupted;
        }
        if self.faulted {
            return Outcome::Failed;
        }
        if self.refused {
            return Outcome::Rejected;
        }
        if self.agent_answered {
            return Outcome::Answered;
        }
        // A shutdown is ours, but it does not undo an answer.
        if cause == Cause::ShuttingDown && self.target_end != Some(LegEnd::Answered) {
            return Outcome::Failed;
        }
        // What a caller said of their media could not be used: we hung up, not they.
        if cause == Cause::MediaRefused && self.target_end != Some(LegEnd::Answered) {
            return Outcome::Rejected;
        }
        if let Some(end) = self.target_end {
            return target_outcome(self.overflowed, end);
        }
        if self.message {
            return Outcome::Message;
        }
        match (self.last_visit, self.stage) {
            (Some(VisitEnd::AbandonedShort), _) => Outcome::AbandonedShort,
            (_, Stage::Queue) => Outcome::AbandonedWaiting,
            (_, Stage::Menu) => Outcome::AbandonedMenu,
            (_, Stage::Greeting) => Outcome::AbandonedGreeting,
        }
    }
}

fn target_outcome(overflowed: bool, end: LegEnd) -> Outcome {
    match (end, overflowed) {
        (LegEnd::Answered, true) => Outcome::OverflowedAnswered,
        (LegEnd::Answered, false) => Outcome::RoutedAnswered,
        (LegEnd::NoAnswer, true) => Outcome::OverflowedNoAnswer,
        (LegEnd::NoAnswer, false) => Outcome::RoutedNoAnswer,
        // Stopped by us: the caller gave up.
        (LegEnd::Cancelled, true) => Outcome::OverflowedAbandoned,
        (LegEnd::Cancelled, false) => Outcome::RoutedAbandoned,
        (LegEnd::Deflected, true) => Outcome::OverflowedUnobserved,
        (LegEnd::Deflected, false) => Outcome::RoutedUnobserved,
        (LegEnd::Busy | LegEnd::Declined | LegEnd::Unreachable, true) => Outcome::OverflowedFailed,
        (LegEnd::Busy | LegEnd::Declined | LegEnd::Unreachable, false) => Outcome::RoutedFailed,
    }
}
