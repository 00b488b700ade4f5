//! The limits of keys: how often a key can be used in a window of time, and how many uses remain.
//!
//! Storage has one counter for each limit. A node takes a share of what is left before it admits uses, so the nodes together
//! never admit more than the limit, and most uses write nothing. Shares get smaller towards the limit, and a share that is not
//! used for a while goes back.

use futures_util::{StreamExt, lock::Mutex as AsyncMutex, stream};
use tessera_kernel::{ApiKeyId, RateLimit, RateLimited, StoreError};
use time::{Duration, OffsetDateTime};

use crate::{
    ApiKeys,
    model::{ApiKey, KeyLimit, KeyRestrictions, LimitName, UseCost},
    ports::{ApiKeyTransaction, WindowCounter},
    verification::shares::{KeyShares, Returned, Share},
};

/// How many keys are returned at the same time.
const AT_ONCE: usize = 8;

/// The most uses in one share, or a hundredth of the requests in a window if that is more. A node that is killed loses the
/// shares that it holds.
const MAX_SHARE: u32 = 1_000;

/// The state of a limit after a use was charged or rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitState {
    /// The name.
    pub name: LimitName,
    /// The requests in each window.
    pub limit: u32,
    /// The requests that are left in the window, as far as this node knows.
    pub remaining: u32,
    /// The time until the next window, in whole seconds, rounded up.
    pub reset: Duration,
}

/// Whether the limits of a key admit a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted,
    /// A window is used up. Of several, this is the one that ends last.
    RateLimited(RateLimited),
    /// Too few uses remain.
    UsageExceeded,
}

/// The result of a charge. Rejected uses cost nothing.
#[derive(Debug, Default)]
pub(crate) struct Charge {
    /// The window that is used up.
    pub(crate) rejected: Option<RateLimited>,
    /// Whether too few uses remain.
    pub(crate) exceeded: bool,
    pub(crate) limits: Vec<LimitState>,
    pub(crate) remaining_uses: Option<u32>,
}

impl Charge {
    pub(crate) const fn admission(&self) -> Admission {
        match (self.exceeded, self.rejected) {
            (true, _) => Admission::UsageExceeded,
            (false, Some(limited)) => Admission::RateLimited(limited),
            (false, None) => Admission::Admitted,
        }
    }
}

tessera_kernel::error_enum! {
    /// Why a charge was not made.
    enum ChargeError {
        /// The key has other limits now.
        #[error("the limits of the API key have changed")]
        Changed,
    }
    from Store(StoreError)
}

/// The part of what is available that a node takes. It covers what is needed, or is nothing.
fn share_of(available: u32, needed: u32, most: u32) -> u32 {
    if needed == 0 || available < needed { 0 } else { (available / 4).min(most).max(needed) }
}

/// The limit as problems and headers show it. They do not contain the names of the limits of keys.
fn published(limit: &KeyLimit) -> RateLimit {
    let window = Duration::seconds(i64::from(limit.window.get()));
    RateLimit { window, ..RateLimit::new("api-key", limit.requests.get(), 0) }
}

impl ApiKeys {
    /// Charges a use of a key to all of its limits, or to none.
    pub(crate) async fn charge(&self, key: &ApiKey, cost: UseCost) -> Result<Charge, StoreError> {
        let restrictions = &key.restrictions;
        if restrictions.limits.is_empty() && restrictions.uses.is_none() {
            return Ok(Charge::default());
        }
        let shares = self.shares.of(key.id);
        // One after the other for each key, so that of many uses that find no share one asks storage.
        let mut shares = shares.lock().await;
        // After the lock, so that the time never decreases from one use to the next.
        let now = self.ports.system.now();
        let charged = match self.charge_limits(key.id, restrictions, cost, &mut shares, now).await {
            Err(ChargeError::Changed) => {
                // The cached key is old. This node hears of the change within a second, and must not admit uses meanwhile.
                let present = self.ports.store.find_key(key.id).await?.map(|key| key.restrictions).unwrap_or_default();
                self.charge_limits(key.id, &present, cost, &mut shares, now).await
            }
            charged => charged,
        };
        charged.map_err(|error| {
            if !shares.has_failed(now) {
                shares.note_failure(now);
            }
            match error {
                // Changed twice in a moment.
                ChargeError::Changed => StoreError::Busy,
                ChargeError::Store(error) => error,
            }
        })
    }

    async fn charge_limits(
        &self,
        key: ApiKeyId,
        restrictions: &KeyRestrictions,
        cost: UseCost,
        shares: &mut KeyShares,
        now: OffsetDateTime,
    ) -> Result<Charge, ChargeError> {
        let cost = cost.get();
        let (failed, mut charge) = (shares.has_failed(now), Charge::default());
        shares.keep(&restrictions.limits);
        for limit in restrictions.limits.iter() {
            let share = shares.window(limit, now);
            if share.is_short(cost, now) {
                if failed {
                    return Err(StoreError::Busy.into());
                }
                self.take_from_window(key, limit, cost, share, now).await?;
            }
            if share.left < cost {
                let retry_after = share.until_end(now);
                if charge.rejected.is_none_or(|earlier| earlier.retry_after < retry_after) {
                    charge.rejected = Some(RateLimited { limit: published(limit), retry_after, first: false });
                }
            }
        }
        if let Some(uses) = restrictions.uses {
            let share = shares.uses(uses.since, now);
            if share.is_short(cost, now) {
                if failed {
                    return Err(StoreError::Busy.into());
                }
                self.take_uses(key, cost, share, now).await?;
            }
            charge.exceeded = share.left < cost;
        }
        if charge.admission() == Admission::Admitted {
            shares.spend(cost, now);
        }
        let state = |limit: &KeyLimit| {
            let share = shares.window(limit, now);
            let (remaining, reset) = (share.remaining(), share.until_end(now));
            LimitState { name: limit.name.clone(), limit: limit.requests.get(), remaining, reset }
        };
        charge.limits = restrictions.limits.iter().map(state).collect();
        charge.remaining_uses = restrictions.uses.map(|uses| shares.uses(uses.since, now).remaining());
        Ok(charge)
    }

