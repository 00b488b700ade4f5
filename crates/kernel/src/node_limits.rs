//! Rate limits that protect one node.

use time::OffsetDateTime;

use crate::{Counted, RateLimit, RateLimited};

/// Counts the events of this node and rejects those over a limit.
///
/// The counters are in memory, bounded in number, and lost with the process. n nodes admit up to n times the quota.
/// Limits that protect secrets, or that must hold for the whole installation, are counted in storage instead.
pub trait NodeLimits: Send + Sync {
    /// Counts one event of `key` and admits it, or rejects it without counting. `key` identifies the subject of the
    /// limit, for example a network.
    ///
    /// # Errors
    /// [`RateLimited`] if the window of this limit and key is used up.
    fn admit(&self, limit: RateLimit, key: &str) -> Result<Counted, RateLimited>;
}

/// Admits everything. It is used for `TESSERA_THROTTLE=off` and in tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unlimited;

impl NodeLimits for Unlimited {
    fn admit(&self, limit: RateLimit, _: &str) -> Result<Counted, RateLimited> {
        Ok(Counted { limit, left: limit.quota, resets_in: limit.window, ends_at: OffsetDateTime::UNIX_EPOCH })
    }
}
