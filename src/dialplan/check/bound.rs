//! The longest a caller can wait, from our answer until someone answers or a closing message begins (requirements.md,
//! C16). Every prompt is heard to its end, every menu is asked as often as it may be, every phone rings as long as it
//! may, every queue keeps its caller until the caller's own deadline.

use super::super::graph::{Cost, Edge, Graph, Way};
use super::super::plan::Destination;
use super::super::wording;
use crate::base::SiteId;
use crate::base::finding::Findings;
use std::collections::btree_map::Entry;
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

/// Destinations that lead to each other share a number.
type Rounds = BTreeMap<Destination, usize>;

struct Proof<'g> {
    graph: &'g Graph,
    rounds: &'g Rounds,
    on_path: BTreeSet<Destination>,
    /// What was found from where. Ways lead back only to what was passed on the same round, so this is part of the
    /// question: another path to the same place may have more ways open to it.
    known: BTreeMap<(Standing, Vec<Destination>), (Duration, Vec<Destination>)>,
    effort: u32,
}

/// Tells every number from which a caller could wait too long.
pub(super) fn check(graph: &Graph, whole: &dyn Fn(SiteId) -> bool, findings: &mut Findings) {
    let rounds = rounds(graph);
    let mut told = BTreeSet::new();
    for (root, place) in &graph.roots {
        let Some(node) = graph.nodes.get(root) else { continue };
        if !whole(node.site) || !told.insert(*root) {
            continue;
        }
        let (on_path, known) = (BTreeSet::new(), BTreeMap::new());
        let mut proof = Proof { graph, rounds: &rounds, on_path, known, effort: EFFORT };
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
        let (at, answered, clock) = standing;
        let question = (standing, self.passed_on_the_round_of(at));
        if let Some(known) = self.known.get(&question) {
            return Some(known.clone());
        }
        self.effort = self.effort.checked_sub(1)?;
        if self.on_path.len() >= DEPTH {
            return None;
        }
        self.on_path.insert(at);
        let mut longest = (Duration::ZERO, vec![at]);
        // A key that leads back is the caller's own wish to hear it again.
        let ways: Vec<&Edge> = ways(self.graph, at).filter(|edge| !self.on_path.contains(&edge.to)).collect();
        for edge in ways {
            let (spent, clock) = spend(edge.cost, answered, clock);
            let (rest, way) = self.longest((edge.to, answered || edge.cost.answers, clock))?;
            if spent + rest > longest.0 {
                longest = (spent + rest, std::iter::once(at).chain(way).collect());
            }
        }
        self.on_path.remove(&at);
        self.known.insert(question, longest.clone());
        Some(longest)
    }

    fn passed_on_the_round_of(&self, at: Destination) -> Vec<Destination> {
        let round = self.rounds.get(&at);
        self.on_path.iter().copied().filter(|passed| self.rounds.get(passed) == round).collect()
    }
}

/// Every way a call can take. A queue that widens keeps its callers.
fn ways(graph: &Graph, at: Destination) -> impl Iterator<Item = &Edge> {
    let edges = graph.nodes.get(&at).map(|node| node.edges.as_slice()).unwrap_or_default();
    edges.iter().filter(|edge| edge.way != Way::Widens)
}

/// Kosaraju's algorithm: what was left last is the first of its round, and leads backwards to nothing but the rest of
/// it. With explicit stacks: a plan may be any size.
fn rounds(graph: &Graph) -> Rounds {
    let mut left = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<(Destination, bool)> = graph.nodes.keys().map(|start| (*start, false)).collect();
    let mut back: BTreeMap<Destination, Vec<Destination>> = BTreeMap::new();
    while let Some((at, is_done)) = open.pop() {
        if is_done {
            left.push(at);
        } else if seen.insert(at) {
            open.push((at, true));
            for edge in ways(graph, at) {
                back.entry(edge.to).or_default().push(at);
                open.push((edge.to, false));
            }
        }
    }
    let mut rounds = Rounds::new();
    for (round, first) in left.into_iter().rev().enumerate() {
        let mut open = vec![first];
        while let Some(at) = open.pop() {
            if let Entry::Vacant(vacant) = rounds.entry(at) {
                vacant.insert(round);
                open.extend(back.get(&at).into_iter().flatten());
            }
        }
    }
    rounds
}

/// What an edge adds to the wait, and the caller's own clock after it.
fn spend(cost: Cost, answered: bool, clock: Option<Duration>) -> (Duration, Option<Duration>) {
    let waited = cost.clock.map(|deadline| deadline.saturating_sub(clock.unwrap_or_default()));
    let heard = if answered || cost.answers { cost.spent } else { Duration::ZERO };
    let running = if waited.is_some() { Some(clock.unwrap_or_default()) } else { clock };
    let waited = waited.unwrap_or_default();
    (waited + heard, running.map(|clock| clock + waited + cost.spent))
}
