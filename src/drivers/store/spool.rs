//! What waits for the disk: a bounded heap between the engine, which never waits, and the writer, which always does.
//! Must never know of SQLite.

use super::Health;
use crate::base::JournalSeq;
use crate::base::limits::{STORE_COMMIT_ENTRIES, STORE_ENTRIES, STORE_RECORDS};
use crate::call::{Entry, Record};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After a commit the writer gathers this long: a commit costs the same whether it holds one row or a hundred. The 200
/// to a BYE waits for the next one, far within [`crate::base::limits::STORED_WAIT`] and T1.
const GATHER: Duration = Duration::from_millis(40);

/// Rows handed over together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Facts, in order.
    pub entries: Vec<Arc<Entry>>,
    /// Records, in order.
    pub records: Vec<Arc<Record>>,
}

impl Batch {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.records.is_empty()
    }
}

/// What the writer is doing, so that the engine wakes it only when it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// Writing, or about to look: no wake needed.
    Busy,
    /// Gathering: wake it when there is enough for one transaction.
    Gathering,
    /// Nothing to do: wake it for anything.
    Idle,
}

#[derive(Debug)]
struct Heap {
    batch: Batch,
    writer: Writer,
    close_by: Option<Instant>,
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Spool {
    heap: Mutex<Heap>,
    arrived: Condvar,
    stored: AtomicU64,
    entries: AtomicU64,
    records: AtomicU64,
    lost: AtomicU64,
    failing: AtomicBool,
}

impl Spool {
    /// An empty one; the journal on disk ends just before `next`.
    pub fn new(next: JournalSeq) -> Self {
        let heap = Heap { batch: Batch::default(), writer: Writer::Busy, close_by: None };
        Self {
            heap: Mutex::new(heap),
            arrived: Condvar::new(),
            stored: AtomicU64::new(next.0.saturating_sub(1)),
            entries: AtomicU64::new(0),
            records: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            failing: AtomicBool::new(false),
        }
    }

    /// The heap is a list: whole after every statement, so a panic elsewhere does not spoil it.
    fn heap(&self) -> MutexGuard<'_, Heap> {
        self.heap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The engine's side.
    pub fn append(
        &self,
        entries: impl IntoIterator<Item = Arc<Entry>>,
        records: impl IntoIterator<Item = Arc<Record>>,
    ) {
        let mut heap = self.heap();
        let mut lost = 0;
        for entry in entries {
            if self.entries.load(Ordering::Relaxed) < STORE_ENTRIES {
                self.entries.fetch_add(1, Ordering::Relaxed);
                heap.batch.entries.push(entry);
            } else {
                lost += 1;
            }
        }
        for record in records {
            if self.records.load(Ordering::Relaxed) < STORE_RECORDS {
                self.records.fetch_add(1, Ordering::Relaxed);
                heap.batch.records.push(record);
            } else {
                lost += 1;
            }
        }
        let wake = match heap.writer {
            Writer::Busy => false,
            Writer::Gathering => heap.batch.entries.len() >= STORE_COMMIT_ENTRIES,
            Writer::Idle => !heap.batch.is_empty(),
        };
        drop(heap);
        if wake {
            self.arrived.notify_one();
        }
        if lost > 0 && self.lost.fetch_add(lost, Ordering::Relaxed) == 0 {
            tracing::error!("the store's share of memory is full: facts are being lost");
        }
    }

