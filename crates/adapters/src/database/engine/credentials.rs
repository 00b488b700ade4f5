//! The credential cache: keys, sessions, users and roles that were read recently.
//!
//! An entry is used as long as nothing that it depends on has changed. A transaction that ends or changes rights records
//! the ids that it concerns (see [`feed`]), each node learns of it, and every use of an entry compares. So there is no
//! moment between the read of an entry and its removal in which a change could be missed.

mod changes;
mod feed;
mod lag;
mod metrics;
#[cfg(test)]
mod tests;

use std::{hash::Hash, sync::Arc};

use quick_cache::{Weighter, sync::Cache};
use tessera_apikeys::model::{FoundKey, KeyKind, KeyLimit, KeyOwner, LimitName, OwnerRights};
use tessera_identity::model::{KnownSession, User, Wallet};
use tessera_kernel::{
    ApplicationId, Cidr, Counter, MemberAccess, OrganizationId, SecretHash, SessionId, StoreError, UserId,
};
use time::Duration;
use uuid::Uuid;

pub(in crate::database) use changes::Change;
use changes::{Changes, Position, clocks};
pub(super) use feed::{Feed, record};
use lag::Lag;
pub use metrics::{CredentialCacheMetrics, LookupMetrics};

/// A cached value.
pub(in crate::database) trait Cached: Clone {
    /// The ids of everything that the value depends on. The nil id stands for nothing.
    fn subjects(&self) -> [Uuid; 3];

    /// The value as it would be read now, `age` after it was read, if nothing has changed.
    fn aged(self, _age: Duration) -> Self {
        self
    }

    /// The bytes that the value takes on the heap, roughly.
    fn heap(&self) -> usize {
        0
    }
}

impl Cached for FoundKey {
    fn subjects(&self) -> [Uuid; 3] {
        let key = &self.stored.key;
        let owner = match key.owner {
            KeyOwner::Application(id) => id.as_uuid(),
            KeyOwner::User(id) => id.as_uuid(),
            KeyOwner::ServiceAccount(id) => id.as_uuid(),
        };
        [key.id.as_uuid(), key.organization_id.as_uuid(), owner]
    }

    fn aged(mut self, age: Duration) -> Self {
        self.at += age;
        self
    }

    fn heap(&self) -> usize {
        /// A permission with its place in the set.
        const PERMISSION: usize = 96;
        let key = &self.stored.key;
        let of_owner = match &self.rights {
            OwnerRights::Permissions(Some(permissions)) => permissions.len(),
            _ => 0,
        };
        let texts = [
            key.name.as_ref().map(|name| name.as_str().len()),
            key.description.as_ref().map(|description| description.as_str().len()),
            key.last_use.as_ref().and_then(|last| last.user_agent.as_ref()).map(String::len),
        ];
        let texts: usize = texts.into_iter().flatten().sum();
        let limits = key.restrictions.limits.len() * (size_of::<KeyLimit>() + LimitName::MAX_LENGTH);
        let networks = key.restrictions.allowed_addresses.len() * size_of::<Cidr>();
        key.key_prefix.len() + texts + limits + networks + (key.permissions.len() + of_owner) * PERMISSION
    }
}

impl Cached for KnownSession {
    fn subjects(&self) -> [Uuid; 3] {
        [self.session.id.as_uuid(), self.session.user_id.as_uuid(), Uuid::nil()]
    }

    fn aged(mut self, age: Duration) -> Self {
        self.at += age;
        self
    }

    fn heap(&self) -> usize {
        let name = self.session.name.as_ref().map_or(0, |name| name.as_str().len());
        let uses = self.session.refresh.as_ref().map_or(0, |chain| size_of_val(chain.uses.entries()));
        name + self.session.device.as_str().len() + uses
    }
}

impl Cached for User {
    fn subjects(&self) -> [Uuid; 3] {
        [self.id.as_uuid(), Uuid::nil(), Uuid::nil()]
    }

    fn heap(&self) -> usize {
        /// The texts of a wallet, roughly.
        const WALLET: usize = size_of::<Wallet>() + 64;
        let texts = [
            // An address is stored as it was entered, and in its canonical form.
            self.email.as_ref().map(|email| 2 * email.as_str().len()),
            self.display_name.as_ref().map(|name| name.as_str().len()),
            self.first_name.as_ref().map(|name| name.as_str().len()),
            self.last_name.as_ref().map(|name| name.as_str().len()),
            self.avatar_url.as_ref().map(|url| url.as_str().len()),
        ];
        texts.into_iter().flatten().sum::<usize>() + self.wallets.len() * WALLET
    }
}

/// The access of a user to an organization.
#[derive(Debug, Clone, Copy)]
pub(in crate::database) struct KnownRole {
    pub(in crate::database) organization: OrganizationId,
    pub(in crate::database) user: UserId,
    pub(in crate::database) access: MemberAccess,
}

impl Cached for KnownRole {
    fn subjects(&self) -> [Uuid; 3] {
        [self.organization.as_uuid(), self.user.as_uuid(), Uuid::nil()]
    }
}

/// The organization of an application.
#[derive(Debug, Clone, Copy)]
pub(in crate::database) struct KnownApplication {
    pub(in crate::database) application: ApplicationId,
    pub(in crate::database) organization: OrganizationId,
}

impl Cached for KnownApplication {
    fn subjects(&self) -> [Uuid; 3] {
        [self.application.as_uuid(), self.organization.as_uuid(), Uuid::nil()]
    }
}

