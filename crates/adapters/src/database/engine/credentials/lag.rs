//! How long after another node has recorded a change this node applies it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::metrics::CredentialCacheMetrics;

/// Maximum number of own changes that no poll has returned yet. Beyond it, the node does not hear from the database.
const MAX_OWN: usize = 10_000;

/// Measures the lag of the changes of other nodes. It does nothing if nothing collects metrics.
pub(super) struct Lag {
    metrics: Option<Arc<CredentialCacheMetrics>>,
    /// The numbers of changes of this node that no poll has returned yet.
    own: Mutex<BTreeSet<u64>>,
}

impl Lag {
    pub(super) fn new(metrics: Option<Arc<CredentialCacheMetrics>>) -> Self {
        Self { metrics, own: Mutex::default() }
    }

    /// Notes a change that this node is about to commit. Not after the commit: a poll may return the change before the
    /// node knows that it is committed. If the commit fails, another node may use the number, and its change is not
    /// measured.
    pub(super) fn expect_own(&self, epoch: u64) {
        if self.metrics.is_none() {
            return;
        }
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= MAX_OWN {
            own.clear();
        }
        own.insert(epoch);
    }

    /// Records the ages of the changes that a poll has returned, and that are applied now. `newest` is the number of the
    /// newest change.
    pub(super) fn applied(&self, newest: u64, ages: impl IntoIterator<Item = (u64, Duration)>) {
        let Some(metrics) = &self.metrics else { return };
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        for (epoch, age) in ages {
            if !own.contains(&epoch) {
                metrics.revocation_lag.observe(age);
            }
        }
        *own = own.split_off(&newest.saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn changes_of_other_nodes_are_measured_and_own_ones_are_not() {
        let metrics = Arc::new(CredentialCacheMetrics::default());
        let lag = Lag::new(Some(Arc::clone(&metrics)));
        lag.expect_own(2);
        lag.expect_own(5);
        lag.applied(3, [(1, SECOND), (2, SECOND), (3, 2 * SECOND)]);
        assert_eq!(metrics.revocation_lag.sum(), 3 * SECOND);
        lag.applied(5, [(4, SECOND), (5, SECOND)]);
        assert_eq!(metrics.revocation_lag.sum(), 4 * SECOND);
        // The database was restored, so the numbers are used again.
        lag.applied(2, [(2, SECOND)]);
        assert_eq!(metrics.revocation_lag.sum(), 5 * SECOND);
    }

    #[test]
    fn the_number_of_remembered_changes_is_bounded() {
        let lag = Lag::new(Some(Arc::default()));
        for epoch in 0..=MAX_OWN as u64 {
            lag.expect_own(epoch);
        }
        assert_eq!(lag.own.lock().unwrap_or_else(PoisonError::into_inner).len(), 1);
    }
}
