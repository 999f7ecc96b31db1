//! The store against a real file: what is written is read back, what is old is migrated, what is newer is refused.

use super::*;
use crate::base::{Cause, Moment, Name, Now, Outcome, Utc};
use crate::call::record::{Ring, Rung, Talk, Transfer};
use crate::call::{Fact, LegEnd, Subject, VisitEnd};
use std::sync::atomic::{AtomicU64, Ordering};

fn entry(seq: u64, subject: Subject, fact: Fact) -> Arc<Entry> {
    let start = Now { moment: Moment::ZERO, utc: Utc::from_micros(1_800_000_000_000_000) };
    Arc::new(Entry { seq: JournalSeq(seq), now: start.later(Duration::from_secs(seq)), subject, fact })
}

fn record(call: u64, outcome: Outcome, wait_ms: u64) -> Record {
    Record {
        call: CallId(call),
        arrived_utc: Utc::from_micros(1_800_000_000_000_000),
        ended_utc: Utc::from_micros(1_800_000_100_000_000),
        site: Some("habitat70".into()),
        trunk: "operateur".into(),
        caller: "+33612345678".into(),
        dialled: "0384961370".into(),
        number: Some("03 84 96 13 70".into()),
        plan: "d1gest".into(),
        outcome,
        cause: Cause::Normal,
        queue: Some("technique".into()),
        agent: Some("Nadia".into()),
        agent_key: Some("201@ipoffice".into()),
        target: None,
        keys: "1#".into(),
        picked_up: true,
        flow_ms: 12_000,
        wait_ms,
        ring_ms: 4_000,
        talk_ms: 60_000,
        hold_ms: 0,
        after_ms: 250,
        duration_ms: 72_250 + wait_ms,
        handover_ms: None,
        since_answer_ms: Some(17_000),
        visit: Some(VisitEnd::Answered),
        rings: vec![Ring {
            who: "Nadia".into(),
            rung: Rung::Agent,
            leg: 1,
            at_ms: 13_000,
            for_ms: 4_000,
            end: LegEnd::Answered,
            picked_up_ms: None,
            forwarded: false,
        }],
        transfers: vec![Transfer {
            by: "201@ipoffice".into(),
            to: "202".into(),
            leg: 2,
            at_ms: 30_000,
            for_ms: 4_500,
            end: LegEnd::Answered,
            call: Some(CallId(7)),
        }],
        talks: vec![talk(1, "201@ipoffice", 17_000, 17_500), talk(2, "202@ipoffice", 34_500, 42_500)],
    }
}

fn talk(leg: u16, agent: &str, at_ms: u64, talk_ms: u64) -> Talk {
    Talk { who: agent.into(), agent: Some(agent.into()), leg, at_ms, talk_ms, hold_ms: 0 }
}

fn arrived(site: Option<&str>) -> Fact {
    Fact::Arrived {
        trunk: "operateur".into(),
        caller: "+33612345678".into(),
        dialled: "0384961370".into(),
        number: Some("03 84 96 13 70".into()),
        site: site.map(Into::into),
        plan: "d1gest".into(),
        sip_call_id: "a\"b\\c\u{e9}@10.0.0.1".into(),
    }
}

fn all_records(path: &Path) -> Vec<Record> {
    let mut found = Vec::new();
    let always = Utc::from_micros(i64::MIN)..Utc::from_micros(i64::MAX);
    read::records(path, always, |record| found.push(record)).expect("our own rows");
    found
}

