//! Where questions to wallets wait for their answers.

use async_trait::async_trait;
use tessera_kernel::{StoreClock, StoreError};
use time::OffsetDateTime;

use crate::model::{Challenge, Nonce};

/// A challenge that nobody else gets any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The challenge, open or expired.
    pub challenge: Challenge,
    /// When it was asked for, by the clock of the storage: the time to judge it by.
    pub at: OffsetDateTime,
}

/// Open challenges. They belong to no transaction: one is used up whatever becomes of what it was asked for.
#[async_trait]
pub trait Challenges: StoreClock {
    /// Keeps a challenge. If its network then has more than [`Challenge::MOST_PER_NETWORK`], the oldest others of the network
    /// are removed; challenges of other networks never are. This holds for calls that arrive at the same time. Conflict on `wallet_challenges_nonce` when the nonce is taken, on
    /// [`StoreError::REFERENCE`] when the session that asked for it is gone.
    async fn keep(&self, challenge: &Challenge) -> Result<(), StoreError>;

    /// Takes a challenge away and gives it, with the time in the same step. `Ok(None)` when there is none, or when somebody has just taken
    /// it: of those who come at once, on whatever node, one gets it. An unknown nonce costs one indexed read and opens no
    /// transaction that writes: anyone can send one.
    async fn take(&self, nonce: &Nonce) -> Result<Option<Taken>, StoreError>;

    /// Deletes up to `most` challenges that have expired by the clock of the storage, oldest first, and returns how many.
    /// Those that another node is deleting are skipped.
    async fn forget_expired(&self, most: u32) -> Result<u64, StoreError>;
}
