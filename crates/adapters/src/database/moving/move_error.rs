//! Errors of a move from SQLite to PostgreSQL.

use std::error::Error;

use crate::database::engine::OpenError;

/// Why a database could not be moved, compared or reopened.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// There is nothing to move.
    #[error("there is no database at {0}; nothing was done")]
    NoDatabase(String),
    /// The source has no secrets, so no process has ever served it.
    #[error("no process has served the database, so there is nothing to move")]
    NothingToMove,
    /// The address would be in the list of processes with its password.
    #[error("the URL must not have a password, which other users of the machine can see: set PGPASSWORD")]
    PasswordInUrl,
    /// A schema is not that of this version.
    #[error("the schema of the {of} is not that of this version of tessera: {reason}")]
    Schema {
        /// Source or target.
        of: &'static str,
        /// What differs.
        reason: String,
    },
    /// The secrets are sealed with another key.
    #[error("the master key does not open the secret {0}")]
    WrongKey(String),
    /// The target has rows, and no move to it has begun.
    #[error("the target has rows in the table {0}, which are not from a move: use an empty database")]
    OtherRows(String),
    /// The target belongs to the move of another database.
    #[error("the target has rows from another source: use an empty database")]
    OtherSource,
    /// The source was moved to another target.
    #[error("the database was moved to {0}, which is another target")]
    OtherTarget(String),
    /// The target was opened for nodes, and the source was not closed for it: it is a copy or a backup.
    #[error(
        "nodes use the target, and it is newer than this database, which was not moved to it: this may be a backup"
    )]
    TargetInUse,
    /// Nodes are connected to the target.
    #[error("the target is in use by a node ({0} connected): stop all its nodes first")]
    Nodes(u64),
    /// Another process moves a database to the target.
    #[error("another move to the target is in progress")]
    OtherMove,
    /// The schemas have something that cannot be copied.
    #[error("{0}")]
    Unsupported(String),
    /// A row of the target is not the one that was written.
    #[error("table {table}, key {key}: the row {what} after it was written")]
    NotStored {
        /// The table.
        table: String,
        /// Its primary key.
        key: String,
        /// How it differs.
        what: &'static str,
    },
    /// The source accepts writes.
    #[error("the database was not moved, so there is nothing to reopen")]
    NotMoved,
    /// A node has served the target.
    #[error("a node has served the target {0}, so it has newer rows: there is no way back")]
    Served(String),
    /// The target has no mark of the move.
    #[error("the database at {0} is not the target of the move: it may be another one, and it has rows")]
    NotTheTarget(String),
    /// A database can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The source can't be read or written.
    #[error("the SQLite database can't be used")]
    Source(#[source] Box<dyn Error + Send + Sync>),
    /// The target can't be read or written.
    #[error("the PostgreSQL database can't be used")]
    Target(#[source] Box<dyn Error + Send + Sync>),
    /// A row can't be written to the target, or read from the source.
    #[error("the table {table} can't be copied")]
    Table {
        /// The table.
        table: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl MoveError {
    pub(super) fn source(fault: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Source(fault.into())
    }

    pub(super) fn target(fault: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Target(fault.into())
    }

    pub(super) fn table(table: &str, fault: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Table { table: table.to_owned(), source: fault.into() }
    }
}

impl From<tokio_postgres::Error> for MoveError {
    fn from(fault: tokio_postgres::Error) -> Self {
        Self::target(fault)
    }
}

impl From<diesel::result::Error> for MoveError {
    fn from(fault: diesel::result::Error) -> Self {
        Self::source(fault)
    }
}