fn shell(path: &Path, sql: &str) -> String {
    let connection = Connection::open(path).expect("a store");
    let mut statement = connection.prepare(sql).expect("valid SQL");
    let columns = statement.column_count();
    let lines = statement
        .query_map([], |row| {
            let values = (0..columns).map(|at| match row.get_ref(at).expect("a column") {
                rusqlite::types::ValueRef::Null => "-".to_owned(),
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Real(number) => number.to_string(),
                rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                rusqlite::types::ValueRef::Blob(_) => "blob".to_owned(),
            });
            Ok(values.collect::<Vec<_>>().join(" "))
        })
        .expect("a query");
    lines.map(|line| line.expect("a row")).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_written_is_read_back_whole_and_writing_it_again_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/spillway.db");
    let wakes = Arc::new(AtomicU64::new(0));
    let woken = Arc::clone(&wakes);
    let (store, opened) = Store::open(&path, move || {
        woken.fetch_add(1, Ordering::Relaxed);
    })
    .expect("opens");
    let first =
        Opened { next_call: CallId(1), next_seq: JournalSeq(1), boot: 1, after_crash: false, interrupted: 0 };
    assert_eq!(opened, first);

    let call = Subject::Call(CallId(1));
    let became = Fact::AgentBecame { state: "ringing".into(), call: Some(CallId(1)) };
    let entries = vec![
        entry(1, Subject::Service, Fact::Started { version: "0.1.0".into(), plan: "d1gest".into() }),
        entry(2, call.clone(), arrived(Some("habitat70"))),
        entry(3, Subject::Agent("201@ipoffice".into()), became),
        entry(
            4,
            call.clone(),
            Fact::RingStarted {
                agent: "Nadia".into(),
                agent_key: "201@ipoffice".into(),
                queue: "technique".into(),
                leg: 1,
            },
        ),
        entry(5, call.clone(), Fact::CallerAnswered),
        entry(6, call, Fact::Ended { cause: Cause::Normal }),
    ];
    let records = vec![Arc::new(record(1, Outcome::Answered, 5_000))];
    store.append(entries.clone(), records.clone());
    store.append(entries.clone(), records.clone());
    store.close(Duration::from_secs(10)).expect("flushed");
    assert!(wakes.load(Ordering::Relaxed) >= 1);

    let ours: Vec<_> = entries.iter().filter(|entry| matches!(entry.subject, Subject::Call(_))).collect();
    let read = read::timeline(&path, CallId(1)).expect("our own rows");
    assert_eq!(read.iter().collect::<Vec<_>>(), ours.iter().map(|entry| &***entry).collect::<Vec<_>>());
    assert_eq!(all_records(&path), records.iter().map(|record| (**record).clone()).collect::<Vec<_>>());
    assert_eq!(
        shell(&path, "SELECT seq, boot, subject_kind, call, agent, kind FROM journal"),
        "1 1 service - - started\n2 1 call 1 - arrived\n3 1 agent 1 201@ipoffice agent_became\n\
         4 1 call 1 201@ipoffice ring_started\n5 1 call 1 - caller_answered\n6 1 call 1 - ended"
    );

    let (_store, opened) = Store::open(&path, || {}).expect("opens again");
    let next =
        Opened { next_call: CallId(2), next_seq: JournalSeq(7), boot: 2, after_crash: false, interrupted: 0 };
    assert_eq!(opened, next);
}

#[test]
fn every_label_a_record_can_hold_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    let mut written = Vec::new();
    for outcome in Outcome::ALL {
        written.push(record(written.len() as u64 + 1, outcome, 0));
    }
    for cause in Cause::ALL {
        written.push(Record { cause, ..record(written.len() as u64 + 1, Outcome::Failed, 0) });
    }
    for visit in VisitEnd::ALL.into_iter().map(Some).chain([None]) {
        let (queue, site) = (None, None);
        written.push(Record { visit, queue, site, ..record(written.len() as u64 + 1, Outcome::Failed, 0) });
    }
    store.append([], written.iter().cloned().map(Arc::new));
    drop(store);
    assert_eq!(all_records(&path), written);
}

/// The modes of the folder of a store and of everything in it.
fn modes(path: &Path) -> Vec<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o7777;
    let endings = ["", "-wal", "-shm", ".lock"].map(|ending| privacy::beside(path, ending));
    path.parent().into_iter().chain(endings.iter().map(PathBuf::as_path)).map(mode).collect()
}

#[test]
fn callers_numbers_are_for_the_owners_eyes_alone_also_where_they_were_not_before() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data/spillway.db");
    let closed = [0o700, 0o600, 0o600, 0o600, 0o600];
    let (store, _) = Store::open(&path, || {}).expect("opens");
    assert_eq!(modes(&path), closed);
    drop(store);
    std::fs::set_permissions(path.parent().expect("data"), PermissionsExt::from_mode(0o755)).expect("ours");
    for ending in ["", "-wal", "-shm", ".lock"] {
        let file = privacy::beside(&path, ending);
        File::options().create(true).append(true).open(&file).expect("there");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).expect("ours");
    }
    let _store = Store::open(&path, || {}).expect("opens again");
    assert_eq!(modes(&path), closed);
}

