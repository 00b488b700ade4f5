//! What this node has taken of the limits of keys and not used yet.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::lock::Mutex as AsyncMutex;
use tessera_kernel::ApiKeyId;
use time::{Duration, OffsetDateTime};

use crate::model::{KeyLimit, KeyLimits, LimitName};

/// How long a node relies on what it has read about the uses that other nodes left, and on a failure of storage.
const RECHECK: Duration = Duration::milliseconds(500);

/// How long a share is kept without a use. It is longer than a burst of requests takes, so that its end is not rejected.
const IDLE: Duration = Duration::milliseconds(1_500);

/// How often a share that is in use is compared with what was used of it. With the period of the job, what is not needed is
/// back within 5 seconds.
const REVIEW: Duration = Duration::milliseconds(3_500);

/// Whether a time is less than `within` ago. A clock that was set back makes every earlier time old.
fn is_recent(at: Option<OffsetDateTime>, now: OffsetDateTime, within: Duration) -> bool {
    at.is_some_and(|at| (Duration::ZERO..within).contains(&(now - at)))
}

/// The shares of this node, by key. Only keys with limits that were used recently have any.
#[derive(Debug, Default)]
pub(crate) struct NodeShares(Mutex<HashMap<ApiKeyId, Arc<AsyncMutex<KeyShares>>>>);

impl NodeShares {
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
    /// The uses that were admitted since the last review, and when that was.
    spent: u32,
    reviewed: Option<OffsetDateTime>,
    /// When the share was last taken from or added to.
    touched: Option<OffsetDateTime>,
}

impl Share {
    /// Returns whether to ask storage: the share is too small, and storage had enough at the last read or may have more
    /// since. A use that costs nothing only reads.
    pub(super) fn is_short(&self, cost: u32, now: OffsetDateTime) -> bool {
        let is_known = is_recent(self.asked, now, RECHECK);
        match cost {
            0 => !is_known,
            _ => self.left < cost && !(is_known && self.remaining() < cost),
        }
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
        self.reviewed.get_or_insert(now);
        self.touched = Some(now);
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

    /// Whether the share belongs to a period that has ended, or was taken in the future of a clock that was set back. Small
    /// corrections of a clock do not count.
    fn is_over(&self, now: OffsetDateTime) -> bool {
        self.ends.is_some_and(|ends| ends <= now) || self.asked.is_some_and(|asked| asked - now > Duration::SECOND)
    }

    /// Takes out what this node does not need: everything with `all` or if nothing was used for a while, otherwise what exceeds
    /// twice of what was used since the last review. 0 if no review is due.
    fn surplus(&mut self, all: bool, now: OffsetDateTime) -> u32 {
        if self.is_over(now) {
            *self = Self::default();
            return 0;
        }
        let all = all || !is_recent(self.touched, now, IDLE);
        if !all && is_recent(self.reviewed, now, REVIEW) {
            return 0;
        }
        let needed = if all { 0 } else { self.spent.saturating_mul(2) };
        let surplus = self.left.saturating_sub(needed);
        self.left -= surplus;
        // Storage has them now, so a use that comes later asks for them.
        self.elsewhere = self.elsewhere.saturating_add(surplus);
        (self.spent, self.reviewed) = (0, Some(now));
        surplus
    }

    /// Whether the share holds nothing, and nothing worth knowing.
    fn is_empty(&self, now: OffsetDateTime) -> bool {
        self.left == 0 && !is_recent(self.touched, now, IDLE)
    }
}

/// Uses that go back to storage.
#[derive(Debug)]
pub(super) struct Returned {
    /// The limit. `None` for the remaining uses.
    pub(super) limit: Option<LimitName>,
    /// The period to which they belong.
    pub(super) since: OffsetDateTime,
    pub(super) uses: u32,
}

/// The shares of one key.
#[derive(Debug, Default)]
pub(super) struct KeyShares {
    windows: BTreeMap<LimitName, (KeyLimit, Share)>,
    uses: Option<Share>,
    failed: Option<OffsetDateTime>,
}

impl KeyShares {
    /// The share of a limit at a time. It is empty if its window has ended, or if the limit has changed.
    pub(super) fn window(&mut self, limit: &KeyLimit, now: OffsetDateTime) -> &mut Share {
        let (known, share) =
            self.windows.entry(limit.name.clone()).or_insert_with(|| (limit.clone(), Share::default()));
        if known != limit || share.is_over(now) {
            (*known, *share) = (limit.clone(), Share::default());
        }
        share
    }

    /// The share of the remaining uses. It is empty if the number was set again after it was taken.
    pub(super) fn uses(&mut self, set: OffsetDateTime, now: OffsetDateTime) -> &mut Share {
        let share = self.uses.get_or_insert_default();
        if share.since.is_some_and(|since| since < set) || share.is_over(now) {
            *share = Share::default();
        }
        share
    }

    /// Drops the shares of limits that the key does not have any more. Their counters have ended too.
    pub(super) fn keep(&mut self, limits: &KeyLimits) {
        self.windows.retain(|name, _| limits.iter().any(|limit| limit.name == *name));
    }

    /// Spends uses of all shares, which have enough.
    pub(super) fn spend(&mut self, cost: u32, now: OffsetDateTime) {
        let windows = self.windows.values_mut().map(|(_, share)| share);
        for share in windows.chain(&mut self.uses) {
            share.left = share.left.saturating_sub(cost);
            share.spent = share.spent.saturating_add(cost);
            if cost > 0 {
                share.touched = Some(now);
            }
        }
    }

    /// Notes that storage failed, so that the uses that wait do not all try it one after the other.
    pub(super) const fn note_failure(&mut self, now: OffsetDateTime) {
        self.failed = Some(now);
    }

    /// Whether storage failed a moment ago.
    pub(super) fn has_failed(&self, now: OffsetDateTime) -> bool {
        is_recent(self.failed, now, RECHECK)
    }

    /// Takes out what this node does not need, and forgets shares that are empty.
    pub(super) fn take_surplus(&mut self, all: bool, now: OffsetDateTime) -> Vec<Returned> {
        let mut returned = Vec::new();
        let windows = self.windows.iter_mut().map(|(name, (_, share))| (Some(name), share));
        for (limit, share) in windows.chain(self.uses.as_mut().map(|share| (None, share))) {
            let uses = share.surplus(all, now);
            if let (Some(since), true) = (share.since, uses > 0) {
                returned.push(Returned { limit: limit.cloned(), since, uses });
            }
        }
        self.windows.retain(|_, (_, share)| !share.is_empty(now));
        self.uses.take_if(|share| share.is_empty(now));
        returned
    }

    /// Adds uses again that could not be returned.
    pub(super) fn put_back(&mut self, returned: &Returned) {
        let share = match &returned.limit {
            Some(name) => self.windows.get_mut(name).map(|(_, share)| share),
            None => self.uses.as_mut(),
        };
        if let Some(share) = share.filter(|share| share.since == Some(returned.since)) {
            share.elsewhere = share.elsewhere.saturating_sub(returned.uses);
            share.left = share.left.saturating_add(returned.uses);
        }
    }

    fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.uses.is_none()
    }
}
