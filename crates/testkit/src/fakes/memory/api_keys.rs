//! API keys and service accounts.

use async_trait::async_trait;
use tessera_apikeys::{
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
use tessera_kernel::{
    ApiKeyId, ApplicationId, Clock as _, EmailAddress, OrganizationId, Page, PageRequest, PermissionSet, Role,
    SecretHash, ServiceAccountId, StoreError, UserId,
};
use tessera_orgs::model::Membership;
use tessera_outbox::Outbox;
use time::OffsetDateTime;

use super::{
    read::page,
    state::{State, unless},
    store::MemoryStore,
    transaction::MemoryTransaction,
};

impl State {
    /// Keys of applications and organizations that are not deleted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &StoredKey> {
        self.keys.values().filter(|stored| match stored.key.owner {
            KeyOwner::Application(id) => self.applications.contains_key(&id),
            KeyOwner::User(_) | KeyOwner::ServiceAccount(_) => {
                self.organizations.contains_key(&stored.key.organization_id)
            }
        })
    }

    fn organization_keys(&self, organization: OrganizationId) -> impl Iterator<Item = &ApiKey> {
        let keys = self.keys().map(|stored| &stored.key);
        keys.filter(move |key| key.organization_id == organization && key.application().is_none())
    }

    fn insert_key(&mut self, stored: &StoredKey) -> Result<(), StoreError> {
        let key = &stored.key;
        unless(self.keys.contains_key(&key.id), "api_keys_id")?;
        unless(self.keys.values().any(|other| other.hash == stored.hash), "api_keys_key_hash")?;
        let known = match key.owner {
            KeyOwner::Application(id) => self.applications.contains_key(&id),
            KeyOwner::User(user) => self.memberships.contains_key(&(key.organization_id, user)),
            KeyOwner::ServiceAccount(id) => self.service_accounts.contains_key(&id),
        };
        unless(!known || !self.organizations.contains_key(&key.organization_id), StoreError::REFERENCE)?;
        if let Some(user) = key.user()
            && let Some(membership) = self.memberships.get(&(key.organization_id, user))
        {
            self.member_since.insert(key.id, membership.joined_at);
        }
        self.keys.insert(key.id, stored.clone());
        self.keep_counters(key);
        Ok(())
    }

    fn keep_counters(&mut self, key: &ApiKey) {
        let counters = self.windows.entry(key.id).or_default();
        key.restrictions.limits.keep_counters(counters, &WindowCounter::UNUSED);
    }

    /// A key that is not revoked.
    fn unrevoked(&mut self, id: ApiKeyId) -> Option<&mut StoredKey> {
        self.keys.get_mut(&id).filter(|stored| !matches!(stored.key.state, KeyState::Revoked { .. }))
    }

    fn update_key(&mut self, key: &ApiKey) -> bool {
        let Some(stored) = self.unrevoked(key.id) else { return false };
        stored.key.edit(key);
        self.keep_counters(key);
        true
    }

    fn rotate(&mut self, id: ApiKeyId, secret: &KeySecret, expires_at: OffsetDateTime) -> Result<bool, StoreError> {
        unless(self.keys.values().any(|other| other.hash == secret.hash), "api_keys_key_hash")?;
        let Some(stored) = self.unrevoked(id) else { return Ok(false) };
        stored.key.rotate(secret, expires_at);
        let previous = std::mem::replace(&mut stored.hash, secret.hash);
        self.previous_hashes.insert(id, previous);
        Ok(true)
    }

    fn end_previous_secret(&mut self, id: ApiKeyId, at: OffsetDateTime) -> bool {
        let previous = self.keys.get_mut(&id).and_then(|stored| stored.key.previous.as_mut());
        let valid = previous.filter(|previous| previous.expires_at > at);
        valid.map(|previous| previous.expires_at = at).is_some()
    }

    /// The key with a secret of that hash, and when that secret expires if it is the previous one.
    fn by_secret(&self, hash: &SecretHash) -> Option<(StoredKey, Option<OffsetDateTime>)> {
        let without_previous = |stored: &StoredKey| {
            let key = ApiKey { previous: None, ..stored.key.clone() };
            StoredKey { key, hash: *hash }
        };
        if let Some(stored) = self.keys().find(|stored| stored.hash == *hash) {
            return Some((without_previous(stored), None));
        }
        let is_previous = |stored: &&StoredKey| self.previous_hashes.get(&stored.key.id) == Some(hash);
        let stored = self.keys().find(is_previous)?;
        Some((without_previous(stored), stored.key.previous.as_ref().map(|previous| previous.expires_at)))
    }

    fn rights(&self, key: &ApiKey) -> OwnerRights {
        match key.owner {
            KeyOwner::Application(_) => OwnerRights::OfKey,
            KeyOwner::User(user) => {
                let membership = self.memberships.get(&(key.organization_id, user));
                let same = membership.filter(|known| self.member_since.get(&key.id) == Some(&known.joined_at));
                OwnerRights::Role(same.map(|known| known.role))
            }
            KeyOwner::ServiceAccount(id) => {
                let account = self.service_accounts.get(&id).filter(|account| account.disabled_at().is_none());
                OwnerRights::Permissions(account.map(|account| account.permissions.clone()))
            }
        }
    }

    fn revoke_key(&mut self, id: ApiKeyId, at: OffsetDateTime) -> bool {
        self.unrevoked(id).map(|stored| stored.key.state = KeyState::Revoked { at }).is_some()
    }

    fn record_uses(&mut self, uses: &[SecretUse]) {
        for SecretUse { key, secret, used } in uses {
            let Some(stored) = self.keys.get_mut(key) else { continue };
            let of_previous = self.previous_hashes.get(key) == Some(secret);
            let last_use = if stored.hash == *secret {
                Some(&mut stored.key.last_use)
            } else {
                stored.key.previous.as_mut().filter(|_| of_previous).map(|previous| &mut previous.last_use)
            };
            if let Some(last_use) = last_use
                && last_use.as_ref().is_none_or(|known| known.at < used.at)
            {
                *last_use = Some(used.clone());
            }
        }
    }

    fn service_accounts_of(&self, organization: OrganizationId) -> impl Iterator<Item = &ServiceAccount> {
        self.service_accounts.values().filter(move |account| account.organization_id == organization)
    }
}

