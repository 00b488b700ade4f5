//! Steps with the files of backups and of databases.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use diesel::{SqliteConnection, connection::SimpleConnection};

use super::BackupError;
use crate::database::engine::sqlite::file;

/// Opens a database that is not in use, without the intention to change it.
pub(in crate::database) fn open_for_reading(file: &Path) -> Result<SqliteConnection, BackupError> {
    let mut connection = file::create(file).map_err(BackupError::database)?;
    connection.batch_execute("PRAGMA query_only = ON; PRAGMA busy_timeout = 5000")?;
    Ok(connection)
}

/// Sets the permissions of a complete file, writes it to the disk, and returns its size.
pub(super) fn finish(file: &Path) -> io::Result<u64> {
    fs::set_permissions(file, Permissions::from_mode(0o600))?;
    let file = File::open(file)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// Gives the complete file its name. A rename would replace a file that has appeared meanwhile.
pub(super) fn name(copy: &Path, target: &Path) -> Result<(), BackupError> {
    match fs::hard_link(copy, target) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::TargetExists(target.display().to_string()))
        }
        // The file system has no hard links.
        Err(_) => fs::rename(copy, target).map_err(|error| BackupError::file(target, error)),
    }
}

/// Makes the names in the directory of the file durable.
pub(super) fn sync_directory(file: &Path) -> io::Result<()> {
    File::open(directory_of(file))?.sync_all()
}

pub(super) fn directory_of(file: &Path) -> &Path {
    file.parent().filter(|directory| *directory != Path::new("")).unwrap_or(Path::new("."))
}

/// Adds text to the end of a path.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Moves everything in the write-ahead log to the database file, and removes the log.
pub(super) fn close_log(connection: &mut SqliteConnection) -> diesel::QueryResult<()> {
    connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE")
}
