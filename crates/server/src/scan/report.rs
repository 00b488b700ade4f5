//! The output of a scan: keys on standard output, and errors and progress on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    process::ExitCode,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use serde_json::json;
use tessera_apikeys::leaks::FoundText;

use super::progress::{Progress, plural};

/// The exit code of a scan that found no key and is not complete, and of an invalid command line. 1 says that a key was found.
pub(crate) const INCOMPLETE: u8 = 2;

/// Prints the results of a scan. All its threads share it.
pub(super) struct Report {
    json: bool,
    terminal: bool,
    state: Mutex<State>,
    /// Whether standard output accepts no more.
    failed: AtomicBool,
}

#[derive(Default)]
struct State {
    keys: u64,
    /// Whether a path could not be read.
    incomplete: bool,
    /// Whether the last line of the terminal shows the progress.
    progress_shown: bool,
}

/// Returns to the start of the line and erases it.
const ERASE: &str = "\r\x1b[K";

impl Report {
    pub(super) fn new(json: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        Self { json, terminal, state: Mutex::default(), failed: AtomicBool::new(false) }
    }

    /// Whether standard error is a terminal.
    pub(super) const fn shows_progress(&self) -> bool {
        self.terminal
    }

    /// Whether the results cannot be printed, so that the scan has no purpose any more.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// Prints where the key is. Of the key itself, it prints only the characters that the service shows as well.
    pub(super) fn key(&self, path: &Path, found: &FoundText) {
        let (prefix, file) = (found.key.shown(), name(path));
        let line = if self.json {
            format!("{}\n", json!({"prefix": prefix, "file": file, "line": found.line, "column": found.column}))
        } else {
            format!("{}:{}:{}: {prefix}\n", printable(&file), found.line, found.column)
        };
        let mut state = self.lock();
        state.keys += 1;
        state.erase_progress();
        if self.has_failed() {
            return;
        }
        if let Err(error) = io::stdout().lock().write_all(line.as_bytes()) {
            self.failed.store(true, Relaxed);
            state.error(&format!("can't write to standard output: {error}"));
        }
    }

    /// Names a path that cannot be read.
    pub(super) fn unreadable(&self, path: &Path, error: &io::Error) {
        self.lock().error(&format!("{} can't be read: {error}", printable(&name(path))));
    }

    /// Replaces the shown progress.
    pub(super) fn show(&self, progress: &str) {
        let mut state = self.lock();
        state.erase_progress();
        state.progress_shown = write!(io::stderr(), "{progress}").is_ok();
    }

    /// Ends the output. A terminal gets a summary.
    pub(super) fn end(&self, progress: &Progress) -> ExitCode {
        let mut state = self.lock();
        state.erase_progress();
        if self.terminal {
            let line = format!("{} found in {}", plural(state.keys, "key"), progress.amount());
            drop(writeln!(io::stderr(), "{line}"));
        }
        match (state.keys, state.incomplete) {
            (0, false) => ExitCode::SUCCESS,
            (0, true) => ExitCode::from(INCOMPLETE),
            _ => ExitCode::FAILURE,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn error(&mut self, text: &str) {
        self.incomplete = true;
        self.erase_progress();
        drop(writeln!(io::stderr(), "tessera: {text}"));
    }

    fn erase_progress(&mut self) {
        if std::mem::take(&mut self.progress_shown) {
            drop(write!(io::stderr(), "{ERASE}"));
        }
    }
}

/// The path as text. Bytes that are not UTF-8 are shown as `\xNN`, so that different paths have different texts.
fn name(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.extend(["\\x".to_owned(), format!("{byte:02X}")]);
        }
    }
    text
}

/// The text without control characters: the name of a file must not add lines or change the terminal.
fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() { safe.extend(character.escape_default()) } else { safe.push(character) }
    }
    safe
}
