//! Errors of backups and restores.

use std::{error::Error, io, path::Path};

use crate::database::engine::OpenError;

/// Why a backup could not be written or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to back up.
    #[error("there is no database at {0}; nothing was done")]
    NoDatabase(String),
    /// A backup never replaces a file.
    #[error("{0} exists: choose another name, or remove the file")]
    TargetExists(String),
    /// Another process writes a backup with the same name.
    #[error("another process is writing {0}")]
    InProgress(String),
    /// A file can't be used.
    #[error("{path} can't be used")]
    File {
        /// The path of the file.
        path: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The database can't be read, or the copy can't be written.
    #[error("the database can't be copied")]
    Database(#[source] Box<dyn Error + Send + Sync>),
    /// A check of SQLite failed.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// The file was not written by `tessera backup`, or is not complete.
    #[error("the file has no manifest: it is not a backup of tessera backup")]
    NoManifest,
    /// The file has changed since it was written.
    #[error("the file is damaged: the table {table} has {found} rows, and its manifest says {expected}")]
    Rows {
        /// The table.
        table: String,
        /// The number of its rows.
        found: i64,
        /// The number in the manifest.
        expected: i64,
    },
    /// The secrets are sealed with another key.
    #[error("the present master key has the id {present}, but {needed}")]
    WrongKey {
        /// The id of the present key.
        present: String,
        /// The end of the sentence, with the id of the needed key if the file has one.
        needed: String,
    },
    /// The schema can't be brought to this version.
    #[error(transparent)]
    Schema(#[from] OpenError),
}

impl BackupError {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }

    pub(super) fn database(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Database(source.into())
    }
}

impl From<diesel::result::Error> for BackupError {
    fn from(source: diesel::result::Error) -> Self {
        Self::database(source)
    }
}
