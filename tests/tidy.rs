//! The walls of the house that no compiler checks: who may import whom, how long files and functions are, what each
//! file says of itself. Each wall is shown to fail by a broken sample beside it.

#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/measure.rs"]
mod measure;
#[path = "tidy/reference.rs"]
mod reference;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/text.rs"]
mod text;

use source::Source;
use std::fmt;
use std::path::{Path, PathBuf};

/// A breach: where, and what is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Every Rust file of the project, by its path from the root.
fn house() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = ["src", "tests", "benches"].map(|name| root.join(name)).to_vec();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name =
                    path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push(Source::new(&name, &std::fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn assert_none(breaches: &[Breach]) {
    let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} breaches of the house rules:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn the_house_is_found() {
    let house = house();
    assert!(house.iter().any(|file| file.path == "src/lib.rs") && house.len() > 50, "{} files", house.len());
}

#[test]
fn floors_import_lower_floors_only() {
    assert_none(&house().iter().flat_map(imports::check).collect::<Vec<_>>());
}

#[test]
fn files_and_functions_keep_their_measure() {
    assert_none(&measure::check(&house()));
}

#[test]
fn every_file_says_what_it_is_for_and_none_is_left_half_done() {
    assert_none(&house().iter().flat_map(text::check).collect::<Vec<_>>());
}

#[test]
fn every_class_of_attack_has_a_test_that_exists() {
    let house = house();
    let classes = reference::attacks(include_str!("scenario/attacks/mod.rs"));
    assert!(classes.len() >= 18, "{} classes", classes.len());
    for (class, tests) in classes {
        assert!(!tests.is_empty(), "nothing shows what becomes of {class}");
        for (file, name) in tests {
            let found = house.iter().find(|source| source.path == format!("{file}.rs"));
            let is_there = found.is_some_and(|source| source.text.contains(&format!("fn {name}(")));
            assert!(is_there, "{file}.rs has no test {name}");
        }
    }
}

#[test]
fn unsafe_code_is_forbidden_at_the_root_of_every_module() {
    assert_none(&text::check_unsafe(&house()));
}

#[test]
fn the_table_of_causes_is_the_one_in_the_code() {
    let written = reference::causes(include_str!("../config/METRICS.md"));
    let of_code = spillway::base::Cause::ALL.into_iter().map(|cause| {
        let row = cause.row();
        let cells = [row.sip_code.to_string(), row.q850.to_string(), row.english.into(), row.french.into()];
        (row.label.to_owned(), cells)
    });
    assert_eq!(written, of_code.collect::<Vec<_>>());
}

#[test]
fn every_limit_has_a_name_and_is_explained_and_no_other_is() {
    let limits = reference::limits(include_str!("../src/base/limits.rs"));
    assert!(limits.len() > 40, "{} limits", limits.len());
    let explained = reference::explained_limits(include_str!("../config/METRICS.md"));
    let unexplained: Vec<_> = limits.difference(&explained).collect();
    assert!(unexplained.is_empty(), "config/METRICS.md says nothing of {unexplained:?}");
    let invented: Vec<_> = explained.difference(&limits).collect();
    assert!(invented.is_empty(), "config/METRICS.md explains {invented:?}, which limit nothing");
}

#[test]
fn what_a_limit_is_said_to_be_seen_in_exists() {
    let reference = include_str!("../config/METRICS.md");
    let names = include_str!("../src/drivers/metrics/names.rs");
    let metrics = reference::metrics(names);
    let (seen, labels) = reference::seen_limits(reference);
    assert!(seen.len() > 10 && labels.len() > 10, "{seen:?} {labels:?}");
    let unknown: Vec<_> = seen.into_iter().filter(|metric| !metrics.contains(metric)).collect();
    assert!(unknown.is_empty(), "no metric is called {unknown:?}");
    let unknown: Vec<_> =
        labels.into_iter().filter(|label| !names.contains(&format!("\"{label}\""))).collect();
    assert!(unknown.is_empty(), "no limit is labelled {unknown:?}");
}

#[test]
fn every_outcome_cause_and_metric_is_explained() {
    use spillway::base::{Cause, Outcome};
    let explained = reference::explained(include_str!("../config/METRICS.md"));
    let metrics = reference::metrics(include_str!("../src/drivers/metrics/names.rs"));
    assert!(metrics.len() > 30, "{} metrics", metrics.len());
    let outcomes = Outcome::ALL.into_iter().map(Outcome::label);
    let names = metrics.into_iter().chain(outcomes).chain(Cause::ALL.into_iter().map(Cause::label));
    let unexplained: Vec<&str> = names.filter(|name| !explained.contains(name)).collect();
    assert!(unexplained.is_empty(), "config/METRICS.md says nothing of {unexplained:?}");
}
