//! Numbers of wrong passwords.

use async_trait::async_trait;
use tessera_kernel::{StoreError, UserId};

/// How many wrong passwords were sent for each user since the last correct one, in a transaction.
#[async_trait]
pub trait WrongPasswords: Send {
    /// Counts a wrong password, in one statement. Returns the number since the last correct one, or `Ok(None)` if the user
    /// does not exist. Of concurrent calls, each returns another number.
    async fn count(&mut self, user: UserId) -> Result<Option<u64>, StoreError>;

    /// Sets the number of a user to zero.
    async fn reset(&mut self, user: UserId) -> Result<(), StoreError>;
}
