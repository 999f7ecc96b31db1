//! Ids that outlive a plan: an agent stays the same agent, a queue the same queue, over every reload.

use crate::base::{AgentId, Map, Name, QueueId};

/// Which agents and queues there ever were, by what makes them the same.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    agents: Map<(Name, Name), AgentId>,
    queues: Map<(Name, Name), QueueId>,
}

impl Ids {
    /// The agent at this extension behind this trunk.
    pub fn agent(&mut self, via: &Name, extension: &Name) -> AgentId {
        let next = AgentId(u32::try_from(self.agents.len()).expect("fewer agents than a file has bytes"));
        *self.agents.entry((via.clone(), extension.clone())).or_insert(next)
    }

    /// The queue of this name at this site.
    pub fn queue(&mut self, site: &Name, name: &Name) -> QueueId {
        let next = QueueId(u32::try_from(self.queues.len()).expect("fewer queues than a file has bytes"));
        *self.queues.entry((site.clone(), name.clone())).or_insert(next)
    }

    /// Agents there ever were: the length of [`super::Plan::agents`].
    #[must_use]
    pub fn agents(&self) -> usize {
        self.agents.len()
    }

    /// Queues there ever were: the length of [`super::Plan::queues`].
    #[must_use]
    pub fn queues(&self) -> usize {
        self.queues.len()
    }
}
