//! Storage errors, in terms that a domain can handle.

use std::error::Error;

/// A failed call to a store port.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken by another row, or the row that this one references does not exist
    /// ([`StoreError::REFERENCE`]). Nothing was written.
    #[error("conflict on {key}")]
    Conflict {
        /// The key, named `<table>_<columns>` on every backend.
        key: String,
    },
    /// The store cannot do the work now, because of contention or a full pool. The same call may succeed later.
    #[error("the store is busy")]
    Busy,
    /// The store cannot be reached.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A stored row violates the rules of its type.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
    /// Any other failure.
    #[error("the store failed")]
    Other(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// The key of a conflict in which the referenced row is missing. All references share this name, because SQLite
    /// does not report which one failed.
    pub const REFERENCE: &'static str = "reference";

    /// The key of the conflict.
    #[must_use]
    pub fn conflict_key(&self) -> Option<&str> {
        match self {
            Self::Conflict { key } => Some(key),
            _ => None,
        }
    }
}

/// Converts a conflict to a domain error.
pub trait OnConflict<T> {
    /// Converts any conflict to `business`. Other errors are kept.
    ///
    /// # Errors
    /// `business` for a conflict, otherwise the error of the store.
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