    /// The writer's side: waits for rows and takes them. Nothing more will come when the batch is empty.
    pub fn take(&self) -> Batch {
        let mut heap = self.heap();
        let gathered = Instant::now() + GATHER;
        heap.writer = Writer::Gathering;
        while heap.close_by.is_none() && heap.batch.entries.len() < STORE_COMMIT_ENTRIES {
            let left = gathered.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            heap = self.arrived.wait_timeout(heap, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        heap.writer = Writer::Idle;
        while heap.batch.is_empty() && heap.close_by.is_none() {
            heap = self.arrived.wait(heap).unwrap_or_else(PoisonError::into_inner);
        }
        heap.writer = Writer::Busy;
        std::mem::take(&mut heap.batch)
    }

    /// The writer's side: `batch` is on disk.
    pub fn committed(&self, batch: &Batch) {
        self.failing.store(false, Ordering::Relaxed);
        if let Some(last) = batch.entries.last() {
            self.stored.fetch_max(last.seq.0, Ordering::Release);
        }
        self.entries.fetch_sub(batch.entries.len() as u64, Ordering::Relaxed);
        self.records.fetch_sub(batch.records.len() as u64, Ordering::Relaxed);
    }

    /// The writer's side: the disk refused; says whether that is news.
    pub fn refused(&self) -> bool {
        !self.failing.swap(true, Ordering::Relaxed)
    }

    /// Asks the writer to finish, giving up at `wait` from now.
    pub fn close(&self, wait: Duration) {
        self.heap().close_by = Some(Instant::now() + wait);
        self.arrived.notify_one();
    }

    /// The writer's side: waits about `pause` before the disk is tried again; says whether there is time left to try.
    pub fn pause(&self, pause: Duration) -> bool {
        let heap = self.arrived.wait_timeout(self.heap(), pause).unwrap_or_else(PoisonError::into_inner).0;
        heap.close_by.is_none_or(|by| by > Instant::now())
    }

    /// Up to where the journal is on disk.
    pub fn stored(&self) -> JournalSeq {
        JournalSeq(self.stored.load(Ordering::Acquire))
    }

    /// Entries and records not yet on disk.
    pub fn unwritten(&self) -> (u64, u64) {
        (self.entries.load(Ordering::Relaxed), self.records.load(Ordering::Relaxed))
    }

    /// How it fares.
    pub fn health(&self) -> Health {
        let (entries, records) = self.unwritten();
        Health {
            backlog: entries + records,
            lost: self.lost.load(Ordering::Relaxed),
            failing: self.failing.load(Ordering::Relaxed),
            // The other half is for what a machine full of calls (`base::limits::CALLS`) still has to say.
            strained: entries > STORE_ENTRIES / 2 || records > STORE_RECORDS / 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Now;
    use crate::call::{Fact, Subject};

    fn entry(seq: u64) -> Arc<Entry> {
        let (now, subject, fact) = (Now::default(), Subject::Service, Fact::Stopped);
        Arc::new(Entry { seq: JournalSeq(seq), now, subject, fact })
    }

    #[test]
    fn beyond_its_share_of_memory_it_counts_what_it_gives_up_and_says_so_before() {
        let spool = Spool::new(JournalSeq(1));
        spool.append((1..=STORE_ENTRIES).map(entry), []);
        let health = spool.health();
        assert_eq!((health.backlog, health.lost, health.strained), (STORE_ENTRIES, 0, true));
        spool.append([entry(STORE_ENTRIES + 1), entry(STORE_ENTRIES + 2)], []);
        assert_eq!(spool.health().lost, 2);
        let batch = spool.take();
        assert_eq!(batch.entries.len() as u64, STORE_ENTRIES);
        spool.committed(&batch);
        assert_eq!(spool.stored(), JournalSeq(STORE_ENTRIES));
        assert_eq!(spool.health(), Health { backlog: 0, lost: 2, failing: false, strained: false });
    }

    #[test]
    fn a_closing_spool_hands_over_the_rest_and_then_nothing() {
        let spool = Spool::new(JournalSeq(5));
        assert_eq!(spool.stored(), JournalSeq(4));
        spool.append([entry(5)], []);
        spool.close(Duration::ZERO);
        assert_eq!(spool.take().entries.len(), 1);
        assert!(spool.take().is_empty());
        assert!(!spool.pause(Duration::from_millis(1)), "no time left to try again");
    }
}
