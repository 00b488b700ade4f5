//! The credential cache.

use std::{fmt, sync::Arc};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};
use tessera_adapters::CredentialCacheMetrics;

use super::text::{NO_LABELS, counters, histograms};

#[derive(Debug)]
pub(super) struct CacheCollector(pub(super) Arc<CredentialCacheMetrics>);

impl Collector for CacheCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let lookups = self.0.lookups().into_iter().flat_map(|(cache, lookups)| {
            let outcomes = [("hit", &lookups.hits), ("miss", &lookups.misses), ("untrusted", &lookups.untrusted)];
            outcomes.map(|(outcome, counter)| ([("cache", cache), ("outcome", outcome)], counter.value()))
        });
        counters(&mut encoder, "tessera_cache_lookups", "Lookups in the credential cache.", lookups)?;
        let help = "The time from the record of a change of rights by another node to its application on this node.";
        histograms(&mut encoder, "tessera_revocation_lag", help, [(NO_LABELS, &self.0.revocation_lag)])
    }
}
