//! What the demo shows while it runs: a table redrawn in place on a terminal, a line now and then elsewhere.

use crossterm::terminal::{Clear, ClearType};
use crossterm::{cursor, queue};
use std::io::{self, IsTerminal, Stdout, Write};
use std::time::Duration;

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Standard output.
#[derive(Debug)]
pub struct Screen {
    out: Stdout,
    is_terminal: bool,
    /// Lines of the table now on the screen.
    drawn: u16,
    last_line: Option<Duration>,
}

impl Screen {
    /// Standard output, whatever it is.
    pub fn open() -> Self {
        let out = io::stdout();
        Self { is_terminal: out.is_terminal(), out, drawn: 0, last_line: None }
    }

    /// Shows how things stand `played` after the beginning: `table` on a terminal, else `line` now and then.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn show(&mut self, played: Duration, table: &[String], line: &str) -> io::Result<()> {
        if self.is_terminal {
            self.erase()?;
            return self.draw(table);
        }
        if self.last_line.is_none_or(|last| played >= last + LINE_EVERY) {
            self.last_line = Some(played);
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// Takes the table away, for what is said at the end.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn erase(&mut self) -> io::Result<()> {
        if self.drawn > 0 {
            queue!(self.out, cursor::MoveToPreviousLine(self.drawn), Clear(ClearType::FromCursorDown))?;
            self.drawn = 0;
        }
        self.out.flush()
    }

    fn draw(&mut self, table: &[String]) -> io::Result<()> {
        // A terminal that does not know its size says 0.
        let size = crossterm::terminal::size().ok().filter(|(columns, rows)| *columns > 0 && *rows > 1);
        let (columns, rows) = size.unwrap_or((80, 24));
        // A line longer than the terminal is wide would wrap, and the next erasing miss it.
        let lines = table.iter().flat_map(|line| fit(line, columns.into()));
        for line in lines.take(usize::from(rows - 1)) {
            writeln!(self.out, "{line}")?;
            self.drawn += 1;
        }
        self.out.flush()
    }
}

/// A line within so many columns: its widest gaps give way first, and what is still too long goes on below.
fn fit(line: &str, columns: usize) -> Vec<String> {
    let mut line: Vec<char> = line.chars().collect();
    while line.len() > columns {
        let Some(gap) = widest_gap(&line) else { break };
        line.remove(gap);
    }
    if line.len() <= columns {
        return vec![line.into_iter().collect()];
    }
    let mut lines: Vec<String> = Vec::new();
    for word in line.split(|character| *character == ' ').filter(|word| !word.is_empty()) {
        for piece in word.chunks(columns) {
            let piece: String = piece.iter().collect();
            match lines.last_mut() {
                Some(last) if last.chars().count() + 1 + piece.chars().count() <= columns => {
                    last.push(' ');
                    last.push_str(&piece);
                }
                Some(_) | None => lines.push(piece),
            }
        }
    }
    lines
}

/// Where the longest run of two spaces or more begins.
fn widest_gap(line: &[char]) -> Option<usize> {
    let (mut widest, mut begun) = (None, 0);
    for (at, character) in line.iter().enumerate() {
        if *character != ' ' {
            begun = at + 1;
        } else if at > begun && widest.is_none_or(|(length, _)| at - begun > length) {
            widest = Some((at - begun, begun));
        }
    }
    widest.map(|(_, begun)| begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_fits_is_left_alone() {
        assert_eq!(fit("queue   waiting", 15), ["queue   waiting"]);
        assert_eq!(fit("", 30), [""]);
    }

    #[test]
    fn in_a_narrow_terminal_gaps_give_way_so_that_figures_still_show() {
        let outcome = format!("{:<28} {:>6}", "answered by an agent", 12);
        assert_eq!(fit(&outcome, 30), ["answered by an agent        12"]);
        let queue = format!("{:<20} {:>8} {:>9} {:>6} {:>8} {:>7}", "technique", 3, "4.2 s", 0, 1, 4);
        let shown = fit(&queue, 30);
        assert_eq!(shown.len(), 1);
        assert_eq!(
            shown[0].split_whitespace().collect::<Vec<_>>(),
            ["technique", "3", "4.2", "s", "0", "1", "4"]
        );
    }

    #[test]
    fn what_is_still_too_long_goes_on_below() {
        assert_eq!(
            fit("Nadia (201@ipoffice)   talking   61.0 s", 20),
            ["Nadia (201@ipoffice)", "talking 61.0 s"]
        );
        assert_eq!(fit("abcdefgh", 3), ["abc", "def", "gh"]);
    }
}
