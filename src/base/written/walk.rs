//! Holds every key and value of a document against the key table: unknown, of a later version, missing, of a wrong form.

use super::key::{Choice, Kind, Since, Table};
use super::section::{Entry, Section};
use super::{duration, wording};
use crate::base::finding::{Findings, Words};
use toml::de::DeValue;

/// Adds everything wrong with the form of `section` and what is within.
pub(super) fn walk(section: &Section<'_>, findings: &mut Findings) {
    let spec = section.spec;
    for entry in section.entries() {
        match spec.kind(entry.key.value) {
            Some(kind) => value(&entry, kind, findings),
            None => refuse(&entry, spec, findings),
        }
    }
    for key in spec.keys.iter().filter(|key| key.required && section.entry(key.name).is_none()) {
        findings.error(&section.place(), wording::missing(key, section.is_root()));
    }
}

fn refuse(entry: &Entry<'_>, spec: &'static Table, findings: &mut Findings) {
    let name = entry.key.value;
    let words = match spec.key(name) {
        Some(key) => wording::later_key(key),
        None => {
            let listed: Vec<&str> =
                spec.keys.iter().filter(|key| key.since == Since::Now).map(|key| key.name).collect();
            wording::unknown_key(name, &listed, spec.open.as_ref())
        }
    };
    findings.error(&entry.key.place, words);
}

fn value(entry: &Entry<'_>, kind: Kind, findings: &mut Findings) {
    let well_formed = match kind {
        Kind::Text => entry.text().is_some(),
        Kind::Choice(choices) => return choice(entry, kind, choices, findings),
        Kind::Whole(from, to) => entry.whole().is_some_and(|number| (from..=to).contains(&number.value)),
        Kind::Percent => entry.number().is_some_and(|number| (0.0..=100.0).contains(&number.value)),
        Kind::Flag => matches!(entry.value.get_ref(), DeValue::Boolean(_)),
        Kind::Duration => return duration_of(entry, findings),
        Kind::Texts => return list(entry, kind, Kind::Text, findings),
        Kind::Extension => entry.extension().is_some(),
        Kind::Table(spec) => return table(entry, kind, spec, findings),
        Kind::Tables(spec) => return list(entry, kind, Kind::Table(spec), findings),
        Kind::Named(spec) => match entry.section(spec) {
            Some(tables) => return tables.entries().iter().for_each(|one| named(one, spec, findings)),
            None => false,
        },
        Kind::TextOr(spec) => match entry.text() {
            Some(_) => true,
            None => return table(entry, kind, spec, findings),
        },
        Kind::Anything => true,
    };
    if !well_formed {
        findings.error(&entry.place(), wrong_kind(entry, kind));
    }
}

fn named(entry: &Entry<'_>, spec: &'static Table, findings: &mut Findings) {
    if entry.key.value.trim().is_empty() {
        findings.error(&entry.key.place, wording::empty_name());
    }
    table(entry, Kind::Table(spec), spec, findings);
}

fn table(entry: &Entry<'_>, kind: Kind, spec: &'static Table, findings: &mut Findings) {
    match entry.section(spec) {
        Some(section) => walk(&section, findings),
        None => findings.error(&entry.place(), wrong_kind(entry, kind)),
    }
}

fn list(entry: &Entry<'_>, kind: Kind, of: Kind, findings: &mut Findings) {
    if entry.value.get_ref().is_array() {
        entry.items().for_each(|item| value(&item, of, findings));
    } else {
        findings.error(&entry.place(), wrong_kind(entry, kind));
    }
}

fn choice(entry: &Entry<'_>, kind: Kind, choices: &'static [Choice], findings: &mut Findings) {
    let Some(text) = entry.text() else {
        return findings.error(&entry.place(), wrong_kind(entry, kind));
    };
    match choices.iter().find(|choice| choice.word == text.value).map(|choice| choice.since) {
        Some(Since::Now) => {}
        Some(Since::Later) => findings.error(&text.place, wording::later_word(entry.key.value, text.value)),
        None => findings.error(&text.place, wording::unknown_word(entry.key.value, text.value, choices)),
    }
}

fn duration_of(entry: &Entry<'_>, findings: &mut Findings) {
    let words = match entry.text() {
        Some(text) if duration::parse(text.value).is_some() => return,
        Some(text) => wording::bad_duration(entry.key.value, text.value),
        None => wrong_kind(entry, Kind::Duration),
    };
    findings.error(&entry.place(), words);
}

fn wrong_kind(entry: &Entry<'_>, kind: Kind) -> Words {
    wording::wrong_kind(entry.key.value, entry.is_item, kind, entry.value.get_ref())
}
