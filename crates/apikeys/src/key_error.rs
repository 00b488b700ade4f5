//! The error of operations on one key.

use tessera_kernel::{AccessError, StoreError};

tessera_kernel::error_enum! {
    /// Why a key was not returned, changed or revoked.
    pub enum KeyError {
        /// The key does not exist, or the actor must not learn that it exists.
        #[error("there is no such API key")]
        NotFound,
        /// The key is revoked, which is final.
        #[error("the API key is revoked")]
        Revoked,
    }
    from Access(AccessError), Store(StoreError)
}
