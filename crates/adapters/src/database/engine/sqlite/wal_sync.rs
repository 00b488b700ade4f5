//! Group commit: commits that come together wait for one write to the disk.
//!
//! A commit appends to the write-ahead log and does not wait for the disk, so the next writer can begin at once. It is
//! acknowledged when the log has been synchronized after it. One thread at a time does so, for all that wait.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io, mem,
    os::unix::fs::MetadataExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Called with the result of the synchronization.
type Acknowledge = Box<dyn FnOnce(Result<(), SyncError>) + Send>;

/// The log could not be written to the disk.
#[derive(Debug, Clone, thiserror::Error)]
pub(in crate::database::engine) enum SyncError {
    /// Nothing is lost: the next synchronization covers these commits too.
    #[error("the write-ahead log can't be opened: {0}")]
    Open(Arc<io::Error>),
    /// A later success would prove nothing: the operating system reports lost pages once, and the log is read in its order.
    #[error("the write-ahead log can't be written to the disk, so no write is accepted before a restart: {0}")]
    Write(Arc<io::Error>),
}

/// The write-ahead log of a database file.
pub(in crate::database::engine) struct WalSync {
    synchronize: Box<dyn Fn() -> Result<(), SyncError> + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Acknowledge>,
    /// Whether a thread synchronizes. It also takes the commits that are added meanwhile.
    is_active: bool,
    failed: Option<SyncError>,
}

impl WalSync {
    /// `database` is the path that SQLite uses, with all symbolic links resolved.
    pub(in crate::database::engine) fn new(database: &Path) -> Arc<Self> {
        let log = Log::of(database);
        Self::with(move || log.synchronize())
    }

    fn with(synchronize: impl Fn() -> Result<(), SyncError> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { synchronize: Box::new(synchronize), state: Mutex::default() })
    }

    /// Fails after a failed write, because no commit could be acknowledged.
    pub(in crate::database::engine) fn check(&self) -> Result<(), SyncError> {
        self.lock().failed.clone().map_or(Ok(()), Err)
    }

    /// Acknowledges a commit once it is durable. Blocks the thread, unless another one synchronizes already.
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
            state.failed = result.err().filter(|error| matches!(error, SyncError::Write(_)));
        }
        state.is_active = false;
    }

    /// A panic counts as a failed write: commits that wait forever would be worse.
    fn attempt(&self) -> Result<(), SyncError> {
        let panicked = |_| Err(SyncError::Write(Arc::new(io::Error::other("the synchronization panicked"))));
        let result = catch_unwind(AssertUnwindSafe(|| (self.synchronize)())).unwrap_or_else(panicked);
        if let Err(error) = &result {
            tracing::error!(%error, "writes were not acknowledged");
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file of the write-ahead log.
struct Log {
    path: PathBuf,
    open: Mutex<Option<OpenLog>>,
}

/// It stays open, because a file reports an error of an earlier write only if it was open at that time.
struct OpenLog {
    file: File,
    identity: (u64, u64),
}

impl Log {
    fn of(database: &Path) -> Self {
        let mut path = OsString::from(database);
        path.push("-wal");
        Self { path: path.into(), open: Mutex::default() }
    }

    /// Writes the log to the disk. The locks of SQLite are on other files, so this process may open and close this one.
    fn synchronize(&self) -> Result<(), SyncError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current(open.take()).map_err(|error| SyncError::Open(Arc::new(error)))?;
        let result = open.insert(current).file.sync_data();
        result.map_err(|error| SyncError::Write(Arc::new(error)))
    }

    /// The file that the path names. SQLite removes and creates it anew when all connections were closed.
    fn current(&self, known: Option<OpenLog>) -> io::Result<OpenLog> {
        let named = identity(&fs::metadata(&self.path)?);
        if let Some(known) = known.filter(|known| known.identity == named) {
            return Ok(known);
        }
        let file = OpenOptions::new().write(true).open(&self.path)?;
        let identity = identity(&file.metadata()?);
        let directory = self.path.parent().filter(|path| !path.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(OpenLog { file, identity })
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
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
            may_go.lock().unwrap_or_else(PoisonError::into_inner).recv().map_err(|_| opened())
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

    /// The results of commits one after the other, if the synchronization fails the first time.
    fn outcomes_after(first: SyncError) -> (Vec<bool>, bool) {
        let first = Mutex::new(Some(first));
        let wal =
            WalSync::with(move || first.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err));
        let (done, results) = mpsc::channel();
        for _ in 0..2 {
            let done = done.clone();
            wal.acknowledge(move |outcome| done.send(outcome.is_ok()).unwrap_or_default());
        }
        (results.try_iter().collect(), wal.check().is_ok())
    }

    fn opened() -> SyncError {
        SyncError::Open(Arc::new(io::Error::other("too many open files")))
    }

    #[test]
    fn nothing_is_acknowledged_after_a_failed_write() {
        let lost = SyncError::Write(Arc::new(io::Error::other("lost")));
        assert_eq!(outcomes_after(lost), (vec![false, false], false));
    }

    #[test]
    fn a_log_that_could_not_be_opened_is_tried_again() {
        assert_eq!(outcomes_after(opened()), (vec![false, true], true));
    }

    #[test]
    fn a_panic_is_a_failed_write() {
        let wal = WalSync::with(|| panic!("a fault"));
        let (done, results) = mpsc::channel();
        for _ in 0..2 {
            let done = done.clone();
            wal.acknowledge(move |outcome| done.send(outcome.is_ok()).unwrap_or_default());
        }
        assert_eq!(results.try_iter().collect::<Vec<_>>(), [false, false]);
        assert!(wal.check().is_err());
    }

    #[test]
    fn a_log_is_synchronized_if_it_exists_and_again_if_it_was_replaced() {
        let directory = tempfile::tempdir().unwrap_or_else(|fault| panic!("{fault}"));
        let path = directory.path().join("test.db-wal");
        let log = Log::of(&directory.path().join("test.db"));
        assert!(matches!(log.synchronize(), Err(SyncError::Open(_))), "there is no log");
        let identities: Vec<_> = ["test.db-wal", "other"]
            .map(|name| {
                let written = directory.path().join(name);
                fs::write(&written, "frames")
                    .and_then(|()| fs::rename(written, &path))
                    .unwrap_or_else(|e| panic!("{e}"));
                assert!(log.synchronize().is_ok() && log.synchronize().is_ok());
                let open = log.open.lock().unwrap_or_else(PoisonError::into_inner);
                open.as_ref().map(|open| open.identity)
            })
            .into();
        assert!(identities[0].is_some() && identities[0] != identities[1], "{identities:?}");
    }
}
