//! Rate limit counters.

use async_trait::async_trait;
use tessera_kernel::{Clock as _, KEEP_COUNTERS, RateLimit, RateLimitError, RateLimited, RateLimits, StoreError};

use super::store::MemoryStore;

#[async_trait]
impl RateLimits for MemoryStore {
    async fn count(&self, limit: RateLimit, subject: &str) -> Result<(), RateLimitError> {
        let now = self.0.clock.now();
        let mut tx = self.transaction().await;
        let counter = tx.state.rate_limits.entry((limit.name, subject.to_owned())).or_insert((now, 0));
        if counter.0 <= now {
            *counter = (now + limit.window, 0);
        }
        counter.1 += 1;
        let (expires_at, events) = *counter;
        tx.publish()?;
        if events <= limit.quota {
            return Ok(());
        }
        Err(RateLimited { limit, retry_after: (expires_at - now).min(limit.window) }.into())
    }

    async fn delete_expired(&self) -> Result<u64, StoreError> {
        let oldest = self.0.clock.now() - KEEP_COUNTERS;
        let mut tx = self.transaction().await;
        let before = tx.state.rate_limits.len();
        tx.state.rate_limits.retain(|_, (expires_at, _)| *expires_at > oldest);
        let deleted = before - tx.state.rate_limits.len();
        tx.publish()?;
        Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
    }
}
