//! The store's shape: numbered migrations from the first one on, `PRAGMA user_version` saying how far a file has come.
//! A migration once released is never edited; views too change by a new one.

use super::rows::integer;
use super::{Opened, StoreError, recover};
use crate::base::limits::STORE_ENTRIES;
use crate::base::{CallId, JournalSeq};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// Every migration; the first brings an empty file to schema 1.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_journal.sql"),
    include_str!("migrations/0002_views.sql"),
    include_str!("migrations/0003_sites.sql"),
    include_str!("migrations/0004_agents.sql"),
    include_str!("migrations/0005_offered.sql"),
    include_str!("migrations/0006_transfers.sql"),
    include_str!("migrations/0007_unobserved.sql"),
    include_str!("migrations/0008_consultations.sql"),
    include_str!("migrations/0009_talks.sql"),
];

/// Sets what holds for a connection that writes. FULL: NORMAL lost acknowledged commits in 30 of 30 power cuts. A cache of
/// 2 MiB: rows are added at the end of their tables, and a page once left is not asked for again; a larger one only fills.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY;",
    )
}

/// Brings the file to our schema, or refuses a later one.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let sqlite = |source| StoreError::Sqlite { path: path.to_owned(), source };
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sqlite)?;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    for (version, sql) in (1..).zip(MIGRATIONS).skip(found as usize) {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        step.execute_batch(sql).map_err(sqlite)?;
        step.pragma_update(None, "user_version", version).map_err(sqlite)?;
        step.commit().map_err(sqlite)?;
    }
    Ok(())
}

/// Ends what the last start left open, writes this start's row and says where ids go on. A crash may have swallowed calls that existed outside but never
/// reached the disk, at most as many as memory held: their ids are skipped, never given twice.
pub(super) fn begin_boot(
    connection: &mut Connection,
    path: &Path,
    started_us: i64,
) -> Result<Opened, StoreError> {
    let sqlite = |source| StoreError::Sqlite { path: path.to_owned(), source };
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let interrupted = recover::end_open_calls(&step, path)?;
    let opened = insert_boot(&step, started_us, interrupted).map_err(sqlite)?;
    step.commit().map_err(sqlite)?;
    Ok(opened)
}

fn insert_boot(step: &Connection, started_us: i64, interrupted: u64) -> rusqlite::Result<Opened> {
    let last_call: i64 = step.query_row(
        "SELECT max((SELECT coalesce(max(call), 0) FROM journal), (SELECT coalesce(max(call), 0) FROM record),
                    (SELECT coalesce(max(first_call) - 1, 0) FROM boot))",
        [],
        |row| row.get(0),
    )?;
    let last_seq: i64 = step.query_row("SELECT coalesce(max(seq), 0) FROM journal", [], |row| row.get(0))?;
    let after_crash: bool = step.query_row(
        "SELECT EXISTS (SELECT 1 FROM boot WHERE closed_us IS NULL AND id = (SELECT max(id) FROM boot))",
        [],
        |row| row.get(0),
    )?;
    let next_call = last_call + 1 + if after_crash { integer(STORE_ENTRIES) } else { 0 };
    step.execute(
        "INSERT INTO boot (started_us, version, first_call) VALUES (?1, ?2, ?3)",
        (started_us, env!("CARGO_PKG_VERSION"), next_call),
    )?;
    let boot = step.last_insert_rowid();
    Ok(Opened {
        next_call: CallId(next_call.unsigned_abs()),
        next_seq: JournalSeq((last_seq + 1).unsigned_abs()),
        boot: boot.unsigned_abs(),
        after_crash,
        interrupted,
    })
}
