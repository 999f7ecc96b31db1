//! A call's facts drawn as a ladder: a column for its caller, for Spillway and for whoever was rung; a line per fact, its time,
//! who told whom, and what. Must never know where the facts came from.

use super::words::{sip_words, words};
use crate::base::{Flow, Moment, Name, Set};
use crate::call::{Entry, Fact, LegEnd};
use crate::commands::language::Language;
use crate::engine::traces::Passed;
use std::time::Duration;

/// From one column to the next, in characters.
const STEP: usize = 16;
/// Before the first column's line: the time, and half of the column.
const MARGIN: usize = 11;
/// Before the lines of a message.
const INDENT: &str = "            ";
/// A fact's stroke, and a SIP message's.
const FACT: char = '─';
/// See [`FACT`].
const MESSAGE: char = '╌';
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

/// A ladder that is drawn line by line. Who is rung gets a column when it is known, and a new heading with it.
pub struct Ladder {
    columns: Columns,
    /// What times are counted from.
    start: Moment,
    language: Language,
    /// Messages that passed, as far as it matters to know them again.
    passed: Set<(u16, bool, String)>,
}

impl Ladder {
    /// For these facts, of which more may come; nothing while there are none.
    #[must_use]
    pub fn of(facts: &[Entry], language: Language) -> Option<Self> {
        let start = facts.first()?.now.moment;
        Some(Self { columns: Columns::of(facts), start, language, passed: Set::default() })
    }

    /// Who has a column.
    #[must_use]
    pub fn heading(&self) -> String {
        self.columns.heading()
    }

    /// A fact's line; with the new heading above it where somebody got a column.
    pub fn fact(&mut self, entry: &Entry) -> Vec<String> {
        let had = self.columns.names.len();
        self.columns.learn(&entry.fact);
        let Some(what) = words(&entry.fact, self.language) else { return Vec::new() };
        let line = self.line(entry.now.moment, self.columns.stroke(&entry.fact), FACT, &what);
        if self.columns.names.len() > had { vec![self.heading(), line] } else { vec![line] }
    }

    fn message(&mut self, passed: &Passed) -> String {
        let is_copy = !self.passed.insert((passed.leg, passed.sent, passed.text.clone()));
        let column = self.columns.column(passed.leg);
        let stroke = match column {
            Some(column) if passed.sent => Stroke::To(column),
            Some(column) => Stroke::From(column),
            None => Stroke::Own,
        };
        self.line(passed.at.moment, stroke, MESSAGE, &sip_words(&passed.text, is_copy, self.language))
    }

    /// A message's line, and below it all of the message where that is wanted.
    pub fn message_lines(&mut self, passed: &Passed, whole: bool) -> Vec<String> {
        let mut lines = vec![self.message(passed)];
        if whole {
            let Flow { transport, local, remote } = passed.flow;
            let way = if passed.sent { "→" } else { "←" };
            lines.push(format!("{INDENT}{} {local} {way} {remote}", transport.name()));
            let text = passed.text.trim_end().lines();
            lines.extend(text.map(|line| format!("{INDENT}{}", printable(line)).trim_end().to_owned()));
            lines.push(String::new());
        }
        lines
    }

    fn line(&self, at: Moment, stroke: Stroke, dash: char, what: &str) -> String {
        format!("{:>9} {}  {what}", seconds(at.since(self.start)), self.columns.rungs(stroke, dash))
    }
}

/// The lines of a call's ladder, or nothing when it has no fact. Messages stand where their time says.
#[must_use]
pub fn lines(facts: &[Entry], messages: &[Passed], whole: bool, language: Language) -> Vec<String> {
    let Some(mut ladder) = Ladder::of(facts, language) else { return Vec::new() };
    let mut lines = vec![ladder.heading()];
    let mut messages = messages.iter().peekable();
    for entry in facts {
        while let Some(passed) = messages.next_if(|passed| passed.at.moment <= entry.now.moment) {
            lines.extend(ladder.message_lines(passed, whole));
        }
        lines.extend(ladder.fact(entry));
    }
    for passed in messages {
        lines.extend(ladder.message_lines(passed, whole));
    }
    lines
}

/// What a peer sent can't steer the terminal it is shown on.
fn printable(line: &str) -> String {
    line.chars()
        .map(|letter| if letter.is_control() && letter != '\t' { '\u{fffd}' } else { letter })
        .collect()
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
            columns.learn(&entry.fact);
        }
        columns
    }

    fn learn(&mut self, fact: &Fact) {
        if let Fact::RingStarted { agent: who, leg, .. } | Fact::TargetRung { target: who, leg, .. } = fact {
            self.rung(who, *leg);
        } else if let Fact::TransferStarted { to, to_leg, .. } = fact {
            self.rung(&to.as_str().into(), *to_leg);
        }
    }

    /// Who is rung twice keeps the column.
    fn rung(&mut self, who: &Name, leg: u16) {
        if self.legs.iter().any(|(known, _)| *known == leg) {
            return;
        }
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
                LegEnd::Deflected => Stroke::To(0),
            },
            Fact::AcceptanceAsked { leg } => to(*leg),
            Fact::Forwarded { leg } => from(*leg),
            Fact::TransferStarted { leg, .. } | Fact::TransferLeft { leg } => from(*leg),
            Fact::LegTaken { leg, .. } | Fact::LegGiven { leg, .. } => from(*leg),
            Fact::TransferEnded { to_leg, end } => match end {
                LegEnd::Answered | LegEnd::Busy | LegEnd::Declined => from(*to_leg),
                LegEnd::NoAnswer | LegEnd::Cancelled => to(*to_leg),
                LegEnd::Unreachable => Stroke::Own,
                LegEnd::Deflected => Stroke::To(0),
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
    fn rungs(&self, stroke: Stroke, dash: char) -> String {
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
        row[left + 1..right].fill(dash);
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
