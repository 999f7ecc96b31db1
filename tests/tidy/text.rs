//! What stands in a file: a head that says what it is for, nothing left half done, no wall quietly switched off, no unsafe
//! code.

use super::Breach;
use super::source::Source;

/// Marks of unfinished work. Put together here, so that this file does not breach itself.
const LEFT_OVERS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("#[ign", "ore"),
    concat!("allow(dead", "_code)"),
];

/// Who may use clocks, threads, sockets and chance, and so lift clippy's bans. base/map.rs is the one alias of the map.
const MAY_LIFT_BANS: &[&str] =
    &["src/drivers/", "src/commands/", "src/server", "src/main.rs", "src/base/map.rs", "tests/", "benches/"];

/// Modules that may opt into unsafe code, at most one. None has needed to: limits are read from /proc, the epoll, the socket
/// options and the signals come from crates.
const MAY_BE_UNSAFE: &[&str] = &[];

/// Breaches in one file.
pub fn check(file: &Source) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut breach = |line, what: String| breaches.push(Breach { path: file.path.clone(), line, what });
    if !file.text.starts_with("//! ") {
        breach(1, "does not begin with `//!` saying what it is for".to_owned());
    }
    for (line, text) in (1..).zip(file.text.lines()) {
        for mark in LEFT_OVERS.iter().filter(|mark| text.contains(**mark)) {
            breach(line, format!("left over: {mark}"));
        }
        let lifts = text.contains("clippy::disallowed") && !file.path.starts_with("tests/tidy");
        if lifts && !MAY_LIFT_BANS.iter().any(|allowed| file.path.starts_with(allowed)) {
            breach(line, "lifts a ban outside drivers".to_owned());
        }
    }
    breaches
}

/// Breaches of « no unsafe code », in all files together.
pub fn check_unsafe(files: &[Source]) -> Vec<Breach> {
    assert!(MAY_BE_UNSAFE.len() <= 1, "one module at most");
    let root = |file: &Source, attribute: &str| file.text.lines().any(|line| line == attribute);
    let breach = |file: &Source, attribute: &str| Breach {
        path: file.path.clone(),
        line: 1,
        what: format!("lacks {attribute}"),
    };
    let mut breaches = Vec::new();
    for file in files {
        let Some(module) = top_module(&file.path) else { continue };
        let attribute = match module {
            "lib" => "#![deny(unsafe_code)]",
            module if MAY_BE_UNSAFE.contains(&module) => continue,
            _ => "#![forbid(unsafe_code)]",
        };
        if !root(file, attribute) {
            breaches.push(breach(file, attribute));
        }
    }
    breaches
}

/// `acd` for `src/acd/mod.rs`, `server` for `src/server.rs`; nothing for files below.
fn top_module(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let module = inside.strip_suffix("/mod").unwrap_or(inside);
    (!module.contains('/')).then_some(module)
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
    fn a_file_without_a_head_is_a_breach() {
        assert_eq!(breaches("src/a.rs", "//! For this.\n"), Vec::<String>::new());
        let found = ["1 does not begin with `//!` saying what it is for"];
        assert_eq!(breaches("src/a.rs", "use std::fmt;\n//! late\n"), found);
        assert_eq!(breaches("src/a.rs", "//!\n"), found);
    }

    #[test]
    fn unfinished_work_is_a_breach() {
        for mark in LEFT_OVERS {
            assert_eq!(
                breaches("src/a.rs", &format!("//! A.\n\n// {mark}\n")),
                [format!("3 left over: {mark}")]
            );
        }
    }

    #[test]
    fn lifting_a_ban_outside_drivers_is_a_breach() {
        let text = "//! A.\n#![allow(clippy::disallowed_methods, reason = \"hurry\")]\n";
        assert_eq!(breaches("src/call/mod.rs", text), ["2 lifts a ban outside drivers"]);
        assert_eq!(breaches("src/drivers/clock.rs", text), Vec::<String>::new());
    }

    #[test]
    fn a_module_that_does_not_forbid_unsafe_code_is_a_breach() {
        let files = [
            Source::new("src/lib.rs", "//! A.\n#![deny(unsafe_code)]\n"),
            Source::new("src/acd/mod.rs", "//! A.\n#![forbid(unsafe_code)]\n"),
            Source::new("src/acd/desk.rs", "//! Below a root: nothing to say.\n"),
            Source::new("src/call/mod.rs", "//! A.\n// #![forbid(unsafe_code)]\n"),
            Source::new("src/server.rs", "//! A.\n"),
            Source::new("tests/a.rs", "//! A.\n"),
        ];
        let found: Vec<String> = check_unsafe(&files).iter().map(ToString::to_string).collect();
        let lacks = "lacks #![forbid(unsafe_code)]";
        assert_eq!(found, [format!("src/call/mod.rs:1: {lacks}"), format!("src/server.rs:1: {lacks}")]);
    }
}
