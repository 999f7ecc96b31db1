//! A table of a document, read by key. What has the wrong form was already reported and reads as absent.

use super::duration;
use super::key::{Kind, Since, Table};
use crate::base::finding::{Located, Place, Source};
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table, its place and what it may hold.
#[derive(Clone)]
pub struct Section<'a> {
    source: &'a Source,
    pub(super) spec: &'static Table,
    table: &'a DeTable<'a>,
    span: Range<usize>,
}

/// A key and its value.
#[derive(Clone)]
pub struct Entry<'a> {
    /// The key, where it stands.
    pub key: Located<&'a str>,
    pub(super) value: &'a Spanned<DeValue<'a>>,
    /// Whether it is one of a list.
    pub(super) is_item: bool,
    source: &'a Source,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        source: &'a Source,
        spec: &'static Table,
        table: &'a DeTable<'a>,
        span: Range<usize>,
    ) -> Self {
        Self { source, spec, table, span }
    }

    /// Where it stands: at its name.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { source: self.source.clone(), span: self.span.clone() }
    }

    /// Whether it is the whole file: everything else stands under a name.
    pub(super) fn is_root(&self) -> bool {
        self.span.is_empty()
    }

    /// Everything in it, in written order.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'a>> {
        let mut entries: Vec<Entry<'a>> =
            self.table.iter().map(|(key, value)| self.entry_of(key, value)).collect();
        entries.sort_by_key(|entry| entry.key.place.span.start);
        entries
    }

    fn entry_of(
        &self,
        key: &'a Spanned<std::borrow::Cow<'a, str>>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Entry<'a> {
        let place = Place { source: self.source.clone(), span: key.span() };
        Entry {
            key: Located { value: key.get_ref().as_ref(), place },
            value,
            is_item: false,
            source: self.source,
        }
    }

    /// Whether it holds a key of a version to come: what is absent from it may be meant by that key.
    #[must_use]
    pub fn has_later(&self) -> bool {
        self.table.keys().any(|key| self.spec.key(key.get_ref()).is_some_and(|key| key.since == Since::Later))
    }

    /// One of its entries.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<Entry<'a>> {
        debug_assert!(
            self.spec.kind(name).is_some() || self.spec.key(name).is_some(),
            "{name} is in no key table"
        );
        self.table.get_key_value(name).map(|(key, value)| self.entry_of(key, value))
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Located<&'a str>> {
        self.entry(name)?.text()
    }

    /// A duration.
    #[must_use]
    pub fn duration(&self, name: &str) -> Option<Located<Duration>> {
        let text = self.text(name)?;
        Some(Located { value: duration::parse(text.value)?, place: text.place })
    }

    /// A whole number, within the bounds of its key.
    #[must_use]
    pub fn whole(&self, name: &str) -> Option<Located<u64>> {
        let Some(Kind::Whole(from, to)) = self.spec.kind(name) else { return None };
        self.entry(name)?.whole().filter(|number| (from..=to).contains(&number.value))
    }

    /// A percentage.
    #[must_use]
    pub fn percent(&self, name: &str) -> Option<Located<f64>> {
        self.entry(name)?.number().filter(|number| (0.0..=100.0).contains(&number.value))
    }

    /// `true` or `false`.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<Located<bool>> {
        let entry = self.entry(name)?;
        entry.value.get_ref().as_bool().map(|value| entry.at_value(value))
    }

    /// A list of texts; empty when absent.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<Located<&'a str>> {
        self.entry(name).map(|entry| entry.texts()).unwrap_or_default()
    }

    /// A table within.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<Section<'a>> {
        let (Kind::Table(spec) | Kind::Named(spec) | Kind::TextOr(spec)) = self.spec.kind(name)? else {
            return None;
        };
        self.entry(name)?.section(spec)
    }

    /// A list of tables within; empty when absent.
    #[must_use]
    pub fn sections(&self, name: &str) -> Vec<Section<'a>> {
        let (Some(Kind::Tables(spec)), Some(entry)) = (self.spec.kind(name), self.entry(name)) else {
            return Vec::new();
        };
        entry.items().filter_map(|item| item.section(spec)).collect()
    }

    /// Tables by name, in written order: each with its name.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<(Located<&'a str>, Section<'a>)> {
        let (Some(Kind::Named(spec)), Some(entry)) = (self.spec.kind(name), self.entry(name)) else {
            return Vec::new();
        };
        let Some(tables) = entry.value.get_ref().as_table() else { return Vec::new() };
        let all = Section::new(self.source, spec, tables, entry.key.place.span.clone()).entries();
        all.into_iter().filter_map(|entry| Some((entry.key.clone(), entry.section(spec)?))).collect()
    }
}

impl<'a> Entry<'a> {
    /// The value's place.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { source: self.source.clone(), span: self.value.span() }
    }

    fn at_value<T>(&self, value: T) -> Located<T> {
        Located { value, place: self.place() }
    }

    /// The value as text.
    #[must_use]
    pub fn text(&self) -> Option<Located<&'a str>> {
        self.value.get_ref().as_str().map(|text| self.at_value(text))
    }

    /// The value as a whole number.
    #[must_use]
    pub fn whole(&self) -> Option<Located<u64>> {
        let number = self.value.get_ref().as_integer()?;
        u64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| self.at_value(number))
    }

    /// The value as text, whether in quotes or a whole number.
    #[must_use]
    pub fn extension(&self) -> Option<Located<String>> {
        match self.text() {
            Some(text) => Some(self.at_value(text.value.to_owned())),
            None => self.whole().map(|number| self.at_value(number.value.to_string())),
        }
    }

    pub(super) fn number(&self) -> Option<Located<f64>> {
        let float = self.value.get_ref().as_float().and_then(|number| number.as_str().parse::<f64>().ok());
        let number = float.or_else(|| u32::try_from(self.whole()?.value).ok().map(f64::from))?;
        Some(self.at_value(number))
    }

    /// The value as a list of texts.
    #[must_use]
    pub fn texts(&self) -> Vec<Located<&'a str>> {
        self.items().filter_map(|item| item.text()).collect()
    }

    /// The keys of the value, a table; none when it is not.
    #[must_use]
    pub fn keys(&self) -> Vec<&'a str> {
        let table = self.value.get_ref().as_table();
        table.map(|table| table.keys().map(|key| key.get_ref().as_ref()).collect()).unwrap_or_default()
    }

    /// Whether the value is a list of nothing.
    #[must_use]
    pub fn is_empty_list(&self) -> bool {
        self.value.get_ref().as_array().is_some_and(|array| array.is_empty())
    }

    /// The value as a table.
    #[must_use]
    pub fn section(&self, spec: &'static Table) -> Option<Section<'a>> {
        let table = self.value.get_ref().as_table()?;
        Some(Section::new(self.source, spec, table, self.key.place.span.clone()))
    }

    /// The items of the value, a list; each stands under the same key, at its own place.
    pub(super) fn items(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let (source, key) = (self.source, self.key.value);
        let items = self.value.get_ref().as_array().map(|array| array.iter()).into_iter().flatten();
        items.map(move |value| {
            let place = Place { source: source.clone(), span: value.span() };
            Entry { key: Located { value: key, place }, value, is_item: true, source }
        })
    }
}