/// The rows of a slice, from all rows of its list.
fn slice<'a, T: Clone + 'a>(rows: impl Iterator<Item = &'a T>, request: SliceRequest) -> Slice<T> {
    let rows = rows.skip(request.offset.get() as usize).take(request.limit.get() + 1).cloned();
    Slice::from_rows(rows.collect(), &request)
}

#[async_trait]
impl ApiKeyStore for MemoryStore {
    async fn begin(&self) -> Result<Box<dyn ApiKeyTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await))
    }

    async fn find_key_by_hash(&self, kind: KeyKind, hash: &SecretHash) -> Result<Option<FoundKey>, StoreError> {
        let state = self.state();
        let found = state.by_secret(hash).filter(|(stored, _)| stored.key.kind() == kind);
        let at = self.0.clock.now();
        Ok(found.map(|(stored, secret_expires_at)| FoundKey {
            rights: state.rights(&stored.key),
            stored,
            secret_expires_at,
            at,
        }))
    }

    async fn find_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.state().keys().find(|stored| stored.key.id == id).map(|stored| stored.key.clone()))
    }

    async fn list_keys(&self, application: ApplicationId, page: PageRequest) -> Result<Page<ApiKey>, StoreError> {
        let state = self.state();
        let rows = state.keys().map(|stored| &stored.key).filter(|key| key.application() == Some(application));
        Ok(page!(rows, page, |row: &ApiKey| row.id.as_uuid()))
    }

    async fn list_organization_keys(
        &self,
        organization: OrganizationId,
        of: Option<UserId>,
        request: SliceRequest,
    ) -> Result<Slice<ApiKey>, StoreError> {
        let state = self.state();
        let keys = state.organization_keys(organization).filter(|key| of.is_none() || key.user() == of);
        Ok(slice(keys, request))
    }

    async fn find_service_account(
        &self,
        organization: OrganizationId,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError> {
        Ok(self.state().service_accounts_of(organization).find(|account| account.id == id).cloned())
    }

    async fn list_service_accounts(
        &self,
        organization: OrganizationId,
        request: SliceRequest,
    ) -> Result<Slice<ServiceAccount>, StoreError> {
        Ok(slice(self.state().service_accounts_of(organization), request))
    }

    async fn record_uses(&self, uses: &[SecretUse]) -> Result<(), StoreError> {
        let mut tx = self.transaction().await;
        tx.state.record_uses(uses);
        tx.publish()
    }
}

impl ApiKeyTransaction for MemoryTransaction {
    tessera_kernel::accessors!(keys: ApiKeyRows, counters: KeyCounters, service_accounts: ServiceAccounts, outbox: Outbox);
}

#[async_trait]
impl ApiKeyRows for MemoryTransaction {
    async fn lock(&mut self, organization: OrganizationId) -> Result<bool, StoreError> {
        Ok(self.state.organizations.contains_key(&organization))
    }

    async fn count(
        &mut self,
        organization: OrganizationId,
        owner: KeyOwner,
        at: OffsetDateTime,
    ) -> Result<KeyCounts, StoreError> {
        let keys = || self.state.keys().map(|stored| &stored.key).filter(|key| key.organization_id == organization);
        let live = |key: &ApiKey| key.revoked_at().is_none() && key.expires_at.is_none_or(|expiry| at < expiry);
        let ended = |key: &ApiKey| self.state.rights(key) == OwnerRights::Role(None);
        let active = keys().filter(|key| key.owner == owner && live(key) && !ended(key));
        let counted = keys().filter(|key| key.user().is_none());
        Ok(KeyCounts { active: active.map(|_| 1).sum(), in_organization: counted.map(|_| 1).sum() })
    }

