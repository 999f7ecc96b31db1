//! The traces a service would keep beside the engine of a story, and what must hold of them in every story: each INVITE
//! of ours belongs to a call that is known. Must never stand in for how a message is answered.

use spillway::base::Now;
use spillway::engine::traces::{Passed, Step, Traces};
use spillway::engine::wanted::Wanted;
use spillway::engine::{Effect, Event};

/// Traces, as a service fills them.
#[derive(Debug)]
pub struct Traced(Traces);

impl Default for Traced {
    fn default() -> Self {
        Self(Traces::new(true, 7))
    }
}

impl Traced {
    /// The engine is about to be told.
    pub fn event(&mut self, now: Now, event: &Event<'_>) {
        if let Event::Sip { flow, bytes } = event {
            self.0.received(now, *flow, bytes);
        }
    }

    /// The engine asked for this.
    pub fn effect(&mut self, now: Now, effect: &Effect) {
        if let Effect::Send { flow, bytes } = effect {
            self.0.sent(now, *flow, bytes);
            if let Some(own) = first_invite(bytes) {
                // Its own Call-ID alone would be nobody's.
                let caller = self.0.correlation(bytes).map(String::from_utf8_lossy);
                assert!(
                    caller.is_some_and(|caller| caller != own),
                    "an INVITE of no call that is traced: {own}"
                );
            }
        } else if let Effect::Observe(seen) = effect {
            self.0.observe(seen);
        }
    }

    /// The last call's requests of this method on legs of ours: whether we sent them, the leg, the far end's address.
    pub fn requests(&self, method: &str) -> Vec<(bool, u16, String)> {
        let call = self.0.find(&Wanted::Last, false).expect("a call");
        let passed = self.0.steps(call, 0).filter_map(|step| match step {
            Step::Message(passed) => Some(passed),
            Step::Call(_) | Step::Fact(_) | Step::Omitted(_) => None,
        });
        let asks = |passed: &Passed| passed.leg > 0 && passed.text.starts_with(method);
        passed
            .filter(asks)
            .map(|Passed { sent, leg, flow, .. }| (sent, leg, flow.remote.to_string()))
            .collect()
    }
}

/// The Call-ID of an INVITE that is in no dialog yet.
fn first_invite(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let header = |name| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let is_first = text.starts_with("INVITE ") && !header("To:")?.contains(";tag=");
    is_first.then(|| header("Call-ID:").map(str::to_owned))?
}
