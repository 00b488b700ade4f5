//! Rate limits for each client network.

use tessera_kernel::{NodeLimits, RateLimit, RateLimited, RequestMetadata};

/// Counts a request of a network. A request without a client address is not limited, because its network is unknown.
pub(crate) fn admit_network(
    limits: &dyn NodeLimits,
    limit: RateLimit,
    origin: &RequestMetadata,
) -> Result<(), RateLimited> {
    match origin.network() {
        Some(network) => limits.admit(limit, &network.to_string()).map(drop),
        None => Ok(()),
    }
}