#[test]
fn one_store_has_one_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let first = Store::open(&path, || {}).expect("opens");
    let refused = Store::open(&path, || {}).expect_err("in use");
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    drop(first);
    Store::open(&path, || {}).expect("free again");
}

#[test]
fn a_store_of_the_first_schema_is_migrated_and_a_later_one_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let old = Connection::open(&path).expect("a file");
    old.execute_batch(schema::MIGRATIONS[0]).expect("the first schema");
    old.execute_batch(
        "PRAGMA user_version = 1; INSERT INTO boot VALUES (1, 0, 9, '0.0.1', 1);
         INSERT INTO journal VALUES (40, 1, 0, 0, 'call', 7, NULL, 'ended', '{\"kind\":\"ended\",\"cause\":\"normal\"}');",
    )
    .expect("a row");
    drop(old);
    let (store, opened) = Store::open(&path, || {}).expect("migrates");
    assert_eq!((opened.next_call, opened.next_seq, opened.boot), (CallId(8), JournalSeq(41), 2));
    drop(store);
    assert_eq!(shell(&path, "SELECT call, kind FROM timeline"), "7 ended");
    assert_eq!(shell(&path, "PRAGMA user_version"), schema::MIGRATIONS.len().to_string());

    Connection::open(&path).expect("a store").pragma_update(None, "user_version", 99).expect("pretends");
    let refused = Store::open(&path, || {}).expect_err("newer");
    assert!(matches!(refused, StoreError::Newer { found: 99, .. }), "{refused}");
    let known = format!("schema 99, this version knows up to {}", schema::MIGRATIONS.len());
    assert!(refused.to_string().contains(&known), "{refused}");
}

#[test]
fn a_file_that_is_no_store_is_refused_with_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    std::fs::write(&path, "once upon a time ".repeat(100)).expect("a file");
    let refused = Store::open(&path, || {}).expect_err("no store");
    assert!(matches!(refused, StoreError::Sqlite { .. }), "{refused}");
    assert!(refused.to_string().contains("spillway.db"), "{refused}");
}

#[test]
fn the_views_add_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    // 40 s is not under 40 s; an immediate hang-up counts nowhere.
    let records = [
        record(1, Outcome::Answered, 39_999),
        record(2, Outcome::Answered, 40_000),
        record(3, Outcome::AbandonedWaiting, 10_000),
        record(4, Outcome::AbandonedShort, 2_000),
        record(5, Outcome::OverflowedAnswered, 95_000),
        Record { queue: None, visit: None, rings: Vec::new(), ..record(6, Outcome::AbandonedMenu, 0) },
        Record {
            site: None,
            number: None,
            dialled: "0399999999".into(),
            queue: None,
            visit: None,
            rings: Vec::new(),
            ..record(7, Outcome::Rejected, 0)
        },
    ];
    let call = Subject::Call(CallId(1));
    let queue: Name = "technique".into();
    let enqueued = |position| Fact::Enqueued { queue: queue.clone(), position };
    let entries = [
        entry(1, call.clone(), enqueued(3)),
        entry(2, call.clone(), Fact::CallerAnswered),
        entry(6, call.clone(), Fact::Dequeued { queue: queue.clone(), end: VisitEnd::Overflowed }),
        entry(7, call, enqueued(1)),
    ];
    store.append(entries, records.map(Arc::new));
    drop(store);

    assert_eq!(
        shell(
            &path,
            "SELECT queue, offered, answered, overflowed, abandoned_menu, qs_n, qs1_percent, qs2_percent FROM daily"
        ),
        "- 1 0 0 1 0 - -\ntechnique 5 2 1 0 4 25 75"
    );
    assert_eq!(
        shell(&path, "SELECT call, offered, number, dialled FROM calls WHERE call > 5"),
        "6 1 03 84 96 13 70 0384961370\n7 0 - 0399999999"
    );
    assert_eq!(
        shell(&path, "SELECT call, queue, position, visit_end, wait_s FROM queue_visits"),
        "1 technique 3 overflowed 5\n1 technique 1 - -"
    );
    assert_eq!(
        shell(&path, "SELECT attempt, who, leg, at_s, for_s, ring_end FROM rings WHERE call = 2"),
        "1 Nadia 1 13 4 answered"
    );
    assert_eq!(
        shell(
            &path,
            "SELECT by_agent, dialled, at_s, for_s, transfer_end, consultation FROM transfers WHERE call = 1"
        ),
        "201@ipoffice 202 30 4.5 answered 7"
    );
    assert_eq!(
        shell(&path, "SELECT number, outcome, wait_s, duration_s FROM calls WHERE call = 1"),
        "03 84 96 13 70 answered 39.999 112.249"
    );
    let kept =
        shell(&path, "SELECT sum(abs(flow_s + wait_s + talk_s + after_s - duration_s) > 0.0005) FROM calls");
    assert_eq!(kept, "0");
}

