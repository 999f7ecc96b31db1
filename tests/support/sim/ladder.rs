//! The ladder: one line per thing somebody did or was made to do, in virtual time. What stories are compared with and
//! failing seeds are read from.

use spillway::base::Moment;
use std::fmt::{self, Write as _};

/// The lines so far.
#[derive(Default)]
pub struct Ladder(String);

impl Ladder {
    /// Adds a line: `35.000 caller connect nadia`.
    pub fn line(&mut self, at: Moment, who: &str, did: &str) {
        writeln!(self.0, "{at} {who} {did}").expect("a string takes every line");
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// A story that fails tells what led there.
impl Drop for Ladder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("\nwhat happened:\n{}", self.0);
        }
    }
}

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Compares a ladder with the one a story expects, line by line, blind to indentation.
#[track_caller]
pub fn compare(told: &str, expected: &str) {
    let lines = |text: &str| {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (told, expected): (Vec<String>, Vec<String>) = (lines(told), lines(expected));
    let same = told.iter().zip(&expected).take_while(|(told, expected)| told == expected).count();
    assert!(
        told == expected,
        "the ladder differs from line {}: it tells\n\n{}\n\nand should tell\n\n{}\n",
        same + 1,
        told.join("\n"),
        expected.join("\n"),
    );
}
