//! The copy of a backup that replaces a database.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use diesel::connection::SimpleConnection;

use super::{
    BackupError, BackupManifest,
    files::{close_log, sync_directory, with_suffix},
    manifest::{check_integrity, check_key},
};
use crate::{
    crypto::MasterKey,
    database::engine::{
        SchemaChange, migrate,
        sqlite::file::{self, Access},
    },
};

/// The files of a database in WAL mode, by the end of their names.
const LOGS: [&str; 2] = ["-wal", "-shm"];

/// A copy of a backup beside the database that it will replace. The caller must hold the lock of the serving process. All
/// methods block the thread.
#[derive(Debug)]
pub struct RestoredCopy {
    database: PathBuf,
    copy: PathBuf,
}

impl RestoredCopy {
    /// The path of the copy for a database.
    #[must_use]
    pub fn path_for(database: &Path) -> PathBuf {
        with_suffix(database, ".restoring")
    }

    /// Copies a backup, which is never changed. Replaces what an interrupted restore has left.
    ///
    /// # Errors
    /// Fails if a file can't be read or written.
    pub fn create(backup: &Path, database: &Path) -> Result<Self, BackupError> {
        let mut from = File::open(backup).map_err(|error| BackupError::file(backup, error))?;
        let restored = Self { database: database.to_owned(), copy: Self::path_for(database) };
        restored.remove();
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&restored.copy);
        let copied = created.and_then(|mut to| io::copy(&mut from, &mut to).and_then(|_| to.sync_all()));
        copied.map_err(|error| BackupError::file(&restored.copy, error))?;
        Ok(restored)
    }

    /// The path of the copy.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.copy
    }

    /// Checks the copy, removes its manifest, and brings its schema to this version.
    ///
    /// # Errors
    /// Fails if the file is not a complete backup, if its schema is newer, or if the key does not open it.
    pub fn check(&self, key: &MasterKey) -> Result<BackupManifest, BackupError> {
        let mut connection = file::create(&self.copy).map_err(BackupError::database)?;
        let manifest = BackupManifest::read(&mut connection)?;
        check_integrity(&mut connection)?;
        manifest.check_rows(&mut connection)?;
        migrate::check_known(&mut connection)?;
        if manifest.key_id != key.key_id() {
            let needed = format!("the backup needs the one with the id {}", manifest.key_id);
            return Err(BackupError::WrongKey { present: key.key_id(), needed });
        }
        check_key(&mut connection, key)?;
        connection.batch_execute("DROP TABLE backup_manifest")?;
        drop(connection);
        migrate::sqlite(&self.copy, SchemaChange::Migrate)?;
        Ok(manifest)
    }

    /// Puts the copy in the place of the database. An existing database keeps its files under the name of the result.
    ///
    /// # Errors
    /// Fails if a file can't be moved.
    pub fn replace(self, time: &str) -> Result<Option<PathBuf>, BackupError> {
        let mut connection = file::open(&self.copy, Access::Write).map_err(BackupError::database)?;
        close_log(&mut connection)?;
        drop(connection);
        let failed = |error| BackupError::file(&self.database, error);
        File::open(&self.copy).and_then(|file| file.sync_all()).map_err(failed)?;
        let moved = self.database.exists().then(|| with_suffix(&self.database, &format!(".before-restore-{time}")));
        if let Some(moved) = &moved {
            self.move_database(moved).map_err(failed)?;
        }
        // One step: there is never no database, which the service would take for a new installation.
        fs::rename(&self.copy, &self.database).map_err(failed)?;
        sync_directory(&self.database).map_err(failed)?;
        Ok(moved)
    }

    /// Gives the files of the database their second name. Its log must be gone before another file gets its name.
    fn move_database(&self, moved: &Path) -> io::Result<()> {
        // The log of a damaged database stays a file of its own.
        if let Ok(mut connection) = file::open(&self.database, Access::Write)
            && let Err(error) = close_log(&mut connection)
        {
            tracing::debug!(%error, "the log of the present database can't be closed");
        }
        if fs::hard_link(&self.database, moved).is_err() {
            fs::copy(&self.database, moved)?;
        }
        for log in LOGS {
            match fs::rename(with_suffix(&self.database, log), with_suffix(moved, log)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        sync_directory(moved)
    }

    fn remove(&self) {
        for end in ["", "-journal"].into_iter().chain(LOGS) {
            drop(fs::remove_file(with_suffix(&self.copy, end)));
        }
    }
}

impl Drop for RestoredCopy {
    fn drop(&mut self) {
        self.remove();
    }
}
