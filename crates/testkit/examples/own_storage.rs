//! API keys in a storage of your own, proved by the contract of their port.
//!
//! `docs/reuse.md` explains this example. Its tests are the cases of the contract.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tessera_apikeys::{
    ApiKeyPorts, ApiKeys, GenerateKey, Verification, VerifyKey,
    model::{ApiKey, KeyLifetime, KeyState, KeyStatus, StoredKey},
    ports::{ApiKeyRows, ApiKeyStore, ApiKeyTransaction, KeyCounts},
};
use tessera_apps::ports::AppStore;
use tessera_kernel::{
    ApiKeyId, ApplicationId, Clock, EmailAddress, EventLog, OrganizationId, Page, PageRequest, PermissionSet, Role,
    SecretHash, StoreError, Transaction, UserId,
};
use tessera_outbox::Outbox;
use tessera_testkit::{
    Workbench, async_trait,
    builders::{actor_of, application_id, user_id},
    expectations::{ok, parsed},
    fakes::MemoryStore,
};
use time::OffsetDateTime;

type Rows = BTreeMap<ApiKeyId, StoredKey>;

/// A storage of API keys. Clones use the same keys.
#[derive(Clone)]
struct KeyTable {
    keys: Arc<Mutex<Rows>>,
    /// Organizations, applications, users, the audit trail and the outbox. In a service, these are your own tables.
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
    async fn existing(&self, keys: Rows) -> Result<Vec<StoredKey>, StoreError> {
        let mut existing = Vec::new();
        for stored in keys.into_values() {
            if self.memory.find_application(stored.key.application_id).await?.is_some() {
                existing.push(stored);
            }
        }
        Ok(existing)
    }
}

#[async_trait]
impl ApiKeyStore for KeyTable {
    async fn begin(&self) -> Result<Box<dyn ApiKeyTransaction>, StoreError> {
        Ok(Box::new(self.change().await?))
    }

    async fn find_key_by_hash(&self, hash: &SecretHash) -> Result<Option<(StoredKey, OffsetDateTime)>, StoreError> {
        let found = self.existing(self.committed()).await?.into_iter().find(|stored| stored.hash == *hash);
        Ok(found.map(|stored| (stored, self.memory.clock().now())))
    }

    async fn find_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let found = self.existing(self.committed()).await?.into_iter().find(|stored| stored.key.id == id);
        Ok(found.map(|stored| stored.key))
    }

    async fn list_keys(&self, application: ApplicationId, page: PageRequest) -> Result<Page<ApiKey>, StoreError> {
        let keys = self.existing(self.committed()).await?.into_iter().map(|stored| stored.key);
        let keys = keys.filter(|key| key.application_id == application);
        let keys = keys.filter(|key| page.after.is_none_or(|after| key.id.as_uuid() > after));
        Ok(Page::from_rows(keys.take(page.limit.get() + 1).collect(), &page, |key| key.id.as_uuid()))
    }

    async fn record_uses(&self, uses: &[(ApiKeyId, OffsetDateTime)]) -> Result<(), StoreError> {
        let mut changes = self.change().await?;
        for (id, at) in uses {
            if let Some(stored) = changes.keys.get_mut(id) {
                stored.key.last_used = stored.key.last_used.max(Some(*at));
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

fn conflict(key: &str) -> StoreError {
    StoreError::Conflict { key: key.to_owned() }
}

#[async_trait]
impl ApiKeyRows for Changes {
    async fn lock_and_count(
        &mut self,
        organization: OrganizationId,
        application: ApplicationId,
        at: OffsetDateTime,
    ) -> Result<Option<KeyCounts>, StoreError> {
        if self.memory.keys().lock_and_count(organization, application, at).await?.is_none() {
            return Ok(None);
        }
        let keys: Vec<ApiKey> =
            self.table.existing(self.keys.clone()).await?.into_iter().map(|stored| stored.key).collect();
        let active = keys.iter().filter(|key| key.application_id == application && key.status(at) == KeyStatus::Live);
        let in_organization = keys.iter().filter(|key| key.organization_id == organization);
        Ok(Some(KeyCounts { active: active.map(|_| 1).sum(), in_organization: in_organization.map(|_| 1).sum() }))
    }

    async fn declared_permissions(&mut self, application: ApplicationId) -> Result<PermissionSet, StoreError> {
        self.memory.keys().declared_permissions(application).await
    }

    async fn insert(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        if self.keys.contains_key(&key.key.id) {
            return Err(conflict("api_keys_id"));
        }
        if self.keys.values().any(|stored| stored.hash == key.hash) {
            return Err(conflict("api_keys_key_hash"));
        }
        if self.table.memory.find_application(key.key.application_id).await?.is_none() {
            return Err(conflict(StoreError::REFERENCE));
        }
        self.keys.insert(key.key.id, key.clone());
        Ok(())
    }

    async fn address_of(&mut self, user: UserId) -> Result<Option<EmailAddress>, StoreError> {
        self.memory.keys().address_of(user).await
    }

    async fn revoke(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError> {
        let active = self.keys.get_mut(&id).filter(|stored| stored.key.state == KeyState::Active);
        Ok(active.map(|stored| stored.key.state = KeyState::Revoked { at }).is_some())
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
        application: application_id(1),
        description: None,
        lifetime: KeyLifetime::Days(30),
        permissions: vec![parsed("reports:read")],
        restrict_permissions: true,
    };
    let (key, secret) = ok(keys.generate_key(&actor_of(user_id(1)), command).await);
    let question = VerifyKey { key: secret.expose().to_owned(), permission: Some(parsed("reports:read")) };
    assert_eq!(ok(keys.verify_key(question).await), Verification::Valid(key));
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
}
