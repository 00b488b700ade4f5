//! How storage fails, in words that a domain can act on.

use std::error::Error;

/// A failed call to a store port.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key holds another row, or the row that this one refers to does not exist ([`StoreError::REFERENCE`]).
    /// Nothing was written.
    #[error("conflict on {key}")]
    Conflict {
        /// The key, named `<table>_<columns>` on every backend.
        key: String,
    },
    /// The store could not take the work now: contention or a full pool. The same call may succeed later.
    #[error("the store is busy")]
    Busy,
    /// The store can't be reached.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A stored row breaks the rules of its type.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
    /// Anything else.
    #[error("the store failed")]
    Other(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// The key of a conflict in which the row referred to is missing. One name for all references: SQLite tells no other.
    pub const REFERENCE: &'static str = "reference";

    /// The key that a conflict was on.
    #[must_use]
    pub fn conflict_key(&self) -> Option<&str> {
        match self {
            Self::Conflict { key } => Some(key),
            _ => None,
        }
    }
}

/// Gives a conflict its business name.
pub trait OnConflict<T> {
    /// Turns a conflict, whatever its key, into `business`; every other failure stays what it is.
    ///
    /// # Errors
    /// `business` for a conflict, the store's own error otherwise.
    fn on_conflict<E: From<StoreError>>(self, business: E) -> Result<T, E>;
}

impl<T> OnConflict<T> for Result<T, StoreError> {
    fn on_conflict<E: From<StoreError>>(self, business: E) -> Result<T, E> {
        self.map_err(|error| match error {
            StoreError::Conflict { .. } => business,
            other => other.into(),
        })
    }
}
