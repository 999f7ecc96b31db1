//! The store read back, beside a running service or without one: reports, recovery, the console. Never writes.

use super::StoreError;
use super::rows::{RECORD_COLUMNS, integer};
use crate::base::{CallId, JournalSeq, Moment, Name, Now, Utc};
use crate::call::{Entry, Record, Subject};
use rusqlite::{Connection, OpenFlags, Row};
use serde::de::DeserializeOwned;
use serde_json::{Value, from_str, from_value};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

/// Hands over the records of calls that arrived in `arrived`, in the order of their ids.
///
/// # Errors
/// When the store can't be opened or holds a row that is not ours.
pub fn records(path: &Path, arrived: Range<Utc>, mut each: impl FnMut(Record)) -> Result<(), StoreError> {
    let connection = open(path)?;
    let sqlite = |source| StoreError::Sqlite { path: path.to_owned(), source };
    let sql = format!(
        "SELECT {RECORD_COLUMNS} FROM record WHERE arrived_us >= ?1 AND arrived_us < ?2 ORDER BY call"
    );
    let mut statement = connection.prepare(&sql).map_err(sqlite)?;
    let mut rows = statement.query((arrived.start.as_micros(), arrived.end.as_micros())).map_err(sqlite)?;
    while let Some(row) = rows.next().map_err(sqlite)? {
        each(record(row).map_err(|error| error.about(path, "record", row))?);
    }
    Ok(())
}

/// The facts of one call, in order, whatever boot they are of.
///
/// # Errors
/// When the store can't be opened or holds a row that is not ours.
pub fn timeline(path: &Path, call: CallId) -> Result<Vec<Entry>, StoreError> {
    facts(&open(path)?, path, call)
}

/// The same, over a connection to the store at `path`.
pub(super) fn facts(connection: &Connection, path: &Path, call: CallId) -> Result<Vec<Entry>, StoreError> {
    let sqlite = |source| StoreError::Sqlite { path: path.to_owned(), source };
    let mut statement = connection
        .prepare_cached(
            "SELECT seq, utc_us, moment_ns, subject_kind, call, agent, body FROM journal
              WHERE call = ?1 AND subject_kind = 'call' ORDER BY seq",
        )
        .map_err(sqlite)?;
    let mut rows = statement.query([integer(call.0)]).map_err(sqlite)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(sqlite)? {
        entries.push(entry(row).map_err(|error| error.about(path, "journal", row))?);
    }
    Ok(entries)
}

pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let sqlite = |source| StoreError::Sqlite { path: path.to_owned(), source };
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(sqlite)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(sqlite)?;
    Ok(connection)
}

/// What is wrong with a row.
enum Fault {
    Sqlite(rusqlite::Error),
    Json(serde_json::Error),
    Subject(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl Fault {
    fn about(self, path: &Path, table: &'static str, row: &Row<'_>) -> StoreError {
        let reason = match self {
            Self::Sqlite(error) => error.to_string(),
            Self::Json(error) => error.to_string(),
            Self::Subject(kind) => format!("no such subject: {kind}"),
        };
        StoreError::Row { path: path.to_owned(), table, row: row.get(0).unwrap_or_default(), reason }
    }
}

fn entry(row: &Row<'_>) -> Result<Entry, Fault> {
    let kind: String = row.get(3)?;
    let subject = match kind.as_str() {
        "call" => Subject::Call(CallId(natural(row, 4)?)),
        "agent" => Subject::Agent(Name::from(row.get::<_, String>(5)?)),
        "service" => Subject::Service,
        _ => return Err(Fault::Subject(kind)),
    };
    Ok(Entry {
        seq: JournalSeq(natural(row, 0)?),
        now: Now { moment: Moment::from_nanos(natural(row, 2)?), utc: Utc::from_micros(row.get(1)?) },
        subject,
        fact: from_str(row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?)?,
    })
}

fn record(row: &Row<'_>) -> Result<Record, Fault> {
    Ok(Record {
        call: CallId(natural(row, 0)?),
        arrived_utc: Utc::from_micros(row.get(1)?),
        ended_utc: Utc::from_micros(row.get(2)?),
        site: name(row, 3)?,
        trunk: name(row, 4)?.unwrap_or_default(),
        caller: row.get(5)?,
        dialled: row.get(6)?,
        number: name(row, 7)?,
        plan: name(row, 8)?.unwrap_or_default(),
        outcome: label(row, 9)?,
        cause: label(row, 10)?,
        queue: name(row, 11)?,
        agent: name(row, 12)?,
        target: name(row, 13)?,
        keys: row.get(14)?,
        picked_up: row.get(15)?,
        flow_ms: natural(row, 16)?,
        wait_ms: natural(row, 17)?,
        ring_ms: natural(row, 18)?,
        talk_ms: natural(row, 19)?,
        hold_ms: natural(row, 20)?,
        after_ms: natural(row, 21)?,
        duration_ms: natural(row, 22)?,
        handover_ms: row.get::<_, Option<i64>>(23)?.map(i64::unsigned_abs),
        since_answer_ms: row.get::<_, Option<i64>>(24)?.map(i64::unsigned_abs),
        visit: label(row, 25)?,
        rings: from_str(row.get_ref(26)?.as_str().map_err(rusqlite::Error::from)?)?,
        agent_key: name(row, 27)?,
        transfers: from_str(row.get_ref(28)?.as_str().map_err(rusqlite::Error::from)?)?,
        talks: from_str(row.get_ref(29)?.as_str().map_err(rusqlite::Error::from)?)?,
    })
}

fn natural(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

fn name(row: &Row<'_>, column: usize) -> Result<Option<Name>, Fault> {
    Ok(row.get::<_, Option<String>>(column)?.map(Name::from))
}

/// A label as serde knows it; NULL is what an `Option` reads as nothing.
fn label<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, Fault> {
    Ok(from_value(row.get::<_, Option<String>>(column)?.map_or(Value::Null, Value::String))?)
}
