//! The lock of the process that serves a SQLite database.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process, thread,
    time::Duration,
};

use tessera_adapters::DatabaseUrl;

/// Held until it is dropped, or until the process ends in any way. The lock is on a file of its own: a process that closes the
/// database file loses the locks of SQLite.
#[derive(Debug)]
pub(crate) struct ServingLock {
    database: PathBuf,
    _file: File,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServingLockError {
    #[error("{holder} uses the database {database}, and only one process can: stop it first")]
    Held { holder: String, database: String },
    #[error("the lock {path} can't be taken")]
    File {
        path: String,
        #[source]
        source: io::Error,
    },
}

impl ServingLockError {
    /// Whether another attempt may succeed, because the disk is full.
    pub(crate) fn may_pass(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        matches!(self, Self::File { source, .. } if full.contains(&source.kind()))
    }
}

impl ServingLock {
    /// Takes the lock, if the database is a file. PostgreSQL has any number of nodes.
    pub(crate) fn take_for(database: &DatabaseUrl) -> Result<Option<Self>, ServingLockError> {
        match database {
            DatabaseUrl::Sqlite(file) => Self::take(file).map(Some),
            DatabaseUrl::Postgres(_) => Ok(None),
        }
    }

    /// Takes the lock of a database, which need not exist.
    pub(crate) fn take(database: &Path) -> Result<Self, ServingLockError> {
        // SQLite has its other files beside the file to which a symbolic link leads.
        let database = fs::canonicalize(database).or_else(|_| std::path::absolute(database));
        let database =
            database.map_err(|source| ServingLockError::File { path: "of the database".to_owned(), source })?;
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let failed = |source| ServingLockError::File { path: path.display().to_string(), source };
        let mut file = open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                // Only for the message of another process, which also comes without it.
                drop(file.set_len(0).and_then(|()| write!(file, "{}", process::id())));
                Ok(Self { database, _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let holder =
                    holder(&mut file).map_or_else(|| "another process".to_owned(), |id| format!("process {id}"));
                Err(ServingLockError::Held { holder, database: database.display().to_string() })
            }
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// The file of the database, without symbolic links.
    pub(crate) fn database(&self) -> &Path {
        &self.database
    }
}

/// The id of the process that holds the lock. A process that has just taken the lock has yet to write it.
fn holder(file: &mut File) -> Option<u32> {
    const TRIES: u32 = 20;
    for _ in 0..TRIES {
        let mut text = String::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text));
        if let (Ok(_), Ok(id)) = (read, text.parse()) {
            return Some(id);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
