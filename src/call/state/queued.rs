//! Queued: in line with nobody's phone ringing. The caller's own clock decides when to leave, whatever the queue does.

use super::{Ending, Ringing, State};
use crate::base::{Cause, Moment, QueueId};
use crate::call::walk::{Standing, enter};
use crate::call::{Ctx, Effect, Event, Fact, LegCommand, Out, Timer, TurnedAway, VisitEnd};
use crate::dialplan::{AtClose, Destination, Queue};
use std::time::Duration;

/// The immediate hang-up limit where the queue's SLA does not set one (requirements.md, QS2).
const SHORT: Duration = Duration::from_secs(5);

/// A call in line.
#[derive(Debug)]
pub struct Queued {
    visit: Visit,
}

/// One visit to a queue, from entry to answer or exit, through any number of rings.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// The queue first entered: its rules hold, whatever queues widen it.
    pub queue: QueueId,
    /// The caller's own clock.
    pub since: Moment,
    /// The next entry of the queue's `overflow`.
    next_overflow: usize,
    standing: Standing,
}

impl Queued {
    /// Outside its hours nobody enters a queue: the visit is over as it begins, and this is where the caller goes.
    pub(in crate::call) fn closed(
        queue: QueueId,
        standing: &mut Standing,
        ctx: Ctx,
        out: &mut Out,
    ) -> Option<Destination> {
        let plan = ctx.plan.queue(queue)?;
        let (hours, to) = plan.closes()?;
        if ctx.plan.hours[hours.index()].is_open(ctx.now.utc) {
            return None;
        }
        out.start_waiting(ctx.now.moment);
        *standing = Standing { left_queue: Some(queue), ahead: None, ..*standing };
        note_refused(plan, VisitEnd::Closed, out);
        Some(to)
    }

    /// Asks for a place in line.
    pub(in crate::call) fn join(queue: QueueId, standing: Standing, ctx: Ctx, out: &mut Out) -> State {
        let since = out.start_waiting(ctx.now.moment);
        out.push(Effect::Enqueue { queue, since });
        let standing = Standing { left_queue: Some(queue), ahead: None, ..standing };
        State::Queued(Self { visit: Visit { queue, since, next_overflow: 0, standing } })
    }

    pub(super) const fn back_in_line(visit: Visit) -> State {
        State::Queued(Self { visit })
    }

    pub(super) fn on(mut self, event: Event, ctx: Ctx, out: &mut Out) -> State {
        match event {
            Event::Joined { position } => self.joined(position, ctx, out),
            Event::TurnedAway(why) => self.turned_away(why, ctx, out),
            Event::Matched { queue, agents } => Ringing::agents(self.visit, queue, &agents, ctx, out),
            Event::Due(Timer::Overflow) => match self.visit.overflow(ctx, out) {
                Some(to) => self.visit.leave(VisitEnd::Overflowed, to, ctx, out),
                None => State::Queued(self),
            },
            Event::Due(Timer::Closing) => match self.visit.closing(ctx, out) {
                Some(to) => self.visit.leave(VisitEnd::Closed, to, ctx, out),
                None => State::Queued(self),
            },
            Event::Unstaffed => match self.visit.plan(ctx).nobody {
                Some(to) => self.visit.leave(VisitEnd::Nobody, to, ctx, out),
                None => State::Queued(self),
            },
            Event::KeyPressed(key) => self.key(key, out),
            Event::CallerConfirmed => {
                out.note(Fact::CallerConfirmed);
                State::Queued(self)
            }
            Event::HungUp(0, cause) => {
                self.visit.abandon(ctx, out);
                Ending::after_hang_up(0, cause, out)
            }
            Event::Stopping => {
                self.visit.end(VisitEnd::Failed, ctx, out);
                Ending::hang_up(Cause::ShuttingDown, out)
            }
            Event::Invited
            | Event::NoRoom(_)
            | Event::Referred(_)
            | Event::Replaced(_)
            | Event::GaveLeg { .. }
            | Event::PromptEnded(_)
            | Event::LegRinging(_)
            | Event::LegProgressed(_)
            | Event::LegAnswered(_)
            | Event::LegKeyPressed(..)
            | Event::LegForwarded(_)
            | Event::Deflected(_)
            | Event::LegRefused(..)
            | Event::HungUp(..)
            | Event::Held(_)
            | Event::Resumed(_)
            | Event::Due(Timer::MenuKey | Timer::Ring(_)) => State::Queued(self),
        }
    }

    fn key(self, key: char, out: &mut Out) -> State {
        out.key(key, false);
        State::Queued(self)
    }

