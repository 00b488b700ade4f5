//! The rate limit of wallet challenges and of sign-ins to applications.

use tessera_kernel::{NodeLimits, RateLimit, RateLimited, RequestMetadata};
use time::Duration;

/// The limit per client network.
const CHALLENGE: RateLimit = RateLimit { name: "challenge", quota: 60, window: Duration::MINUTE };

/// Counts one challenge or started sign-in. A request without a client address is not limited, because its network is
/// unknown.
pub(crate) fn admit_challenge(limits: &dyn NodeLimits, origin: &RequestMetadata) -> Result<(), RateLimited> {
    match origin.network() {
        Some(network) => limits.admit(CHALLENGE, &network.to_string()),
        None => Ok(()),
    }
}
