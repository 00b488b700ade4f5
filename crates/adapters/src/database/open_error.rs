//! Why a database can't be opened.

use std::{error::Error, path::PathBuf};

/// No store could be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The place for the embedded database can't be made.
    #[error("the database file {file} can't be made")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The driver can't read the address.
    #[error("the address of the PostgreSQL server is malformed")]
    Address(#[source] Box<dyn Error + Send + Sync>),
    /// The address asks for what is not there.
    #[error("the database address asks for sslmode=require, and this build can't encrypt a connection to PostgreSQL")]
    TlsUnsupported,
    /// The database can't be reached, or can't be used now. It may be later.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A later version of this program has changed the schema.
    #[error("the database schema is newer than this version of tessera: it does not know migration {version}")]
    NewerSchema {
        /// The first migration that is not known.
        version: String,
    },
    /// The schema can't be brought up to date.
    #[error("the database can't be prepared")]
    Prepare(#[source] Box<dyn Error + Send + Sync>),
}

impl OpenError {
    /// Whether another try may succeed without a change of the settings.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
