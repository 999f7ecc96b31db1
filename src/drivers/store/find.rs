//! Which call is meant: a call by its id, the last one, or the last from or to a number. Reads the journal, where a call stands
//! from its arrival on, not only once it is over. Never writes.

use super::StoreError;
use super::read::open;
use super::rows::integer;
use crate::base::CallId;
pub use crate::engine::wanted::Wanted;
use crate::engine::wanted::is_same;
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;

/// The call that is meant, or nothing when there is none.
///
/// # Errors
/// When the store can't be opened or read.
pub fn call(path: &Path, wanted: &Wanted) -> Result<Option<CallId>, StoreError> {
    let connection = open(path)?;
    let found = match wanted {
        Wanted::Call(call) => by_id(&connection, *call),
        Wanted::Last => last(&connection),
        Wanted::Number(number) => last_of(&connection, number),
    };
    let found = found.map_err(|source| StoreError::Sqlite { path: path.to_owned(), source })?;
    Ok(found.map(|call| CallId(call.unsigned_abs())))
}

fn by_id(connection: &Connection, call: CallId) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row(
            "SELECT call FROM journal WHERE call = ?1 AND kind = 'arrived' LIMIT 1",
            [integer(call.0)],
            |row| row.get(0),
        )
        .optional()
}

fn last(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row(
            "SELECT call FROM journal WHERE call IS NOT NULL AND kind = 'arrived' ORDER BY call DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()
}

/// Backwards from the last call, by the index: what was looked for a moment ago is found at once.
fn last_of(connection: &Connection, number: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare(
        "SELECT call, body->>'caller', body->>'dialled' FROM journal
          WHERE call IS NOT NULL AND kind = 'arrived' ORDER BY call DESC",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (caller, dialled): (String, String) = (row.get(1)?, row.get(2)?);
        if is_same(number, &caller) || is_same(number, &dialled) {
            return row.get(0).map(Some);
        }
    }
    Ok(None)
}
