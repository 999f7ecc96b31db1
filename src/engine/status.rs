//! How the service stands at one instant: what `spillway status` shows and, later, a wallboard's first view. Data only.

use crate::acd::AgentState;
use crate::base::Name;
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
    /// The store.
    pub store: StoreStatus,
}

/// Calls since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallsStatus {
    /// Not yet over.
    pub in_progress: u64,
    /// Offered since the start, those in progress included.
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
    /// Agents ringing or talking.
    pub agents_busy: u32,
    /// Agents who serve it at all.
    pub agents: u32,
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
    /// Whether it answers.
    pub up: bool,
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
