//! Where questions to wallets wait for their answers.

use async_trait::async_trait;
use tessera_kernel::StoreError;
use time::OffsetDateTime;

use crate::model::{Challenge, Nonce};

/// Open challenges. They belong to no transaction: one is used up whatever becomes of what it was asked for.
#[async_trait]
pub trait Challenges: Send + Sync {
    /// Keeps a challenge. Conflict on `wallet_challenges_nonce` when the nonce is taken, on
    /// [`StoreError::REFERENCE`] when the session that asked for it is gone.
    async fn keep(&self, challenge: &Challenge) -> Result<(), StoreError>;

    /// Takes a challenge away and gives it, open or expired. `Ok(None)` when there is none, or when somebody has just taken
    /// it: of those who come at once, on whatever node, one gets it.
    async fn take(&self, nonce: &Nonce) -> Result<Option<Challenge>, StoreError>;

    /// Forgets what had expired by then and says how many that were.
    async fn forget_expired(&self, now: OffsetDateTime) -> Result<u64, StoreError>;
}
