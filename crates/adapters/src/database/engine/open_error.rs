//! Errors of opening a database.

use std::{error::Error, path::PathBuf};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database file cannot be created.
    #[error("the database file {file} can't be made")]
    File {
        /// Path of the database file.
        file: PathBuf,
        /// Cause of the failure.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The driver cannot parse the address.
    #[error("the address of the PostgreSQL server is malformed")]
    Address(#[source] Box<dyn Error + Send + Sync>),
    /// The address has an unknown TLS mode, or one that protects from no attacker on the network.
    #[error(
        "sslmode must be require (or verify-full, which is the same here), or disable for a server that only a trusted network reaches"
    )]
    SslMode,
    /// TLS cannot be set up, because there are no certificates to trust.
    #[error("TLS to the PostgreSQL server can't be set up; TESSERA_DATABASE_CA_FILE names certificates to trust")]
    Tls(#[source] rustls::Error),
    /// The database cannot be reached or used now. A later attempt may succeed.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A newer version of the program has changed the schema.
    #[error("the database schema is newer than this version of tessera: it does not know migration {version}")]
    NewerSchema {
        /// Version of the first unknown migration.
        version: String,
    },
    /// The rows of the SQLite database are on PostgreSQL now.
    #[error(
        "the database was moved to {address}: set TESSERA_DATABASE_URL to it; tessera migrate --reopen undoes the move"
    )]
    Moved {
        /// The address of the target, without its password.
        address: String,
    },
    /// The database cannot be migrated or prepared for use.
    #[error("the database can't be prepared")]
    Prepare(#[source] Box<dyn Error + Send + Sync>),
}

impl OpenError {
    /// Returns whether another attempt may succeed without a change of the settings.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
