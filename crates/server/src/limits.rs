//! The rate limits as the operator has configured them.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use tessera_adapters::MasterKey;
use tessera_api::{note_counted, note_given_back, note_rejected};
use tessera_kernel::{
    Counted, NodeLimits, RateLimit, RateLimitError, RateLimited, RateLimits, StoreError, Unlimited, limit,
};

use crate::config::Throttle;

/// The quotas of all limits, by name.
#[derive(Clone)]
pub(crate) struct LimitTable(Arc<BTreeMap<&'static str, RateLimit>>);

impl LimitTable {
    pub(crate) fn new(limits: &[RateLimit]) -> Self {
        Self(Arc::new(limits.iter().map(|limit| (limit.name, *limit)).collect()))
    }

    /// The limit with its configured quota and window.
    pub(crate) fn configured(&self, limit: RateLimit) -> RateLimit {
        self.0.get(limit.name).copied().unwrap_or(limit)
    }
}

/// Counters in storage with configured quotas. Storage gets a keyed hash (HMAC) of each subject, because the addresses of
/// people and networks could be guessed from a plain one.
struct StoredLimits {
    table: LimitTable,
    store: Arc<dyn RateLimits>,
    key: Arc<MasterKey>,
}

#[async_trait]
impl RateLimits for StoredLimits {
    async fn count_all(&self, events: &[(RateLimit, String)]) -> Result<Vec<Counted>, RateLimitError> {
        let hidden =
            |(limit, subject): &(RateLimit, String)| (self.table.configured(*limit), self.key.hide_subject(subject));
        let hidden: Vec<_> = events.iter().map(hidden).collect();
        match self.store.count_all(&hidden).await {
            Ok(counted) => {
                counted.iter().for_each(note_counted);
                Ok(counted)
            }
            Err(RateLimitError::Limited(limited)) => {
                let limit = limited.limit;
                // A response must not differ from those of the other limit of sign-ins: it would show that the account is
                // under attack.
                let shown = if limit.name == limit::SIGN_IN_ACCOUNT.name { limit::SIGN_IN } else { limit };
                let shown = self.table.configured(shown);
                let retry_after = limited.retry_after.min(shown.window);
                let shown = RateLimited { limit: shown, retry_after, ..limited };
                note_rejected(limit, &shown);
                Err(shown.into())
            }
            Err(failed @ RateLimitError::Store(_)) => Err(failed),
        }
    }

    async fn give_back_all(&self, events: &[(Counted, String)]) -> Result<(), StoreError> {
        let hidden = |(counted, subject): &(Counted, String)| (*counted, self.key.hide_subject(subject));
        self.store.give_back_all(&events.iter().map(hidden).collect::<Vec<_>>()).await?;
        for (counted, _) in events {
            note_given_back(counted);
        }
        Ok(())
    }
}

/// Counts nothing and admits everything.
struct LimitsOff;

#[async_trait]
impl RateLimits for LimitsOff {
    async fn count_all(&self, events: &[(RateLimit, String)]) -> Result<Vec<Counted>, RateLimitError> {
        Ok(events.iter().map(|(limit, subject)| Unlimited.admit(*limit, subject)).collect::<Result<_, _>>()?)
    }

    async fn give_back_all(&self, _: &[(Counted, String)]) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The counters in storage, or counters that admit everything if the operator has turned the limits off.
pub(crate) fn stored_limits(
    throttle: Throttle,
    table: LimitTable,
    store: Arc<dyn RateLimits>,
    key: Arc<MasterKey>,
) -> Arc<dyn RateLimits> {
    match throttle {
        Throttle::On => Arc::new(StoredLimits { table, store, key }),
        Throttle::Off => Arc::new(LimitsOff),
    }
}

/// Counters of this node with configured quotas.
pub(crate) struct ConfiguredNodeLimits<T> {
    pub(crate) table: LimitTable,
    /// Of all requests. They have windows of their own, so that many clients do not displace those of the other limits.
    pub(crate) requests: T,
    pub(crate) others: T,
}

impl<T: NodeLimits> NodeLimits for ConfiguredNodeLimits<T> {
    fn admit(&self, limit: RateLimit, key: &str) -> Result<Counted, RateLimited> {
        let limits = if limit.name == limit::REQUESTS.name { &self.requests } else { &self.others };
        let admitted = limits.admit(self.table.configured(limit), key);
        match &admitted {
            Ok(counted) => note_counted(counted),
            Err(limited) => note_rejected(limit, limited),
        }
        admitted
    }
}
