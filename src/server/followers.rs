//! Who follows a call over the control socket: what has happened to it since they were last told.

use crate::base::CallId;
use crate::base::limits::TRACE_FOLLOWERS;
use crate::drivers::control::{Answer, Command, Request};
use crate::engine::traces::{Step, Traces};
use crate::engine::wanted::Wanted;

/// Everybody who does.
#[derive(Default)]
pub(super) struct Followers(Vec<Follower>);

struct Follower {
    request: Request,
    wanted: Wanted,
    call: Option<Followed>,
}

struct Followed {
    call: CallId,
    /// Steps they were told.
    told: usize,
    omitted: u64,
}

impl Followers {
    /// Shows what is kept of a call, or begins to follow one.
    pub fn answer(&mut self, request: Request, traces: &mut Traces) {
        let Command::Trace { wanted, live } = request.command.clone() else { return };
        if !traces.keeps() {
            let why = "calls are not traced: [sip] trace is false in spillway.toml";
            return request.answer(Answer::Error(why.into()));
        }
        // Whoever names a call means that one, over or not; whoever does not means the one that runs, or the next.
        let running = live && !matches!(wanted, Wanted::Call(_));
        let call = traces.find(&wanted, running);
        if call.is_none() && !running {
            return request.answer(Answer::Error("no such call is kept in memory".into()));
        }
        self.0.retain(|follower| !follower.request.is_forsaken());
        if live && self.0.len() >= TRACE_FOLLOWERS {
            return request.answer(Answer::Error(format!("{TRACE_FOLLOWERS} calls are followed already")));
        }
        let mut follower = Follower { request, wanted, call: None };
        let goes_on = call.is_none_or(|call| follower.begin(call, traces));
        if live && goes_on {
            self.0.push(follower);
        }
    }

    /// Tells everybody what is new.
    pub fn tell(&mut self, traces: &mut Traces) {
        if !self.0.is_empty() {
            self.0.retain_mut(|follower| follower.tell(traces));
        }
    }
}

impl Follower {
    fn begin(&mut self, call: CallId, traces: &mut Traces) -> bool {
        traces.follow(call, true);
        self.call = Some(Followed { call, told: 0, omitted: 0 });
        self.request.tell(Answer::Step(Box::new(Step::Call(call)))) && self.tell(traces)
    }

    /// Says whether there may be more to tell.
    fn tell(&mut self, traces: &mut Traces) -> bool {
        let Some(followed) = &mut self.call else {
            let call = traces.find(&self.wanted, true);
            return call.map_or(!self.request.is_forsaken(), |call| self.begin(call, traces));
        };
        for step in traces.steps(followed.call, followed.told) {
            followed.told += 1;
            if !self.request.tell(Answer::Step(Box::new(step))) {
                return false;
            }
        }
        let omitted = traces.omitted(followed.call);
        if omitted > followed.omitted {
            followed.omitted = omitted;
            return self.request.tell(Answer::Step(Box::new(Step::Omitted(omitted))));
        }
        !self.request.is_forsaken()
    }
}
