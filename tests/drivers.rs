//! Drivers against the world they stand in: the store through kill -9, under load and in the sqlite3 shell; the metrics
//! page before Prometheus' own linter; copies of SIP messages before a capture tool.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "drivers meet real clocks, processes and files"
)]

#[path = "drivers/capture.rs"]
mod capture;

use spillway::base::limits::{CALLS, STORE_ENTRIES};
use spillway::base::{CallId, Cause, JournalSeq, Moment, Name, Now, Outcome, Utc};
use spillway::call::record::{Ring, Rung};
use spillway::call::{Entry, Fact, LegEnd, Record, Subject, VisitEnd};
use spillway::drivers::metrics::{ConfiguredNames, Metrics, SiteNames};
use spillway::drivers::store::{Store, StoreHandle, read};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where the child of the crash test writes; set for that child only.
const CHILD: &str = "SPILLWAY_TEST_STORE";
/// The same for the child that is killed with calls open.
const CHILD_WITH_OPEN_CALLS: &str = "SPILLWAY_TEST_OPEN_CALLS";

/// What one call through a queue to an agent leaves: its facts and its record.
fn call(id: u64, first_seq: u64) -> (Vec<Arc<Entry>>, Arc<Record>) {
    let name = Name::from;
    let (queue, agent, agent_key) = (name("technique"), name("Nadia"), name("201@ipoffice"));
    let facts = [
        Fact::Arrived {
            trunk: name("operateur"),
            caller: "+33612345678".into(),
            dialled: "0384961370".into(),
            number: Some(name("03 84 96 13 70")),
            site: Some(name("habitat70")),
            plan: name("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
            sip_call_id: format!("{id}-7f3a9c@192.0.2.10"),
        },
        Fact::FlowEntered { flow: name("accueil") },
        Fact::CallerAnswered,
        Fact::PromptStarted { prompt: name("bienvenue") },
        Fact::CallerConfirmed,
        Fact::PromptEnded,
        Fact::MenuEntered { menu: name("motif"), attempt: 1 },
        Fact::KeyPressed { key: '1', known: true },
        Fact::Enqueued { queue: queue.clone(), position: 1 },
        Fact::RingStarted {
            agent: agent.clone(),
            agent_key: agent_key.clone(),
            queue: queue.clone(),
            leg: 1,
        },
        Fact::RingEnded { agent: agent.clone(), agent_key: agent_key.clone(), leg: 1, end: LegEnd::Answered },
        Fact::Dequeued { queue: queue.clone(), end: VisitEnd::Answered },
        Fact::Bridged { leg: 1, agent: Some(agent), agent_key: Some(agent_key), target: None },
        Fact::LegHungUp { leg: 0, cause: Cause::Normal },
        Fact::Ended { cause: Cause::Normal },
    ];
    let start = Now { moment: Moment::from_millis(id * 20), utc: Utc::from_micros(1_800_000_000_000_000) };
    let entries = (first_seq..).zip(facts).map(|(seq, fact)| {
        let now = start.later(Duration::from_millis((seq - first_seq) * 700));
        Arc::new(Entry { seq: JournalSeq(seq), now, subject: Subject::Call(CallId(id)), fact })
    });
    (entries.collect(), Arc::new(record(id, start)))
}

/// The record these facts amount to.
fn record(id: u64, start: Now) -> Record {
    let name = Name::from;
    let (queue, agent, agent_key) = (name("technique"), name("Nadia"), name("201@ipoffice"));
    let rings = vec![Ring {
        who: agent.clone(),
        rung: Rung::Agent,
        leg: 1,
        at_ms: 6_300,
        for_ms: 700,
        end: LegEnd::Answered,
        picked_up_ms: None,
        forwarded: false,
    }];
    Record {
        call: CallId(id),
        arrived_utc: start.utc,
        ended_utc: start.later(Duration::from_millis(9_800)).utc,
        site: Some(name("habitat70")),
        trunk: name("operateur"),
        caller: "+33612345678".into(),
        dialled: "0384961370".into(),
        number: Some(name("03 84 96 13 70")),
        plan: name("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        outcome: Outcome::Answered,
        cause: Cause::Normal,
        queue: Some(queue),
        agent: Some(agent),
        agent_key: Some(agent_key),
        target: None,
        keys: "1".into(),
        picked_up: true,
        flow_ms: 5_600,
        wait_ms: 2_100,
        ring_ms: 700,
        talk_ms: 1_400,
        hold_ms: 0,
        after_ms: 700,
        duration_ms: 9_800,
        handover_ms: None,
        since_answer_ms: Some(6_300),
        visit: Some(VisitEnd::Answered),
        rings,
        transfers: Vec::new(),
        talks: Vec::new(),
    }
}

const FACTS: u64 = 15;

fn wait_until_stored(store: &StoreHandle, seq: u64) {
    let patience = Instant::now() + Duration::from_secs(60);
    while store.stored() < JournalSeq(seq) {
        assert!(Instant::now() < patience, "the disk took over a minute: {:?}", store.health());
        std::thread::yield_now();
    }
}

fn output(command: &mut Command, input: &str) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} must be installed (bash tests/run does): {error}"));
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("read to the end");
    let done = child.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program}: {said}");
    said
}