#[derive(Debug, Clone)]
struct Entry<V> {
    value: V,
    read: Position,
}

#[derive(Debug, Clone, Copy)]
struct Weight;

impl<K, V: Cached> Weighter<K, Entry<V>> for Weight {
    fn weight(&self, _: &K, entry: &Entry<V>) -> u64 {
        /// Bytes of the hash table and of the eviction queues for one entry.
        const OVERHEAD: usize = 48;
        (OVERHEAD + size_of::<K>() + size_of::<Entry<V>>() + entry.value.heap()) as u64
    }
}

/// The cached results of one lookup.
pub(in crate::database) struct Lookup<K, V: Cached> {
    /// `None` if the cache is off.
    entries: Option<Cache<K, Entry<V>, Weight>>,
    changes: Arc<Changes>,
    metrics: Option<Arc<LookupMetrics>>,
}

impl<K: Eq + Hash, V: Cached> Lookup<K, V> {
    fn new(bytes: u64, changes: &Arc<Changes>, metrics: Option<Arc<LookupMetrics>>) -> Self {
        /// The size of a small entry. The cache divides itself into parts by the number of entries.
        const SMALL: u64 = 256;
        let capacity = usize::try_from(bytes / SMALL).unwrap_or(usize::MAX);
        let entries = (bytes > 0).then(|| Cache::with_weighter(capacity, bytes, Weight));
        Self { entries, changes: Arc::clone(changes), metrics }
    }

    /// Returns the cached value, or reads it. Values that do not exist are not cached.
    pub(in crate::database) async fn find(
        &self,
        key: K,
        read: impl Future<Output = Result<Option<V>, StoreError>>,
    ) -> Result<Option<V>, StoreError> {
        /// How long a read may take for its value to be cached. Its age counts from before the read, because the database
        /// reads its clock at some time during the read.
        const PRECISION: std::time::Duration = std::time::Duration::from_millis(100);
        let Some(entries) = &self.entries else { return read.await };
        let (now, wall) = clocks();
        let is_trusted = self.changes.is_trusted((now, wall));
        if is_trusted
            && let Some(Entry { value, read }) = entries.get(&key)
            && self.changes.still_holds(read, &value.subjects(), now)
        {
            self.count(|metrics| &metrics.hits);
            let age = now.saturating_duration_since(read.at);
            return Ok(Some(value.aged(Duration::try_from(age).unwrap_or(Duration::MAX))));
        }
        self.count(|metrics| if is_trusted { &metrics.misses } else { &metrics.untrusted });
        let position = self.changes.position(now);
        let found = read.await?;
        if let Some(value) = &found
            && now.elapsed() < PRECISION
        {
            entries.insert(key, Entry { value: value.clone(), read: position });
        }
        Ok(found)
    }

    fn count(&self, counter: impl FnOnce(&LookupMetrics) -> &Counter) {
        if let Some(metrics) = &self.metrics {
            counter(metrics).increment();
        }
    }

    /// Drops an entry whose value has changed, but no right.
    pub(in crate::database) fn forget(&self, key: &K) {
        if let Some(entries) = &self.entries {
            entries.remove(key);
        }
    }
}

/// The credential cache of a node.
pub(in crate::database) struct Credentials {
    pub(in crate::database) keys: Lookup<(KeyKind, SecretHash), FoundKey>,
    pub(in crate::database) sessions: Lookup<SessionId, KnownSession>,
    pub(in crate::database) users: Lookup<UserId, User>,
    pub(in crate::database) roles: Lookup<(OrganizationId, UserId), KnownRole>,
    pub(in crate::database) applications: Lookup<ApplicationId, KnownApplication>,
    changes: Arc<Changes>,
    lag: Arc<Lag>,
}

impl Credentials {
    /// Creates a cache of at most that many bytes. With 0, it is off.
    pub(super) fn new(bytes: u64, metrics: Option<&Arc<CredentialCacheMetrics>>) -> Self {
        let changes = Arc::new(Changes::new());
        let of =
            |lookup: fn(&CredentialCacheMetrics) -> &Arc<LookupMetrics>| metrics.map(|all| Arc::clone(lookup(all)));
        // Keys and users take several times as much as the others.
        Self {
            keys: Lookup::new(bytes * 3 / 8, &changes, of(|metrics| &metrics.keys)),
            sessions: Lookup::new(bytes / 8, &changes, of(|metrics| &metrics.sessions)),
            users: Lookup::new(bytes / 4, &changes, of(|metrics| &metrics.users)),
            roles: Lookup::new(bytes / 8, &changes, of(|metrics| &metrics.roles)),
            applications: Lookup::new(bytes / 8, &changes, of(|metrics| &metrics.applications)),
            changes,
            lag: Arc::new(Lag::new(metrics.cloned())),
        }
    }

    /// Whether anything is cached.
    pub(super) fn is_on(&self) -> bool {
        self.keys.entries.is_some()
    }

    /// Makes what this node has read about a subject unusable.
    pub(super) fn distrust(&self, subject: Uuid) {
        if self.is_on() {
            self.changes.distrust(subject);
        }
    }

    /// Notes a change that this node is about to commit.
    pub(super) fn expect_own(&self, change: &Change) {
        if self.is_on() {
            self.lag.expect_own(change.epoch);
        }
    }

    /// Records a change that this node has committed.
    pub(super) fn record_own(&self, change: &Change) {
        if self.is_on() {
            self.changes.record_own(change);
        }
    }
}
