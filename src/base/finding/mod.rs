//! Something wrong in a file a person wrote: where, what, and how to mend it.
//! Must never know which file of which kind; the words come from whoever found it.

mod render;
mod source;

pub use render::{Style, render};
pub use source::{Located, Source, SourceFile};

use std::ops::Range;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What was written can't be used.
    Error,
    /// It can, though it is unlikely to be what was meant.
    Warning,
}

/// What a finding says, all of it: written in one `wording` module per floor, so that a language is one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What is wrong, one sentence.
    pub message: String,
    /// What stands at the caret; may be empty.
    pub label: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Words {
    /// Words without a hint.
    #[must_use]
    pub fn new(message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { message: message.into(), label: label.into(), hint: None }
    }

    /// The same words with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// One finding, with all it takes to show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The file.
    pub source: Source,
    /// Bytes of the file; empty at 0 for what concerns the file as a whole.
    pub span: Range<usize>,
    /// What it says.
    pub words: Words,
    /// Another place that matters, in this file or another, and why.
    pub related: Option<(Place, String)>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: Source,
    /// Bytes of it.
    pub span: Range<usize>,
}

impl Place {
    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.source.position(self.span.start).0
    }
}

impl Finding {
    /// The line and column of its start, counted from 1.
    #[must_use]
    pub fn position(&self) -> (u32, u32) {
        self.source.position(self.span.start)
    }

    /// Whether it forbids to go on.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Findings gathered while reading: nothing stops at the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds what can't be used.
    pub fn error(&mut self, place: &Place, words: Words) {
        self.push(Severity::Error, place, words, None);
    }

    /// Adds what can't be used, because of something `related`.
    pub fn error_with(&mut self, place: &Place, words: Words, related: &Place, why: impl Into<String>) {
        self.push(Severity::Error, place, words, Some((related.clone(), why.into())));
    }

    /// Adds what is unlikely to be meant.
    pub fn warning(&mut self, place: &Place, words: Words) {
        self.push(Severity::Warning, place, words, None);
    }

    fn push(&mut self, severity: Severity, place: &Place, words: Words, related: Option<(Place, String)>) {
        let Place { source, span } = place.clone();
        self.0.push(Finding { severity, source, span, words, related });
    }

    /// Adds findings made elsewhere.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Finding>) {
        self.0.extend(others);
    }

    /// Whether one of them forbids to go on.
    #[must_use]
    pub fn any_error(&self) -> bool {
        self.0.iter().any(Finding::is_error)
    }

    /// All of them, by file and line, each once.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Finding> {
        self.0.sort_by(|a, b| {
            (a.source.path(), a.span.start, a.severity).cmp(&(b.source.path(), b.span.start, b.severity))
        });
        let mut unique: Vec<Finding> = Vec::with_capacity(self.0.len());
        for finding in self.0 {
            let here = unique.iter().rev().take_while(|other| other.span.start == finding.span.start);
            if here.into_iter().all(|other| *other != finding) {
                unique.push(finding);
            }
        }
        unique
    }
}
