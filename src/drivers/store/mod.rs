//! The store: journal, records and boots in one SQLite file, written by one thread of its own. The engine hands rows
//! over and never waits; what is on disk it reads from a counter. Must never know what a fact means for a call.

pub mod find;
mod privacy;
pub mod read;
mod recover;
mod rows;
mod schema;
mod spool;
#[cfg(test)]
mod tests;
mod writer;

use crate::base::{CallId, JournalSeq};
use crate::call::{Entry, Record};
use crossbeam_channel::Receiver;
use rusqlite::Connection;
use spool::Spool;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// How long dropping the handle waits for what is in memory to reach the disk.
const DROP_WAIT: Duration = Duration::from_secs(5);

/// Why the store can't be opened, read or closed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder, the lock beside the file, or the thread could not be had.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process writes this store.
    #[error("{path} is in use by another spillway")]
    InUse {
        /// The store.
        path: PathBuf,
    },
    /// A later version wrote this store.
    #[error(
        "{path} has schema {found}, this version knows up to {known}: start the version that wrote it, or a later one"
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// SQLite refused.
    #[error("{path}: {source}")]
    Sqlite {
        /// The store.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A row that is not what we write.
    #[error("{path}: row {row} of {table} can't be read: {reason}")]
    Row {
        /// The store.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// The row's key.
        row: i64,
        /// What is wrong.
        reason: String,
    },
    /// The time to close ran out.
    #[error("{path}: {entries} journal entries and {records} records did not reach the disk")]
    NotFlushed {
        /// The store.
        path: PathBuf,
        /// Entries still in memory.
        entries: u64,
        /// Records still in memory.
        records: u64,
    },
}

/// What an opened store says about the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The id of the first call from now on.
    pub next_call: CallId,
    /// The place of the first fact from now on.
    pub next_seq: JournalSeq,
    /// Which start of the service this is, from 1.
    pub boot: u64,
    /// Whether the start before this one ended without closing the store.
    pub after_crash: bool,
    /// Calls the start before this one left open; they are recorded as interrupted now.
    pub interrupted: u64,
}

/// How the store fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Entries and records not yet on disk.
    pub backlog: u64,
    /// Entries and records given up because memory's share was full.
    pub lost: u64,
    /// Whether the disk refuses, as far as known.
    pub failing: bool,
    /// Whether so much waits that new calls should be refused before anything is lost.
    pub strained: bool,
}

/// The engine's end of the store. Dropping it flushes.
#[derive(Debug)]
pub struct StoreHandle {
    spool: Arc<Spool>,
    finished: Receiver<()>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

/// The door to the store.
#[derive(Debug)]
pub struct Store;

impl Store {
    /// Opens the store at `path`, creating or migrating it, and starts its thread, which calls `wake` after each commit.
    ///
    /// # Errors
    /// When it is another process's, a later version's, or not to be had.
    pub fn open(path: &Path, wake: impl Fn() + Send + 'static) -> Result<(StoreHandle, Opened), StoreError> {
        let lock = lock(path)?;
        let sqlite = |source| StoreError::Sqlite { path: path.to_owned(), source };
        privacy::file(path).map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        privacy::leftovers(path);
        let mut connection = Connection::open(path).map_err(sqlite)?;
        schema::prepare(&connection).map_err(sqlite)?;
        schema::migrate(&mut connection, path)?;
        let opened = schema::begin_boot(&mut connection, path, utc_us())?;
        if opened.interrupted > 0 {
            tracing::warn!(
                calls = opened.interrupted,
                "calls the last start left open are recorded as interrupted"
            );
        }
        let spool = Arc::new(Spool::new(opened.next_seq));
        let (done, finished) = crossbeam_channel::bounded(1);
        let writer = writer::Writer { connection, spool: Arc::clone(&spool), boot: opened.boot, wake };
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                writer.run();
                drop(lock);
                drop(done);
            })
            .map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        Ok((StoreHandle { spool, finished, thread: Some(thread), path: path.to_owned() }, opened))
    }
}

impl StoreHandle {
    /// Takes facts and records to be written, in order. Never waits for the disk; what exceeds memory's share is given up,
    /// counted and logged.
    pub fn append(
        &self,
        entries: impl IntoIterator<Item = Arc<Entry>>,
        records: impl IntoIterator<Item = Arc<Record>>,
    ) {
        self.spool.append(entries, records);
    }

    /// Up to where the journal is on disk.
    #[must_use]
    pub fn stored(&self) -> JournalSeq {
        self.spool.stored()
    }

    /// Entries and records not yet on disk.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        self.spool.health().backlog
    }

    /// How the store fares.
    #[must_use]
    pub fn health(&self) -> Health {
        self.spool.health()
    }

    /// Writes what is in memory and closes the store, within `wait`.
    ///
    /// # Errors
    /// When the disk did not take everything in time.
    pub fn close(mut self, wait: Duration) -> Result<(), StoreError> {
        self.finish(wait)
    }

    fn finish(&mut self, wait: Duration) -> Result<(), StoreError> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        self.spool.close(wait);
        // The writer drops its end when it is done; nothing is ever sent. The margin is for its last commit.
        let over = self.finished.recv_timeout(wait + Duration::from_secs(1));
        if over == Err(crossbeam_channel::RecvTimeoutError::Disconnected) {
            // A panic there has been printed; what it left unwritten is counted below.
            drop(thread.join());
        }
        match self.spool.unwritten() {
            (0, 0) => Ok(()),
            (entries, records) => Err(StoreError::NotFlushed { path: self.path.clone(), entries, records }),
        }
    }
}

impl Drop for StoreHandle {
    fn drop(&mut self) {
        if let Err(error) = self.finish(DROP_WAIT) {
            tracing::error!(%error, "store closed late");
        }
    }
}

/// One writer per store: two would give the same ids to different calls. The lock goes with the process.
fn lock(path: &Path) -> Result<File, StoreError> {
    let beside = privacy::beside(path, ".lock");
    let io = |source| StoreError::Io { path: beside.clone(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        privacy::folder(folder).map_err(|source| StoreError::Io { path: folder.to_owned(), source })?;
    }
    let file = privacy::file(&beside).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

/// Microseconds since 1970, the clock the boot table is written by.
fn utc_us() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
