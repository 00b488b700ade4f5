//! Where wishes for new passwords wait, and the tokens that they lead to.

use async_trait::async_trait;
use tessera_kernel::{SecretHash, StoreClock, StoreError, UserId};

use crate::model::{PasswordReset, ResetRequest};

/// What belongs to no transaction.
#[async_trait]
pub trait PasswordResets: StoreClock {
    /// Keeps a request. It looks at no account, so what it costs says nothing of whether there is one. Conflict on
    /// `password_reset_requests_id` when the id is taken.
    async fn ask(&self, request: &ResetRequest) -> Result<(), StoreError>;

    /// Deletes up to `most` requests for addresses that have no account, oldest first, but those that another node is
    /// processing, and returns how many.
    async fn dismiss_strangers(&self, most: u32) -> Result<u64, StoreError>;

    /// What a token sets, while it serves by the clock of the storage. `Ok(None)` when there is none. One indexed read.
    async fn find_open(&self, hash: &SecretHash) -> Result<Option<PasswordReset>, StoreError>;

    /// Deletes up to `most` requests or tokens that have expired by the clock of the storage, and returns how many. Those
    /// that another node is deleting are skipped.
    async fn forget_expired(&self, most: u32) -> Result<u64, StoreError>;
}

/// What does, in a transaction. Whoever writes a token holds the lock on its user.
#[async_trait]
pub trait PasswordResetRows: Send {
    /// Takes away the request that has waited for the longest and has not expired by the clock of the storage, and with it
    /// all others for its address. Those that another transaction holds are passed over and not waited for: of many takers
    /// at once, no two get the same one. One that can't be read is taken away too. `Ok(None)` when there is none.
    async fn take_request(&mut self) -> Result<Option<ResetRequest>, StoreError>;

    /// Keeps a token, in place of the one that the user had. Conflict on [`StoreError::REFERENCE`] when there is no such
    /// user, on `password_resets_token_hash` when the token is another's.
    async fn issue(&mut self, reset: &PasswordReset) -> Result<(), StoreError>;

    /// The token of a user. `Ok(None)` when there is none, or it has expired by the clock of the storage.
    async fn find_open_of(&mut self, user: UserId) -> Result<Option<PasswordReset>, StoreError>;

    /// Takes a token of that user away and gives it. `Ok(None)`, and nothing changes, when it has expired by the clock of the
    /// storage, is another user's, or is not there any more.
    async fn take(&mut self, user: UserId, hash: &SecretHash) -> Result<Option<PasswordReset>, StoreError>;

    /// Takes back the token of a user. `Ok(false)` when there was none.
    async fn withdraw(&mut self, user: UserId) -> Result<bool, StoreError>;
}
