//! How far the examination is, on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{task::JoinHandle, time::interval};

/// The number of characters of the bar.
const WIDTH: usize = 20;

/// Clears the line of the bar.
const CLEAR: &str = "\r\u{1b}[K";

struct State {
    total: usize,
    done: AtomicUsize,
    current: Mutex<&'static str>,
}

/// Shows a bar on a terminal, and a line every ten seconds otherwise.
pub(super) struct Progress {
    state: Arc<State>,
    shown: JoinHandle<()>,
}

impl Progress {
    /// Starts with no check done. The current runtime shows it.
    pub(super) fn start(total: usize) -> Self {
        let state = Arc::new(State { total, done: AtomicUsize::new(0), current: Mutex::new("") });
        Self { shown: tokio::spawn(show(Arc::clone(&state))), state }
    }

    /// Names the check that is waited for.
    pub(super) fn waits_for(&self, check: &'static str) {
        *self.state.current.lock().unwrap_or_else(PoisonError::into_inner) = check;
    }

    pub(super) fn done(&self) {
        self.state.done.fetch_add(1, Relaxed);
    }

    /// Ends the display, and removes the bar.
    pub(super) fn end(self) {
        self.shown.abort();
        if io::stderr().is_terminal() {
            drop(write!(io::stderr(), "{CLEAR}"));
        }
    }
}

async fn show(state: Arc<State>) {
    let (terminal, started) = (io::stderr().is_terminal(), Instant::now());
    let mut ticks = interval(Duration::from_secs(if terminal { 1 } else { 10 }));
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let current = *state.current.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, total, seconds) = (state.done.load(Relaxed), state.total, started.elapsed().as_secs());
        let text = format!("{done} of {total} checks done after {seconds} s, at {current}");
        let filled = (done * WIDTH).checked_div(total).unwrap_or_default().min(WIDTH);
        // Nothing can be done about a closed standard error.
        drop(if terminal {
            let bar = format!("[{}{}]", "=".repeat(filled), " ".repeat(WIDTH - filled));
            write!(io::stderr(), "{CLEAR}{bar} {text}")
        } else {
            writeln!(io::stderr(), "tessera: {text}")
        });
    }
}
