//! API keys of applications in a storage of your own, proved by the contract of their port.
//!
//! `docs/reuse.md` explains this example. Its tests are the cases of the contract.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tessera_apikeys::{
    ApiKeyPorts, ApiKeys, GenerateKey, VerificationCode, VerifiedUse, VerifyKey,
    leaks::OrganizationOwner,
    model::{
        ApiKey, FoundKey, KeyKind, KeyOwner, KeySecret, KeyState, LimitName, OwnerRights, SecretUse, ServiceAccount,
        StoredKey, UseLimit,
    },
    ports::{
        ApiKeyRows, ApiKeyStore, ApiKeyTransaction, KeyCounters, KeyCounts, ServiceAccounts, Slice, SliceRequest,
        WindowCounter,
    },
};
use tessera_apps::ports::AppStore;
use tessera_kernel::{
    ApiKeyId, ApplicationId, Clock, EmailAddress, EventLog, OrganizationId, Page, PageRequest, PermissionSet, Role,
    SecretHash, ServiceAccountId, StoreError, Transaction, UserId,
};
use tessera_outbox::Outbox;
use tessera_testkit::{
    Workbench, async_trait,
    builders::{actor_of, application_id, user_id},
    expectations::{ok, parsed},
    fakes::MemoryStore,
};
use time::OffsetDateTime;

/// A key with what only the storage knows.
#[derive(Clone)]
struct Row {
    stored: StoredKey,
    previous_hash: Option<SecretHash>,
    /// By the name of the limit.
    windows: BTreeMap<LimitName, WindowCounter>,
}

type Rows = BTreeMap<ApiKeyId, Row>;

/// A storage of API keys. Clones use the same keys.
#[derive(Clone)]
struct KeyTable {
    keys: Arc<Mutex<Rows>>,
    /// Everything else. In a service, these are your own tables.
    memory: MemoryStore,
}

impl KeyTable {
    fn over(memory: &MemoryStore) -> Self {
        Self { keys: Arc::default(), memory: memory.clone() }
    }

    fn committed(&self) -> Rows {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn change(&self) -> Result<Changes, StoreError> {
        // This transaction comes first: there is one at a time, so the keys are read after the previous commit.
        let memory = ApiKeyStore::begin(&self.memory).await?;
        Ok(Changes { table: self.clone(), keys: self.committed(), memory })
    }

    /// The keys of applications that are not deleted.
    async fn existing(&self, keys: Rows) -> Result<Vec<Row>, StoreError> {
        let mut existing = Vec::new();
        for row in keys.into_values() {
            if let Some(application) = row.stored.key.application()
                && self.memory.find_application(application).await?.is_some()
            {
                existing.push(row);
            }
        }
        Ok(existing)
    }

    async fn find(&self, keys: Rows, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let mut existing = self.existing(keys).await?.into_iter().map(|row| row.stored.key);
        Ok(existing.find(|key| key.id == id))
    }
}

#[async_trait]
impl ApiKeyStore for KeyTable {
    async fn begin(&self) -> Result<Box<dyn ApiKeyTransaction>, StoreError> {
        Ok(Box::new(self.change().await?))
    }

    async fn find_key_by_hash(&self, kind: KeyKind, hash: &SecretHash) -> Result<Option<FoundKey>, StoreError> {
        if kind == KeyKind::Organization {
            return self.memory.find_key_by_hash(kind, hash).await;
        }
        let has = |row: &Row| row.stored.hash == *hash || row.previous_hash == Some(*hash);
        let found = self.existing(self.committed()).await?.into_iter().find(has);
        let at = self.memory.clock().now();
        Ok(found.map(|Row { stored: StoredKey { key, hash: present }, .. }| {
            let previous = key.previous.as_ref().filter(|_| present != *hash);
            let secret_expires_at = previous.map(|previous| previous.expires_at);
            let stored = StoredKey { key: ApiKey { previous: None, ..key }, hash: *hash };
            FoundKey { stored, secret_expires_at, rights: OwnerRights::OfKey, at }
        }))
    }