/// Not a test of its own: the process the crash test kills. Without the variable it has nothing to do.
#[test]
fn child_of_the_crash_test() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let (store, opened) = Store::open(Path::new(&path), || {}).expect("opens");
    let mut out = std::io::stdout().lock();
    let mut seq = opened.next_seq.0;
    for id in opened.next_call.0.. {
        let (entries, record) = call(id, seq);
        seq += FACTS;
        store.append(entries, [record]);
        while store.backlog() > 20_000 {
            std::thread::yield_now();
        }
        if id % 50 == 0 {
            // What is said here is what the world would have been told.
            writeln!(out, "stored {}", store.stored().0).expect("somebody reads");
            out.flush().expect("somebody reads");
        }
    }
}

#[test]
fn what_was_said_to_be_stored_is_there_after_kill_9() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let mut ids_given = 0;
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "child_of_the_crash_test", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let mut acknowledged = 0;
        let mut commits = 0;
        for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
            let line = line.expect("UTF-8");
            let Some(seq) = line.strip_prefix("stored ").map(|seq| seq.parse::<u64>().expect("a number"))
            else {
                continue;
            };
            commits += u32::from(seq > acknowledged);
            acknowledged = seq;
            if commits == 20 {
                // SIGKILL, in the middle of whatever it is doing.
                child.kill().expect("ours");
                break;
            }
        }
        child.wait().expect("gone");
        assert_eq!(commits, 20, "the child ended before it was killed");

        let (store, opened) = Store::open(&path, || {}).expect("opens after a crash");
        assert!(opened.after_crash && opened.boot == round * 2, "{opened:?}");
        assert!(opened.next_seq.0 > acknowledged, "{} were acknowledged, {opened:?}", acknowledged);
        drop(store);
        let ids = "SELECT max(call), count(*) - max(seq) FROM journal";
        let found = output(Command::new("sqlite3").arg(&path).arg(ids), "");
        let (last_call, gaps) = found.trim().split_once('|').expect("two columns");
        assert_eq!(gaps, "0", "the journal has no holes");
        let last_call: u64 = last_call.parse().expect("a number");
        assert!(opened.next_call.0 > last_call && last_call > ids_given, "an id was given twice");
        ids_given = opened.next_call.0;
        assert_eq!(output(Command::new("sqlite3").arg(&path).arg("PRAGMA integrity_check"), "").trim(), "ok");
    }
    // Every record stands beside all of its facts.
    let whole = format!(
        "SELECT count(*) FROM record WHERE (SELECT count(*) FROM journal WHERE call = record.call) <> {FACTS}"
    );
    assert_eq!(output(Command::new("sqlite3").arg(&path).arg(whole), "").trim(), "0");
}

/// Not a test of its own: the process that is killed while calls are open.
#[test]
fn child_of_the_interruption_test() {
    let Ok(path) = std::env::var(CHILD_WITH_OPEN_CALLS) else { return };
    let (store, opened) = Store::open(Path::new(&path), || {}).expect("opens");
    let seq = opened.next_seq.0;
    let (over, record) = call(opened.next_call.0, seq);
    store.append(over, [record]);
    // Between « arrived » and « ended »: waiting in the queue, and not even answered.
    let open = [(9, seq + FACTS), (1, seq + FACTS + 9)];
    for (id, (facts, first)) in (opened.next_call.0 + 1..).zip(open) {
        store.append(call(id, first).0.into_iter().take(facts), []);
    }
    wait_until_stored(&store, seq + FACTS + 9);
    println!("\nstored");
    loop {
        std::thread::park();
    }
}

#[test]
fn calls_open_at_kill_9_are_recorded_as_interrupted_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let shell = |sql: &str| output(Command::new("sqlite3").arg(&path).arg(sql), "").trim().to_owned();
    let figures = "SELECT (SELECT count(*) FROM journal WHERE kind = 'arrived'), (SELECT count(*) FROM record),
        (SELECT count(*) FROM record WHERE outcome = 'interrupted' AND cause = 'interrupted'),
        (SELECT sum(flow_ms + wait_ms + talk_ms + after_ms <> duration_ms OR ended_us < arrived_us) FROM record)";
    for round in 1..=2 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "child_of_the_interruption_test", "--nocapture"])
            .env(CHILD_WITH_OPEN_CALLS, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        let mut said = BufReader::new(child.stdout.take().expect("piped")).lines();
        assert!(
            said.any(|line| line.is_ok_and(|line| line == "stored")),
            "the child ended before it was killed"
        );
        child.kill().expect("ours");
        child.wait().expect("gone");
        if round == 2 {
            // A start that came to nothing in between: what was recovered stays as it is.
            drop(Store::open(&path, || {}).expect("opens after a crash"));
        }
        let (store, opened) = Store::open(&path, || {}).expect("opens after a crash");
        assert_eq!(opened.interrupted, if round == 1 { 2 } else { 0 });
        drop(store);
        assert_eq!(shell(figures), format!("{0}|{0}|{1}|0", 3 * round, 2 * round));
    }
}

