//! Facts and records as rows: prepared once, bound without an allocation per row. A key that is there already is left alone, so
//! writing a batch again changes nothing.

use super::spool::Batch;
use crate::base::{Name, Utc};
use crate::call::{Entry, Fact, Record, Subject};
use rusqlite::{Connection, Statement, ToSql};
use serde::Serialize;

const INSERT_ENTRY: &str = "INSERT INTO journal
    (seq, boot, utc_us, moment_ns, subject_kind, call, agent, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT (seq) DO NOTHING";

/// The columns of `record`, in the order rows are written and read.
pub(super) const RECORD_COLUMNS: &str = "call, arrived_us, ended_us, site, trunk, caller, dialled, number, plan, outcome,
    cause, queue, agent, target, keys, picked_up, flow_ms, wait_ms, ring_ms, talk_ms, hold_ms, after_ms, duration_ms,
    handover_ms, since_answer_ms, visit, rings, agent_key, transfers, talks";

/// The prepared statements of the store's thread.
pub(super) struct Rows<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    roll_back: Statement<'c>,
    entry: Statement<'c>,
    record: Statement<'c>,
    boot: i64,
    json: Vec<u8>,
}

impl<'c> Rows<'c> {
    /// Prepares everything; entries will belong to `boot`.
    pub fn prepare(connection: &'c Connection, boot: u64) -> rusqlite::Result<Self> {
        let places = vec!["?"; RECORD_COLUMNS.split(',').count()].join(", ");
        let record =
            format!("INSERT INTO record ({RECORD_COLUMNS}) VALUES ({places}) ON CONFLICT (call) DO NOTHING");
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            roll_back: connection.prepare("ROLLBACK")?,
            entry: connection.prepare(INSERT_ENTRY)?,
            record: connection.prepare(&record)?,
            boot: integer(boot),
            json: Vec::with_capacity(1024),
        })
    }

    /// Opens a transaction.
    pub fn begin(&mut self) -> rusqlite::Result<()> {
        self.begin.raw_execute().map(drop)
    }

    /// Ends it; with synchronous=FULL its rows are on disk when this returns.
    pub fn commit(&mut self) -> rusqlite::Result<()> {
        self.commit.raw_execute().map(drop)
    }

    /// Ends it without its rows.
    pub fn roll_back(&mut self) -> rusqlite::Result<()> {
        self.roll_back.raw_execute().map(drop)
    }

    /// Writes everything in `batch`.
    pub fn write(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        batch.entries.iter().try_for_each(|entry| self.write_entry(entry))?;
        batch.records.iter().try_for_each(|record| self.write_record(record))
    }

    fn write_entry(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        let (subject_kind, call, agent) = match &entry.subject {
            Subject::Call(call) => ("call", Some(*call), agent_of(&entry.fact)),
            Subject::Agent(agent) => ("agent", owner_of(&entry.fact), Some(agent)),
            Subject::Service => ("service", None, None),
        };
        let body = text(&mut self.json, &entry.fact)?;
        let mut row = Row { statement: &mut self.entry, next: 1 };
        row.put(integer(entry.seq.0))?;
        row.put(self.boot)?;
        row.put(entry.now.utc.as_micros())?;
        row.put(integer(entry.now.moment.as_nanos()))?;
        row.put(subject_kind)?;
        row.put(call.map(|call| integer(call.0)))?;
        row.put(agent.map(Name::as_str))?;
        row.put(kind_of(body))?;
        row.put(body)?;
        row.insert()
    }

    fn write_record(&mut self, record: &Record) -> rusqlite::Result<()> {
        let rings = text(&mut self.json, &record.rings)?;
        let mut row = Row { statement: &mut self.record, next: 1 };
        row.put(integer(record.call.0))?;
        row.put(record.arrived_utc.as_micros())?;
        row.put(record.ended_utc.as_micros())?;
        row.put_name(record.site.as_ref())?;
        row.put(record.trunk.as_str())?;
        row.put(record.caller.as_str())?;
        row.put(record.dialled.as_str())?;
        row.put_name(record.number.as_ref())?;
        row.put(record.plan.as_str())?;
        row.put(record.outcome.label())?;
        row.put(record.cause.label())?;
        row.put_name(record.queue.as_ref())?;
        row.put_name(record.agent.as_ref())?;
        row.put_name(record.target.as_ref())?;
        row.put(record.keys.as_str())?;
        row.put(record.picked_up)?;
        for millis in [
            record.flow_ms,
            record.wait_ms,
            record.ring_ms,
            record.talk_ms,
            record.hold_ms,
            record.after_ms,
            record.duration_ms,
        ] {
            row.put(integer(millis))?;
        }
        row.put(record.handover_ms.map(integer))?;
        row.put(record.since_answer_ms.map(integer))?;
        row.put(record.visit.map(|end| end.label()))?;
        row.put(rings)?;
        row.put_name(record.agent_key.as_ref())?;
        row.put(text(&mut self.json, &record.transfers)?)?;
        row.put(text(&mut self.json, &record.talks)?)?;
        row.insert()
    }
}

