//! The error of operations on one key.

use tessera_kernel::{AccessError, StoreError};

tessera_kernel::error_enum! {
    /// Why a key was not returned or revoked.
    pub enum KeyError {
        /// The key does not exist, or the actor must not learn that it exists.
        #[error("there is no such API key")]
        NotFound,
    }
    from Access(AccessError), Store(StoreError)
}
