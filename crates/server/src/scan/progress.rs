//! How far a scan is.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

/// The counters of a scan, which all its threads share.
#[derive(Debug, Default)]
pub(super) struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
    /// All files and bytes, as soon as they are counted.
    total: OnceLock<(u64, u64)>,
    finished: AtomicBool,
}

/// The number of characters between the ends of the bar.
const WIDTH: u64 = 20;

impl Progress {
    pub(super) fn count_file(&self) {
        self.files.fetch_add(1, Relaxed);
    }

    pub(super) fn count_bytes(&self, number: usize) {
        self.bytes.fetch_add(u64::try_from(number).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn set_total(&self, files: u64, bytes: u64) {
        self.total.get_or_init(|| (files, bytes));
    }

    pub(super) fn finish(&self) {
        self.finished.store(true, Relaxed);
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished.load(Relaxed)
    }

    /// What was searched so far, with a bar if the total is known. It fits into a narrow terminal.
    pub(super) fn line(&self) -> String {
        let (files, bytes) = (self.files.load(Relaxed), self.bytes.load(Relaxed));
        let Some((all_files, all_bytes)) = self.total.get() else { return self.amount() };
        // Files may grow during the scan.
        let percent = bytes.min(*all_bytes).saturating_mul(100).checked_div(*all_bytes).unwrap_or(100);
        let filled = usize::try_from(percent * WIDTH / 100).unwrap_or_default();
        let empty = usize::try_from(WIDTH).unwrap_or_default().saturating_sub(filled);
        let bar = format!("[{}{}] {percent:3} %", "=".repeat(filled), " ".repeat(empty));
        format!("{bar}  {files} of {all_files} files, {}", size(bytes))
    }

    /// The number and the size of the searched files.
    pub(super) fn amount(&self) -> String {
        format!("{}, {}", plural(self.files.load(Relaxed), "file"), size(self.bytes.load(Relaxed)))
    }
}

/// A number with its noun.
pub(super) fn plural(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A size with one decimal in the largest unit that leaves a whole part.
fn size(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let fitting = units.into_iter().find(|(_, unit)| bytes >= *unit);
    fitting.map_or_else(
        || format!("{bytes} B"),
        |(name, unit)| format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
    )
}
