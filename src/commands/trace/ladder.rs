//! A call's facts drawn as a ladder: a column for its caller, for Spillway and for whoever was rung; a line per fact, its time,
//! who told whom, and what. Must never know where the facts came from.

use super::words::words;
use crate::base::Name;
use crate::call::{Entry, Fact, LegEnd};
use crate::commands::language::Language;
use std::time::Duration;

/// From one column to the next, in characters.
const STEP: usize = 16;
/// Before the first column's line: the time, and half of the column.
const MARGIN: usize = 11;
/// Spillway's column; the caller's is the one before, whoever is rung follows.
const SPILLWAY: usize = 1;

/// Between whom a fact happened, by column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stroke {
    /// Told Spillway.
    From(usize),
    /// Told by Spillway.
    To(usize),
    /// Caller and column hear each other.
    Both(usize),
    /// Within Spillway.
    Own,
}

/// Who has a column, and which leg belongs to it.
struct Columns {
    names: Vec<Name>,
    /// By leg, in the order they were rung.
    legs: Vec<(u16, usize)>,
}

/// The lines of a call's ladder, or nothing when it has no fact.
#[must_use]
pub fn lines(facts: &[Entry], language: Language) -> Vec<String> {
    let Some(first) = facts.first() else { return Vec::new() };
    let columns = Columns::of(facts);
    let mut lines = vec![columns.heading()];
    for entry in facts {
        let Some(what) = words(&entry.fact, language) else { continue };
        let after = entry.now.moment.since(first.now.moment);
        let rungs = columns.rungs(columns.stroke(&entry.fact));
        lines.push(format!("{:>9} {rungs}  {what}", seconds(after)));
    }
    lines
}

/// `12.345`, s.
fn seconds(after: Duration) -> String {
    format!("{}.{:03}", after.as_secs(), after.subsec_millis())
}

impl Columns {
    fn of(facts: &[Entry]) -> Self {
        let caller = facts.iter().find_map(|entry| {
            if let Fact::Arrived { trunk, .. } = &entry.fact { Some(trunk.clone()) } else { None }
        });
        let mut columns =
            Self { names: vec![caller.unwrap_or_default(), "Spillway".into()], legs: vec![(0, 0)] };
        for entry in facts {
            if let Fact::RingStarted { agent: who, leg, .. } | Fact::TargetRung { target: who, leg, .. } =
                &entry.fact
            {
                columns.rung(who, *leg);
            } else if let Fact::TransferStarted { to, to_leg, .. } = &entry.fact {
                columns.rung(&to.as_str().into(), *to_leg);
            }
        }
        columns
    }

    /// Who is rung twice keeps the column.
    fn rung(&mut self, who: &Name, leg: u16) {
        let others = self.names.iter().skip(SPILLWAY + 1);
        let known = others.zip(SPILLWAY + 1..).find(|(name, _)| *name == who).map(|(_, column)| column);
        let column = known.unwrap_or(self.names.len());
        if known.is_none() {
            self.names.push(who.clone());
        }
        self.legs.push((leg, column));
    }

    fn column(&self, leg: u16) -> Option<usize> {
        self.legs.iter().rev().find(|(of, _)| *of == leg).map(|(_, column)| *column)
    }

    fn heading(&self) -> String {
        let mut heading = " ".repeat(MARGIN + 1 - STEP / 2);
        for name in &self.names {
            let short: String = name.chars().take(STEP - 2).collect();
            heading.push_str(&format!("{short:^STEP$}"));
        }
        heading.trim_end().to_owned()
    }

    fn stroke(&self, fact: &Fact) -> Stroke {
        let from = |leg: u16| self.column(leg).map_or(Stroke::Own, Stroke::From);
        let to = |leg: u16| self.column(leg).map_or(Stroke::Own, Stroke::To);
        match fact {
            Fact::Arrived { .. } | Fact::CallerConfirmed | Fact::KeyPressed { .. } => Stroke::From(0),
            Fact::CallerAnswered
            | Fact::PromptStarted { .. }
            | Fact::MenuEntered { .. }
            | Fact::MessageStarted { .. }
            | Fact::Refused { .. } => Stroke::To(0),
            Fact::RingStarted { leg, .. } | Fact::TargetRung { leg, .. } => to(*leg),
            Fact::RingEnded { leg, end, .. } | Fact::TargetEnded { leg, end, .. } => match end {
                LegEnd::Answered | LegEnd::Busy | LegEnd::Declined => from(*leg),
                LegEnd::NoAnswer | LegEnd::Cancelled => to(*leg),
                LegEnd::Unreachable => Stroke::Own,
            },
            Fact::AcceptanceAsked { leg } => to(*leg),
            Fact::Forwarded { leg } => from(*leg),
            Fact::TransferStarted { leg, .. } | Fact::TransferLeft { leg } => from(*leg),
            Fact::LegTaken { leg, .. } | Fact::LegGiven { leg, .. } => from(*leg),
            Fact::TransferEnded { to_leg, end } => match end {
                LegEnd::Answered | LegEnd::Busy | LegEnd::Declined => from(*to_leg),
                LegEnd::NoAnswer | LegEnd::Cancelled => to(*to_leg),
                LegEnd::Unreachable => Stroke::Own,
            },
            Fact::Bridged { leg, .. } => self.column(*leg).map_or(Stroke::Own, Stroke::Both),
            Fact::Held { leg } | Fact::Resumed { leg } | Fact::LegHungUp { leg, .. } => from(*leg),
            Fact::FlowEntered { .. }
            | Fact::PromptEnded
            | Fact::Enqueued { .. }
            | Fact::Widened { .. }
            | Fact::Dequeued { .. }
            | Fact::TransferredToNumber { .. }
            | Fact::Faulted { .. }
            | Fact::Ended { .. }
            | Fact::AgentBecame { .. }
            | Fact::Started { .. }
            | Fact::Stopped => Stroke::Own,
        }
    }

    /// The columns' lines, with the stroke across them.
    fn rungs(&self, stroke: Stroke) -> String {
        let mut row: Vec<char> = " ".repeat((self.names.len() - 1) * STEP + 1).chars().collect();
        for column in 0..self.names.len() {
            row[column * STEP] = '│';
        }
        let (tail, head) = match stroke {
            Stroke::From(column) => (column, SPILLWAY),
            Stroke::To(column) => (SPILLWAY, column),
            Stroke::Both(column) => (0, column),
            Stroke::Own => {
                row[SPILLWAY * STEP] = '●';
                return format!(" {}", row.into_iter().collect::<String>());
            }
        };
        let (left, right) = (tail.min(head) * STEP, tail.max(head) * STEP);
        row[left + 1..right].fill('─');
        if head > tail {
            row[right - 1] = '>';
        } else {
            row[left + 1] = '<';
        }
        if let Stroke::Both(_) = stroke {
            row[left + 1] = '<';
        }
        format!(" {}", row.into_iter().collect::<String>())
    }
}
