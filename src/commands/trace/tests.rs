//! Ladders as they are shown, and a call found again in a real store.

use super::*;
use crate::base::{Cause, Flow, JournalSeq, Moment, Now, Transport, Utc};
use crate::call::{LegEnd, Subject, VisitEnd};
use crate::drivers::store::Store;
use crate::engine::traces::Step;
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
    insta::assert_snapshot!(
        "overflow_english",
        page(CallId(7), &facts, &[], false, Language::English).join("\n")
    );
    insta::assert_snapshot!(
        "overflow_french",
        page(CallId(7), &facts, &[], false, Language::French).join("\n")
    );
}

#[test]
fn a_call_that_still_rings_says_so_and_a_withheld_number_is_called_that() {
    let facts = facts(8, overflowing().into_iter().take(9).collect());
    let page = page(CallId(8), &facts, &[], false, Language::English);
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

#[test]
fn before_any_call_it_says_so_and_not_what_the_database_thinks_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let asked = |wanted, language| {
        let (config, store) = (PathBuf::new(), Some(path.clone()));
        let args = TraceArgs { wanted, config, store, json: false, live: false, messages: false };
        let said = answer(&args, &path, None, language).expect_err("there is no call");
        said.replace(&path.display().to_string(), "spillway.db")
    };
    assert_eq!(
        [Language::English, Language::French].map(|language| asked(Wanted::Last, language)),
        [
            "no call: spillway.db does not exist, the service creates it at its start",
            "aucun appel : spillway.db n'existe pas, le service le crée en démarrant"
        ]
    );
    drop(Store::open(&path, || {}).expect("opens"));
    assert_eq!(asked(Wanted::Last, Language::English), "no call yet in spillway.db");
    assert_eq!(asked(Wanted::Call(CallId(7)), Language::English), "no such call in spillway.db");
}

fn passed(ms: u64, leg: u16, sent: bool, head: &str, body: &str) -> Passed {
    let start = Now { moment: Moment::from_millis(60_000), utc: Utc::from_micros(1_800_000_000_000_000) };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let flow = Flow {
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().expect("an address"),
        remote: "192.0.2.7:5060".parse().expect("an address"),
    };
    let length = body.len();
    Passed {
        at: start.later(Duration::from_millis(ms)),
        leg,
        sent,
        flow,
        text: format!("{head}\r\n{kind}Content-Length: {length}\r\n\r\n{body}"),
    }
}

/// A direct call: its facts and its messages, as a service tells them.
fn direct() -> (Vec<Entry>, Vec<Passed>) {
    let facts = facts(
        7,
        vec![
            (0, arrived("+33612345678")),
            (1, rings("Nadia", 1)),
            (4_000, Fact::Bridged { leg: 1, agent: Some("Nadia".into()), agent_key: None, target: None }),
            (9_000, Fact::LegHungUp { leg: 0, cause: Cause::Normal }),
            (9_000, Fact::Ended { cause: Cause::Normal }),
        ],
    );
    let (invite, cseq) = ("CSeq: 1 INVITE", "CSeq: 2 BYE");
    let messages = vec![
        passed(0, 0, false, &format!("INVITE sip:0384961370@a SIP/2.0\r\n{invite}"), "v=0\r\n"),
        passed(0, 0, true, &format!("SIP/2.0 100 Trying\r\n{invite}"), ""),
        passed(1, 1, true, &format!("INVITE sip:201@b SIP/2.0\r\n{invite}"), "v=0\r\n"),
        passed(501, 1, true, &format!("INVITE sip:201@b SIP/2.0\r\n{invite}"), "v=0\r\n"),
        passed(520, 1, false, &format!("SIP/2.0 180 \u{1b}[2JRinging\r\n{invite}"), ""),
        passed(4_000, 1, false, &format!("SIP/2.0 200 OK\r\n{invite}"), "v=0\r\n"),
        passed(9_000, 0, false, &format!("BYE sip:a SIP/2.0\r\n{cseq}"), ""),
        passed(9_001, 1, true, &format!("BYE sip:b SIP/2.0\r\n{cseq}"), ""),
        passed(9_002, 9, true, "nonsense", ""),
    ];
    (facts, messages)
}

#[test]
fn messages_stand_beside_the_facts_at_their_time_and_whole_where_wanted() {
    let (facts, messages) = direct();
    let page = |whole, language| page(CallId(7), &facts, &messages, whole, language).join("\n");
    insta::assert_snapshot!("messages_english", page(false, Language::English));
    insta::assert_snapshot!("messages_french", page(false, Language::French));
    insta::assert_snapshot!("messages_whole", page(true, Language::English));
}

#[test]
fn a_ladder_grows_as_the_call_goes_and_whoever_is_rung_gets_a_column() {
    let (facts, messages) = direct();
    let mut steps: Vec<(Moment, Step)> =
        messages.into_iter().map(|m| (m.at.moment, Step::Message(m))).collect();
    steps.extend(facts.into_iter().map(|entry| (entry.now.moment, Step::Fact(entry))));
    // As it happens: who is rung is known before the INVITE goes out.
    steps.sort_by_key(|(at, step)| (*at, matches!(step, Step::Message(passed) if passed.leg > 0)));
    let mut live = live::Live::new(false, Language::English);
    let told = [Step::Call(CallId(7))].into_iter().chain(steps.into_iter().map(|(_, step)| step));
    let lines: Vec<String> = told.chain([Step::Omitted(3)]).flat_map(|step| live.lines(step)).collect();
    insta::assert_snapshot!("live", lines.join("\n"));
}

#[test]
fn whoever_a_caller_is_sent_on_to_gets_a_column_while_the_call_goes() {
    let mut live = live::Live::new(false, Language::English);
    let started = Fact::TransferStarted {
        agent: "Nadia".into(),
        agent_key: "201@ipoffice".into(),
        leg: 1,
        to: "202".into(),
        to_leg: 2,
        to_agent: None,
    };
    let told = [(0, arrived("")), (1, rings("Nadia", 1)), (9_000, started)];
    let ended = (12_000, Fact::TransferEnded { to_leg: 2, end: LegEnd::Answered });
    let steps = facts(7, told.into_iter().chain([ended]).collect()).into_iter().map(Step::Fact);
    let invite = passed(9_000, 2, true, "INVITE sip:202@b SIP/2.0\r\nCSeq: 1 INVITE", "");
    let steps: Vec<Step> = steps.collect();
    let lines: Vec<String> =
        steps.into_iter().chain([Step::Message(invite)]).flat_map(|step| live.lines(step)).collect();
    let pipe = |text: &str| text.replace('_', "               ");
    assert_eq!(lines[lines.len() - 4].trim(), "operateur        Spillway         Nadia            202");
    assert_eq!(
        lines[lines.len() - 3..],
        [
            pipe("    9.000  │_│<──────────────│_│  transfers to 202"),
            pipe("   12.000  │_│<──────────────────────────────│  answers"),
            pipe("    9.000  │_│╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌>│  INVITE"),
        ]
    );
}
