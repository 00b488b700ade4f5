//! `tessera keys scan`: the search for API keys in files and standard input.

mod progress;
mod report;
mod walk;

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel, sync_channel},
    },
    thread,
    time::Duration,
};

use progress::Progress;
pub(crate) use report::INCOMPLETE;
use report::Report;
use tessera_apikeys::leaks::KeyFinder;
use walk::Source;

/// The command line of a scan.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Files and directories. `-` is standard input.
    pub(crate) paths: Vec<PathBuf>,
    /// Print JSON lines.
    pub(crate) json: bool,
}

/// The size of a read. It is large enough that the system calls cost little, and fits into the cache of a processor core.
const BLOCK: usize = 256 * 1024;

/// How many files wait for a reader. The walk through the directories is ahead by no more.
const QUEUE: usize = 1024;

/// The time between two states of the progress bar.
const REFRESH: Duration = Duration::from_millis(100);

/// Searches all paths. Prints each key that it finds and each path that it cannot read.
pub(crate) fn run(scan: &Scan) -> ExitCode {
    let report = Report::new(scan.json);
    let progress = Progress::default();
    let readers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (queue, sources) = sync_channel(QUEUE);
    let sources = Mutex::new(sources);
    thread::scope(|scope| {
        let (done, ended) = channel::<()>();
        if report.shows_progress() {
            scope.spawn(|| walk::count(&scan.paths, &progress));
            let (progress, report) = (&progress, &report);
            scope.spawn(move || show(&ended, progress, report));
        }
        let readers: Vec<_> = (0..readers).map(|_| scope.spawn(|| read_all(&sources, &report, &progress))).collect();
        walk::each_source(
            &scan.paths,
            |path, error| report.unreadable(path, error),
            |source| !report.has_failed() && queue.send(source).is_ok(),
        );
        // The readers end when the queue is closed and empty.
        drop(queue);
        for reader in readers {
            drop(reader.join());
        }
        progress.finish();
        drop(done);
    });
    report.end(&progress)
}

/// Reads sources from the queue until it is closed. After an error of the output, it only empties the queue.
fn read_all(sources: &Mutex<Receiver<Source>>, report: &Report, progress: &Progress) {
    let mut block = vec![0; BLOCK];
    loop {
        let next = sources.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(source) = next else { return };
        if report.has_failed() {
            continue;
        }
        let read = match &source {
            Source::StandardInput => search(&mut io::stdin().lock(), &source, &mut block, report, progress),
            Source::File(path) => {
                File::open(path).and_then(|mut file| search(&mut file, &source, &mut block, report, progress))
            }
        };
        if let Err(error) = read {
            report.unreadable(source.path(), &error);
        }
        progress.count_file();
    }
}

/// Searches one source block by block.
fn search(
    input: &mut dyn Read,
    source: &Source,
    block: &mut [u8],
    report: &Report,
    progress: &Progress,
) -> io::Result<()> {
    let mut finder = KeyFinder::default();
    while !report.has_failed() {
        match input.read(block) {
            Ok(0) => break,
            Ok(length) => {
                finder.feed(&block[..length], |found| report.key(source.path(), &found));
                progress.count_bytes(length);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Shows the progress until the other end of the channel is dropped.
fn show(ended: &Receiver<()>, progress: &Progress, report: &Report) {
    while ended.recv_timeout(REFRESH) == Err(RecvTimeoutError::Timeout) {
        report.show(&progress.line());
    }
}
