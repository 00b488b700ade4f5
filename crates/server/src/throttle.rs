//! The switch for `TESSERA_THROTTLE=off`.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_kernel::{RateLimit, RateLimitError, RateLimits, StoreError};

use crate::config::Throttle;

/// Counts nothing and admits everything.
struct RateLimitsOff(Arc<dyn RateLimits>);

#[async_trait]
impl RateLimits for RateLimitsOff {
    async fn count(&self, _: RateLimit, _: &str) -> Result<(), RateLimitError> {
        Ok(())
    }

    /// Deletes counters from before the setting was changed.
    async fn delete_expired(&self) -> Result<u64, StoreError> {
        self.0.delete_expired().await
    }
}

/// Returns the counters of that storage, or counters that admit everything if the operator has turned the limits off.
pub(crate) fn rate_limits(throttle: Throttle, store: Arc<dyn RateLimits>) -> Arc<dyn RateLimits> {
    match throttle {
        Throttle::On => store,
        Throttle::Off => Arc::new(RateLimitsOff(store)),
    }
}
