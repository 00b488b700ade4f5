//! Creation of organization keys.

use tessera_kernel::{
    AccessError, Acting, ActingParty, Actor, ApiKeyId, CreatorId, KeyScope, OnConflict, OrganizationId, PermissionSet,
    QuotaExceeded, ServiceAccountId, StoreError, permit,
};
use time::OffsetDateTime;

use crate::{
    ApiKeys,
    events::KeyEvent,
    lock::AuthorizedChange,
    model::{
        ApiKey, KeyDescription, KeyKind, KeyName, KeyOwner, KeyState, NewRestrictions, RawKey, RefillWithoutUses,
        ServiceAccountState, StoredKey,
    },
    policy,
    ports::ApiKeyTransaction,
    used_key::UsedKey,
};

/// The organization key to create.
#[derive(Debug)]
pub struct CreateOrganizationKey {
    /// The organization.
    pub organization: OrganizationId,
    /// The name.
    pub name: KeyName,
    /// The purpose.
    pub description: Option<KeyDescription>,
    /// When the key expires. `None` if it never does.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether the key may change anything.
    pub scope: KeyScope,
    /// The service account that the key acts as. `None` for a personal key of the caller.
    pub service_account: Option<ServiceAccountId>,
    /// Addresses, limits and uses of the key. A refill without a number of uses is an error.
    pub restrictions: NewRestrictions,
}

tessera_kernel::error_enum! {
    /// Why an organization key was not created.
    pub enum CreateOrganizationKeyError {
        /// The expiry is not in the future.
        #[error("the expiry is not in the future")]
        ExpiryInPast,
        /// The organization has no such service account, or it is disabled.
        #[error("the service account does not exist or is disabled")]
        ServiceAccountUnavailable,
        /// A service account can create keys for itself only, and must name itself.
        #[error("a service account must name itself")]
        ServiceAccountRequired,
    }
    from RefillWithoutUses(RefillWithoutUses), Access(AccessError), Quota(QuotaExceeded), Store(StoreError)
}

impl ApiKeys {
    /// Creates a key of an organization. Only this return value contains the secret. The user who creates the key gets
    /// a mail.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the rights of the actor are too low, the expiry or the service
    /// account is not acceptable, a quota is used up, or storage failed.
    pub async fn create_organization_key(
        &self,
        actor: &Actor,
        command: CreateOrganizationKey,
    ) -> Result<(ApiKey, RawKey), CreateOrganizationKeyError> {
        let organization = command.organization;
        let now = self.ports.system.now();
        let restrictions = command.restrictions.at(now)?;
        let (AuthorizedChange { mut tx, acting: Acting { party, .. } }, owner) =
            self.lock_owner(actor, organization, command.service_account).await?;
        if command.expires_at.is_some_and(|expiry| expiry <= now) {
            return Err(CreateOrganizationKeyError::ExpiryInPast);
        }
        let caller_key = UsedKey::lock(actor, &mut *tx, organization).await?;
        permit(caller_key.may_manage(command.expires_at), organization)?;
        let raw = RawKey::generate(KeyKind::Organization, &*self.ports.system.entropy);
        let existing = tx.keys().count(organization, owner, now).await?;
        self.quotas.admit(owner, existing)?;
        let key = ApiKey {
            id: ApiKeyId::generate(&self.ports.system),
            owner,
            organization_id: organization,
            created_by: CreatorId::from_uuid(party.id()),
            name: Some(command.name),
            description: command.description,
            scope: command.scope,
            key_prefix: raw.shown().to_owned(),
            permissions: PermissionSet::default(),
            state: KeyState::Active,
            restrictions,
            created_at: now,
            expires_at: command.expires_at,
            last_use: None,
            rotated_at: None,
            previous: None,
            rotated_from: None,
        };
        let stored = StoredKey { key, hash: self.ports.digest.digest(raw.expose()) };
        tx.keys().insert(&stored).await.on_conflict(AccessError::not_found(organization))?;
        tx.events().append(&self.event(actor, KeyEvent::Created(&stored.key))).await?;
        self.notify_creator(&mut *tx, &stored.key, party.user()).await?;
        tx.commit().await?;
        Ok((stored.key, raw))
    }

    /// Checks the service account of a new key as [`Self::create_organization_key`] does, for a request that is invalid for
    /// another reason. It changes nothing.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the rights of the actor are too low, the service account is not
    /// acceptable, or storage failed.
    pub async fn check_owner_of_new_key(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        account: Option<ServiceAccountId>,
    ) -> Result<(), CreateOrganizationKeyError> {
        self.lock_owner(actor, organization, account).await.map(drop)
    }

    /// Locks the organization for a caller who may create a key, and returns the owner of the key.
    async fn lock_owner(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        account: Option<ServiceAccountId>,
    ) -> Result<(AuthorizedChange, KeyOwner), CreateOrganizationKeyError> {
        let requirement = &policy::WRITE_ORGANIZATION_KEYS;
        let mut change = self.lock_and_authorize(actor, organization, requirement).await?;
        let owner = owner_of(&change.acting.party, organization, account)?;
        require_service_account(&mut *change.tx, organization, owner).await?;
        Ok((change, owner))
    }
}

/// The party that the new key belongs to.
fn owner_of(
    party: &ActingParty,
    organization: OrganizationId,
    account: Option<ServiceAccountId>,
) -> Result<KeyOwner, CreateOrganizationKeyError> {
    let Some(account) = account else {
        return party.user().map(KeyOwner::User).ok_or(CreateOrganizationKeyError::ServiceAccountRequired);
    };
    // Before the lookup of the account, so that callers without the right learn nothing about it.
    permit(policy::may_create_for(party, account), organization)?;
    Ok(KeyOwner::ServiceAccount(account))
}

/// Requires that the service account of the new key exists in the organization and is active. The caller holds the lock
/// on the organization, so the account cannot be disabled before the commit.
async fn require_service_account(
    tx: &mut dyn ApiKeyTransaction,
    organization: OrganizationId,
    owner: KeyOwner,
) -> Result<(), CreateOrganizationKeyError> {
    let KeyOwner::ServiceAccount(id) = owner else { return Ok(()) };
    let account = tx.service_accounts().find(organization, id).await?;
    let active = account.is_some_and(|account| account.state == ServiceAccountState::Active);
    if active { Ok(()) } else { Err(CreateOrganizationKeyError::ServiceAccountUnavailable) }
}
