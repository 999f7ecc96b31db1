//! Which destinations no call ever reaches: written for nothing, or a way to them is missing.

use super::super::graph::Graph;
use super::super::plan::Destination;
use super::super::{scope, wording};
use crate::base::SiteId;
use crate::base::finding::Findings;
use std::collections::BTreeSet;

/// Warns of each.
pub(super) fn check(graph: &Graph, whole: &dyn Fn(SiteId) -> bool, findings: &mut Findings) {
    let mut reached: BTreeSet<Destination> = BTreeSet::new();
    let mut open: Vec<Destination> = graph.roots.iter().map(|(root, _)| *root).collect();
    while let Some(at) = open.pop() {
        if let Some(node) = graph.nodes.get(&at).filter(|_| reached.insert(at)) {
            open.extend(node.edges.iter().map(|edge| edge.to));
        }
    }
    for (destination, node) in graph.nodes.iter().filter(|(destination, _)| !reached.contains(destination)) {
        if whole(node.site) {
            findings.warning(&node.place, wording::unreachable(&node.name, scope::kind(*destination)));
        }
    }
}
