//! How calls get from one destination to the next, and how long it can take: what the checks walk over.
//! Kept apart from the plan, for it also holds what a plan with faults still says.

use super::plan::Destination;
use crate::base::finding::Place;
use crate::base::{Name, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Every destination of every site.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// By destination.
    pub nodes: BTreeMap<Destination, Node>,
    /// Where calls begin, with the number that begins there.
    pub roots: Vec<(Destination, Place)>,
}

/// One destination.
#[derive(Debug)]
pub(super) struct Node {
    /// Its name.
    pub name: Name,
    /// Whose it is.
    pub site: SiteId,
    /// Where it is written.
    pub place: Place,
    /// Where calls go from it.
    pub edges: Vec<Edge>,
}

/// One way on.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    /// Where to.
    pub to: Destination,
    /// Where that is written.
    pub place: Place,
    /// Who takes it.
    pub way: Way,
    /// What it costs the caller at most.
    pub cost: Cost,
}

/// Who takes an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The call, whatever the caller does.
    Goes,
    /// The caller, by a key.
    Chosen,
    /// Nobody: the queue is served by another's agents too.
    Widens,
}

/// The longest a call spends before an edge is taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// Whether the call is answered by then.
    pub answers: bool,
    /// For a queue, the caller's own clock at the latest.
    pub clock: Option<Duration>,
    /// Playing, asking, ringing.
    pub spent: Duration,
}

impl Edge {
    /// An edge the call takes.
    pub(super) fn goes(to: Destination, place: &Place, cost: Cost) -> Self {
        Self { to, place: place.clone(), way: Way::Goes, cost }
    }
}

impl Graph {
    /// The name of a destination.
    pub(super) fn name(&self, destination: Destination) -> &str {
        self.nodes.get(&destination).map_or("?", |node| node.name.as_str())
    }

    /// Names of a path, « accueil → motif → technique ».
    pub(super) fn path(&self, path: &[Destination]) -> String {
        let names: Vec<&str> = path.iter().map(|destination| self.name(*destination)).collect();
        names.join(" → ")
    }
}
