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
        // A line longer than the terminal is wide would wrap, and the next erasing miss it.
        let (columns, rows) = crossterm::terminal::size().unwrap_or((80, 24));
        for line in table.iter().take(usize::from(rows.saturating_sub(1))) {
            let cut: String = line.chars().take(usize::from(columns)).collect();
            writeln!(self.out, "{cut}")?;
            self.drawn += 1;
        }
        self.out.flush()
    }
}
