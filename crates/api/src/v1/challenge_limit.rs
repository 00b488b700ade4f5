//! Rate limits of operations that anyone may call.

use tessera_kernel::{NodeLimits, Origin, RateLimit, RateLimited};
use time::Duration;

/// Challenges and sign-ins for applications, of one network.
const CHALLENGE: RateLimit = RateLimit { name: "challenge", quota: 60, window: Duration::MINUTE };

/// Counts a challenge or a sign-in that is about to begin. Without an address there is no network to count for.
pub(crate) fn admit_challenge(limits: &dyn NodeLimits, origin: &Origin) -> Result<(), RateLimited> {
    match origin.network() {
        Some(network) => limits.admit(CHALLENGE, &network.to_string()),
        None => Ok(()),
    }
}
