//! What a crash leaves unsaid. A call that arrived and never ended was ended by the crash: its last fact and its record are
//! written at the next start, so that offered is again the sum of the outcomes. Must never touch a record that is there.
//!
//! Such a call ends at the last moment the service is known to have lived: that of the last fact of that start on disk,
//! whoever it is about. The call was alive then; nothing says for how much longer. The moment is on the monotonic clock of
//! the start that crashed, as the call's other facts are, so its times add up like any other's.

use super::rows::Rows;
use super::spool::Batch;
use super::{StoreError, read};
use crate::base::{CallId, Cause, JournalSeq, Moment, Now, Utc};
use crate::call::{Entry, Fact, Subject, fold};
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;
use std::sync::Arc;

/// Calls of the last start, by the index alone: one seek per call, however many facts it has.
const WITHOUT_RECORD: &str = "
    WITH RECURSIVE seen (call) AS (
        SELECT min(call) FROM journal WHERE call >= ?1
        UNION ALL
        SELECT (SELECT min(later.call) FROM journal AS later WHERE later.call > seen.call)
          FROM seen WHERE seen.call IS NOT NULL)
    SELECT call FROM seen WHERE call IS NOT NULL AND NOT EXISTS (SELECT 1 FROM record WHERE record.call = seen.call)";

/// The start that came last, and what it said last.
struct LastStart {
    boot: i64,
    first_call: i64,
    seq: JournalSeq,
    now: Now,
}

/// Ends the calls the last start left open and writes the records it left unwritten; says how many calls it ended. Belongs
/// into the transaction that begins the next start: done with it or not at all, and so never twice.
pub(super) fn end_open_calls(step: &Connection, path: &Path) -> Result<u64, StoreError> {
    let sqlite = |source| StoreError::Sqlite { path: path.to_owned(), source };
    let Some(last) = last_start(step).map_err(sqlite)? else { return Ok(0) };
    let calls = without_record(step, last.first_call).map_err(sqlite)?;
    let mut rows = Rows::prepare(step, last.boot.unsigned_abs()).map_err(sqlite)?;
    let (mut seq, mut ended) = (last.seq, 0);
    for call in calls {
        let mut facts = match read::facts(step, path, call) {
            Ok(facts) => facts,
            // One call nobody can account for must not keep the service from taking others.
            Err(error @ StoreError::Row { .. }) => {
                tracing::error!(%error, %call, "a call of the last start stays without a record");
                continue;
            }
            Err(error) => return Err(error),
        };
        if !matches!(facts.first().map(|first| &first.fact), Some(Fact::Arrived { .. })) {
            continue;
        }
        let mut batch = Batch::default();
        let open = facts.last().filter(|fact| !matches!(fact.fact, Fact::Ended { .. }));
        if let Some(own_last) = open {
            seq = JournalSeq(seq.0 + 1);
            // Nothing of a call comes after its end, even where the rows were not written in order of time.
            let now = if own_last.now.moment > last.now.moment { own_last.now } else { last.now };
            let fact = Fact::Ended { cause: Cause::Interrupted };
            let entry = Entry { seq, now, subject: Subject::Call(call), fact };
            batch.entries.push(Arc::new(entry.clone()));
            facts.push(entry);
            ended += 1;
        }
        batch.records.extend(fold(call, &facts).map(Arc::new));
        rows.write(&batch).map_err(sqlite)?;
    }
    Ok(ended)
}

fn last_start(step: &Connection) -> rusqlite::Result<Option<LastStart>> {
    // A start that wrote no fact left no call behind.
    step.query_row(
        "SELECT boot.id, boot.first_call, journal.seq, journal.utc_us, journal.moment_ns FROM journal JOIN boot
             ON boot.id = journal.boot AND boot.id = (SELECT max(id) FROM boot)
          WHERE journal.seq = (SELECT max(seq) FROM journal)",
        [],
        |row| {
            let moment = Moment::from_nanos(row.get::<_, i64>(4)?.unsigned_abs());
            Ok(LastStart {
                boot: row.get(0)?,
                first_call: row.get(1)?,
                seq: JournalSeq(row.get::<_, i64>(2)?.unsigned_abs()),
                now: Now { moment, utc: Utc::from_micros(row.get(3)?) },
            })
        },
    )
    .optional()
}

fn without_record(step: &Connection, first_call: i64) -> rusqlite::Result<Vec<CallId>> {
    let mut statement = step.prepare(WITHOUT_RECORD)?;
    let calls = statement.query_map([first_call], |row| row.get::<_, i64>(0))?;
    calls.map(|call| call.map(|call| CallId(call.unsigned_abs()))).collect()
}