    fn joined(mut self, position: u32, ctx: Ctx, out: &mut Out) -> State {
        let queue = self.visit.plan(ctx);
        out.note(Fact::Enqueued { queue: queue.name.clone(), position });
        let sound = queue.music.map_or(LegCommand::Silence, LegCommand::Music);
        out.set_music(queue.music);
        out.leg(0, sound);
        self.visit.standing = self.visit.standing.hearing(Some(sound));
        self.visit.set_overflow(ctx, out);
        self.visit.set_closing(ctx, out);
        State::Queued(self)
    }

    fn turned_away(self, why: TurnedAway, ctx: Ctx, out: &mut Out) -> State {
        let queue = self.visit.plan(ctx);
        let (end, to) = match why {
            TurnedAway::Full(to) => (VisitEnd::Full, to),
            // Without a `nobody` destination the queue is never refused for lack of agents.
            TurnedAway::Nobody => (VisitEnd::Nobody, queue.nobody.unwrap_or_else(|| queue.last_resort())),
        };
        note_refused(queue, end, out);
        enter(to, self.visit.standing, ctx, out)
    }
}

/// A visit that is over as it begins.
fn note_refused(queue: &Queue, end: VisitEnd, out: &mut Out) {
    out.note(Fact::Enqueued { queue: queue.name.clone(), position: 0 });
    out.note(Fact::Dequeued { queue: queue.name.clone(), end });
}

impl Visit {
    pub(super) fn plan<'a>(&self, ctx: Ctx<'a>) -> &'a Queue {
        ctx.plan.queue(self.queue).expect("a call's queues are in the call's own plan")
    }

    fn set_overflow(&self, ctx: Ctx, out: &mut Out) {
        if let Some(entry) = self.plan(ctx).overflow.get(self.next_overflow) {
            out.push(Effect::Set(Timer::Overflow, self.since + entry.after));
        }
    }

    fn set_closing(&self, ctx: Ctx, out: &mut Out) {
        let AtClose::Leave(hours, _) = self.plan(ctx).at_close else { return };
        if let Some(change) = ctx.plan.hours[hours.index()].next_change(ctx.now.utc) {
            let micros = change.as_micros().saturating_sub(ctx.now.utc.as_micros()).max(0);
            let left = Duration::from_micros(micros.unsigned_abs());
            out.push(Effect::Set(Timer::Closing, ctx.now.moment + left));
        }
    }

    /// The caller's clock has reached the next overflow: widens, or says where to leave for.
    pub(super) fn overflow(&mut self, ctx: Ctx, out: &mut Out) -> Option<Destination> {
        let entry = self.plan(ctx).overflow.get(self.next_overflow).copied()?;
        self.next_overflow += 1;
        match entry.to {
            Destination::Queue(queue) => {
                if let Some(other) = ctx.plan.queue(queue) {
                    out.note(Fact::Widened { queue: other.name.clone() });
                }
                out.push(Effect::Widen(queue));
                self.set_overflow(ctx, out);
                None
            }
            Destination::Flow(_)
            | Destination::Menu(_)
            | Destination::Target(_)
            | Destination::Message(_) => Some(entry.to),
        }
    }

    /// The hours of `at_close` may have ended: says where to leave for, or looks for the next change.
    pub(super) fn closing(&self, ctx: Ctx, out: &mut Out) -> Option<Destination> {
        let AtClose::Leave(hours, to) = self.plan(ctx).at_close else { return None };
        if ctx.plan.hours[hours.index()].is_open(ctx.now.utc) {
            self.set_closing(ctx, out);
            return None;
        }
        Some(to)
    }

    /// The visit is over: out of every line, its clocks forgotten.
    pub(super) fn end(&self, end: VisitEnd, ctx: Ctx, out: &mut Out) {
        out.push(Effect::Forget(Timer::Overflow));
        out.push(Effect::Forget(Timer::Closing));
        out.push(Effect::LeaveQueues);
        out.note(Fact::Dequeued { queue: self.plan(ctx).name.clone(), end });
    }

    /// The caller hung up. Immediate hang-ups are counted apart, from queue entry.
    pub(super) fn abandon(&self, ctx: Ctx, out: &mut Out) {
        let limit = self.plan(ctx).sla.map_or(SHORT, |sla| ctx.plan.slas[sla.index()].ignore_hangup_under);
        let short = u128::from(out.waited_ms(ctx.now.moment)) < limit.as_millis();
        self.end(if short { VisitEnd::AbandonedShort } else { VisitEnd::Abandoned }, ctx, out);
    }

    /// The visit is over and the call goes elsewhere.
    pub(super) fn leave(self, end: VisitEnd, to: Destination, ctx: Ctx, out: &mut Out) -> State {
        self.end(end, ctx, out);
        self.go(to, ctx, out)
    }

    /// On to the next destination, the visit being over.
    pub(super) fn go(self, to: Destination, ctx: Ctx, out: &mut Out) -> State {
        enter(to, self.standing, ctx, out)
    }
}
