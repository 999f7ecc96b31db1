//! Which queues are full before anybody waits in them: their agents are written for nothing.

use super::super::graph::Graph;
use super::super::plan::{Destination, Queue};
use super::super::wording;
use crate::base::QueueId;
use crate::base::finding::Findings;

/// Warns of each.
pub(super) fn check(queues: &[Option<Queue>], graph: &Graph, findings: &mut Findings) {
    for (queue, id) in queues.iter().zip((0..).map(QueueId)) {
        let Some(queue) = queue else { continue };
        let Some(full) = queue.full.filter(|full| full.length == 0) else { continue };
        let Some(node) = graph.nodes.get(&Destination::Queue(id)) else { continue };
        // The way to `full` is the one that waits for no deadline.
        let way = node.edges.iter().find(|edge| edge.to == full.to && edge.cost.clock.is_none());
        let place = way.map_or(&node.place, |way| &way.place);
        findings.warning(place, wording::always_full(&queue.name, graph.name(full.to)));
    }
}
