//! `[hours.NAME]`: spans of the week, holidays, closures.

use super::super::holidays::Holidays;
use super::super::hours::{Closure, Days, Hours, Span};
use super::super::keys::{self, DAYS};
use super::super::wording;
use super::SiteReading;
use crate::base::finding::{Findings, Located, Place, Words};
use crate::base::written::{Entry, Section};
use jiff::civil::{Date, Weekday};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const NTH: [(&str, i8); 5] = [("first", 1), ("second", 2), ("third", 3), ("fourth", 4), ("last", -1)];

impl SiteReading<'_, '_, '_> {
    pub(super) fn read_hours(&mut self) {
        for (name, section) in self.root.named("hours") {
            let findings = &mut self.to.findings;
            let week = week(&section, findings);
            let days = |entry: &Entry<'_>| keys::days(entry.key.value).is_some() && !entry.is_empty_list();
            if !section.entries().iter().any(days) {
                findings.warning(&name.place, wording::never_open(name.value));
            }
            self.to.plan.hours.push(Hours {
                name: name.value.into(),
                zone: self.zone.clone(),
                week,
                holidays: holidays(&section, findings),
                closures: section
                    .sections("closed")
                    .iter()
                    .filter_map(|one| closure(one, findings))
                    .collect(),
            });
        }
    }
}

fn week(section: &Section<'_>, findings: &mut Findings) -> [Vec<Span>; 7] {
    let mut written: [Vec<(Span, Located<&str>)>; 7] = Default::default();
    for entry in section.entries() {
        let Some((first, last)) = keys::days(entry.key.value) else { continue };
        for text in entry.texts() {
            let Some(span) = span(text.value) else {
                findings.error(&text.place, wording::bad_span(text.value));
                continue;
            };
            let mut told = false;
            for day in &mut written[first..=last] {
                let other = day.iter().find(|(other, _)| other.from < span.until && span.from < other.until);
                if let Some((_, other)) = other.filter(|_| !told) {
                    told = true;
                    let words = wording::overlap(text.value, other.value);
                    findings.error_with(&text.place, words, &other.place, "the other");
                }
                day.push((span, text.clone()));
            }
        }
    }
    written.map(|day| {
        let mut spans: Vec<Span> = day.into_iter().map(|(span, _)| span).collect();
        spans.sort_unstable();
        spans
    })
}

/// Reads « 08:30-12:00 ».
fn span(text: &str) -> Option<Span> {
    let (from, until) = text.split_once('-')?;
    let (from, until) = (minute(from.trim())?, minute(until.trim())?);
    (from < until && until <= Span::DAY.until).then_some(Span { from, until })
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits =
        |text: &str| (!text.is_empty() && text.len() <= 2).then(|| text.parse::<u16>().ok()).flatten();
    let minute = digits(minute).filter(|value| *value < 60 && minute.len() == 2)?;
    Some(digits(hour)? * 60 + minute)
}

fn holidays(section: &Section<'_>, findings: &mut Findings) -> Option<Holidays> {
    let text = section.text("holidays")?;
    let holidays = Holidays::by_name(text.value);
    if holidays.is_none() {
        findings.error(&text.place, wording::bad_holidays(text.value, &keys::HOLIDAYS));
    }
    holidays
}

fn closure(section: &Section<'_>, findings: &mut Findings) -> Option<Closure> {
    let (on, every) = (section.text("on"), section.text("every"));
    let (from, until) = (section.text("from"), section.text("until"));
    if let Some(except) = section.entry("except").filter(|_| every.is_none()) {
        findings.error(&except.key.place, wording::except_what());
    }
    match (on, every, from, until) {
        (Some(on), None, None, None) => {
            let (day, span) =
                day_and_span(on.value).or_else(|| told(&on.place, wording::bad_day(on.value), findings))?;
            Some(Closure { days: Days::Between(day, day), span })
        }
        (None, Some(every), None, None) => {
            let rhythm = rhythm(every.value);
            let (nth, weekday, span) =
                rhythm.or_else(|| told(&every.place, wording::bad_rhythm(every.value), findings))?;
            Some(Closure { days: Days::Every { nth, weekday, except: months(section, findings) }, span })
        }
        (None, None, Some(from), Some(until)) => {
            let mut day = |text: &Located<&str>| {
                date(text.value).or_else(|| told(&text.place, wording::bad_day(text.value), findings))
            };
            let (first, last) = (day(&from), day(&until));
            let (first, last) = (first?, last?);
            if last < first {
                findings.error_with(&until.place, wording::bad_period(), &from.place, "begins here");
            }
            Some(Closure { days: Days::Between(first, last), span: Span::DAY })
        }
        (_, _, _, _) => told(&section.place(), wording::bad_closure(), findings),
    }
}

fn told<T>(place: &Place, words: Words, findings: &mut Findings) -> Option<T> {
    findings.error(place, words);
    None
}

/// Reads « 2026-06-19 ».
fn date(text: &str) -> Option<Date> {
    let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    plain.then(|| text.parse().ok()).flatten()
}

/// Reads « 2026-11-25 13:30-17:30 ».
fn day_and_span(text: &str) -> Option<(Date, Span)> {
    match text.split_once(' ') {
        Some((day, part)) => Some((date(day)?, span(part)?)),
        None => Some((date(text)?, Span::DAY)),
    }
}

/// Reads « first tue of month 09:00-12:00 » or « fri 16:00-17:00 ».
fn rhythm(text: &str) -> Option<(i8, Weekday, Span)> {
    let mut words = text.split_whitespace().peekable();
    let nth = NTH.iter().find(|(word, _)| words.peek() == Some(word)).map(|(_, nth)| *nth);
    if nth.is_some() {
        words.next();
    }
    let day = words.next().and_then(|word| DAYS.iter().position(|known| *known == word))?;
    if nth.is_some() && (words.next(), words.next()) != (Some("of"), Some("month")) {
        return None;
    }
    let span = words.next().map_or(Some(Span::DAY), span)?;
    let weekday = Weekday::from_monday_zero_offset(i8::try_from(day).ok()?).ok()?;
    words.next().is_none().then_some((nth.unwrap_or(0), weekday, span))
}

fn months(section: &Section<'_>, findings: &mut Findings) -> Vec<i8> {
    let mut except = Vec::new();
    for text in section.texts("except") {
        match (1..).zip(MONTHS).find(|(_, month)| *month == text.value) {
            Some((number, _)) => except.push(number),
            None => findings.error(&text.place, wording::bad_month(text.value, &MONTHS)),
        }
    }
    except
}
