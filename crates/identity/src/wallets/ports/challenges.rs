//! Storage of open challenges.

use async_trait::async_trait;
use tessera_kernel::{StoreClock, StoreError};
use time::OffsetDateTime;

use crate::model::{Challenge, Nonce};

/// A challenge that was removed from storage. No other caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The challenge, open or expired.
    pub challenge: Challenge,
    /// When the challenge was taken, by the storage clock. Callers use this time to check the expiry.
    pub at: OffsetDateTime,
}

/// Open challenges. They are not part of the caller's transaction: a taken challenge stays consumed even if the rest of
/// the request fails.
#[async_trait]
pub trait Challenges: StoreClock {
    /// Stores a challenge.
    /// Fails with a conflict on `wallet_challenges_nonce` if the nonce exists, and on [`StoreError::REFERENCE`] if the
    /// session that requested the challenge does not exist any more.
    async fn keep(&self, challenge: &Challenge) -> Result<(), StoreError>;

    /// Removes and returns a challenge, with the time of the removal in the same step. Returns `Ok(None)` if there is
    /// none, or if another caller has just taken it: of concurrent callers on any nodes, only one gets it. An unknown
    /// nonce costs one indexed read and opens no write transaction, because any client can send one.
    async fn take(&self, nonce: &Nonce) -> Result<Option<Taken>, StoreError>;
}
