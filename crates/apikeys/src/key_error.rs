//! The error of operations on one key.

use tessera_kernel::{AccessError, StoreError};

/// Why a key was not returned or revoked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key does not exist, or the actor must not learn that it exists.
    #[error("there is no such API key")]
    NotFound,
    /// The actor has no access.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