    async fn find_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let found = self.find(self.committed(), id).await?;
        if found.is_some() { Ok(found) } else { self.memory.find_key(id).await }
    }

    async fn list_organization_keys(
        &self,
        organization: OrganizationId,
        of: Option<UserId>,
        slice: SliceRequest,
    ) -> Result<Slice<ApiKey>, StoreError> {
        self.memory.list_organization_keys(organization, of, slice).await
    }

    async fn find_service_account(
        &self,
        organization: OrganizationId,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError> {
        self.memory.find_service_account(organization, id).await
    }

    async fn list_service_accounts(
        &self,
        organization: OrganizationId,
        slice: SliceRequest,
    ) -> Result<Slice<ServiceAccount>, StoreError> {
        self.memory.list_service_accounts(organization, slice).await
    }

    async fn list_keys(&self, application: ApplicationId, page: PageRequest) -> Result<Page<ApiKey>, StoreError> {
        let keys = self.existing(self.committed()).await?.into_iter().map(|row| row.stored.key);
        let keys = keys.filter(|key| key.application() == Some(application));
        let keys = keys.filter(|key| page.after.is_none_or(|after| key.id.as_uuid() > after));
        Ok(Page::from_rows(keys.take(page.limit.get() + 1).collect(), &page, |key| key.id.as_uuid()))
    }

    async fn record_uses(&self, uses: &[SecretUse]) -> Result<(), StoreError> {
        let mut changes = self.change().await?;
        for SecretUse { key, secret, used } in uses {
            let Some(Row { stored, previous_hash, .. }) = changes.keys.get_mut(key) else { continue };
            let previous = stored.key.previous.as_mut().filter(|_| *previous_hash == Some(*secret));
            let last_use = match previous {
                Some(previous) => &mut previous.last_use,
                None if stored.hash == *secret => &mut stored.key.last_use,
                None => continue,
            };
            if last_use.as_ref().is_none_or(|known| known.at < used.at) {
                *last_use = Some(used.clone());
            }
        }
        Box::new(changes).commit().await
    }
}

/// A transaction. It changes a copy of the keys, which replaces them at the commit.
struct Changes {
    table: KeyTable,
    keys: Rows,
    memory: Box<dyn ApiKeyTransaction>,
}

impl ApiKeyTransaction for Changes {
    fn keys(&mut self) -> &mut dyn ApiKeyRows {
        self
    }

    fn counters(&mut self) -> &mut dyn KeyCounters {
        self
    }

    fn service_accounts(&mut self) -> &mut dyn ServiceAccounts {
        self.memory.service_accounts()
    }

    fn outbox(&mut self) -> &mut dyn Outbox {
        self.memory.outbox()
    }
}

#[async_trait]
impl Transaction for Changes {
    fn events(&mut self) -> &mut dyn EventLog {
        self.memory.events()
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        // A database commits the keys, the audit entries and the messages at once. Here the other transaction ends last,
        // so no other writer comes in between.
        *self.table.keys.lock().unwrap_or_else(PoisonError::into_inner) = self.keys;
        self.memory.commit().await
    }
}

impl Changes {
    /// A key of this table that is not revoked.
    fn unrevoked(&mut self, id: ApiKeyId) -> Option<&mut Row> {
        self.keys.get_mut(&id).filter(|row| !matches!(row.stored.key.state, KeyState::Revoked { .. }))
    }
}

fn conflict(key: &str) -> StoreError {
    StoreError::Conflict { key: key.to_owned() }
}

#[async_trait]
impl ApiKeyRows for Changes {
    async fn lock(&mut self, organization: OrganizationId) -> Result<bool, StoreError> {
        self.memory.keys().lock(organization).await
    }

