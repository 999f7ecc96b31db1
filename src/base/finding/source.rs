//! A file as it was written, shared by everything that points into it.

use std::fmt;
use std::sync::Arc;

/// A file given to a loader.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// As shown to people.
    pub path: Box<str>,
    /// Its contents.
    pub text: Box<str>,
}

/// A file, shared.
#[derive(Clone, PartialEq, Eq)]
pub struct Source(Arc<SourceFile>);

impl Source {
    /// Shares a file.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        Self(Arc::new(SourceFile { path: path.into(), text: text.into() }))
    }

    /// As shown to people.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Its contents.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The file's name without folders and extension: a site's id.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.path().rsplit(['/', '\\']).next().unwrap_or("");
        name.strip_suffix(".toml").unwrap_or(name)
    }

    /// The folder it lies in, with the last slash; empty when there is none.
    #[must_use]
    pub fn folder(&self) -> &str {
        match self.path().rfind(['/', '\\']) {
            Some(at) => &self.path()[..=at],
            None => "",
        }
    }

    /// Line and column of a byte, counted from 1; columns count characters.
    #[must_use]
    pub fn position(&self, at: usize) -> (u32, u32) {
        let text = self.text();
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[start..].chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

/// A value that remembers where it was written, for what only a running machine can find wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// The place.
    pub place: super::Place,
}

impl<T> Located<T> {
    /// The line it was written on, counted from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.place.line()
    }

    /// `file:line:column`.
    #[must_use]
    pub fn at(&self) -> String {
        let (line, column) = self.place.source.position(self.place.span.start);
        format!("{}:{line}:{column}", self.place.source.path())
    }
}
