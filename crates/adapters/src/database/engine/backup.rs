//! Backups of a SQLite database: a copy while the service reads and writes, and its check before a restore.

mod backup_error;
mod files;
mod manifest;
mod partial;
mod restore;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types};
use time::OffsetDateTime;

use super::sqlite::file::{self, Access};
use crate::crypto::MasterKey;
use files::{finish, name, sync_directory};
use partial::Partial;

pub use backup_error::BackupError;
pub(in crate::database) use files::open_for_reading;
pub use manifest::BackupManifest;
pub use partial::remove_abandoned;
pub use restore::RestoredCopy;

/// A backup that is about to be written. All methods block the thread.
#[derive(Debug)]
pub struct Backup {
    database: PathBuf,
    target: PathBuf,
    partial: Partial,
    bytes: u64,
}

/// A backup that was written.
#[derive(Debug, Clone)]
pub struct WrittenBackup {
    /// The contents of its table `backup_manifest`.
    pub manifest: BackupManifest,
    /// The size of the file.
    pub bytes: u64,
}

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = sql_types::BigInt)]
    bytes: i64,
}

impl Backup {
    /// Prepares a backup of the database at that path. The target must not exist, but its directory must.
    ///
    /// # Errors
    /// Fails if there is no database, if the target exists, if it is being written, or if a file can't be used.
    pub fn prepare(database: &Path, target: &Path) -> Result<Self, BackupError> {
        if !database.exists() {
            return Err(BackupError::NoDatabase(database.display().to_string()));
        }
        if fs::symlink_metadata(target).is_ok() {
            return Err(BackupError::TargetExists(target.display().to_string()));
        }
        let partial = Partial::create(target)?;
        let size = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
        let size: Size = sql_query(size).get_result(&mut open(database)?)?;
        let bytes = u64::try_from(size.bytes).unwrap_or_default();
        Ok(Self { database: database.to_owned(), target: target.to_owned(), partial, bytes })
    }

    /// The size of the database.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns how many bytes are written, at any time. Unused pages of the database are not copied.
    pub fn progress(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let file = self.partial.file();
        move || fs::metadata(&file).map_or(0, |known| known.len())
    }

    /// Writes the backup. It has every change that was committed before. Until it is complete and on the disk, no file has
    /// the name of the target.
    ///
    /// # Errors
    /// Fails if the key does not open the secrets of the database, if the database or the copy is damaged, or if a file
    /// can't be written.
    pub fn write(self, key: &MasterKey, made_at: OffsetDateTime) -> Result<WrittenBackup, BackupError> {
        let copy = self.partial.file();
        let text = copy.to_str().ok_or_else(|| BackupError::file(&copy, io::Error::other("the path is not UTF-8")))?;
        sql_query("VACUUM INTO ?").bind::<sql_types::Text, _>(text).execute(&mut open(&self.database)?)?;
        let mut connection = file::create(&copy).map_err(BackupError::database)?;
        manifest::check_integrity(&mut connection)?;
        manifest::check_key(&mut connection, key)?;
        let manifest = BackupManifest::describe(&mut connection, key, made_at)?;
        manifest.store(&mut connection)?;
        drop(connection);
        let failed = |error| BackupError::file(&self.target, error);
        let bytes = finish(&copy).map_err(failed)?;
        name(&copy, &self.target)?;
        sync_directory(&self.target).map_err(failed)?;
        Ok(WrittenBackup { manifest, bytes })
    }
}

/// Opens the database for a copy, which needs a connection that may write.
fn open(database: &Path) -> Result<SqliteConnection, BackupError> {
    file::open(database, Access::Write).map_err(BackupError::database)
}