    async fn count(
        &mut self,
        organization: OrganizationId,
        owner: KeyOwner,
        at: OffsetDateTime,
    ) -> Result<KeyCounts, StoreError> {
        let KeyCounts { active, in_organization } = self.memory.keys().count(organization, owner, at).await?;
        let keys = self.table.existing(self.keys.clone()).await?.into_iter().map(|row| row.stored.key);
        let keys: Vec<ApiKey> = keys.collect();
        let live = |key: &ApiKey| key.revoked_at().is_none() && key.expires_at.is_none_or(|expiry| at < expiry);
        let own_active: u64 = keys.iter().filter(|key| key.owner == owner && live(key)).map(|_| 1).sum();
        let own: u64 = keys.iter().filter(|key| key.organization_id == organization).map(|_| 1).sum();
        Ok(KeyCounts { active: active + own_active, in_organization: in_organization + own })
    }

    async fn role_of(&mut self, organization: OrganizationId, user: UserId) -> Result<Option<Role>, StoreError> {
        self.memory.keys().role_of(organization, user).await
    }

    async fn declared_permissions(&mut self, application: ApplicationId) -> Result<PermissionSet, StoreError> {
        self.memory.keys().declared_permissions(application).await
    }

    async fn insert(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        let Some(application) = key.key.application() else { return self.memory.keys().insert(key).await };
        if self.keys.contains_key(&key.key.id) {
            return Err(conflict("api_keys_id"));
        }
        if self.keys.values().any(|row| row.stored.hash == key.hash) {
            return Err(conflict("api_keys_key_hash"));
        }
        if self.table.memory.find_application(application).await?.is_none() {
            return Err(conflict(StoreError::REFERENCE));
        }
        let mut row = Row { stored: key.clone(), previous_hash: None, windows: BTreeMap::new() };
        key.key.restrictions.limits.keep_counters(&mut row.windows, &WindowCounter::UNUSED);
        self.keys.insert(key.key.id, row);
        Ok(())
    }

    async fn lock_key(&mut self, id: ApiKeyId) -> Result<Option<(ApiKey, OffsetDateTime)>, StoreError> {
        let found = self.table.find(self.keys.clone(), id).await?;
        let found = found.map(|key| (key, self.table.memory.clock().now()));
        if found.is_some() { Ok(found) } else { self.memory.keys().lock_key(id).await }
    }

    async fn update(&mut self, key: &ApiKey) -> Result<bool, StoreError> {
        if !self.keys.contains_key(&key.id) {
            return self.memory.keys().update(key).await;
        }
        let Some(row) = self.unrevoked(key.id) else { return Ok(false) };
        row.stored.key.edit(key);
        key.restrictions.limits.keep_counters(&mut row.windows, &WindowCounter::UNUSED);
        Ok(true)
    }

    async fn rotate(
        &mut self,
        id: ApiKeyId,
        secret: &KeySecret,
        previous_expires_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        if !self.keys.contains_key(&id) {
            return self.memory.keys().rotate(id, secret, previous_expires_at).await;
        }
        if self.keys.values().any(|row| row.stored.hash == secret.hash) {
            return Err(conflict("api_keys_key_hash"));
        }
        let Some(row) = self.unrevoked(id) else { return Ok(false) };
        row.stored.key.rotate(secret, previous_expires_at);
        row.previous_hash = Some(std::mem::replace(&mut row.stored.hash, secret.hash));
        Ok(true)
    }

