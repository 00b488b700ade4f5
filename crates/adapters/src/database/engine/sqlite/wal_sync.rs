//! Group commit: commits that come together wait for one write to the disk.
//!
//! A commit appends to the write-ahead log and does not wait for the disk, so the next writer can begin at once. It is
//! acknowledged when the log has been synchronized after it. One thread at a time does so, for all that wait.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io, mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Called with the result of the synchronization.
type Acknowledge = Box<dyn FnOnce(Result<(), SyncError>) + Send>;

/// The log could not be written to the disk.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the write-ahead log can't be written to the disk, so no write is acknowledged before a restart: {0}")]
pub(super) struct SyncError(Arc<io::Error>);

/// The write-ahead log of a database file.
pub(in crate::database::engine) struct WalSync {
    synchronize: Box<dyn Fn() -> io::Result<()> + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Acknowledge>,
    /// Whether a thread is synchronizing, and will take what waits.
    is_active: bool,
    /// A later success would prove nothing: the operating system reports lost pages once, and the log is read in its order.
    failed: Option<SyncError>,
}

impl WalSync {
    pub(in crate::database::engine) fn new(database: &Path) -> Arc<Self> {
        let log = Log::of(database);
        Self::with(move || log.synchronize())
    }

    fn with(synchronize: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { synchronize: Box::new(synchronize), state: Mutex::default() })
    }

    /// Acknowledges a commit once it is durable. Blocks the thread, unless another one is at work.
    pub(super) fn acknowledge(&self, acknowledge: impl FnOnce(Result<(), SyncError>) + Send + 'static) {
        let mut state = self.lock();
        state.waiting.push(Box::new(acknowledge));
        if mem::replace(&mut state.is_active, true) {
            return;
        }
        while !state.waiting.is_empty() {
            // What is added from here on waits for the next round.
            let waiting = mem::take(&mut state.waiting);
            let failed = state.failed.clone();
            drop(state);
            let result = failed.map_or_else(|| self.attempt(), Err);
            for acknowledge in waiting {
                acknowledge(result.clone());
            }
            state = self.lock();
            state.failed = result.err();
        }
        state.is_active = false;
    }

    fn attempt(&self) -> Result<(), SyncError> {
        (self.synchronize)().map_err(|fault| {
            tracing::error!(error = %fault, "the write-ahead log can't be written to the disk: restart the service");
            SyncError(Arc::new(fault))
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file of the write-ahead log.
struct Log {
    path: PathBuf,
    /// The file whose directory entry is durable. SQLite may remove the file and create it again.
    #[cfg(unix)]
    known: Mutex<Option<u64>>,
}

impl Log {
    fn of(database: &Path) -> Self {
        let mut path = OsString::from(database);
        path.push("-wal");
        Self {
            path: path.into(),
            #[cfg(unix)]
            known: Mutex::default(),
        }
    }

    /// Writes the log to the disk. The locks of SQLite are on other files, so this process may open and close this one.
    fn synchronize(&self) -> io::Result<()> {
        let file = match OpenOptions::new().write(true).open(&self.path) {
            // SQLite has moved the log into the database, and has written that to the disk.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        file.sync_data()?;
        self.keep_entry(&file)
    }

    #[cfg(unix)]
    fn keep_entry(&self, file: &File) -> io::Result<()> {
        let number = std::os::unix::fs::MetadataExt::ino(&file.metadata()?);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if *known != Some(number) {
            let directory = self.path.parent().filter(|path| !path.as_os_str().is_empty());
            File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
            *known = Some(number);
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn keep_entry(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::*;

    #[test]
    fn commits_during_a_synchronization_share_the_next_one() {
        let (begun, has_begun) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let (rounds, may_go) = (Arc::new(AtomicUsize::new(0)), Mutex::new(may_go));
        let counted = Arc::clone(&rounds);
        let wal = WalSync::with(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            begun.send(()).unwrap_or_default();
            may_go.lock().unwrap_or_else(PoisonError::into_inner).recv().map_err(io::Error::other)
        });
        let (done, results) = mpsc::channel();
        let acknowledge = |number: usize| {
            let done = done.clone();
            move |result: Result<(), SyncError>| done.send((number, result.is_ok())).unwrap_or_default()
        };
        std::thread::scope(|scope| {
            scope.spawn(|| wal.acknowledge(acknowledge(0)));
            assert!(has_begun.recv().is_ok());
            for number in 1..5 {
                // Another thread is at work, so these return at once.
                wal.acknowledge(acknowledge(number));
            }
            assert!(results.try_recv().is_err(), "nothing is acknowledged before it is durable");
            assert!(go.send(()).is_ok() && go.send(()).is_ok());
        });
        let all: Vec<_> = results.try_iter().collect();
        assert_eq!(all, [(0, true), (1, true), (2, true), (3, true), (4, true)]);
        assert_eq!(rounds.load(Ordering::SeqCst), 2, "one round for the first, and one for all others");
    }

    #[test]
    fn nothing_is_acknowledged_after_a_failure() {
        let first = Mutex::new(Some(io::Error::other("lost")));
        let wal =
            WalSync::with(move || first.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err));
        for _ in 0..2 {
            let (done, result) = mpsc::channel();
            wal.acknowledge(move |outcome| done.send(outcome.is_err()).unwrap_or_default());
            assert_eq!(result.try_recv(), Ok(true));
        }
    }

    #[test]
    fn a_log_that_is_gone_is_durable() {
        let directory = tempfile::tempdir().unwrap_or_else(|fault| panic!("{fault}"));
        let database = directory.path().join("test.db");
        let log = Log::of(&database);
        assert!(log.synchronize().is_ok());
        std::fs::write(directory.path().join("test.db-wal"), "frames").unwrap_or_else(|fault| panic!("{fault}"));
        assert!(log.synchronize().is_ok());
    }
}
