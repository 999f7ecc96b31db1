//! The store's thread: group commit. It takes whatever came while the last commit was on its way to the disk, writes it
//! as one transaction with one fsync, says up to where the journal is safe. A refusing disk is tried again, for ever.

use super::rows::{self, Rows};
use super::spool::{Batch, Spool};
use rusqlite::Connection;
use std::sync::Arc;
use std::time::Duration;

/// The first pause before a refusing disk is tried again; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What the thread owns.
pub(super) struct Writer<W> {
    /// The open, migrated store.
    pub connection: Connection,
    /// Where rows come from.
    pub spool: Arc<Spool>,
    /// Which start of the service this is.
    pub boot: u64,
    /// Called after each commit.
    pub wake: W,
}

impl<W: Fn()> Writer<W> {
    /// Writes until the spool closes and is empty.
    pub fn run(self) {
        if let Err(error) = self.write_all() {
            tracing::error!(%error, "the store's thread gives up");
        }
    }

    fn write_all(&self) -> rusqlite::Result<()> {
        let mut rows = Rows::prepare(&self.connection, self.boot)?;
        loop {
            let batch = self.spool.take();
            if batch.is_empty() {
                return rows::close_boot(&self.connection, self.boot, super::utc_us());
            }
            if !self.write(&mut rows, &batch) {
                return Ok(());
            }
            self.spool.committed(&batch);
            (self.wake)();
        }
    }

    /// Writes one batch, however often it takes; false when the time to close ran out first.
    fn write(&self, rows: &mut Rows<'_>, batch: &Batch) -> bool {
        let mut pause = FIRST_PAUSE;
        while let Err(error) = self.try_write(rows, batch) {
            if self.spool.refused() {
                tracing::error!(%error, "the store refuses; facts wait in memory");
            }
            if !self.spool.pause(pause) {
                return false;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        true
    }

    fn try_write(&self, rows: &mut Rows<'_>, batch: &Batch) -> rusqlite::Result<()> {
        rows.begin()?;
        let written = rows.write(batch).and_then(|()| rows.commit());
        if written.is_err() && !self.connection.is_autocommit() {
            rows.roll_back()?;
        }
        written
    }
}
