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
