//! What is said of a document's form. Every sentence of it is here.

use super::key::{Choice, Key, Kind, Open, Since};
use crate::base::finding::Words;
use toml::de::DeValue;

/// Names with the same beginning that are this much alike are taken for each other, « technik » for « technique ».
const ALIKE: f64 = 0.88;

/// The name someone probably meant: the nearest within a slip or two of the pen.
#[must_use]
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let slips = (written.chars().count() / 3).clamp(1, 3);
    let distances =
        known.into_iter().map(|name| (strsim::osa_distance(&written, &name.to_lowercase()), name));
    let alike = |name: &str| strsim::jaro_winkler(&written, &name.to_lowercase()) > ALIKE;
    distances.filter(|(distance, name)| *distance <= slips || alike(name)).min().map(|(_, name)| name)
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

pub(super) fn syntax(message: &str) -> Words {
    Words::new(format!("this is not TOML: {message}"), "")
}

pub(super) fn not_utf8(byte: u8) -> Words {
    let character = char::from(byte);
    let meant = if character.is_control() { String::new() } else { format!(", {character} in ISO 8859-1") };
    Words::new(
        format!("this file can't be read: byte 0x{byte:02X} is not UTF-8"),
        format!("this byte{meant}"),
    )
    .hint("save the file as UTF-8: the editor's « save as » offers it as encoding")
}

pub(super) fn utf_16() -> Words {
    Words::new("this file can't be read: it is in UTF-16", "").hint("save the file as UTF-8")
}

pub(super) fn repeated(name: &str) -> Words {
    Words::new(format!("`{name}` is written twice"), "a second time here").hint("keep one of the two")
}

pub(super) fn toml_1_1(what: &str, instead: &str) -> Words {
    Words::new(format!("{what} is TOML 1.1, and Spillway reads TOML 1.0"), "new in TOML 1.1")
        .hint(format!("{instead}: editors and scripts then read it too"))
}

pub(super) fn unknown_key(name: &str, listed: &[&str], open: Option<&Open>) -> Words {
    let words = Words::new(format!("unknown key `{name}`"), "not a key of this table");
    let more = open.map(|open| open.known).unwrap_or_default();
    match (nearest(name, listed.iter().chain(more).copied()), open) {
        (Some(near), _) => words.hint(did_you_mean(near)),
        (None, Some(open)) if listed.is_empty() => words.hint(format!("here stands {}", open.what)),
        (None, Some(open)) => words.hint(format!("here stand {}; and {}", open.what, listed.join(", "))),
        (None, None) => words.hint(format!("the keys here are {}", listed.join(", "))),
    }
}

pub(super) fn later_key(key: &Key) -> Words {
    Words::new(format!("`{}` is not in this version", key.name), "comes in a later version")
        .hint(format!("take it out until then; it is for: {}", key.doc))
}

pub(super) fn later_word(key: &str, word: &str) -> Words {
    Words::new(format!("`{key} = \"{word}\"` is not in this version"), "comes in a later version")
}

pub(super) fn unknown_word(key: &str, word: &str, choices: &'static [Choice]) -> Words {
    let known = choices.iter().filter(|choice| choice.since == Since::Now).map(|choice| choice.word);
    let words = Words::new(format!("`{key}` can't be \"{word}\""), "unknown word");
    match nearest(word, known) {
        Some(near) => words.hint(did_you_mean(near)),
        None => words.hint(format!("write {}", Kind::Choice(choices).what())),
    }
}

/// `at_root`: sections of the file itself are written with a head of their own.
pub(super) fn missing(key: &Key, at_root: bool) -> Words {
    let Key { name, doc, .. } = key;
    let words = Words::new(format!("`{name}` is missing"), "needs it");
    let what = key.kind.what();
    match key.kind {
        Kind::Table(table) if at_root => {
            let required = table.keys.iter().filter(|key| key.required).map(|key| key.name);
            let required: Vec<&str> = required.collect();
            let with =
                if required.is_empty() { String::new() } else { format!(", with {}", listed(&required)) };
            words.hint(format!("write a section `[{name}]`{with}: {doc}"))
        }
        Kind::Named(_) if at_root => words.hint(format!("write a section `[{name}.NAME]` for each: {doc}")),
        Kind::Whole(from, to) if from == to => words.hint(format!("write `{name} = {from}`: {doc}")),
        Kind::Table(_)
        | Kind::Named(_)
        | Kind::Text
        | Kind::Choice(_)
        | Kind::Whole(_, _)
        | Kind::Percent
        | Kind::Flag
        | Kind::Duration
        | Kind::Texts
        | Kind::Extension
        | Kind::Tables(_)
        | Kind::TextOr(_)
        | Kind::Anything => words.hint(format!("write `{name} = …`, {what}: {doc}")),
    }
}

/// « name, timezone and country ».
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [before @ .., last] => {
            let before: Vec<String> = before.iter().map(|name| format!("`{name}`")).collect();
            format!("{} and `{last}`", before.join(", "))
        }
    }
}

pub(super) fn empty_name() -> Words {
    Words::new("a name can't be empty", "empty")
}

pub(super) fn wrong_kind(key: &str, item: bool, kind: Kind, found: &DeValue<'_>) -> Words {
    if let (Kind::Whole(from, to), DeValue::Integer(number)) = (kind, found)
        && from == to
    {
        return Words::new(format!("this release reads `{key} = {from}`, not {number}"), "not read")
            .hint(format!("write {from}, or serve the file with a release that reads {number}"));
    }
    let is = if item { "an entry of " } else { "" };
    let label = match (kind, found) {
        (Kind::Whole(_, _), DeValue::Integer(_))
        | (Kind::Percent, DeValue::Integer(_) | DeValue::Float(_)) => "out of bounds".into(),
        (_, _) => format!("this is {}", what(found)),
    };
    let words = Words::new(format!("{is}`{key}` is {}", kind.what()), label);
    match (kind, found) {
        (Kind::Whole(_, _) | Kind::Percent, DeValue::String(text)) if text.parse::<u64>().is_ok() => {
            words.hint(format!("write {text}, without quotes"))
        }
        (Kind::Duration, DeValue::Integer(number)) => words.hint(format!("write \"{number}s\" for seconds")),
        (Kind::Text | Kind::Choice(_), DeValue::Integer(number)) => words.hint(format!("write \"{number}\"")),
        (Kind::Texts, DeValue::String(text)) => words.hint(format!("write [\"{text}\"]")),
        (Kind::Tables(_), DeValue::Table(_)) => words.hint("put [ and ] around it"),
        (_, _) => words,
    }
}

fn what(found: &DeValue<'_>) -> &'static str {
    match found {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

pub(super) fn bad_duration(key: &str, text: &str) -> Words {
    let words = Words::new(format!("`{key} = \"{text}\"` is no duration"), "unreadable");
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return words.hint(format!("with its unit: \"{text}s\""));
    }
    words.hint("write \"90s\", \"2m\", \"1m30s\" or \"1h\", at most a day")
}
