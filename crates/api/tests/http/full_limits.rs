//! Limits of a node that reject everything.

use std::sync::{Mutex, PoisonError};

use tessera_kernel::{Counted, NodeLimits, RateLimit, RateLimited, Unlimited, limit};
use time::Duration;

/// Rejects everything and records the requested limits.
#[derive(Default)]
pub(crate) struct FullLimits(Mutex<Vec<(RateLimit, String)>>);

impl FullLimits {
    /// The requested limits with their keys, in the order of the requests.
    pub(crate) fn asked(&self) -> Vec<(RateLimit, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl NodeLimits for FullLimits {
    fn admit(&self, limit: RateLimit, key: &str) -> Result<Counted, RateLimited> {
        // Otherwise it would reject each request before the limit that a test is about.
        if limit == limit::REQUESTS {
            return Unlimited.admit(limit, key);
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((limit, key.to_owned()));
        Err(RateLimited { limit, retry_after: Duration::seconds(17), first: true })
    }
}