    async fn role_of(&mut self, organization: OrganizationId, user: UserId) -> Result<Option<Role>, StoreError> {
        Ok(self.state.memberships.get(&(organization, user)).map(|membership| membership.role))
    }

    async fn declared_permissions(&mut self, application: ApplicationId) -> Result<PermissionSet, StoreError> {
        let declared = self.state.applications.get(&application).map(|known| known.permissions.iter().cloned());
        Ok(declared.into_iter().flatten().collect())
    }

    async fn insert(&mut self, key: &StoredKey) -> Result<(), StoreError> {
        self.state.insert_key(key)
    }

    async fn lock_key(&mut self, id: ApiKeyId) -> Result<Option<(ApiKey, OffsetDateTime)>, StoreError> {
        let found = self.state.keys().find(|stored| stored.key.id == id);
        Ok(found.map(|stored| (stored.key.clone(), self.now())))
    }

    async fn update(&mut self, key: &ApiKey) -> Result<bool, StoreError> {
        Ok(self.state.update_key(key))
    }

    async fn rotate(
        &mut self,
        id: ApiKeyId,
        secret: &KeySecret,
        previous_expires_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        self.state.rotate(id, secret, previous_expires_at)
    }

    async fn end_previous_secret(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError> {
        Ok(self.state.end_previous_secret(id, at))
    }

    async fn address_of(&mut self, user: UserId) -> Result<Option<EmailAddress>, StoreError> {
        Ok(self.state.users.get(&user).and_then(|known| known.user.email.clone()))
    }

    async fn owners(&mut self, organization: OrganizationId) -> Result<Vec<OrganizationOwner>, StoreError> {
        let owners = self.state.memberships.values();
        let owners = owners.filter(|known| known.organization_id == organization && known.role == Role::Owner);
        let owner = |known: &Membership| {
            let email = self.state.users.get(&known.user_id)?.user.email.clone()?;
            Some(OrganizationOwner { email, opened: known.opened_at.is_some() })
        };
        Ok(owners.filter_map(owner).collect())
    }

    async fn revoke(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError> {
        Ok(self.state.revoke_key(id, at))
    }
}

#[async_trait]
impl KeyCounters for MemoryTransaction {
    async fn lock_uses(&mut self, key: ApiKeyId) -> Result<Option<(UseLimit, OffsetDateTime)>, StoreError> {
        let uses = self.state.keys.get(&key).and_then(|stored| stored.key.restrictions.uses);
        Ok(uses.map(|uses| (uses, self.now())))
    }

    async fn set_uses(&mut self, key: ApiKeyId, uses: UseLimit) -> Result<(), StoreError> {
        if let Some(stored) = self.state.keys.get_mut(&key) {
            let present = &mut stored.key.restrictions.uses;
            *present = present.map(|present| UseLimit { refill: present.refill, ..uses });
        }
        Ok(())
    }

    async fn lock_window(
        &mut self,
        key: ApiKeyId,
        name: &LimitName,
    ) -> Result<Option<(WindowCounter, OffsetDateTime)>, StoreError> {
        let counter = self.state.windows.get(&key).and_then(|counters| counters.get(name));
        Ok(counter.map(|counter| (*counter, self.now())))
    }

    async fn set_window(&mut self, key: ApiKeyId, name: &LimitName, counter: WindowCounter) -> Result<(), StoreError> {
        if let Some(present) = self.state.windows.get_mut(&key).and_then(|counters| counters.get_mut(name)) {
            *present = counter;
        }
        Ok(())
    }
}

#[async_trait]
impl ServiceAccounts for MemoryTransaction {
    async fn count(&mut self, organization: OrganizationId) -> Result<u64, StoreError> {
        Ok(self.state.service_accounts_of(organization).map(|_| 1).sum())
    }

    async fn find(
        &mut self,
        organization: OrganizationId,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError> {
        Ok(self.state.service_accounts_of(organization).find(|account| account.id == id).cloned())
    }

    async fn insert(&mut self, account: &ServiceAccount) -> Result<(), StoreError> {
        unless(self.state.service_accounts.contains_key(&account.id), "service_accounts_id")?;
        unless(!self.state.organizations.contains_key(&account.organization_id), StoreError::REFERENCE)?;
        self.state.service_accounts.insert(account.id, account.clone());
        Ok(())
    }

    async fn update(&mut self, account: &ServiceAccount) -> Result<bool, StoreError> {
        let known = self.state.service_accounts.get_mut(&account.id);
        let change = |known: &mut ServiceAccount| {
            let ServiceAccount { organization_id, created_by, created_at, .. } = *known;
            *known = ServiceAccount { organization_id, created_by, created_at, ..account.clone() };
        };
        Ok(known.map(change).is_some())
    }
}
