//! The progress of a command, on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread::{self, JoinHandle},
    time::Duration,
};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The period of the bar, and of the lines where there is no terminal.
const BAR: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(10);

/// Shows the progress until it is dropped: a bar on a terminal, which it removes, and otherwise a line every 10 s.
pub(crate) struct Progress {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts to show `done` of `total` bytes. A total of 0 means that it is not known.
    pub(crate) fn start(what: &'static str, total: u64, done: impl Fn() -> u64 + Send + 'static) -> Self {
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

fn show_bar(what: &'static str, total: u64, done: &dyn Fn() -> u64, stopping: &Receiver<()>) {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_message(what);
    let template = if total == 0 {
        "{msg} {elapsed}"
    } else {
        "{msg} [{bar:20}] {percent:3} %  {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("== "));
    }
    while goes_on(stopping, BAR) {
        bar.set_position(done().min(total));
        bar.tick();
    }
    bar.finish_and_clear();
}

fn show_lines(what: &'static str, total: u64, done: &dyn Fn() -> u64, stopping: &Receiver<()>) {
    while goes_on(stopping, LINE) {
        let amount = match total {
            0 => "in progress".to_owned(),
            _ => format!("{} of {}", HumanBytes(done().min(total)), HumanBytes(total)),
        };
        drop(writeln!(io::stderr(), "tessera: {what}: {amount}"));
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
