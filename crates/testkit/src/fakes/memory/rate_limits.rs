//! Rate limit counters.

use async_trait::async_trait;
use tessera_kernel::{
    Clock as _, Counted, KEEP_COUNTERS, RateLimit, RateLimitError, RateLimited, RateLimits, StoreError,
};
use time::Duration;

use super::{rows::LimitCounter, store::MemoryStore};

#[async_trait]
impl RateLimits for MemoryStore {
    async fn count(&self, limit: RateLimit, subject: &str) -> Result<Counted, RateLimitError> {
        let now = self.0.clock.now();
        let mut tx = self.transaction().await;
        let counter = tx.state.rate_limits.entry((limit.name, subject.to_owned())).or_default();
        if counter.expires_at.is_none_or(|expires_at| expires_at <= now) {
            *counter = LimitCounter { expires_at: Some(now + limit.window), ..LimitCounter::default() };
        }
        let admitted = counter.events < limit.quota;
        if admitted {
            counter.events += 1;
        } else {
            counter.rejections += 1;
        }
        let LimitCounter { expires_at, events, rejections } = *counter;
        tx.publish()?;
        let resets_in = (expires_at.unwrap_or(now) - now).clamp(Duration::ZERO, limit.window.max(Duration::ZERO));
        if admitted {
            let ends_at = expires_at.unwrap_or(now);
            return Ok(Counted { limit, left: limit.quota - events, resets_in, ends_at });
        }
        Err(RateLimited { limit, retry_after: resets_in, first: rejections == 1 }.into())
    }

    async fn give_back(&self, counted: &Counted, subject: &str) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let mut tx = self.transaction().await;
        if let Some(counter) = tx.state.rate_limits.get_mut(&(counted.limit.name, subject.to_owned()))
            && counter.expires_at == Some(counted.ends_at)
            && counted.ends_at > now
        {
            counter.events = counter.events.saturating_sub(1);
        }
        tx.publish()
    }

    async fn delete_expired(&self) -> Result<u64, StoreError> {
        let oldest = self.0.clock.now() - KEEP_COUNTERS;
        let mut tx = self.transaction().await;
        let before = tx.state.rate_limits.len();
        tx.state.rate_limits.retain(|_, counter| counter.expires_at > Some(oldest));
        let deleted = before - tx.state.rate_limits.len();
        tx.publish()?;
        Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
    }
}
