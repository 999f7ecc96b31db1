//! Whether every call ends: a round of ways nobody chose is told once, with its path.

use super::super::graph::{Edge, Graph, Way};
use super::super::plan::Destination;
use super::super::wording;
use crate::base::finding::Findings;
use std::collections::BTreeSet;

/// Tells every round; says whether there is one. Depth first with an explicit stack: a plan may be any size.
pub(super) fn check(graph: &Graph, findings: &mut Findings) -> bool {
    let mut done: BTreeSet<Destination> = BTreeSet::new();
    let mut found = false;
    for start in graph.nodes.keys() {
        let mut path: Vec<(Destination, usize)> = vec![(*start, 0)];
        let mut on_path = BTreeSet::from([*start]);
        while let Some((at, next)) = path.last_mut() {
            let at = *at;
            let edge = ways(graph, at).nth(*next);
            *next += 1;
            match edge {
                Some(edge) if on_path.contains(&edge.to) && !done.contains(&edge.to) => {
                    found = true;
                    let from = path.iter().position(|(node, _)| *node == edge.to).unwrap_or(0);
                    let mut round: Vec<Destination> = path[from..].iter().map(|(node, _)| *node).collect();
                    round.push(edge.to);
                    findings.error(&edge.place, wording::endless(&graph.path(&round)));
                }
                Some(edge) if !done.contains(&edge.to) && graph.nodes.contains_key(&edge.to) => {
                    on_path.insert(edge.to);
                    path.push((edge.to, 0));
                }
                Some(_) => {}
                None => {
                    done.insert(at);
                    on_path.remove(&at);
                    path.pop();
                }
            }
            if done.contains(start) {
                break;
            }
        }
    }
    found
}

/// What a call does by itself. A queue that widens keeps its callers.
fn ways(graph: &Graph, at: Destination) -> impl Iterator<Item = &Edge> {
    let edges = graph.nodes.get(&at).map(|node| node.edges.as_slice()).unwrap_or_default();
    edges.iter().filter(|edge| edge.way == Way::Goes)
}
