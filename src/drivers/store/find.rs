//! Which call is meant: a call by its id, the last one, or the last from or to a number. Reads the journal, where a call stands
//! from its arrival on, not only once it is over. Never writes.

use super::StoreError;
use super::read::open;
use super::rows::integer;
use crate::base::CallId;
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;

/// Fewer digits than these are compared whole: the end of 201 is no number.
const DIGITS_COMPARED: usize = 6;

/// A call somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// By its id.
    Call(CallId),
    /// The one that arrived last.
    Last,
    /// The last whose caller or dialled number this is.
    Number(String),
}

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

/// Whether a number as a person writes it may be the one on the wire. No country is known here: `06 12 34 56 78` and
/// `+33612345678` are the same because one, without its leading zeros, ends the other.
fn is_same(written: &str, received: &str) -> bool {
    let (written_digits, received_digits) = (digits(written), digits(received));
    if written_digits.is_empty() || received_digits.is_empty() {
        return !written.is_empty() && written == received;
    }
    let [a, b] = [&written_digits, &received_digits].map(|digits| digits.trim_start_matches('0'));
    let is_end = a.len().min(b.len()) >= DIGITS_COMPARED && (a.ends_with(b) || b.ends_with(a));
    is_end || written_digits == received_digits
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_however_it_is_written_and_an_extension_only_whole() {
        for (written, received) in [
            ("06 12 34 56 78", "+33612345678"),
            ("+33 6 12 34 56 78", "0612345678"),
            ("0033612345678", "+33612345678"),
            ("201", "201"),
            ("anonymous", "anonymous"),
        ] {
            assert!(is_same(written, received), "{written} {received}");
        }
        for (written, received) in [
            ("201", "+33384961201"),
            ("0612345678", "+33612345679"),
            ("201", "0201"),
            ("", ""),
            ("anonymous", ""),
            ("12", "anonymous"),
        ] {
            assert!(!is_same(written, received), "{written} {received}");
        }
    }
}
