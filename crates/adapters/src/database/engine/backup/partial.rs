//! The directory in which a backup is written before it gets its name.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use super::{BackupError, files::directory_of};

const SUFFIX: &str = ".partial";

/// A directory that only this user can read: SQLite creates the copy with the permissions of other files. A process that
/// ends leaves it behind, and the missing lock shows that it is not in use.
#[derive(Debug)]
pub(super) struct Partial {
    directory: PathBuf,
    _lock: File,
}

impl Partial {
    /// Creates the directory beside the target, and removes what an interrupted backup has left there.
    pub(super) fn create(target: &Path) -> Result<Self, BackupError> {
        let failed = |error| BackupError::file(target, error);
        let name = target.file_name().ok_or_else(|| failed(io::Error::other("it has no file name")))?;
        let directory = directory_of(target).join(format!(".{}{SUFFIX}", name.to_string_lossy()));
        match DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
            _ => {}
        }
        match lock(&directory) {
            Ok(Some(lock)) => {
                let partial = Self { directory, _lock: lock };
                partial.empty().map_err(failed)?;
                Ok(partial)
            }
            Ok(None) => Err(BackupError::InProgress(target.display().to_string())),
            Err(error) => Err(BackupError::file(&directory, error)),
        }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.directory.join("copy.db")
    }

    fn empty(&self) -> io::Result<()> {
        fs::read_dir(&self.directory)?.try_for_each(|entry| fs::remove_file(entry?.path()))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            tracing::debug!(%error, directory = %self.directory.display(), "can't remove the directory of a backup");
        }
    }
}

/// Locks the directory of a backup. Returns `None` if another process writes there.
fn lock(directory: &Path) -> io::Result<Option<File>> {
    let known = fs::symlink_metadata(directory)?;
    let is_own = known.uid() == rustix::process::geteuid().as_raw();
    // Another user could have prepared it to read the copy.
    if !known.is_dir() || !is_own || known.mode() & 0o077 != 0 {
        return Err(io::Error::other("it is not a directory that only this user can read: remove it"));
    }
    let lock = File::open(directory)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes what interrupted backups have left in a directory, for targets whose name is accepted.
///
/// # Errors
/// Fails if the directory can't be read.
pub fn remove_abandoned(directory: &Path, is_target: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let target = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(SUFFIX));
        if target.is_some_and(&is_target)
            && let Ok(Some(_lock)) = lock(&entry.path())
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
