//! What this node has taken of the limits of keys and not used yet.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::lock::Mutex as AsyncMutex;
use tessera_kernel::ApiKeyId;
use time::{Duration, OffsetDateTime};

use crate::model::{KeyLimit, KeyLimits, LimitName};

/// How long a node relies on what it has read about the uses that other nodes left.
const RECHECK: Duration = Duration::milliseconds(500);

/// The shares of this node, by key. Only keys with limits that were used recently have any.
#[derive(Debug, Default)]
pub(crate) struct Budgets(Mutex<HashMap<ApiKeyId, Arc<AsyncMutex<KeyShares>>>>);

impl Budgets {
    pub(super) fn of(&self, key: ApiKeyId) -> Arc<AsyncMutex<KeyShares>> {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    pub(super) fn all(&self) -> Vec<(ApiKeyId, Arc<AsyncMutex<KeyShares>>)> {
        let shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shares.iter().map(|(key, shares)| (*key, Arc::clone(shares))).collect()
    }

    /// Removes the shares of keys that have none and are not in use.
    pub(super) fn remove_empty(&self) {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the map refers to it, and a use needs the lock on the map to get another reference.
        shares.retain(|_, of| Arc::strong_count(of) > 1 || of.try_lock().is_none_or(|shares| !shares.is_empty()));
    }
}

/// What this node has taken of one limit and not used yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Share {
    /// The window or interval, or the time at which the number was set. `None` if nothing was taken yet.
    pub(super) since: Option<OffsetDateTime>,
    /// When it ends, by the clock of this node.
    pub(super) ends: Option<OffsetDateTime>,
    /// The uses that this node can admit.
    pub(super) left: u32,
    /// The uses that storage had left at the last read.
    elsewhere: u32,
    /// When that was.
    asked: Option<OffsetDateTime>,
}

impl Share {
    /// Returns whether to take more from storage: there is too little, and storage had enough at the last read or may have
    /// more since.
    pub(super) fn is_short(&self, cost: u32, now: OffsetDateTime) -> bool {
        let is_known = self.asked.is_some_and(|asked| now - asked < RECHECK);
        self.since.is_none() || (self.left < cost && !(is_known && self.remaining() < cost))
    }

    /// Returns how many uses are missing if the share must be one of that period.
    pub(super) fn missing(&self, cost: u32, since: OffsetDateTime) -> u32 {
        if self.since == Some(since) { cost.saturating_sub(self.left) } else { cost }
    }

    /// Adds what storage has granted for the period, and notes what it has left.
    pub(super) fn grant(
        &mut self,
        granted: u32,
        elsewhere: u32,
        (since, ends): (OffsetDateTime, Option<OffsetDateTime>),
        now: OffsetDateTime,
    ) {
        let kept = if self.since == Some(since) { self.left } else { 0 };
        self.left = kept.saturating_add(granted);
        (self.since, self.ends) = (Some(since), ends);
        (self.elsewhere, self.asked) = (elsewhere, Some(now));
    }

    /// The uses that are left, as far as this node knows.
    pub(super) fn remaining(&self) -> u32 {
        self.left.saturating_add(self.elsewhere)
    }

    /// The time until the window ends, in whole seconds, rounded up, at least one.
    pub(super) fn until_end(&self, now: OffsetDateTime) -> Duration {
        let rest = self.ends.map_or(Duration::ZERO, |ends| ends - now);
        let up = i64::from(rest.subsec_nanoseconds() > 0);
        Duration::seconds((rest.whole_seconds() + up).max(1))
    }
}

/// The shares of one key.
#[derive(Debug, Default)]
pub(super) struct KeyShares {
    windows: BTreeMap<LimitName, (KeyLimit, Share)>,
    uses: Option<Share>,
    pub(super) used_at: Option<OffsetDateTime>,
}

impl KeyShares {
    /// The share of a limit at a time. It is empty if its window has ended, or if the limit has changed.
    pub(super) fn window(&mut self, limit: &KeyLimit, now: OffsetDateTime) -> &mut Share {
        let (known, share) =
            self.windows.entry(limit.name.clone()).or_insert_with(|| (limit.clone(), Share::default()));
        if known != limit || share.ends.is_some_and(|ends| ends <= now) {
            (*known, *share) = (limit.clone(), Share::default());
        }
        share
    }

    /// The share of the remaining uses. It is empty if the number was set again after it was taken.
    pub(super) fn uses(&mut self, set: OffsetDateTime, now: OffsetDateTime) -> &mut Share {
        let share = self.uses.get_or_insert_default();
        if share.since.is_some_and(|since| since < set) || share.ends.is_some_and(|ends| ends <= now) {
            *share = Share::default();
        }
        share
    }

    /// Drops the shares of limits that the key does not have any more. Their counters have ended too.
    pub(super) fn keep(&mut self, limits: &KeyLimits) {
        self.windows.retain(|name, _| limits.iter().any(|limit| limit.name == *name));
    }

    /// Spends uses of all shares, which have enough.
    pub(super) fn spend(&mut self, cost: u32) {
        let windows = self.windows.values_mut().map(|(_, share)| share);
        for share in windows.chain(&mut self.uses) {
            share.left = share.left.saturating_sub(cost);
        }
    }

    /// Removes a share and returns it with its limit. `None` in place of a limit stands for the remaining uses.
    pub(super) fn pop(&mut self) -> Option<(Option<KeyLimit>, Share)> {
        let window = self.windows.pop_first().map(|(_, (limit, share))| (Some(limit), share));
        window.or_else(|| self.uses.take().map(|share| (None, share)))
    }

    /// Adds a share again.
    pub(super) fn put_back(&mut self, limit: Option<KeyLimit>, share: Share) {
        match limit {
            Some(limit) => drop(self.windows.insert(limit.name.clone(), (limit, share))),
            None => self.uses = Some(share),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.uses.is_none()
    }
}
