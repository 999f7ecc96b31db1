//! The proof of the bound, on ways written by hand.

use super::super::graph::{Cost, Edge, Graph, Node, Way};
use super::super::plan::Destination;
use super::*;
use crate::base::finding::{Place, Source};
use crate::base::{FlowId, MenuId, MessageId, QueueId, TargetId};
use std::time::Duration;

const FLOW: Destination = Destination::Flow(FlowId(0));
const MENU: Destination = Destination::Menu(MenuId(0));
const QUEUE: Destination = Destination::Queue(QueueId(0));
const OTHER: Destination = Destination::Queue(QueueId(1));
const TARGET: Destination = Destination::Target(TargetId(0));
const MENUS: u32 = 9;
const END: Destination = Destination::Message(MessageId(0));

fn place() -> Place {
    Place { source: Source::new("ways.toml", ""), span: 0..0 }
}

fn spends(seconds: u64) -> Cost {
    Cost { answers: true, clock: None, spent: Duration::from_secs(seconds) }
}

fn rings(seconds: u64) -> Cost {
    Cost { answers: false, ..spends(seconds) }
}

fn leaves_at(seconds: u64) -> Cost {
    Cost { clock: Some(Duration::from_secs(seconds)), ..spends(0) }
}

/// What is said of ways from a flow.
fn said(ways: &[(Destination, Destination, Way, Cost)]) -> Vec<String> {
    let mut graph = Graph { roots: vec![(FLOW, place())], ..Graph::default() };
    let menus = (1..=MENUS).map(|number| Destination::Menu(MenuId(number)));
    for destination in [FLOW, MENU, QUEUE, OTHER, TARGET, END].into_iter().chain(menus) {
        let of = ways.iter().filter(|(from, ..)| *from == destination);
        let edges =
            of.map(|(_, to, way, cost)| Edge { to: *to, place: place(), way: *way, cost: *cost }).collect();
        let node = Node { name: "x".into(), site: SiteId(0), place: place(), edges };
        graph.nodes.insert(destination, node);
    }
    let mut findings = Findings::default();
    check(&graph, &|_| true, &mut findings);
    let errors = findings.into_sorted().into_iter().filter(|finding| finding.is_error());
    errors.map(|finding| finding.words.message).collect()
}

fn too_long(time: &str) -> Vec<String> {
    vec![format!("a caller could wait {time} for an ending: the limit is 3m")]
}

#[test]
fn waits_add_up_from_the_answer() {
    let ways = |played, rung| {
        [
            (FLOW, QUEUE, Way::Goes, spends(played)),
            (QUEUE, TARGET, Way::Goes, leaves_at(90)),
            (TARGET, END, Way::Goes, rings(rung)),
        ]
    };
    assert_eq!(said(&ways(60, 30)), [""; 0]);
    assert_eq!(said(&ways(61, 30)), too_long("3m1s"));
}

#[test]
fn what_rings_before_the_answer_is_not_waited_for_after_it() {
    let unanswered = Cost::default();
    assert_eq!(said(&[(FLOW, TARGET, Way::Goes, unanswered), (TARGET, END, Way::Goes, rings(300))]), [""; 0]);
}

#[test]
fn the_callers_own_clock_goes_on_in_the_next_queue() {
    let ways = [
        (FLOW, QUEUE, Way::Goes, spends(0)),
        (QUEUE, TARGET, Way::Goes, leaves_at(90)),
        (TARGET, OTHER, Way::Goes, rings(30)),
        (OTHER, END, Way::Goes, leaves_at(180)),
    ];
    assert_eq!(said(&ways), [""; 0], "the second queue keeps a caller until 180 s of their own clock");
    let mut longer = ways;
    longer[3].3 = leaves_at(181);
    assert_eq!(said(&longer), too_long("3m1s"));
}

#[test]
fn a_key_may_lead_back_and_a_fallback_may_not() {
    let chosen = [
        (FLOW, MENU, Way::Goes, spends(0)),
        (MENU, MENU, Way::Chosen, spends(100)),
        (MENU, FLOW, Way::Chosen, spends(100)),
        (MENU, END, Way::Goes, spends(100)),
    ];
    assert_eq!(said(&chosen), [""; 0]);
    let mut falls_back = chosen;
    falls_back[2].2 = Way::Goes;
    assert_eq!(said(&falls_back), ["a call could go round for ever"]);
}

#[test]
fn queues_that_widen_into_each_other_are_no_round() {
    let ways = [
        (FLOW, QUEUE, Way::Goes, spends(0)),
        (QUEUE, OTHER, Way::Widens, leaves_at(30)),
        (OTHER, QUEUE, Way::Widens, leaves_at(30)),
        (QUEUE, END, Way::Goes, leaves_at(90)),
        (OTHER, END, Way::Goes, leaves_at(90)),
    ];
    assert_eq!(said(&ways), [""; 0]);
}

#[test]
fn what_is_found_on_one_way_to_a_menu_is_not_taken_for_every_way() {
    let [a, b, c] = [1, 2, 3].map(|number| Destination::Menu(MenuId(number)));
    let ways = |seconds| {
        [
            (FLOW, MENU, Way::Goes, spends(0)),
            (MENU, a, Way::Chosen, spends(0)),
            (MENU, c, Way::Chosen, spends(0)),
            (a, b, Way::Chosen, spends(5)),
            (b, a, Way::Chosen, spends(5)),
            (c, b, Way::Goes, spends(5)),
            (a, TARGET, Way::Goes, spends(5)),
            (TARGET, END, Way::Goes, rings(seconds)),
        ]
    };
    assert_eq!(said(&ways(165)), [""; 0]);
    assert_eq!(
        said(&ways(170)),
        too_long("3m5s"),
        "the third key, the second menu, the first, and the target"
    );
}

#[test]
fn menus_that_all_lead_to_each_other_are_not_too_tangled() {
    let menu = |number| Destination::Menu(MenuId(number));
    let mut ways = vec![(FLOW, menu(1), Way::Goes, spends(0))];
    for from in 1..=MENUS {
        let others = (1..=MENUS).filter(|to| *to != from);
        ways.extend(others.map(|to| (menu(from), menu(to), Way::Chosen, spends(20))));
        ways.push((menu(from), END, Way::Goes, spends(20)));
    }
    assert_eq!(said(&ways), [""; 0], "nine times twenty seconds");
}
