//! What the storage counts.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tessera_kernel::{Counter, Histogram, Outcome, StoreError};

use super::{
    credentials::CredentialCacheMetrics,
    pool::{CountConnections, PoolConnections, PoolKind},
    url::DatabaseUrl,
};

/// The name of entries that are not in [`Outcome::event_names`], such as those of an embedder's own domain.
const OTHER: &str = "_OTHER";

/// The counters of the storage of a node.
#[derive(Debug)]
pub struct DatabaseMetrics {
    /// The credential cache.
    pub credentials: Arc<CredentialCacheMetrics>,
    /// Audit entries.
    pub audit: AuditMetrics,
    /// Failed statements and commits.
    pub errors: ErrorMetrics,
    waits: [(&'static str, Histogram); 2],
    pools: Mutex<Option<Weak<dyn CountConnections>>>,
}

impl DatabaseMetrics {
    /// Counters for a database of this kind. All are 0.
    #[must_use]
    pub fn new(database: &DatabaseUrl) -> Self {
        let pools = match database {
            DatabaseUrl::Sqlite(_) => ["read", "write"],
            DatabaseUrl::Postgres(_) => ["worker", "shared"],
        };
        Self {
            credentials: Arc::default(),
            audit: AuditMetrics::default(),
            errors: ErrorMetrics::default(),
            waits: pools.map(|pool| (pool, Histogram::default())),
            pools: Mutex::default(),
        }
    }

    /// Lets the metrics read the pools of an opened store.
    pub(super) fn watch(&self, pools: Weak<dyn CountConnections>) {
        *self.pools.lock().unwrap_or_else(PoisonError::into_inner) = Some(pools);
    }

    /// The time from a request for a connection until it was lent, for each pool.
    pub(super) fn waits_of(&self, pool: PoolKind) -> &Histogram {
        let [first, second] = &self.waits;
        match pool {
            PoolKind::First => &first.1,
            PoolKind::Second => &second.1,
        }
    }

    /// The times that callers have waited for a connection, with the name of each pool.
    pub fn waits(&self) -> impl Iterator<Item = (&'static str, &Histogram)> {
        self.waits.iter().map(|(pool, waits)| (*pool, waits))
    }

    /// The connections of each pool, 0 before the database is open.
    pub fn connections(&self) -> [(&'static str, PoolConnections); 2] {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(Weak::upgrade);
        let [first, second] = pools.map(|pools| pools.connections()).unwrap_or_default();
        [(self.waits[0].0, first), (self.waits[1].0, second)]
    }
}

/// The number of committed audit entries for each name and outcome.
#[derive(Debug)]
pub struct AuditMetrics(Vec<(&'static str, Outcome, Counter)>);

impl Default for AuditMetrics {
    fn default() -> Self {
        let of = |outcome: Outcome| {
            let names = outcome.event_names().iter().chain([&OTHER]);
            names.map(move |name| (*name, outcome, Counter::default()))
        };
        Self(of(Outcome::Success).chain(of(Outcome::Refused)).collect())
    }
}

impl AuditMetrics {
    pub(super) fn count(&self, name: &str, outcome: Outcome) {
        let find = |name: &str| self.0.iter().find(|(known, of, _)| *known == name && *of == outcome);
        if let Some((_, _, counter)) = find(name).or_else(|| find(OTHER)) {
            counter.increment();
        }
    }

    /// Returns name, outcome and number. Entries without a known name are `_OTHER`, which is left out while there are none.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let counts = self.0.iter().map(|(name, outcome, counter)| (*name, outcome.as_str(), counter.value()));
        counts.filter(|(name, _, count)| *name != OTHER || *count > 0)
    }
}

/// The number of errors for each variant of [`StoreError`].
#[derive(Debug, Default)]
pub struct ErrorMetrics([Counter; ErrorMetrics::KINDS.len()]);

impl ErrorMetrics {
    const KINDS: [&str; 7] = ["conflict", "busy", "unavailable", "superseded", "moved", "corrupt", "other"];

    pub(super) fn count(&self, error: &StoreError) {
        let kind = match error {
            StoreError::Conflict { .. } => 0,
            StoreError::Busy => 1,
            StoreError::Unavailable(_) => 2,
            StoreError::Superseded => 3,
            StoreError::Moved => 4,
            StoreError::Corrupt(_) => 5,
            StoreError::Other(_) => 6,
        };
        self.0[kind].increment();
    }

    /// Returns the name of each variant with its number.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Self::KINDS.into_iter().zip(self.0.iter().map(Counter::value))
    }
}
