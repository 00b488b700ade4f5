//! The progress of a command, on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The period of the bar, and of the lines where there is no terminal.
const BAR: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(10);

/// What there is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Total {
    Unknown,
    Bytes(u64),
    Values(u64),
    Rows(u64),
    Checks(u64),
}

impl Total {
    const fn amount(self) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::Bytes(amount) | Self::Values(amount) | Self::Rows(amount) | Self::Checks(amount) => amount,
        }
    }

    const fn template(self) -> &'static str {
        match self {
            Self::Unknown => "{msg} {elapsed}",
            Self::Bytes(_) => "{msg} [{bar:20}] {percent:3} %  {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            Self::Values(_) => "{msg} [{bar:20}] {percent:3} %  {pos} of {len} values, {per_sec}, {eta} left",
            Self::Rows(_) => "{msg} [{bar:20}] {percent:3} %  {pos} of {len} rows, {per_sec}, {eta} left",
            Self::Checks(_) => "{msg} [{bar:20}] {pos} of {len} checks, {elapsed}",
        }
    }

    fn line(self, done: u64) -> String {
        match self {
            Self::Unknown => "in progress".to_owned(),
            Self::Bytes(total) => format!("{} of {}", HumanBytes(done.min(total)), HumanBytes(total)),
            Self::Values(total) => format!("{} of {total} values", done.min(total)),
            Self::Rows(total) => format!("{} of {total} rows", done.min(total)),
            Self::Checks(total) => format!("{} of {total} checks", done.min(total)),
        }
    }
}

/// Reads a counter, for [`Progress::start`].
pub(crate) fn counted(counter: &Arc<AtomicU64>) -> impl Fn() -> u64 + Send + 'static {
    let counter = Arc::clone(counter);
    move || counter.load(Ordering::Relaxed)
}

/// Shows the progress until it is dropped: a bar on a terminal, which it removes, and otherwise a line every 10 s.
pub(crate) struct Progress {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts to show how much of the total is done.
    pub(crate) fn start(what: &'static str, total: Total, done: impl Fn() -> u64 + Send + 'static) -> Self {
        let (stop, stopping) = channel();
        let thread = thread::spawn(move || {
            if io::stderr().is_terminal() {
                show_bar(what, total, &done, &stopping);
            } else {
                show_lines(what, total, &done, &stopping);
            }
        });
        Self { stop: Some(stop), thread: Some(thread) }
    }
}

fn goes_on(stopping: &Receiver<()>, period: Duration) -> bool {
    stopping.recv_timeout(period) == Err(RecvTimeoutError::Timeout)
}

fn show_bar(what: &'static str, total: Total, done: &dyn Fn() -> u64, stopping: &Receiver<()>) {
    let bar = ProgressBar::with_draw_target(Some(total.amount()), ProgressDrawTarget::stderr()).with_message(what);
    if let Ok(style) = ProgressStyle::with_template(total.template()) {
        bar.set_style(style.progress_chars("== "));
    }
    while goes_on(stopping, BAR) {
        bar.set_position(done().min(total.amount()));
        bar.tick();
    }
    bar.finish_and_clear();
}

fn show_lines(what: &'static str, total: Total, done: &dyn Fn() -> u64, stopping: &Receiver<()>) {
    while goes_on(stopping, LINE) {
        drop(writeln!(io::stderr(), "tessera: {what}: {}", total.line(done())));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
