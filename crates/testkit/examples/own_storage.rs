//! API keys of applications in a storage of your own, proved by the contract of their port.
//!
//! `docs/reuse.md` explains this example. Its tests are the cases of the contract.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tessera_apikeys::{
    ApiKeyPorts, ApiKeys, GenerateKey, VerificationCode, VerifyKey,
    leaks::OrganizationOwner,
    model::{
        ApiKey, FoundKey, KeyKind, KeyLifetime, KeyOwner, KeyState, KeyUse, OwnerRights, ServiceAccount, StoredKey,
    },
    ports::{ApiKeyRows, ApiKeyStore, ApiKeyTransaction, KeyCounts, ServiceAccounts, Slice, SliceRequest},
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

type Rows = BTreeMap<ApiKeyId, StoredKey>;

/// A storage of API keys. Clones use the same keys.
#[derive(Clone)]
struct KeyTable {
    keys: Arc<Mutex<Rows>>,
    /// Organizations with their keys and service accounts, applications, users, the audit trail and the outbox. In a
    /// service, these are your own tables.
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
            if let Some(application) = stored.key.application()
                && self.memory.find_application(application).await?.is_some()
            {
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

    async fn find_key_by_hash(&self, kind: KeyKind, hash: &SecretHash) -> Result<Option<FoundKey>, StoreError> {
        if kind == KeyKind::Organization {
            return self.memory.find_key_by_hash(kind, hash).await;
        }
        let found = self.existing(self.committed()).await?.into_iter().find(|stored| stored.hash == *hash);
        let at = self.memory.clock().now();
        Ok(found.map(|stored| FoundKey { stored, rights: OwnerRights::OfKey, at }))
    }

    async fn find_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let found = self.existing(self.committed()).await?.into_iter().find(|stored| stored.key.id == id);
        match found {
            Some(stored) => Ok(Some(stored.key)),
            None => self.memory.find_key(id).await,
        }
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
        let keys = self.existing(self.committed()).await?.into_iter().map(|stored| stored.key);
        let keys = keys.filter(|key| key.application() == Some(application));
        let keys = keys.filter(|key| page.after.is_none_or(|after| key.id.as_uuid() > after));
        Ok(Page::from_rows(keys.take(page.limit.get() + 1).collect(), &page, |key| key.id.as_uuid()))
    }

    async fn record_uses(&self, uses: &[(ApiKeyId, KeyUse)]) -> Result<(), StoreError> {
        let mut changes = self.change().await?;
        for (id, used) in uses {
            if let Some(stored) = changes.keys.get_mut(id)
                && stored.key.last_used().is_none_or(|known| known < used.at)
            {
                stored.key.last_use = Some(used.clone());
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
        let keys: Vec<ApiKey> =
            self.table.existing(self.keys.clone()).await?.into_iter().map(|stored| stored.key).collect();
        let live = |key: &ApiKey| key.state == KeyState::Active && key.expires_at.is_none_or(|expiry| at < expiry);
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
        if self.keys.values().any(|stored| stored.hash == key.hash) {
            return Err(conflict("api_keys_key_hash"));
        }
        if self.table.memory.find_application(application).await?.is_none() {
            return Err(conflict(StoreError::REFERENCE));
        }
        self.keys.insert(key.key.id, key.clone());
        Ok(())
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
    let verified = ok(keys.verify_key(question).await);
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
}