    async fn end_previous_secret(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError> {
        let Some(row) = self.keys.get_mut(&id) else { return self.memory.keys().end_previous_secret(id, at).await };
        let valid = row.stored.key.previous.as_mut().filter(|previous| previous.expires_at > at);
        Ok(valid.map(|previous| previous.expires_at = at).is_some())
    }

    async fn address_of(&mut self, user: UserId) -> Result<Option<EmailAddress>, StoreError> {
        self.memory.keys().address_of(user).await
    }

    async fn owners(&mut self, organization: OrganizationId) -> Result<Vec<OrganizationOwner>, StoreError> {
        self.memory.keys().owners(organization).await
    }

    async fn revoke(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError> {
        if !self.keys.contains_key(&id) {
            return self.memory.keys().revoke(id, at).await;
        }
        Ok(self.unrevoked(id).map(|row| row.stored.key.state = KeyState::Revoked { at }).is_some())
    }
}

#[async_trait]
impl KeyCounters for Changes {
    async fn lock_uses(&mut self, key: ApiKeyId) -> Result<Option<(UseLimit, OffsetDateTime)>, StoreError> {
        let Some(row) = self.keys.get(&key) else { return self.memory.counters().lock_uses(key).await };
        Ok(row.stored.key.restrictions.uses.map(|uses| (uses, self.table.memory.clock().now())))
    }

    async fn set_uses(&mut self, key: ApiKeyId, uses: UseLimit) -> Result<(), StoreError> {
        let Some(row) = self.keys.get_mut(&key) else { return self.memory.counters().set_uses(key, uses).await };
        let present = &mut row.stored.key.restrictions.uses;
        *present = present.map(|present| UseLimit { refill: present.refill, ..uses });
        Ok(())
    }

    async fn lock_window(
        &mut self,
        key: ApiKeyId,
        name: &LimitName,
    ) -> Result<Option<(WindowCounter, OffsetDateTime)>, StoreError> {
        let Some(row) = self.keys.get(&key) else { return self.memory.counters().lock_window(key, name).await };
        Ok(row.windows.get(name).map(|counter| (*counter, self.table.memory.clock().now())))
    }

    async fn set_window(&mut self, key: ApiKeyId, name: &LimitName, counter: WindowCounter) -> Result<(), StoreError> {
        let Some(row) = self.keys.get_mut(&key) else {
            return self.memory.counters().set_window(key, name, counter).await;
        };
        row.windows.entry(name.clone()).and_modify(|present| *present = counter);
        Ok(())
    }
}

/// The use cases of API keys on this storage. The other ports are fakes; `docs/reuse.md` lists the real ones.
#[tokio::main]
async fn main() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let store = Arc::new(KeyTable::over(&bench.store));
    let catalogue = ["reports:read", "reports:write"].map(parsed).into_iter().collect();
    // Users get no mails here. With `KeyNotices`, they get one about each new key.
    let ports = ApiKeyPorts { store, notices: None, ..bench.api_key_ports() };
    let keys = ApiKeys::new(ports, catalogue);
    let command = GenerateKey {
        permissions: vec![parsed("reports:read")],
        restrict_permissions: true,
        ..GenerateKey::of(application_id(1))
    };
    let (key, secret) = ok(keys.generate_key(&actor_of(user_id(1)), command).await);
    let question = VerifyKey { key: secret.expose().to_owned(), permissions: vec![parsed("reports:read")] };
    let verified = ok(keys.verify_key(question, VerifiedUse::default()).await);
    assert_eq!((verified.code, verified.key), (VerificationCode::Valid, Some(key)));
}

#[cfg(test)]
mod tests {
    use tessera_testkit::{OverMemory, OwnPorts, Skip, Stores};

    use super::*;

    struct OwnKeys;

    #[async_trait]
    impl OwnPorts for OwnKeys {
        async fn start(memory: &MemoryStore, stores: &mut Stores) -> Result<Self, Skip> {
            stores.api_keys = Arc::new(KeyTable::over(memory));
            Ok(Self)
        }

        fn connections_in_use(&self) -> usize {
            0
        }
    }

    tessera_testkit::api_key_store_contract!(OverMemory<OwnKeys>);
    tessera_testkit::api_key_transactions_contract!(OverMemory<OwnKeys>);
    tessera_testkit::key_changes_contract!(OverMemory<OwnKeys>);
    tessera_testkit::key_counters_contract!(OverMemory<OwnKeys>);
}
