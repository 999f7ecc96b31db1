//! How the service stands at one instant: what `spillway status` shows and, later, a wallboard's first view. Data only.

use super::Engine;
pub use super::core::TrunkState;
use crate::acd::AgentState;
use crate::base::{Moment, Name, Now, QueueId, TrunkId, limits};
use serde::{Deserialize, Serialize};

/// The names of every state an agent can be in, for those who may not know the ACD.
pub const AGENT_STATES: [&str; AgentState::LABELS.len()] = AgentState::LABELS;

/// The whole service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version that runs.
    pub version: String,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Whether it is stopping: no new calls are taken.
    pub draining: bool,
    /// Digest of the plan new calls run under.
    pub plan: Name,
    /// Calls since the start.
    pub calls: CallsStatus,
    /// Queues, in written order.
    pub queues: Vec<QueueStatus>,
    /// Agents, in written order.
    pub agents: Vec<AgentStatus>,
    /// Trunks, in written order.
    pub trunks: Vec<TrunkStatus>,
    /// Whether calls are turned away because the engine is behind.
    #[serde(default)]
    pub overloaded: bool,
    /// Sources that are not listened to.
    #[serde(default)]
    pub banned: BannedStatus,
    /// The store.
    pub store: StoreStatus,
}

/// Sources that are not listened to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BannedStatus {
    /// How many.
    pub count: u32,
    /// Some of them, those with the longest time to go first: address, or the first of an IPv6 /64.
    pub sources: Vec<BanStatus>,
}

/// One source that is not listened to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanStatus {
    /// Where it is.
    pub source: std::net::IpAddr,
    /// For how long yet.
    pub left_ms: u64,
}

/// Calls since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsStatus {
    /// Of those offered, not yet over.
    pub in_progress: u64,
    /// Offered since the start, to a number of ours; those in progress included.
    pub offered: u64,
}

/// One queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueStatus {
    /// Its name.
    pub name: Name,
    /// Callers waiting.
    pub waiting: u32,
    /// How long the one waiting longest has waited; nothing when nobody waits.
    pub oldest_wait_ms: Option<u64>,
    /// Agents free to be rung.
    pub agents_ready: u32,
    /// Agents a call owns: reserved, ringing or talking, for whichever queue.
    pub agents_busy: u32,
    /// Agents who finish up after a call.
    pub agents_wrap_up: u32,
    /// Agents who can't be rung now: unreachable, backed off or logged out.
    pub agents_away: u32,
    /// Agents who serve it at all: the sum of the four.
    pub agents: u32,
}

impl QueueStatus {
    fn count_agent(&mut self, state: AgentState) {
        let those = match state {
            AgentState::Ready => &mut self.agents_ready,
            AgentState::Ringing(_) | AgentState::Talking(_) => &mut self.agents_busy,
            AgentState::WrapUp => &mut self.agents_wrap_up,
            AgentState::BackedOff | AgentState::Unreachable | AgentState::LoggedOut => &mut self.agents_away,
        };
        *those += 1;
        self.agents += 1;
    }
}

/// One agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// The label from the dialplan.
    pub name: Name,
    /// What facts and metrics call the agent: `201@ipoffice`.
    pub key: Name,
    /// One of [`AGENT_STATES`].
    pub state: Name,
    /// For how long, when known.
    pub since_ms: Option<u64>,
    /// The call that owns the agent.
    pub call: Option<u64>,
}

/// One trunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkStatus {
    /// Its name.
    pub name: Name,
    /// Whether it answers: `unknown` where it is not asked, or has not answered nor failed to yet.
    pub state: TrunkState,
    /// Whether its registrar knows us; nothing where it is not to.
    #[serde(default)]
    pub registered: Option<bool>,
}

/// The store, as far as its operators care.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreStatus {
    /// Rows not yet on disk.
    pub backlog: u64,
    /// Rows given up.
    pub lost: u64,
    /// Whether the disk refuses.
    pub failing: bool,
}

impl Engine {
    /// How things stand; what only drivers know is left at its default.
    #[must_use]
    pub fn status(&self, now: Now) -> Status {
        let core = self.core();
        let acd = core.acd();
        let queues = (0u32..).zip(&core.plan().queues).filter_map(|(number, queue)| {
            let queue = queue.as_ref()?;
            let (waiting, oldest) = acd.line_length(QueueId(number));
            let mut status = QueueStatus {
                name: queue.name.clone(),
                waiting: count(waiting),
                oldest_wait_ms: oldest.map(|since| millis(now, since)),
                ..QueueStatus::default()
            };
            queue.agents.iter().for_each(|agent| status.count_agent(acd.agent_state(*agent)));
            Some(status)
        });
        let agents = acd.agents().filter_map(|agent| {
            let state = acd.agent_state(agent);
            Some(AgentStatus {
                name: core.plan().agent(agent)?.name.clone(),
                key: core.agent_key(agent).clone(),
                state: state.label().into(),
                since_ms: core.agent_since(agent).map(|since| millis(now, since)),
                call: state.owner().map(|call| call.0),
            })
        });
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_s: now.moment.as_nanos() / 1_000_000_000,
            draining: false,
            plan: core.plan().digest.clone(),
            calls: CallsStatus {
                in_progress: u64::try_from(core.in_progress()).unwrap_or(u64::MAX),
                offered: core.offered(),
            },
            queues: queues.collect(),
            agents: agents.collect(),
            trunks: core.trunks().map(|(id, name, state)| self.trunk_status(id, name, state)).collect(),
            overloaded: self.is_overloaded(),
            banned: self.banned(now),
            store: StoreStatus::default(),
        }
    }

    fn banned(&self, now: Now) -> BannedStatus {
        let bans = self.stack().bans(now.moment);
        let shown = bans.iter().take(limits::BANS_SHOWN).map(|(source, left)| BanStatus {
            source: *source,
            left_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        });
        BannedStatus { count: count(bans.len()), sources: shown.collect() }
    }

    fn trunk_status(&self, id: TrunkId, name: &Name, state: TrunkState) -> TrunkStatus {
        TrunkStatus { name: name.clone(), state, registered: self.stack().registered(id) }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn millis(now: Now, since: Moment) -> u64 {
    u64::try_from(now.moment.since(since).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::CallId;

    #[test]
    fn every_agent_of_a_queue_is_ready_busy_in_wrap_up_or_away() {
        let mut queue = QueueStatus::default();
        let call = CallId(1);
        for state in [
            AgentState::Ready,
            AgentState::Ringing(call),
            AgentState::Talking(call),
            AgentState::WrapUp,
            AgentState::BackedOff,
            AgentState::Unreachable,
            AgentState::LoggedOut,
        ] {
            queue.count_agent(state);
        }
        let QueueStatus { agents_ready, agents_busy, agents_wrap_up, agents_away, agents, .. } = queue;
        assert_eq!((agents_ready, agents_busy, agents_wrap_up, agents_away), (1, 2, 1, 3));
        assert_eq!(agents, 7);
    }
}
