//! The progress of a command, on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// The number of characters between the ends of the bar.
const WIDTH: u64 = 20;

/// Prints how many of a number of things are done: a bar on a terminal, otherwise a line every 10 s.
pub(crate) struct Progress {
    total: u64,
    noun: &'static str,
    started: Instant,
    printed: Instant,
    terminal: bool,
    drawn: bool,
}

impl Progress {
    pub(crate) fn new(total: u64, noun: &'static str) -> Self {
        let now = Instant::now();
        Self { total, noun, started: now, printed: now, terminal: io::stderr().is_terminal(), drawn: false }
    }

    /// Prints the progress if it is time to.
    pub(crate) fn at(&mut self, done: u64) {
        let pause = if self.terminal { Duration::from_secs(1) } else { Duration::from_secs(10) };
        if self.printed.elapsed() < pause {
            return;
        }
        self.printed = Instant::now();
        let (start, end) = if self.terminal { ("\r", "\x1b[K") } else { ("", "\n") };
        let line = line(done, self.total, self.noun, self.started.elapsed());
        // Progress that nobody can see is no error.
        drop(write!(io::stderr().lock(), "{start}{line}{end}"));
        self.drawn = self.terminal;
    }
}

/// Ends the line of the bar.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn {
            drop(writeln!(io::stderr().lock()));
        }
    }
}

fn line(done: u64, total: u64, noun: &str, elapsed: Duration) -> String {
    let done = done.min(total);
    let filled = done.saturating_mul(WIDTH).checked_div(total).unwrap_or(WIDTH);
    let empty = WIDTH.saturating_sub(filled);
    let [filled, empty] = [filled, empty].map(|number| usize::try_from(number).unwrap_or_default());
    let per_second = done / elapsed.as_secs().max(1);
    let left = (total - done).checked_div(per_second).map_or("unknown".to_owned(), |seconds| format!("{seconds} s"));
    let bar = format!("[{}{}]", "=".repeat(filled), " ".repeat(empty));
    format!("{bar} {done} of {total} {noun}, {per_second} each second, remaining time {left}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_rate_and_the_remaining_time() {
        assert_eq!(
            line(50, 200, "values", Duration::from_secs(5)),
            "[=====               ] 50 of 200 values, 10 each second, remaining time 15 s"
        );
        assert_eq!(
            line(0, 0, "values", Duration::ZERO),
            "[====================] 0 of 0 values, 0 each second, remaining time unknown"
        );
    }
}
