//! The shape of a key table: each key's name, kind, since when, and what it is for.

/// What a table may hold.
#[derive(Debug)]
pub struct Table {
    /// Its keys.
    pub keys: &'static [Key],
    /// Keys that follow a pattern or are names of someone's choosing.
    pub open: Option<Open>,
}

/// Keys beyond the listed ones.
#[derive(Debug)]
pub struct Open {
    /// Whether a key is one of them.
    pub accepts: fn(&str) -> bool,
    /// What their values are.
    pub kind: Kind,
    /// Some of them, for « did you mean ».
    pub known: &'static [&'static str],
    /// What they are, for a person: « a day, `mon`, or days, `mon-thu` ».
    pub what: &'static str,
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether this version knows it.
    pub since: Since,
    /// Whether its table is useless without it.
    pub required: bool,
    /// What it is for, one sentence: reference and schema say it.
    pub doc: &'static str,
}

/// When a key can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// In this version.
    Now,
    /// In one to come: refused by name, so that nobody takes it for a typo.
    Later,
}

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// One of these words.
    Choice(&'static [Choice]),
    /// A whole number within these bounds.
    Whole(u64, u64),
    /// A percentage, 0 to 100.
    Percent,
    /// `true` or `false`.
    Flag,
    /// « 90s », « 1m30s ».
    Duration,
    /// A list of texts.
    Texts,
    /// Text or a whole number: an extension.
    Extension,
    /// A table.
    Table(&'static Table),
    /// A list of tables.
    Tables(&'static Table),
    /// Tables by names of someone's choosing: `[queue.NAME]`.
    Named(&'static Table),
    /// Text, or a table.
    TextOr(&'static Table),
    /// Anything: of a later version.
    Anything,
}

/// One word of a [`Kind::Choice`].
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// As written.
    pub word: &'static str,
    /// Whether this version knows it.
    pub since: Since,
}

impl Choice {
    /// A word of this version.
    #[must_use]
    pub const fn now(word: &'static str) -> Self {
        Self { word, since: Since::Now }
    }

    /// A word of a version to come.
    #[must_use]
    pub const fn later(word: &'static str) -> Self {
        Self { word, since: Since::Later }
    }
}

impl Key {
    /// A key of this version that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, since: Since::Now, required: false, doc }
    }

    /// A key of this version that may not.
    #[must_use]
    pub const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, since: Since::Now, required: true, doc }
    }

    /// A key of a version to come.
    #[must_use]
    pub const fn later(name: &'static str, doc: &'static str) -> Self {
        Self { name, kind: Kind::Anything, since: Since::Later, required: false, doc }
    }
}

impl Table {
    /// A table of listed keys only.
    #[must_use]
    pub const fn closed(keys: &'static [Key]) -> Self {
        Self { keys, open: None }
    }

    /// The listed key with this name.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// What a key's value is, in this version.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<Kind> {
        match self.key(name) {
            Some(key) => (key.since == Since::Now).then_some(key.kind),
            None => self.open.as_ref().filter(|open| (open.accepts)(name)).map(|open| open.kind),
        }
    }
}

impl Kind {
    /// What it is, for a person.
    #[must_use]
    pub fn what(self) -> String {
        match self {
            Self::Text => "text, in quotes".into(),
            Self::Choice(choices) => {
                let words = choices.iter().filter(|choice| choice.since == Since::Now);
                words.map(|choice| format!("\"{}\"", choice.word)).collect::<Vec<_>>().join(" or ")
            }
            Self::Whole(from, to) if from == to => from.to_string(),
            Self::Whole(from, to) => format!("a whole number, {from} to {to}"),
            Self::Percent => "a percentage, 0 to 100".into(),
            Self::Flag => "true or false".into(),
            Self::Duration => "a duration, like \"90s\", \"2m\" or \"1m30s\"".into(),
            Self::Texts => "a list of texts, [\"…\", \"…\"]".into(),
            Self::Extension => "an extension, 201 or \"0201\"".into(),
            Self::Table(_) => "a table, { … }".into(),
            Self::Tables(_) => "a list of tables, [{ … }, { … }]".into(),
            Self::Named(_) => "tables with a name each".into(),
            Self::TextOr(_) => "text, in quotes, or a table, { … }".into(),
            Self::Anything => "anything".into(),
        }
    }
}
