//! API keys and service accounts.

use async_trait::async_trait;
use tessera_apikeys::{
    leaks::OrganizationOwner,
    model::{ApiKey, FoundKey, KeyKind, KeyOwner, KeyState, KeyUse, OwnerRights, ServiceAccount, StoredKey},
    ports::{ApiKeyRows, ApiKeyStore, ApiKeyTransaction, KeyCounts, ServiceAccounts, Slice, SliceRequest},
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
        Ok(())
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
        let active = self.keys.get_mut(&id).filter(|stored| stored.key.state == KeyState::Active);
        active.map(|stored| stored.key.state = KeyState::Revoked { at }).is_some()
    }

    fn record_uses(&mut self, uses: &[(ApiKeyId, KeyUse)]) {
        for (id, used) in uses {
            if let Some(stored) = self.keys.get_mut(id)
                && stored.key.last_use.as_ref().is_none_or(|known| known.at < used.at)
            {
                stored.key.last_use = Some(used.clone());
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
        let of_kind = |stored: &&StoredKey| (kind == KeyKind::Application) == stored.key.application().is_some();
        let found = state.keys().filter(of_kind).find(|stored| stored.hash == *hash).cloned();
        let at = self.0.clock.now();
        Ok(found.map(|stored| FoundKey { rights: state.rights(&stored.key), stored, at }))
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

    async fn record_uses(&self, uses: &[(ApiKeyId, KeyUse)]) -> Result<(), StoreError> {
        let mut tx = self.transaction().await;
        tx.state.record_uses(uses);
        tx.publish()
    }
}

impl ApiKeyTransaction for MemoryTransaction {
    tessera_kernel::accessors!(keys: ApiKeyRows, service_accounts: ServiceAccounts, outbox: Outbox);
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
        let live = |key: &ApiKey| key.state == KeyState::Active && key.expires_at.is_none_or(|expiry| at < expiry);
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
