//! Ladders as they are shown, and a call found again in a real store.

use super::*;
use crate::base::{Cause, JournalSeq, Moment, Now, Utc};
use crate::call::{LegEnd, Subject, VisitEnd};
use crate::drivers::store::Store;
use std::sync::Arc;
use std::time::Duration;

fn arrived(caller: &str) -> Fact {
    Fact::Arrived {
        trunk: "operateur".into(),
        caller: caller.into(),
        dialled: "0384961370".into(),
        number: Some("03 84 96 13 70".into()),
        site: Some("habitat70".into()),
        plan: "d1gest".into(),
        sip_call_id: "a84b4c76e66710".into(),
    }
}

fn rings(agent: &str, leg: u16) -> Fact {
    let agent_key = format!("{leg}@ipoffice").into();
    Fact::RingStarted { agent: agent.into(), agent_key, queue: "technique".into(), leg }
}

fn rang(agent: &str, leg: u16, end: LegEnd) -> Fact {
    Fact::RingEnded { agent: agent.into(), agent_key: format!("{leg}@ipoffice").into(), leg, end }
}

/// Facts of one call, each so many ms after its arrival.
fn facts(call: u64, steps: Vec<(u64, Fact)>) -> Vec<Entry> {
    let start = Now { moment: Moment::from_millis(60_000), utc: Utc::from_micros(1_800_000_000_000_000) };
    let entry = |(seq, (ms, fact))| Entry {
        seq: JournalSeq(seq),
        now: start.later(Duration::from_millis(ms)),
        subject: Subject::Call(CallId(call)),
        fact,
    };
    (call * 100..).zip(steps).map(entry).collect()
}

fn overflowing() -> Vec<(u64, Fact)> {
    vec![
        (0, arrived("+33612345678")),
        (3, Fact::CallerAnswered),
        (21, Fact::CallerConfirmed),
        (22, Fact::FlowEntered { flow: "accueil".into() }),
        (23, Fact::MenuEntered { menu: "choix".into(), attempt: 1 }),
        (4_100, Fact::KeyPressed { key: '9', known: false }),
        (5_250, Fact::KeyPressed { key: '1', known: true }),
        (5_251, Fact::Enqueued { queue: "technique".into(), position: 1 }),
        (5_252, rings("Nadia", 1)),
        (20_252, rang("Nadia", 1, LegEnd::NoAnswer)),
        (20_253, rings("Marc", 2)),
        (20_900, rang("Marc", 2, LegEnd::Busy)),
        (25_000, rings("Nadia", 3)),
        (35_251, rang("Nadia", 3, LegEnd::Cancelled)),
        (35_251, Fact::Dequeued { queue: "technique".into(), end: VisitEnd::Overflowed }),
        (
            35_252,
            Fact::TargetRung {
                target: "astreinte".into(),
                dialled: "0611223344".into(),
                leg: 4,
                from_queue: Some("technique".into()),
            },
        ),
        (41_007, Fact::TargetEnded { target: "astreinte".into(), leg: 4, end: LegEnd::Answered }),
        (41_008, Fact::Bridged { leg: 4, agent: None, agent_key: None, target: Some("astreinte".into()) }),
        (60_000, Fact::Held { leg: 4 }),
        (65_000, Fact::Resumed { leg: 4 }),
        (131_500, Fact::LegHungUp { leg: 0, cause: Cause::Normal }),
        (131_520, Fact::Ended { cause: Cause::Normal }),
    ]
}

#[test]
fn a_call_that_overflowed_is_one_ladder_in_both_languages() {
    let facts = facts(7, overflowing());
    insta::assert_snapshot!("overflow_english", page(CallId(7), &facts, Language::English).join("\n"));
    insta::assert_snapshot!("overflow_french", page(CallId(7), &facts, Language::French).join("\n"));
}

#[test]
fn a_call_that_still_rings_says_so_and_a_withheld_number_is_called_that() {
    let facts = facts(8, overflowing().into_iter().take(9).collect());
    let page = page(CallId(8), &facts, Language::English);
    assert_eq!(page.last().map(String::as_str), Some("still running"));
    let withheld = words::words(&arrived(""), Language::English);
    assert_eq!(withheld.as_deref(), Some("call from withheld number to 0384961370"));
}

#[test]
fn a_call_is_named_by_its_id_by_a_number_or_as_the_last() {
    assert_eq!(wanted("call-17"), Ok(Wanted::Call(CallId(17))));
    assert_eq!(wanted("last"), Ok(Wanted::Last));
    assert_eq!(wanted("17"), Ok(Wanted::Number("17".into())));
    assert!(wanted("").is_err() && wanted("call-x").is_err());
}

#[test]
fn a_call_is_found_in_a_store_that_is_being_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    let (first, second) =
        (facts(7, overflowing()), facts(8, vec![(0, arrived("+33699999999")), (3, Fact::CallerAnswered)]));
    store.append(first.iter().chain(&second).cloned().map(Arc::new), []);
    // Read while the service still has it open, as far as it is on disk.
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while store.backlog() > 0 && std::time::Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }

    let seen = |wanted: &str| found(&path, &super::wanted(wanted).expect("readable")).expect("a store");
    assert_eq!(seen("call-7"), Some((CallId(7), first.clone())));
    assert_eq!(seen("last"), Some((CallId(8), second.clone())));
    assert_eq!(seen("06 12 34 56 78"), Some((CallId(7), first)));
    assert_eq!(seen("0384961370"), Some((CallId(8), second)), "the last to that number");
    assert_eq!(seen("call-9"), None);
    assert_eq!(seen("0600000000"), None);
    drop(store);
    assert!(found(&folder.path().join("none.db"), &Wanted::Last).is_err(), "no store is no empty store");
}
