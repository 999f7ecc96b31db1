//! config/METRICS.md explains every outcome, cause and metric there is: one that nobody explained is a number nobody can
//! read.

use std::collections::BTreeSet;

/// The words `reference` sets as code at the beginning of a table's row, however many there are.
pub fn explained(reference: &str) -> BTreeSet<&str> {
    let first_cells = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    first_cells.flat_map(|cell| cell.split(['`', ',', ' '])).filter(|word| !word.is_empty()).collect()
}

/// The names in the source of the closed list of metrics: `Counter CALLS "calls_total", "…";`.
pub fn metrics(names: &str) -> BTreeSet<&str> {
    let rows = names.lines().filter_map(|line| {
        let row = line.trim_start();
        let is_row = ["Counter ", "Gauge ", "Histogram "].iter().any(|kind| row.starts_with(kind));
        row.split('"').nth(1).filter(|_| is_row)
    });
    rows.collect()
}

/// The rows of the section called `title`, each cut into its cells.
fn rows<'a>(reference: &'a str, title: &str) -> Vec<Vec<&'a str>> {
    let section = reference.split("\n## ").find(|section| section.starts_with(title)).unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| limit |"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// Each cause with its SIP code, its cause of Q.850 and its words in English and French, as `reference` has them.
pub fn causes(reference: &str) -> Vec<(String, [String; 4])> {
    let rows = rows(reference, "Causes").into_iter().filter(|row| row[0].starts_with('`'));
    rows.map(|row| (row[0].trim_matches('`').to_owned(), [1, 2, 3, 4].map(|cell| row[cell].to_owned())))
        .collect()
}

/// The names in the source of the limits: `pub const CALLS: usize = …`.
pub fn limits(source: &str) -> BTreeSet<&str> {
    source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next()).collect()
}

/// The limits of the code that `reference` explains, in their own cell or in what happens at them.
pub fn explained_limits(reference: &str) -> BTreeSet<&str> {
    let is_name =
        |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let rows = rows(reference, "Limits").into_iter();
    let known = rows.flat_map(|row| [row[0], row[1]].map(|cell| cell.split('`').skip(1).step_by(2)));
    // Methods and header fields are no limits, and are not set as code.
    known.flatten().filter(is_name).collect()
}

/// Where the limits are seen: metrics, and the labels of the two that count limits.
pub fn seen_limits(reference: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let mut seen = (BTreeSet::new(), BTreeSet::new());
    for row in rows(reference, "Limits") {
        let mut parts = row[2].split('`');
        while let (Some(before), Some(code)) = (parts.next(), parts.next()) {
            let name = code.split('{').next().unwrap_or_default();
            if before.ends_with("limited ") || before.ends_with("reached ") {
                seen.1.insert(code);
            } else if name.contains('_') {
                seen.0.insert(name);
            }
        }
    }
    seen
}

/// Each class of attack and the tests that show what becomes of it, as file without `.rs` and name.
pub fn attacks(source: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let mut classes: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        if let Some(class) = line.strip_prefix(" - ") {
            classes.push((class, Vec::new()));
        } else if let (Some(test), Some((_, tests))) = (line.strip_prefix("   - "), classes.last_mut()) {
            tests.extend(test.split_once("::"));
        }
    }
    classes
}
