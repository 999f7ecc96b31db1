//! In flow: the caller is answered and hears a prompt, a menu's question, or the message that ends the call.

use super::{Ending, State};
use crate::base::{Cause, FlowId, MenuId, MessageId, PromptId};
use crate::call::walk::{Standing, enter, resume};
use crate::call::{Ctx, Effect, Event, Fact, LegCommand, Out, Timer};

/// A call hearing something.
#[derive(Debug)]
pub struct InFlow {
    doing: Doing,
    /// The sound being played; a `PromptEnded` with another token is of a sound replaced since.
    token: u64,
    standing: Standing,
}

#[derive(Debug, Clone, Copy)]
enum Doing {
    Prompt { flow: FlowId, step: usize },
    Menu { menu: MenuId, attempt: u32 },
    Message,
}

impl InFlow {
    pub(in crate::call) fn prompt(
        flow: FlowId,
        step: usize,
        prompt: PromptId,
        standing: Standing,
        ctx: Ctx,
        out: &mut Out,
    ) -> Self {
        Self {
            doing: Doing::Prompt { flow, step },
            token: play(prompt, ctx, out),
            standing: standing.hearing(None),
        }
    }

    pub(in crate::call) fn ask(
        menu: MenuId,
        attempt: u32,
        standing: Standing,
        ctx: Ctx,
        out: &mut Out,
    ) -> Self {
        let menu_plan = &ctx.plan.menus[menu.index()];
        out.note(Fact::MenuEntered { menu: menu_plan.name.clone(), attempt });
        Self {
            doing: Doing::Menu { menu, attempt },
            token: play(menu_plan.say, ctx, out),
            standing: standing.hearing(None),
        }
    }

    pub(in crate::call) fn message(message: MessageId, standing: Standing, ctx: Ctx, out: &mut Out) -> Self {
        let message_plan = &ctx.plan.messages[message.index()];
        out.note(Fact::MessageStarted { message: message_plan.name.clone() });
        Self {
            doing: Doing::Message,
            token: play(message_plan.play, ctx, out),
            standing: standing.hearing(None),
        }
    }

    pub(super) fn on(self, event: Event, ctx: Ctx, out: &mut Out) -> State {
        match event {
            Event::KeyPressed(key) => self.key(key, ctx, out),
            Event::PromptEnded(token) if token == self.token => self.heard(ctx, out),
            Event::Due(Timer::MenuKey) => match self.doing {
                Doing::Menu { menu, attempt } => self.unanswered(menu, attempt, ctx, out),
                Doing::Prompt { .. } | Doing::Message => State::InFlow(self),
            },
            Event::CallerConfirmed => {
                out.note(Fact::CallerConfirmed);
                State::InFlow(self)
            }
            Event::HungUp(0, cause) => {
                out.push(Effect::Forget(Timer::MenuKey));
                Ending::after_hang_up(0, cause, out)
            }
            Event::Stopping => {
                out.push(Effect::Forget(Timer::MenuKey));
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
            | Event::Due(_)
            | Event::Joined { .. }
            | Event::TurnedAway(_)
            | Event::Matched { .. }
            | Event::Unstaffed => State::InFlow(self),
        }
    }

    /// A key counts at once in a menu, also during its question; during a prompt it waits for the menu to come.
    fn key(mut self, key: char, ctx: Ctx, out: &mut Out) -> State {
        match self.doing {
            Doing::Menu { menu, attempt } => {
                out.push(Effect::Forget(Timer::MenuKey));
                let chosen = ctx.plan.menus[menu.index()].keys.get(&key).copied();
                out.key(key, chosen.is_some());
                match chosen {
                    Some(to) => enter(to, self.standing, ctx, out),
                    None => self.unanswered(menu, attempt, ctx, out),
                }
            }
            Doing::Prompt { .. } => {
                out.key(key, false);
                self.standing.ahead = Some(key);
                State::InFlow(self)
            }
            Doing::Message => {
                out.key(key, false);
                State::InFlow(self)
            }
        }
    }

    fn heard(self, ctx: Ctx, out: &mut Out) -> State {
        out.note(Fact::PromptEnded);
        match self.doing {
            Doing::Prompt { flow, step } => resume(flow, step + 1, self.standing, ctx, out),
            Doing::Menu { menu, .. } => {
                out.leg(0, LegCommand::Silence);
                let wait = ctx.plan.menus[menu.index()].wait;
                out.push(Effect::Set(Timer::MenuKey, ctx.now.moment + wait));
                State::InFlow(self)
            }
            Doing::Message => Ending::hang_up(Cause::Normal, out),
        }
    }

    fn unanswered(self, menu: MenuId, attempt: u32, ctx: Ctx, out: &mut Out) -> State {
        let menu_plan = &ctx.plan.menus[menu.index()];
        if attempt < menu_plan.tries {
            return State::InFlow(Self::ask(menu, attempt + 1, self.standing, ctx, out));
        }
        enter(menu_plan.otherwise, self.standing, ctx, out)
    }
}

fn play(prompt: PromptId, ctx: Ctx, out: &mut Out) -> u64 {
    let token = out.new_token();
    out.note(Fact::PromptStarted { prompt: ctx.plan.prompts[prompt.index()].name.clone() });
    out.leg(0, LegCommand::Play { prompt, token });
    token
}