/// A row being bound, column by column.
struct Row<'s, 'c> {
    statement: &'s mut Statement<'c>,
    next: usize,
}

impl Row<'_, '_> {
    fn put(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.statement.raw_bind_parameter(self.next, value)?;
        self.next += 1;
        Ok(())
    }

    fn put_name(&mut self, name: Option<&Name>) -> rusqlite::Result<()> {
        self.put(name.map(Name::as_str))
    }

    fn insert(self) -> rusqlite::Result<()> {
        self.statement.raw_execute().map(drop)
    }
}

/// Says in `boot` that the store was closed as it should be.
pub(super) fn close_boot(connection: &Connection, boot: u64, at: i64) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE boot SET closed_us = ?1 WHERE id = ?2",
        (Utc::from_micros(at).as_micros(), integer(boot)),
    )?;
    Ok(())
}

/// SQLite's integers are signed: 292 years of nanoseconds.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn text<'b>(buffer: &'b mut Vec<u8>, value: &impl Serialize) -> rusqlite::Result<&'b str> {
    buffer.clear();
    serde_json::to_writer(&mut *buffer, value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    Ok(std::str::from_utf8(buffer).expect("serde_json writes UTF-8"))
}

/// The fact's name, out of its JSON: the tag comes first.
fn kind_of(body: &str) -> &str {
    body.split('"').nth(3).unwrap_or_default()
}

/// The key of the agent who takes part in a fact about a call.
fn agent_of(fact: &Fact) -> Option<&Name> {
    match fact {
        Fact::RingStarted { agent_key, .. } | Fact::RingEnded { agent_key, .. } => Some(agent_key),
        Fact::Bridged { agent_key, .. } => agent_key.as_ref(),
        Fact::TransferStarted { agent_key, .. } | Fact::TransferredToNumber { agent_key, .. } => {
            Some(agent_key)
        }
        Fact::Arrived { .. }
        | Fact::CallerAnswered
        | Fact::CallerConfirmed
        | Fact::FlowEntered { .. }
        | Fact::PromptStarted { .. }
        | Fact::PromptEnded
        | Fact::MenuEntered { .. }
        | Fact::KeyPressed { .. }
        | Fact::Enqueued { .. }
        | Fact::Widened { .. }
        | Fact::Dequeued { .. }
        | Fact::TargetRung { .. }
        | Fact::TargetEnded { .. }
        | Fact::TransferLeft { .. }
        | Fact::LegTaken { .. }
        | Fact::LegGiven { .. }
        | Fact::TransferEnded { .. }
        | Fact::AcceptanceAsked { .. }
        | Fact::Forwarded { .. }
        | Fact::Held { .. }
        | Fact::Resumed { .. }
        | Fact::MessageStarted { .. }
        | Fact::LegHungUp { .. }
        | Fact::Refused { .. }
        | Fact::Faulted { .. }
        | Fact::Ended { .. }
        | Fact::AgentBecame { .. }
        | Fact::Started { .. }
        | Fact::Stopped => None,
    }
}

/// The call that owns the agent a fact is about.
fn owner_of(fact: &Fact) -> Option<crate::base::CallId> {
    if let Fact::AgentBecame { call, .. } = fact { *call } else { None }
}
