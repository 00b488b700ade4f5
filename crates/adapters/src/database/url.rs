//! Where the database is.

use std::{path::PathBuf, str::FromStr};

use tessera_kernel::Secret;

/// The address of a database.
#[derive(Debug, Clone)]
pub enum DatabaseUrl {
    /// The embedded database: a file.
    Sqlite(PathBuf),
    /// A PostgreSQL server. The address may hold a password.
    Postgres(Secret<String>),
}

/// The text is no address of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Another scheme, or none.
    #[error("must start with sqlite:// or postgres://")]
    UnknownScheme,
    /// An embedded database without a file.
    #[error("must name a file after sqlite://, as in sqlite://data/tessera.db")]
    NoFile,
    /// An embedded database that would be gone with its first connection.
    #[error("must name a file: a database in memory is not supported")]
    InMemory,
    /// Options behind the file name.
    #[error("must not have options after the file name")]
    Options,
    /// A server without a name.
    #[error("must name a server after postgres://")]
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
                // They would silently become a part of the file's name.
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
