//! TOML as a person wrote it: one key table drives what may be written, what is refused and why, and reading it.
//! Walks `DeTable` by hand, for serde's derive stops at the first fault and loses places and written order.
//! Must never know what the keys mean.

mod decode;
mod duration;
mod key;
mod section;
mod toml10;
mod walk;
mod wording;

pub use decode::decode;
pub use duration::{parse as parse_duration, say as say_duration};
pub use key::{Choice, Key, Kind, Open, Since, Table};
pub use section::{Entry, Section};
pub use wording::nearest;

use super::finding::{Findings, Place, Source};
use toml::de::{DeTable, Error};

/// A document read as far as it could be.
pub struct Document<'a> {
    source: &'a Source,
    spec: &'static Table,
    table: DeTable<'a>,
    /// Parts can't be read: what refers to something absent may be right.
    pub broken: bool,
    /// Something in its form is wrong: what was meant by it is not known.
    pub malformed: bool,
}

impl Document<'_> {
    /// The whole of it.
    #[must_use]
    pub fn root(&self) -> Section<'_> {
        Section::new(self.source, self.spec, &self.table, 0..0)
    }
}

/// Reads a file against its key table, adding everything wrong with its form to `findings`.
pub fn read<'a>(source: &'a Source, spec: &'static Table, findings: &mut Findings) -> Document<'a> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    let (repeated, malformed): (Vec<Error>, Vec<Error>) =
        errors.into_iter().partition(|error| error.message().starts_with("duplicate key"));
    for error in &repeated {
        let place = place_of(source, error);
        findings.error(&place, wording::repeated(&source.text()[place.span.clone()]));
    }
    let mut garbled = Vec::new();
    for error in &malformed {
        let place = place_of(source, error);
        if garbled.last() != Some(&place.line()) {
            garbled.push(place.line());
            findings.error(&place, wording::syntax(error.message()));
        }
    }
    if garbled.is_empty() {
        toml10::check(source, findings);
    }
    let table = table.into_inner();
    let mut walked = Findings::default();
    walk::walk(&Section::new(source, spec, &table, 0..0), &mut walked);
    let broken = !garbled.is_empty();
    let malformed = broken || !repeated.is_empty() || walked.any_error();
    let walked = walked.into_sorted().into_iter().filter(|finding| !garbled.contains(&finding.position().0));
    findings.extend(walked);
    Document { source, spec, table, broken, malformed }
}

fn place_of(source: &Source, error: &Error) -> Place {
    let span = error.span().unwrap_or(0..0);
    let end = span.end.min(source.text().len());
    Place { source: source.clone(), span: span.start.min(end)..end }
}
