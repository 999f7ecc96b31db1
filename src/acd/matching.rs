//! The matcher: among the queues where something changed, the caller who waits longest meets the agents the
//! queue's strategy names. Called until it finds nothing, after every event: never by a clock.

use super::Acd;
use crate::base::{AgentId, CallId, QueueId};
use smallvec::SmallVec;

/// A caller and the agents whose phones are to ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The caller.
    pub call: CallId,
    /// The queue that brings them together.
    pub queue: QueueId,
    /// Who is rung: one, or with ring-all every free agent.
    pub agents: SmallVec<[AgentId; 2]>,
}

impl Acd {
    /// The next match, its agents already ringing for the caller.
    pub fn take_match(&mut self) -> Option<Match> {
        let queue = self.queue_of_longest_wait()?;
        let turn = self.line(queue).first_hungry()?;
        let all = self.rings_all(queue);
        let agents: SmallVec<[AgentId; 2]> = if all {
            self.line(queue).every_free().collect()
        } else {
            self.line(queue).longest_idle().into_iter().collect()
        };
        for agent in &agents {
            let desk = &mut self.desks[agent.index()];
            desk.ring(turn.call);
            let queues = desk.queues.clone();
            for served in queues {
                self.lines[served.index()].seat(*agent, None);
            }
            self.changed.push(*agent);
        }
        let waiter = self.waiting.get_mut(&turn.call).expect("a hungry caller is in the map of waiters");
        waiter.rung.extend(agents.iter().copied());
        let queues = waiter.queues.clone();
        for joined in queues {
            // With ring-all, an agent who becomes free meanwhile joins the ringing.
            if !(all && self.rings_all(joined)) {
                self.line_mut(joined).satisfy(turn);
            }
        }
        Some(Match { call: turn.call, queue, agents })
    }

    /// The touched queue with a match whose first hungry caller waits longest. Queues without one are forgotten.
    fn queue_of_longest_wait(&mut self) -> Option<QueueId> {
        let lines = &self.lines;
        self.dirty.retain(|queue| lines[queue.index()].has_match());
        self.dirty.iter().copied().min_by_key(|queue| lines[queue.index()].first_hungry())
    }
}
