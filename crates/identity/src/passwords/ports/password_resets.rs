//! Storage of password reset requests and reset tokens.

use async_trait::async_trait;
use tessera_kernel::{SecretHash, StoreClock, StoreError, UserId};

use crate::model::{PasswordReset, ResetRequest};

/// Operations that are not part of the caller's transaction.
#[async_trait]
pub trait PasswordResets: StoreClock {
    /// Stores a request. It reads no account, so its cost does not reveal whether there is one. Fails with a conflict
    /// on `password_reset_requests_id` if the id exists.
    async fn ask(&self, request: &ResetRequest) -> Result<(), StoreError>;

    /// Deletes up to `most` requests for addresses without an account, oldest first. Skips requests that another node
    /// is processing. Returns the number of deleted requests.
    async fn delete_requests_without_account(&self, most: u32) -> Result<u64, StoreError>;

    /// Finds a token that is valid by the storage clock. Returns `Ok(None)` if there is none. Costs one indexed read.
    async fn find_open(&self, hash: &SecretHash) -> Result<Option<PasswordReset>, StoreError>;
}

/// Operations in a transaction. To write a token, the caller must hold the lock on its user.
#[async_trait]
pub trait PasswordResetRows: Send {
    /// Removes and returns the oldest request that has not expired by the storage clock. Also removes all other
    /// requests for its address. Skips requests that another transaction has locked, so no two concurrent callers get
    /// the same one. A request that cannot be read is removed too. Returns `Ok(None)` if there is none.
    async fn take_request(&mut self) -> Result<Option<ResetRequest>, StoreError>;

    /// Stores a token and replaces the previous token of the user. Fails with a conflict on [`StoreError::REFERENCE`]
    /// if the user does not exist, and on `password_resets_token_hash` if another user has the token.
    async fn issue(&mut self, reset: &PasswordReset) -> Result<(), StoreError>;

    /// Finds the token of a user. Returns `Ok(None)` if there is none or it has expired by the storage clock.
    async fn find_open_of(&mut self, user: UserId) -> Result<Option<PasswordReset>, StoreError>;

    /// Removes and returns a token of that user. Returns `Ok(None)` and changes nothing if the token has expired by the
    /// storage clock, belongs to another user, or does not exist.
    async fn take(&mut self, user: UserId, hash: &SecretHash) -> Result<Option<PasswordReset>, StoreError>;

    /// Removes the token of a user. Returns `Ok(false)` if there was none.
    async fn withdraw(&mut self, user: UserId) -> Result<bool, StoreError>;
}