    async fn take_from_window(
        &self,
        key: ApiKeyId,
        limit: &KeyLimit,
        cost: u32,
        share: &mut Share,
        now: OffsetDateTime,
    ) -> Result<(), ChargeError> {
        let mut tx = self.ports.store.begin().await?;
        let counter = tx.counters().lock_window(key, &limit.name).await?;
        let (counter, at) = counter.ok_or(ChargeError::Changed)?;
        let start = limit.window_start(at);
        // A statement that waited for another node may have an older time than the window that the other one began.
        let since = counter.since.max(start);
        let taken = if counter.since < start { 0 } else { counter.taken };
        let available = limit.requests.get().saturating_sub(taken);
        let most = MAX_SHARE.max(limit.requests.get() / 100);
        let granted = share_of(available, share.missing(cost, since), most);
        if granted > 0 {
            let counter = WindowCounter { taken: taken.saturating_add(granted), since };
            tx.counters().set_window(key, &limit.name, counter).await?;
            tx.commit().await?;
        }
        let ends = now + (limit.window_end(since) - at);
        share.grant(granted, available - granted, (since, Some(ends)), now);
        Ok(())
    }

    async fn take_uses(
        &self,
        key: ApiKeyId,
        cost: u32,
        share: &mut Share,
        now: OffsetDateTime,
    ) -> Result<(), ChargeError> {
        let mut tx = self.ports.store.begin().await?;
        let (stored, at) = tx.counters().lock_uses(key).await?.ok_or(ChargeError::Changed)?;
        let uses = stored.at(at);
        let granted = share_of(uses.remaining.get(), share.missing(cost, uses.since), MAX_SHARE);
        let left = uses.without(granted);
        if left != stored {
            tx.counters().set_uses(key, left).await?;
            tx.commit().await?;
        }
        let ends = uses.refill.map(|refill| now + (refill.interval.end(at.max(uses.since)) - at));
        share.grant(granted, left.remaining.get(), (uses.since, ends), now);
        Ok(())
    }

    /// Returns uses to storage that this node has taken and does not need, or all with `all`, which is set at shutdown.
    /// Returns the number of keys of which some were returned.
    ///
    /// # Errors
    /// Storage failed for some keys. The others were returned, and the next call tries again.
    pub async fn return_unused_shares(&self, all: bool) -> Result<usize, StoreError> {
        let keys = self.shares.all().into_iter();
        let returned = keys.map(|(key, shares)| async move { self.return_shares_of(key, &shares, all).await });
        let outcomes: Vec<Result<bool, StoreError>> = stream::iter(returned).buffer_unordered(AT_ONCE).collect().await;
        self.shares.remove_empty();
        let mut keys = 0;
        for outcome in outcomes {
            keys += usize::from(outcome?);
        }
        Ok(keys)
    }

    async fn return_shares_of(
        &self,
        key: ApiKeyId,
        shares: &AsyncMutex<KeyShares>,
        all: bool,
    ) -> Result<bool, StoreError> {
        // A key that is in use right now is reviewed a second later.
        let mut shares = match shares.try_lock() {
            Some(shares) => shares,
            None if all => shares.lock().await,
            None => return Ok(false),
        };
        let returned = shares.take_surplus(all, self.ports.system.now());
        if returned.is_empty() {
            return Ok(false);
        }
        match self.give_back(key, &returned).await {
            // If the result of the commit is unknown, the uses are lost: to return them twice would admit too many.
            Ok(tx) => tx.commit().await?,
            Err(error) => {
                for returned in &returned {
                    shares.put_back(returned);
                }
                return Err(error);
            }
        }
        Ok(true)
    }

    /// Returns uses in a transaction. It has no effect if the window or the interval has ended, or the number was set since.
    async fn give_back(&self, key: ApiKeyId, returned: &[Returned]) -> Result<Box<dyn ApiKeyTransaction>, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        // The key first and then its windows, like an edit.
        for Returned { since, uses, .. } in returned.iter().filter(|returned| returned.limit.is_none()) {
            let stored = tx.counters().lock_uses(key).await?.map(|(stored, _)| stored);
            if let Some(stored) = stored.filter(|stored| stored.since == *since) {
                tx.counters().set_uses(key, stored.with(*uses)).await?;
            }
        }
        for Returned { limit, since, uses } in returned {
            let Some(name) = limit else { continue };
            let counter = tx.counters().lock_window(key, name).await?.map(|(counter, _)| counter);
            if let Some(counter) = counter.filter(|counter| counter.since == *since) {
                let counter = WindowCounter { taken: counter.taken.saturating_sub(*uses), ..counter };
                tx.counters().set_window(key, name, counter).await?;
            }
        }
        Ok(tx)
    }
}
