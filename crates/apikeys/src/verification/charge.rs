//! The limits of keys: how often a key can be used in a window of time, and how many uses remain.
//!
//! Storage has one counter for each limit. A node takes a share of what is left before it admits uses, so the nodes together
//! never admit more than the limit, and most uses write nothing. Shares get smaller towards the limit, and a share that is not
//! used for a while goes back.

use tessera_kernel::{ApiKeyId, RateLimit, RateLimited, StoreError};
use time::{Duration, OffsetDateTime};

use crate::{
    ApiKeys,
    model::{ApiKey, KeyLimit, LimitName, UseCost, UseLimit},
    ports::WindowCounter,
    verification::shares::Share,
};

/// How long a share is kept without a use. With the period of the job, unused shares are back within 5 seconds.
const IDLE: Duration = Duration::seconds(2);

/// The most remaining uses in one share. A node that is killed loses the share that it holds.
const MAX_SHARE_OF_USES: u32 = 1_000;

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
    /// No uses remain.
    UsageExceeded,
}

/// The result of a charge. Rejected uses cost nothing.
#[derive(Debug)]
pub(crate) struct Charge {
    pub(crate) admission: Admission,
    pub(crate) limits: Vec<LimitState>,
    pub(crate) remaining_uses: Option<u32>,
}

/// The part of what is available that a node takes. It covers what is needed, or is nothing.
fn share_of(available: u32, needed: u32, most: u32) -> u32 {
    if available < needed { 0 } else { (available / 4).min(most).max(needed) }
}

/// The limit as problems and headers show it. They do not contain the names of the limits of keys.
fn published(limit: &KeyLimit) -> RateLimit {
    let window = Duration::seconds(i64::from(limit.window.get()));
    RateLimit { name: "api-key", quota: limit.requests.get(), window }
}

impl ApiKeys {
    /// Charges a use of a key to all of its limits, or to none.
    pub(crate) async fn charge(&self, key: &ApiKey, cost: UseCost) -> Result<Charge, StoreError> {
        let restrictions = &key.restrictions;
        if restrictions.limits.is_empty() && restrictions.uses.is_none() {
            return Ok(Charge { admission: Admission::Admitted, limits: Vec::new(), remaining_uses: None });
        }
        let (now, cost) = (self.ports.system.now(), cost.get());
        let shares = self.budgets.of(key.id);
        // One after the other for each key, so that of many uses that find no share one asks storage.
        let mut shares = shares.lock().await;
        shares.used_at = Some(now);
        shares.keep(&restrictions.limits);
        let mut rejected: Option<RateLimited> = None;
        for limit in restrictions.limits.iter() {
            let share = shares.window(limit, now);
            if share.is_short(cost, now) {
                self.take_from_window(key.id, limit, cost, share, now).await?;
            }
            if share.left < cost {
                let retry_after = share.until_end(now);
                if rejected.is_none_or(|earlier| earlier.retry_after < retry_after) {
                    rejected = Some(RateLimited { limit: published(limit), retry_after });
                }
            }
        }
        let mut exceeded = false;
        if let Some(uses) = restrictions.uses {
            let share = shares.uses(uses.since, now);
            if share.is_short(cost, now) {
                self.take_uses(key.id, cost, share, now).await?;
            }
            exceeded = share.left < cost;
        }
        let admission = match (exceeded, rejected) {
            (true, _) => Admission::UsageExceeded,
            (false, Some(limited)) => Admission::RateLimited(limited),
            (false, None) => Admission::Admitted,
        };
        if admission == Admission::Admitted {
            shares.spend(cost);
        }
        let state = |limit: &KeyLimit| {
            let share = shares.window(limit, now);
            let (remaining, reset) = (share.remaining(), share.until_end(now));
            LimitState { name: limit.name.clone(), limit: limit.requests.get(), remaining, reset }
        };
        let limits = restrictions.limits.iter().map(state).collect();
        let remaining_uses = restrictions.uses.map(|uses| shares.uses(uses.since, now).remaining());
        Ok(Charge { admission, limits, remaining_uses })
    }

    async fn take_from_window(
        &self,
        key: ApiKeyId,
        limit: &KeyLimit,
        cost: u32,
        share: &mut Share,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let Some((counter, at)) = tx.counters().lock_window(key, &limit.name).await? else {
            // The limit was removed, and this node will hear of it within a second.
            share.grant(cost, 0, (now, Some(now)), now);
            return Ok(());
        };
        let start = limit.window_start(at);
        // A node with a later clock may have begun the next window already.
        let since = counter.since.max(start);
        let taken = if counter.since < start { 0 } else { counter.taken };
        let available = limit.requests.get().saturating_sub(taken);
        let granted = share_of(available, share.missing(cost, since), u32::MAX);
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
    ) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        let Some((stored, at)) = tx.counters().lock_uses(key).await? else {
            share.grant(cost, 0, (now, Some(now)), now);
            return Ok(());
        };
        let uses = stored.at(at);
        let granted = share_of(uses.remaining.get(), share.missing(cost, uses.since), MAX_SHARE_OF_USES);
        let left = uses.without(granted);
        if left != stored {
            tx.counters().set_uses(key, left).await?;
            tx.commit().await?;
        }
        let ends = uses.refill.map(|refill| now + (refill.interval.end(at) - at));
        share.grant(granted, left.remaining.get(), (uses.since, ends), now);
        Ok(())
    }

    /// Gives shares back to storage that this node has not used for a while, or all with `all`, which is set at shutdown.
    /// Returns the number of shares.
    ///
    /// # Errors
    /// Storage failed. The next call tries again.
    pub async fn return_unused_shares(&self, all: bool) -> Result<u64, StoreError> {
        let now = self.ports.system.now();
        let mut returned = 0;
        for (key, shares) in self.budgets.all() {
            // A key that is in use right now is not idle.
            let Some(mut shares) = shares.try_lock() else { continue };
            if !all && shares.used_at.is_some_and(|used| now - used < IDLE) {
                continue;
            }
            while let Some((limit, share)) = shares.pop() {
                if share.left == 0 || share.ends.is_some_and(|ends| ends <= now) {
                    continue;
                }
                if let Err(error) = self.give_back(key, limit.as_ref(), &share).await {
                    shares.put_back(limit, share);
                    return Err(error);
                }
                returned += 1;
            }
        }
        self.budgets.remove_empty();
        Ok(returned)
    }

    /// Gives one share back. It has no effect if the window or the interval has ended, or the number was set since.
    async fn give_back(&self, key: ApiKeyId, limit: Option<&KeyLimit>, share: &Share) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        if let Some(KeyLimit { name, .. }) = limit {
            let counter = tx.counters().lock_window(key, name).await?;
            let counter = counter.map(|(counter, _)| counter).filter(|counter| share.since == Some(counter.since));
            let Some(counter) = counter else { return Ok(()) };
            let counter = WindowCounter { taken: counter.taken.saturating_sub(share.left), ..counter };
            tx.counters().set_window(key, name, counter).await?;
        } else {
            let uses = tx.counters().lock_uses(key).await?;
            let uses = uses.map(|(uses, _)| uses).filter(|uses| share.since == Some(uses.since));
            let Some(uses) = uses else { return Ok(()) };
            tx.counters().set_uses(key, UseLimit::with(uses, share.left)).await?;
        }
        // If the result of the commit is unknown, the share is lost: to return it twice would admit too many uses.
        let _: Result<(), StoreError> = tx.commit().await;
        Ok(())
    }
}
