//! Who may import whom: the table of design.md. Every path that starts at the crate's root, by `crate::` or by as many
//! `super::` as it takes, is looked up; tests are held to it as well.

use super::Breach;
use super::source::Source;

/// What each module may import, itself aside. What stands in no row (commands, server, main) may import all.
const TABLE: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("wire", &["base"]),
    ("settings", &["base"]),
    ("dialplan", &["base", "wire"]),
    ("signaling", &["base", "wire"]),
    ("media", &["base", "wire"]),
    ("acd", &["base", "dialplan"]),
    ("call", &["base", "dialplan"]),
    ("endpoint", &["base", "wire", "signaling", "media"]),
    ("engine", &["base", "wire", "settings", "dialplan", "signaling", "media", "acd", "call", "endpoint"]),
    // `call` for facts and records, which observations carry; `endpoint` for the driver that gives it sockets.
    ("drivers", &["base", "wire", "settings", "dialplan", "media", "engine", "call", "endpoint"]),
];

/// Breaches of the table in one file.
pub fn check(file: &Source) -> Vec<Breach> {
    let here = module_path(&file.path);
    let Some((_, allowed)) = here.first().and_then(|top| TABLE.iter().find(|(module, _)| module == top))
    else {
        return Vec::new();
    };
    let mut breaches = Vec::new();
    for (path, line) in rooted_paths(file, &here) {
        let Some(top) = path.first() else { continue };
        let what = if here.first() == Some(top) {
            // A driver is a module of its own: the one wall inside a floor.
            let (mine, other) = (here.get(1), path.get(1));
            let is_driver = top == "drivers" && mine.is_some() && other.is_some() && mine != other;
            is_driver.then(|| format!("driver {} imports driver {}", here[1], path[1]))
        } else {
            (!allowed.contains(&top.as_str())).then(|| format!("{} may not import {top}", here[0]))
        };
        breaches.extend(what.map(|what| Breach { path: file.path.clone(), line, what }));
    }
    breaches.dedup();
    breaches
}

/// `src/acd/desk.rs` is `acd::desk`; nothing outside `src` has a floor.
fn module_path(path: &str) -> Vec<String> {
    let Some(inside) = path.strip_prefix("src/").and_then(|path| path.strip_suffix(".rs")) else {
        return Vec::new();
    };
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// The paths in a file that reach the crate's root, from there, with their lines.
fn rooted_paths(file: &Source, here: &[String]) -> Vec<(Vec<String>, usize)> {
    let mut found = Vec::new();
    // Inline modules we are in, by where they end.
    let mut inline: Vec<usize> = Vec::new();
    let mut index = 0;
    while index < file.tokens.len() {
        inline.retain(|end| *end > index);
        if file.is_word(index, "mod") && file.is_sign(index + 2, '{') {
            inline.push(file.after_group(index + 2));
        }
        let starts = index == 0 || !(index >= 2 && file.is_path_sign(index - 2));
        if starts && file.is_word(index, "crate") && file.is_path_sign(index + 1) {
            collect(file, index + 3, &[], &mut found);
        } else if starts && file.is_word(index, "super") {
            let mut up = 1;
            while file.is_path_sign(index + 1) && file.is_word(index + 3, "super") {
                (up, index) = (up + 1, index + 3);
            }
            let depth = here.len() + inline.len();
            if file.is_path_sign(index + 1) && up <= depth && depth - up < here.len() {
                collect(file, index + 3, &here[..depth - up], &mut found);
            }
        }
        index += 1;
    }
    found.retain(|(path, _): &(Vec<String>, usize)| path.first().is_some_and(|top| top != "*"));
    found
}

/// Reads a path or a use tree at `index`: `a::b`, `{a, b::{c, d}}`, `*`.
fn collect(file: &Source, index: usize, prefix: &[String], found: &mut Vec<(Vec<String>, usize)>) -> usize {
    if file.is_sign(index, '{') {
        let end = file.after_group(index);
        let mut at = index + 1;
        while at < end - 1 {
            at = if file.is_sign(at, ',') { at + 1 } else { collect(file, at, prefix, found).min(end - 1) };
        }
        return end;
    }
    let mut path = prefix.to_vec();
    let Some(word) = file.word(index) else {
        if file.is_sign(index, '*') {
            found.push((path, file.line(index)));
        }
        return index + 1;
    };
    // Inside a group a renaming: `a as b`.
    if word == "as" {
        return index + 2;
    }
    path.push(word.to_owned());
    if file.is_path_sign(index + 1) {
        return collect(file, index + 3, &path, found);
    }
    found.push((path, file.line(index)));
    index + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text))
            .into_iter()
            .map(|breach| format!("{} {}", breach.line, breach.what))
            .collect()
    }

    #[test]
    fn a_lower_floor_that_imports_a_higher_one_is_a_breach_however_it_is_written() {
        for text in [
            "use crate::engine::Core;",
            "use crate::{base::Name, engine::{Core, Event}};",
            "use super::super::engine::Core;",
            "fn f() -> crate::engine::Core { todo }",
            "mod tests { use super::super::super::engine; }",
            "pub(crate) use crate::engine as e;",
        ] {
            assert_eq!(breaches("src/acd/desk.rs", text), ["1 acd may not import engine"], "{text}");
        }
        assert_eq!(breaches("src/acd/mod.rs", "\nuse super::wire::sip;"), ["2 acd may not import wire"]);
        assert_eq!(breaches("src/base/ids.rs", "use crate::wire::X;"), ["1 base may not import wire"]);
        assert_eq!(
            breaches("src/call/mod.rs", "use crate::signaling::X;"),
            ["1 call may not import signaling"]
        );
        assert_eq!(
            breaches("src/engine/mod.rs", "use crate::drivers::store;"),
            ["1 engine may not import drivers"]
        );
        let test_too = "#[cfg(test)] mod tests { use crate::drivers::store; }";
        assert_eq!(breaches("src/media/mod.rs", test_too), ["1 media may not import drivers"]);
    }

    #[test]
    fn one_driver_that_imports_another_is_a_breach() {
        let expected = ["1 driver metrics imports driver store"];
        for text in ["use crate::drivers::store::Health;", "use super::store::Health;"] {
            assert_eq!(breaches("src/drivers/metrics.rs", text), expected, "{text}");
        }
        assert_eq!(breaches("src/drivers/metrics/series.rs", "use super::super::store::Health;"), expected);
        assert_eq!(
            breaches("src/drivers/store/rows.rs", "use crate::signaling::X;"),
            ["1 drivers may not import signaling"]
        );
    }

    #[test]
    fn what_the_table_allows_passes() {
        for (path, text) in [
            (
                "src/acd/desk.rs",
                "use crate::base::Name; use crate::dialplan::Plan; use super::line::Line; use crate::acd::x;",
            ),
            ("src/acd/mod.rs", "mod tests { use super::*; use super::line; }"),
            ("src/acd/mod.rs", "// crate::engine\nconst S: &str = \"crate::engine\"; /// crate::engine\n"),
            (
                "src/drivers/store/rows.rs",
                "use super::{Batch, spool}; use crate::drivers::store::read; use std::net;",
            ),
            ("src/server.rs", "use crate::drivers::store; use crate::engine::Engine;"),
            ("tests/drivers.rs", "use spillway::drivers::store;"),
            ("src/wire/sip/mod.rs", "pub(super) fn f() {} macro_rules! m { () => { $crate::wire::x } }"),
        ] {
            assert_eq!(breaches(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }
}
