//! What the credential cache counts. The lookups are a hot path of microseconds, so each counter is one atomic addition.

use std::sync::Arc;

use tessera_kernel::{Counter, Histogram};

/// The counters of the lookups of one kind.
#[derive(Debug, Default)]
pub struct LookupMetrics {
    /// Lookups that used an entry.
    pub hits: Counter,
    /// Lookups that read storage, because there was no entry or it was outdated.
    pub misses: Counter,
    /// Lookups that read storage, because the node had not heard from the database within the last second.
    pub untrusted: Counter,
}

/// The counters of the credential cache of a node. A cache that is off counts nothing.
#[derive(Debug, Default)]
pub struct CredentialCacheMetrics {
    pub(super) keys: Arc<LookupMetrics>,
    pub(super) sessions: Arc<LookupMetrics>,
    pub(super) users: Arc<LookupMetrics>,
    pub(super) roles: Arc<LookupMetrics>,
    pub(super) applications: Arc<LookupMetrics>,
    /// The time from the record of a change to its application on this node, for changes of other nodes.
    pub revocation_lag: Histogram,
}

impl CredentialCacheMetrics {
    /// Returns the counters of each kind of lookup, with its name.
    #[must_use]
    pub fn lookups(&self) -> [(&'static str, &LookupMetrics); 5] {
        [
            ("keys", &self.keys),
            ("sessions", &self.sessions),
            ("users", &self.users),
            ("roles", &self.roles),
            ("applications", &self.applications),
        ]
    }
}
