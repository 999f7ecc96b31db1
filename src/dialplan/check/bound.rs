//! The longest a caller can wait, from our answer until someone answers or a closing message begins (requirements.md,
//! C16). Every prompt is heard to its end, every menu is asked as often as it may be, every phone rings as long as it
//! may, every queue keeps its caller until the caller's own deadline.

use super::super::graph::{Cost, Edge, Graph, Way};
use super::super::plan::Destination;
use super::super::wording;
use crate::base::SiteId;
use crate::base::finding::Findings;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Nobody waits longer for an ending.
const LIMIT: Duration = Duration::from_secs(180);
/// Steps spent on the proof for one number; far more than any plan a person can read.
const EFFORT: u32 = 200_000;
/// Destinations in a row, likewise.
const DEPTH: usize = 400;

/// Where a call stands: what it has left to wait depends on nothing else.
type Standing = (Destination, bool, Option<Duration>);

struct Proof<'g> {
    graph: &'g Graph,
    on_path: BTreeSet<Destination>,
    known: BTreeMap<Standing, (Duration, Vec<Destination>)>,
    effort: u32,
}

/// Tells every number from which a caller could wait too long.
pub(super) fn check(graph: &Graph, whole: &dyn Fn(SiteId) -> bool, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for (root, place) in &graph.roots {
        let Some(node) = graph.nodes.get(root) else { continue };
        if !whole(node.site) || !told.insert(*root) {
            continue;
        }
        let mut proof = Proof { graph, on_path: BTreeSet::new(), known: BTreeMap::new(), effort: EFFORT };
        match proof.longest((*root, false, None)) {
            None => findings.error(place, wording::tangled()),
            Some((longest, path)) if longest > LIMIT => {
                let words = wording::too_long(longest, LIMIT).hint(wording::longest_way(&graph.path(&path)));
                findings.error(place, words);
            }
            Some(_) => {}
        }
    }
}

impl Proof<'_> {
    /// The longest wait from here and its way; nothing when the effort runs out.
    fn longest(&mut self, standing: Standing) -> Option<(Duration, Vec<Destination>)> {
        if let Some(known) = self.known.get(&standing) {
            return Some(known.clone());
        }
        let (at, answered, clock) = standing;
        self.effort = self.effort.checked_sub(1)?;
        if self.on_path.len() >= DEPTH {
            return None;
        }
        self.on_path.insert(at);
        let mut longest = (Duration::ZERO, vec![at]);
        let edges: &[Edge] = self.graph.nodes.get(&at).map(|node| node.edges.as_slice()).unwrap_or_default();
        // A key that leads back is the caller's own wish to hear it again.
        let ways: Vec<&Edge> =
            edges.iter().filter(|edge| edge.way != Way::Widens && !self.on_path.contains(&edge.to)).collect();
        for edge in ways {
            let (spent, clock) = spend(edge.cost, answered, clock);
            let (rest, way) = self.longest((edge.to, answered || edge.cost.answers, clock))?;
            if spent + rest > longest.0 {
                longest = (spent + rest, std::iter::once(at).chain(way).collect());
            }
        }
        self.on_path.remove(&at);
        self.known.insert(standing, longest.clone());
        Some(longest)
    }
}

/// What an edge adds to the wait, and the caller's own clock after it.
fn spend(cost: Cost, answered: bool, clock: Option<Duration>) -> (Duration, Option<Duration>) {
    let waited = cost.clock.map(|deadline| deadline.saturating_sub(clock.unwrap_or_default()));
    let heard = if answered || cost.answers { cost.spent } else { Duration::ZERO };
    let running = if waited.is_some() { Some(clock.unwrap_or_default()) } else { clock };
    let waited = waited.unwrap_or_default();
    (waited + heard, running.map(|clock| clock + waited + cost.spent))
}