#[test]
fn talk_is_shared_out_among_those_who_talked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    store.append([], [record(1, Outcome::Answered, 9_000)].map(Arc::new));
    drop(store);
    assert_eq!(
        shell(&path, "SELECT who, agent, leg, at_s, talk_s, hold_s FROM talks WHERE call = 1"),
        "201@ipoffice 201@ipoffice 1 17 17.5 0\n202@ipoffice 202@ipoffice 2 34.5 42.5 0"
    );
}

#[test]
fn two_sites_with_a_queue_of_one_name_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    let sites = [(1, "habitat70"), (2, "opac71")];
    let records = sites
        .map(|(call, site)| Record { site: Some(site.into()), ..record(call, Outcome::Answered, 9_000) });
    let enqueued = || Fact::Enqueued { queue: "technique".into(), position: 1 };
    let entries = [
        entry(1, Subject::Call(CallId(1)), arrived(Some("habitat70"))),
        entry(2, Subject::Call(CallId(2)), arrived(Some("opac71"))),
        entry(3, Subject::Call(CallId(1)), enqueued()),
        entry(4, Subject::Call(CallId(2)), enqueued()),
    ];
    store.append(entries, records.map(Arc::new));
    drop(store);
    let sites = "habitat70 technique 1\nopac71 technique 1";
    assert_eq!(shell(&path, "SELECT site, queue, offered FROM daily"), sites);
    assert_eq!(shell(&path, "SELECT site, queue, count(*) FROM queue_visits GROUP BY site, queue"), sites);
    assert_eq!(
        shell(&path, "SELECT site, who, count(*) FROM rings GROUP BY site, who"),
        sites.replace("technique", "Nadia")
    );
}

#[test]
fn what_an_agent_did_is_found_under_one_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    let (call, nadia) = (Subject::Call(CallId(1)), Subject::Agent("201@ipoffice".into()));
    let (agent, agent_key): (Name, Name) = ("Nadia".into(), "201@ipoffice".into());
    let became = |state: &str, call| Fact::AgentBecame { state: state.into(), call };
    let rung = Fact::RingStarted {
        agent: agent.clone(),
        agent_key: agent_key.clone(),
        queue: "technique".into(),
        leg: 1,
    };
    let answered =
        Fact::RingEnded { agent: agent.clone(), agent_key: agent_key.clone(), leg: 1, end: LegEnd::Answered };
    let bridged = Fact::Bridged { leg: 1, agent: Some(agent), agent_key: Some(agent_key), target: None };
    let entries = [
        entry(1, nadia.clone(), became("ready", None)),
        entry(2, call.clone(), arrived(None)),
        entry(3, call.clone(), rung),
        entry(4, nadia.clone(), became("ringing", Some(CallId(1)))),
        entry(5, call.clone(), answered),
        entry(6, call, bridged),
        entry(7, nadia, became("talking", Some(CallId(1)))),
    ];
    store.append(entries, [Arc::new(record(1, Outcome::Answered, 5_000))]);
    drop(store);
    assert_eq!(
        shell(&path, "SELECT group_concat(kind, ' ') FROM timeline WHERE agent = '201@ipoffice'"),
        "agent_became ring_started agent_became ring_ended bridged agent_became"
    );
    assert_eq!(shell(&path, "SELECT details ->> 'agent' FROM timeline WHERE kind = 'ring_started'"), "Nadia");
    assert_eq!(shell(&path, "SELECT agent, agent_key FROM calls"), "Nadia 201@ipoffice");
}

