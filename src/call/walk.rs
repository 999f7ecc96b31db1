//! From destination to destination until something takes time: a sound, a line, a ringing phone.

use super::state::{Arriving, Ending, InFlow, Pickup, Queued, Ringing, State};
use super::{Ctx, Fact, LegCommand, Out};
use crate::base::{Cause, FlowId, MenuId, MessageId, QueueId, TargetId, limits};
use crate::dialplan::{Action, Condition, Destination};

/// Where the caller stands when a destination is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether we have answered the INVITE.
    pub answered: bool,
    /// The queue the caller has left, if any: its music goes on while a target rings.
    pub left_queue: Option<QueueId>,
    /// A key pressed before a menu asked for it.
    pub ahead: Option<char>,
    /// The music or ringing tone being heard, which need not be started again.
    pub hears: Option<LegCommand>,
}

impl Standing {
    /// A caller who has just come.
    pub const NEW: Self = Self { answered: false, left_queue: None, ahead: None, hears: None };

    /// The same caller, hearing this.
    #[must_use]
    pub const fn hearing(self, hears: Option<LegCommand>) -> Self {
        Self { hears, ..self }
    }

    /// Answers the caller unless that is done.
    pub fn answer(&mut self, out: &mut Out) {
        if !self.answered {
            self.answered = true;
            out.leg(0, LegCommand::Answer);
            out.note(Fact::CallerAnswered);
        }
    }
}

/// What entering a destination comes to.
enum Next {
    Walk(Destination),
    Rest(State),
}

/// Enters `to` and walks on until the call has something to wait for.
pub fn enter(to: Destination, mut standing: Standing, ctx: Ctx, out: &mut Out) -> State {
    let mut next = to;
    for _ in 0..limits::STEPS_PER_EVENT {
        let reached = match next {
            Destination::Flow(flow) => {
                out.note(Fact::FlowEntered { flow: ctx.plan.flows[flow.index()].name.clone() });
                read(flow, 0, standing, ctx, out)
            }
            Destination::Menu(menu) => enter_menu(menu, standing, ctx, out),
            Destination::Queue(queue) => {
                standing.answer(out);
                match Queued::closed(queue, &mut standing, ctx, out) {
                    Some(to) => Next::Walk(to),
                    None => Next::Rest(Queued::join(queue, standing, ctx, out)),
                }
            }
            Destination::Target(target) => Next::Rest(ring_target(target, standing, ctx, out)),
            Destination::Message(message) => Next::Rest(say(message, standing, ctx, out)),
        };
        match reached {
            Next::Walk(on) => next = on,
            Next::Rest(state) => return state,
        }
    }
    // `check` proves this can't happen; a plan that slipped through must not hang the engine.
    out.note(Fact::Faulted { what: "a flow leads back to itself".into() });
    Ending::hang_up(Cause::Internal, out)
}

/// Goes on reading a flow after a prompt.
pub fn resume(flow: FlowId, step: usize, standing: Standing, ctx: Ctx, out: &mut Out) -> State {
    match read(flow, step, standing, ctx, out) {
        Next::Walk(to) => enter(to, standing, ctx, out),
        Next::Rest(state) => state,
    }
}

fn read(flow: FlowId, from: usize, mut standing: Standing, ctx: Ctx, out: &mut Out) -> Next {
    let steps = ctx.plan.flows[flow.index()].steps.iter().enumerate().skip(from);
    for (index, step) in steps {
        let applies = step.when.iter().all(|condition| match *condition {
            Condition::Open(hours) => ctx.plan.hours[hours.index()].is_open(ctx.now.utc),
            Condition::Closed(hours) => !ctx.plan.hours[hours.index()].is_open(ctx.now.utc),
        });
        if !applies {
            continue;
        }
        match step.action {
            Action::Go(to) => return Next::Walk(to),
            Action::Play(prompt) => {
                standing.answer(out);
                return Next::Rest(State::InFlow(InFlow::prompt(flow, index, prompt, standing, ctx, out)));
            }
        }
    }
    // A flow's last step is an unconditional `go`: `check` refuses anything else.
    out.note(Fact::Faulted { what: "a flow ended without a go".into() });
    Next::Rest(Ending::hang_up(Cause::Internal, out))
}

fn enter_menu(menu: MenuId, mut standing: Standing, ctx: Ctx, out: &mut Out) -> Next {
    standing.answer(out);
    if let Some(key) = standing.ahead.take()
        && let Some(to) = ctx.plan.menus[menu.index()].keys.get(&key)
    {
        out.note(Fact::MenuEntered { menu: ctx.plan.menus[menu.index()].name.clone(), attempt: 1 });
        return Next::Walk(*to);
    }
    Next::Rest(State::InFlow(InFlow::ask(menu, 1, standing, ctx, out)))
}

fn ring_target(target: TargetId, mut standing: Standing, ctx: Ctx, out: &mut Out) -> State {
    let leg = Ringing::dial_target(target, standing, ctx, out);
    let pickup = Pickup::of(ctx.plan.targets[target.index()].accept);
    if standing.answered {
        // Out of a queue the music goes on.
        let queue = standing.left_queue.and_then(|queue| ctx.plan.queue(queue));
        let sound = queue.and_then(|queue| queue.music).map_or(LegCommand::Ringback, LegCommand::Music);
        if standing.hears != Some(sound) {
            standing.hears = Some(sound);
            out.leg(0, sound);
        }
        State::Ringing(Ringing::target(target, leg, pickup, standing))
    } else {
        State::Arriving(Arriving::ringing(target, leg, pickup))
    }
}

fn say(message: MessageId, mut standing: Standing, ctx: Ctx, out: &mut Out) -> State {
    standing.answer(out);
    State::InFlow(InFlow::message(message, standing, ctx, out))
}
