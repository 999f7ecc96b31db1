//! The measure of a file: 500 lines, functions of 70, state steps (`on`) of 50. Exceptions are named, with their reason,
//! and an exception no longer needed is a breach too.

use super::Breach;
use super::source::Source;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const ON_LINES: usize = 50;

/// Files or functions (`path fn name`) that may be longer: tables and generated data, each with its reason.
const LONGER: &[(&str, &str)] = &[
    ("src/base/cause.rs fn row", "a table: one row a cause"),
    (
        "src/drivers/metrics/tests/labels.rs fn every_label_is_from_configuration_or_a_closed_list_whatever_comes",
        "a table: one row a label",
    ),
];

/// Breaches in all files together.
pub fn check(files: &[Source]) -> Vec<Breach> {
    check_against(files, LONGER)
}

fn check_against(files: &[Source], longer: &[(&str, &str)]) -> Vec<Breach> {
    let mut used = Vec::new();
    let mut breaches = Vec::new();
    for file in files {
        for (what, line, found, limit) in measures(file) {
            if found <= limit {
                continue;
            }
            match longer.iter().find(|(name, _)| *name == what) {
                Some((name, _)) => used.push(*name),
                None => {
                    let what = format!(
                        "{found} lines, {limit} are the limit: split it, or name it in LONGER with a reason"
                    );
                    breaches.push(Breach { path: file.path.clone(), line, what });
                }
            }
        }
    }
    let unneeded = longer.iter().filter(|(name, _)| !used.contains(name));
    breaches.extend(unneeded.map(|(name, _)| Breach {
        path: (*name).to_owned(),
        line: 0,
        what: "needs no exception any more".to_owned(),
    }));
    breaches
}

/// Everything with a measure: its name, line, lines, limit.
fn measures(file: &Source) -> Vec<(String, usize, usize, usize)> {
    let mut found = vec![(file.path.clone(), 1, file.text.lines().count(), FILE_LINES)];
    for index in 0..file.tokens.len() {
        let Some(name) = file.is_word(index, "fn").then(|| file.word(index + 1)).flatten() else { continue };
        let Some(open) = body(file, index + 2) else { continue };
        let lines = file.line(file.after_group(open) - 1) + 1 - file.line(index);
        let limit = if name == "on" { ON_LINES } else { FUNCTION_LINES };
        found.push((format!("{} fn {name}", file.path), file.line(index), lines, limit));
    }
    found
}

/// Where the body of the function whose signature starts at `index` opens; a declaration has none.
fn body(file: &Source, mut index: usize) -> Option<usize> {
    while index < file.tokens.len() && !file.is_sign(index, ';') {
        if file.is_sign(index, '{') {
            return Some(index);
        }
        index = if file.is_sign(index, '(') || file.is_sign(index, '[') {
            file.after_group(index)
        } else {
            index + 1
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, lines: usize) -> String {
        format!(
            "fn {name}(x: [u8; 3]) -> [u8; 2]\nwhere X: Y,\n{{\n{}}}\n",
            "    step();\n".repeat(lines - 4)
        )
    }

    fn breaches(text: &str, longer: &[(&str, &str)]) -> Vec<String> {
        let files = [Source::new("src/a.rs", text)];
        check_against(&files, longer).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_long_function_is_a_breach_and_a_step_of_a_state_sooner() {
        assert_eq!(breaches(&function("f", 70), &[]).len(), 0);
        let found = breaches(&format!("\n{}", function("f", 71)), &[]);
        assert!(found.len() == 1 && found[0].starts_with("src/a.rs:2: 71 lines, 70"), "{found:?}");
        assert_eq!(breaches(&function("on", 50), &[]).len(), 0);
        assert!(breaches(&function("on", 51), &[])[0].starts_with("src/a.rs:1: 51 lines, 50"));
        let only_declared = format!("trait T {{ fn f(x: u8);\n{} }}", "const A: u8 = 1;\n".repeat(90));
        assert_eq!(breaches(&only_declared, &[]).len(), 0);
    }

    #[test]
    fn a_long_file_is_a_breach_unless_named_and_an_idle_exception_too() {
        assert_eq!(breaches(&"a;\n".repeat(500), &[]).len(), 0);
        let long = "a;\n".repeat(501);
        assert!(breaches(&long, &[])[0].starts_with("src/a.rs:1: 501 lines, 500"));
        assert_eq!(breaches(&long, &[("src/a.rs", "a table")]).len(), 0);
        assert_eq!(breaches("a;", &[("src/a.rs", "a table")]), ["src/a.rs:0: needs no exception any more"]);
        assert_eq!(breaches(&function("f", 99), &[("src/a.rs fn f", "a table")]).len(), 0);
    }
}