#[test]
fn calls_left_open_are_recorded_as_interrupted_at_the_next_start_and_only_then() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    let (waiting, talking, over) = (CallId(1), CallId(2), CallId(3));
    let of = Subject::Call;
    let queue: Name = "technique".into();
    let (agent, agent_key): (Name, Name) = ("Nadia".into(), "201@ipoffice".into());
    let became = Fact::AgentBecame { state: "ready".into(), call: None };
    let entries = [
        entry(1, of(waiting), arrived(Some("habitat70"))),
        entry(2, of(talking), arrived(Some("habitat70"))),
        entry(3, of(talking), Fact::CallerAnswered),
        entry(4, of(waiting), Fact::Enqueued { queue: queue.clone(), position: 1 }),
        entry(5, of(talking), Fact::Enqueued { queue: queue.clone(), position: 2 }),
        entry(6, of(talking), Fact::Dequeued { queue, end: VisitEnd::Answered }),
        entry(
            7,
            of(talking),
            Fact::Bridged { leg: 1, agent: Some(agent), agent_key: Some(agent_key), target: None },
        ),
        entry(8, of(over), arrived(None)),
        entry(9, of(over), Fact::Ended { cause: Cause::NotFound }),
        // The last sign of life is about none of them.
        entry(20, Subject::Agent("202@ipoffice".into()), became),
    ];
    let rejected = Record { call: over, ..record(3, Outcome::Rejected, 0) };
    store.append(entries, [Arc::new(rejected)]);
    drop(store);

    let (store, opened) = Store::open(&path, || {}).expect("opens again");
    assert_eq!((opened.interrupted, opened.next_seq, opened.next_call), (2, JournalSeq(23), CallId(4)));
    drop(store);
    let records = all_records(&path);
    let [first, second, third] = &records[..] else { panic!("three calls were offered: {records:?}") };
    for record in [first, second] {
        assert_eq!((record.outcome, record.cause), (Outcome::Interrupted, Cause::Interrupted));
        let parts = record.flow_ms + record.wait_ms + record.talk_ms + record.after_ms;
        assert_eq!(parts, record.duration_ms, "{record:?}");
        assert_eq!(record.ended_utc, record.arrived_utc + Duration::from_millis(record.duration_ms));
    }
    assert_eq!((first.flow_ms, first.wait_ms, first.visit), (3_000, 16_000, None));
    assert_eq!((second.wait_ms, second.talk_ms, second.agent.as_deref()), (2_000, 13_000, Some("Nadia")));
    assert_eq!(third.outcome, Outcome::Rejected, "what had ended is as it was");
    let ends = "SELECT seq, boot, call FROM journal WHERE kind = 'ended' ORDER BY seq";
    assert_eq!(shell(&path, ends), "9 1 3\n21 1 1\n22 1 2");
    assert_eq!(
        shell(&path, "SELECT call, visit_end, wait_s FROM queue_visits"),
        "1 interrupted 16\n2 answered 1"
    );
    let offered = "SELECT (SELECT count(*) FROM journal WHERE kind = 'arrived'), sum(offered), sum(interrupted) FROM daily";
    assert_eq!(shell(&path, offered), "3 3 2");

    let (store, opened) = Store::open(&path, || {}).expect("opens once more");
    assert_eq!((opened.interrupted, opened.next_seq), (0, JournalSeq(23)));
    drop(store);
    assert_eq!(all_records(&path), records);
    assert_eq!(shell(&path, "SELECT count(*) FROM journal"), "12");
}

#[test]
fn a_call_whose_facts_cannot_be_read_keeps_nobody_from_starting() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spillway.db");
    let (store, _) = Store::open(&path, || {}).expect("opens");
    store.append([1, 2].map(|call| entry(call, Subject::Call(CallId(call)), arrived(None))), []);
    drop(store);
    shell(&path, "UPDATE journal SET body = 'once upon a time' WHERE call = 1");
    let (_store, opened) = Store::open(&path, || {}).expect("opens all the same");
    assert_eq!(opened.interrupted, 1);
}
