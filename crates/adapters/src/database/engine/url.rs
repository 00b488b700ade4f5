//! Database addresses.

use std::{path::PathBuf, str::FromStr};

use tessera_kernel::Secret;

/// The address of a database.
#[derive(Debug, Clone)]
pub enum DatabaseUrl {
    /// Path of the SQLite database file.
    Sqlite(PathBuf),
    /// Address of a PostgreSQL server. It may contain a password.
    Postgres(Secret<String>),
}

/// The text is not a database address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// The scheme is missing or unknown.
    #[error("must start with sqlite:// or postgres://, such as sqlite://data/tessera.db")]
    UnknownScheme,
    /// The SQLite address has no file name.
    #[error("must name a file after sqlite://, such as sqlite://data/tessera.db")]
    NoFile,
    /// The SQLite address names an in-memory database, which is lost with its first connection.
    #[error("must name a file: a database in memory is not supported; use a file, such as sqlite://data/tessera.db")]
    InMemory,
    /// The SQLite address has options after the file name.
    #[error("must not have options after the file name, such as sqlite://data/tessera.db")]
    Options,
    /// The PostgreSQL address has no host.
    #[error("must name a server after postgres://, such as postgres://tessera:password@127.0.0.1:5432/tessera")]
    NoServer,
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(file) = text.strip_prefix("sqlite://") {
            return match file {
                "" => Err(DatabaseUrlError::NoFile),
                ":memory:" => Err(DatabaseUrlError::InMemory),
                file if file.ends_with('/') => Err(DatabaseUrlError::NoFile),
                // Options would silently become a part of the file name.
                file if file.contains(['?', '#']) => Err(DatabaseUrlError::Options),
                file => Ok(Self::Sqlite(PathBuf::from(file))),
            };
        }
        let server = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        match server.ok_or(DatabaseUrlError::UnknownScheme)? {
            "" => Err(DatabaseUrlError::NoServer),
            _ => Ok(Self::Postgres(Secret::new(text.to_owned()))),
        }
    }
}