/// CPU time of this process's thread of that name, from the scheduler's own count.
fn cpu_of_thread(name: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let of_thread = tasks
        .map(|task| task.expect("a thread").path())
        .find(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name));
    let statistics = std::fs::read_to_string(of_thread.expect("it runs").join("schedstat")).expect("Linux");
    Duration::from_nanos(
        statistics.split_whitespace().next().expect("a first field").parse().expect("nanoseconds"),
    )
}

#[test]
fn a_call_costs_the_store_little() {
    // Measured on two cores: see the figure printed. In a debug build SQLite is the same, our part is not.
    let limit_us = if cfg!(debug_assertions) { 1_000 } else { 250 };
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = Store::open(&folder.path().join("spillway.db"), || {}).expect("opens");
    let calls = 5_000;
    let started = Instant::now();
    for id in 1..=calls {
        let (entries, record) = call(id, (id - 1) * FACTS + 1);
        store.append(entries, [record]);
        if id % 100 == 0 {
            wait_until_stored(&store, id * FACTS);
        }
    }
    let each = cpu_of_thread("store").as_micros() / u128::from(calls);
    let elapsed = started.elapsed();
    println!(
        "store: {each} µs of CPU per call of {FACTS} facts and a record; {calls} calls in {elapsed:.1?}"
    );
    assert!(each <= limit_us, "{each} µs per call");
    assert_eq!(store.health().lost, 0);
}

#[test]
fn a_store_whose_disk_refuses_says_so_long_before_it_loses_anything_and_catches_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    // Another writer holds the file: to the store a disk that refuses.
    let other = rusqlite::Connection::open(&path).expect("a store");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    let calls = STORE_ENTRIES / 2 / FACTS + 1;
    let mut seq = 1;
    for id in 1..=calls {
        assert!(!store.health().strained, "call {id} of {calls}");
        let (entries, record) = call(id, seq);
        seq += FACTS;
        store.append(entries, [record]);
    }
    assert!(store.health().strained, "{:?}", store.health());
    // Every call a full machine holds still leaves its record.
    for id in calls + 1..=calls + CALLS as u64 {
        let (entries, record) = call(id, seq);
        let last = entries.last().cloned();
        seq += FACTS;
        store.append(last, [record]);
    }
    assert_eq!(store.health().lost, 0, "{:?}", store.health());
    other.execute_batch("ROLLBACK").expect("given back");
    wait_until_stored(&store, seq - 1);
    let caught_up = store.health();
    assert!(!caught_up.strained && !caught_up.failing && caught_up.lost == 0, "{caught_up:?}");
}

#[test]
fn the_views_read_in_the_sqlite3_shell() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    let (entries, record) = call(1, 1);
    store.append(entries, [record]);
    wait_until_stored(&store, FACTS);
    // Beside the running service, as people do.
    let shell = |sql: &str| output(Command::new("sqlite3").env("TZ", "Europe/Paris").arg(&path).arg(sql), "");
    let call = shell("SELECT arrived, outcome, wait_s, duration_s FROM calls");
    assert_eq!(call.trim(), "2027-01-15 09:00:00.000|answered|2.1|9.8");
    assert_eq!(shell("SELECT queue, visit_end, wait_s FROM queue_visits").trim(), "technique|answered|2.1");
    assert_eq!(shell("SELECT who, for_s, ring_end FROM rings").trim(), "Nadia|0.7|answered");
    assert_eq!(
        shell("SELECT day, offered, qs1_percent, qs2_percent FROM daily").trim(),
        "2027-01-15|1|100.0|100.0"
    );
    assert_eq!(
        shell("SELECT count(*), min(kind), max(kind) FROM timeline").trim(),
        "15|arrived|ring_started"
    );
    let facts = read::timeline(&path, CallId(1)).expect("readable beside the service");
    let mut records = Vec::new();
    read::records(&path, Utc::from_micros(0)..Utc::from_micros(i64::MAX), |record| records.push(record))
        .expect("readable");
    assert_eq!((facts.len() as u64, records.len()), (FACTS, 1));
}

#[test]
fn prometheus_finds_nothing_to_say_about_the_metrics() {
    let names = ConfiguredNames {
        trunks: vec!["operateur".into(), "ipoffice".into()],
        registering: vec!["operateur".into()],
        peers: Vec::new(),
        sites: vec![SiteNames {
            site: "habitat70".into(),
            queues: vec![("technique".into(), vec!["201@ipoffice".into()])],
            targets: vec!["prestataire".into()],
            slas: vec![("contrat".into(), "prestataire".into())],
        }],
    };
    let page = Metrics::new(&names).page().render(Moment::ZERO);
    assert_eq!(output(Command::new("promtool").args(["check", "metrics"]), &page), "");
}
