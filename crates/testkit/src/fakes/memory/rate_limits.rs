//! Rate limit counters.

use async_trait::async_trait;
use tessera_kernel::{Clock as _, Counted, RateLimit, RateLimitError, RateLimited, RateLimits, StoreError};
use time::{Duration, OffsetDateTime};

use super::{rows::LimitCounter, state::State, store::MemoryStore};

#[async_trait]
impl RateLimits for MemoryStore {
    async fn count_all(&self, events: &[(RateLimit, String)]) -> Result<Vec<Counted>, RateLimitError> {
        let now = self.0.clock.now();
        let mut tx = self.transaction().await;
        let mut admitted = Vec::new();
        for (limit, subject) in events {
            match count(&mut tx.state, *limit, subject, now) {
                Ok(counted) => admitted.push(counted),
                Err(limited) => {
                    for (counted, (_, subject)) in admitted.iter().zip(events) {
                        give_back(&mut tx.state, counted, subject, now);
                    }
                    tx.publish()?;
                    return Err(limited.into());
                }
            }
        }
        tx.publish()?;
        Ok(admitted)
    }

    async fn give_back_all(&self, events: &[(Counted, String)]) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let mut tx = self.transaction().await;
        for (counted, subject) in events {
            give_back(&mut tx.state, counted, subject, now);
        }
        tx.publish()
    }
}

fn count(state: &mut State, limit: RateLimit, subject: &str, now: OffsetDateTime) -> Result<Counted, RateLimited> {
    let counter = state.rate_limits.entry((limit.name, subject.to_owned())).or_default();
    if counter.expires_at.is_none_or(|expires_at| expires_at <= now) {
        *counter = LimitCounter { expires_at: Some(now + limit.window), ..LimitCounter::default() };
    }
    let ends_at = counter.expires_at.unwrap_or(now);
    let resets_in = (ends_at - now).clamp(Duration::ZERO, limit.window.max(Duration::ZERO));
    if counter.events < limit.quota {
        counter.events += 1;
        return Ok(Counted { limit, left: limit.quota - counter.events, resets_in, ends_at });
    }
    counter.rejections += 1;
    Err(RateLimited { limit, retry_after: resets_in, first: counter.rejections == 1 })
}

fn give_back(state: &mut State, counted: &Counted, subject: &str, now: OffsetDateTime) {
    if let Some(counter) = state.rate_limits.get_mut(&(counted.limit.name, subject.to_owned()))
        && counter.expires_at == Some(counted.ends_at)
        && counted.ends_at > now
    {
        counter.events = counter.events.saturating_sub(1);
    }
}
