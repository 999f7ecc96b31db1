//! What only the whole can show: calls that go round for ever, wait too long, or never come by.

mod bound;
mod ending;
mod full;
mod reach;

use super::graph::Graph;
use super::plan::Queue;
use crate::base::SiteId;
use crate::base::finding::Findings;

/// Checks the ways of every site. A site that is not `whole` has ways nobody can see: what rests on all of them is
/// not said of it.
pub(super) fn check(graph: &Graph, whole: &dyn Fn(SiteId) -> bool, findings: &mut Findings) {
    let endless = ending::check(graph, findings);
    if !endless {
        bound::check(graph, whole, findings);
    }
    reach::check(graph, whole, findings);
}

/// Checks what queues say of themselves and no way shows.
pub(super) fn queues(queues: &[Option<Queue>], graph: &Graph, findings: &mut Findings) {
    full::check(queues, graph, findings);
}

#[cfg(test)]
mod tests;
