//! With what users have signed in.

use async_trait::async_trait;
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::OffsetDateTime;

/// Whether a user has signed in with a client before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquaintance {
    /// It is the first one that is known of them.
    First,
    /// They have.
    Known,
    /// They have signed in with others only.
    New,
}

/// What is known of the clients of users. Whoever asks holds the lock on the user, so of two sign-ins at once with one
/// client one is told that it is new.
#[async_trait]
pub trait KnownClients: Send {
    /// Notes that a user signs in with a client, and tells whether they have before. Conflict on
    /// [`StoreError::REFERENCE`] when there is no such user. Of the clients of a user,
    /// [`Client::MOST_KNOWN`](crate::model::Client::MOST_KNOWN) are known: those that were seen last.
    async fn meet(&mut self, user: UserId, client: &SecretHash, at: OffsetDateTime)
    -> Result<Acquaintance, StoreError>;
}
