//! Storage errors, in terms that a domain can handle, and the rules of all storages.

use std::error::Error;

/// A failed call to a store port.
///
/// # Rules of all storages
///
/// They hold for the store ports of all domains. The ports state what differs.
///
/// - A transaction sees its own writes. Others see them after the commit, all at once. Reads outside of a transaction
///   never wait for one.
/// - A committed change is durable: it is still there after a restart of the process.
/// - Dropping a transaction, also in a cancelled caller, rolls it back and gives its connection back without a further
///   call. A caller that is cancelled while it waits for a lock holds nothing. A call or commit that is cancelled takes
///   effect as a whole or not at all.
/// - Transactions may wait for each other even if they touch different rows, because SQLite has one writer at a time. An
///   optimistic storage may let them work at the same time, if it fails all but the first with [`StoreError::Busy`].
/// - After a failed call, a transaction can only be dropped. A storage may reject all further calls and the commit.
/// - If a write violates several unique keys or references, the error names any one of them.
/// - Hashes and texts are compared byte by byte, unless the port says that it ignores case. Times have microseconds and
///   are returned in UTC.
/// - An empty batch changes nothing. Rows of a batch that do not exist are ignored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken by another row, or the row that this one references does not exist
    /// ([`StoreError::REFERENCE`]). Nothing was written.
    #[error("conflict on {key}")]
    Conflict {
        /// The key, named `<table>_<columns>` on every backend.
        key: String,
    },
    /// The store cannot do the work now, because of contention or a full pool. Nothing was written. The same call may
    /// succeed later; in a transaction, the whole transaction.
    #[error("the store is busy")]
    Busy,
    /// The store cannot be reached.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Another request with the same idempotency key has taken over the claim of this one. Nothing was written.
    #[error("another request has taken over the idempotency key")]
    Superseded,
    /// The rows of this store are in another one now, and this one accepts no writes. Nothing was written.
    #[error("the database was moved")]
    Moved,
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

/// Writes the accessors of a transaction that implements the ports which it hands out:
/// `accessors!(users: Users, events: EventLog);` in the `impl` of the transaction.
#[macro_export]
macro_rules! accessors {
    ($($name:ident: $port:ident),+ $(,)?) => {$(
        fn $name(&mut self) -> &mut dyn $port {
            self
        }
    )+};
}
