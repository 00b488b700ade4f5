//! Creation of application keys.

use tessera_kernel::{
    AccessError, Actor, ApiKeyId, ApplicationId, CreatorId, KeyScope, OnConflict, Permission, PermissionSet,
    QuotaExceeded, StoreError, permit,
};

use crate::{
    ApiKeys,
    events::KeyEvent,
    lock::AuthorizedChange,
    model::{
        ApiKey, KeyDescription, KeyKind, KeyLifetime, KeyOwner, KeyState, NewRestrictions, RawKey, RefillWithoutUses,
        StoredKey,
    },
    policy,
    used_key::UsedKey,
};

/// The key to create.
#[derive(Debug)]
pub struct GenerateKey {
    /// The application that gets the key.
    pub application: ApplicationId,
    /// The purpose of the key.
    pub description: Option<KeyDescription>,
    /// The lifetime of the key.
    pub lifetime: KeyLifetime,
    /// The requested permissions: of the catalogue of the service, or declared by the application.
    pub permissions: Vec<Permission>,
    /// Whether the key of an owner gets only the requested permissions.
    pub restrict_permissions: bool,
    /// Addresses, limits and uses of the key. A refill without a number of uses is an error.
    pub restrictions: NewRestrictions,
}

impl GenerateKey {
    /// A key of an application with nothing optional: it never expires, has no permissions that are not the creator's, and
    /// nothing restricts it.
    #[must_use]
    pub fn of(application: ApplicationId) -> Self {
        Self {
            application,
            description: None,
            lifetime: KeyLifetime::Forever,
            permissions: Vec::new(),
            restrict_permissions: false,
            restrictions: NewRestrictions::default(),
        }
    }
}

/// Requested permissions are not in the catalogue and not declared by the application.
#[derive(Debug, thiserror::Error)]
#[error("the requested permissions at the positions {positions:?} are unknown")]
pub struct UnknownPermissions {
    /// The positions of the unknown permissions in the request, from 0.
    pub positions: Vec<usize>,
    /// The catalogue of the service.
    pub catalogue: PermissionSet,
}

tessera_kernel::error_enum! {
    /// Why a key was not created.
    pub enum GenerateKeyError {}
    from
        RefillWithoutUses(RefillWithoutUses), UnknownPermissions(UnknownPermissions), Access(AccessError), Quota(QuotaExceeded), Store(StoreError)
}

impl ApiKeys {
    /// Creates a key of an application. Only this return value contains the secret. The user who creates the key gets a mail. A key of an
    /// owner gets the permissions that the catalogue and the application have now, and none that is added later.
    ///
    /// # Errors
    /// The application is not visible to the actor, the rights of the actor are too low, a permission is unknown, a quota is used up,
    /// or storage failed.
    pub async fn generate_key(
        &self,
        actor: &Actor,
        command: GenerateKey,
    ) -> Result<(ApiKey, RawKey), GenerateKeyError> {
        let (application, owner) = (command.application, KeyOwner::Application(command.application));
        let now = self.ports.system.now();
        let restrictions = command.restrictions.clone().at(now)?;
        let (AuthorizedChange { mut tx, acting }, permissions) = self.lock_permissions(actor, &command).await?;
        let raw = RawKey::generate(KeyKind::Application, &*self.ports.system.entropy);
        let expires_at = command.lifetime.expiry(now);
        let caller_key = UsedKey::lock(actor, &mut *tx, acting.organization).await?;
        permit(caller_key.may_manage(expires_at), acting.organization)?;
        let existing = tx.keys().count(acting.organization, owner, now).await?;
        self.quotas.admit(owner, existing)?;
        let key = ApiKey {
            id: ApiKeyId::generate(&self.ports.system),
            owner,
            organization_id: acting.organization,
            created_by: CreatorId::from_uuid(acting.party.id()),
            name: None,
            description: command.description,
            scope: KeyScope::ReadWrite,
            key_prefix: raw.shown().to_owned(),
            permissions,
            state: KeyState::Active,
            restrictions,
            created_at: now,
            expires_at,
            last_use: None,
            rotated_at: None,
            previous: None,
            rotated_from: None,
        };
        let stored = StoredKey { key, hash: self.ports.digest.digest(raw.expose()) };
        // The application may be deleted concurrently, after the check above.
        tx.keys().insert(&stored).await.on_conflict(AccessError::not_found(application))?;
        tx.events().append(&self.event(actor, KeyEvent::Created(&stored.key))).await?;
        self.notify_creator(&mut *tx, &stored.key, acting.party.user()).await?;
        tx.commit().await?;
        Ok((stored.key, raw))
    }

    /// Checks the permissions and the refill of a new key as [`Self::generate_key`] does, for a request that is invalid for
    /// another reason. It changes nothing.
    ///
    /// # Errors
    /// Those of [`Self::generate_key`], without the quota.
    pub async fn check_new_key(&self, actor: &Actor, command: &GenerateKey) -> Result<(), GenerateKeyError> {
        command.restrictions.clone().at(self.ports.system.now())?;
        self.lock_permissions(actor, command).await.map(drop)
    }

    /// Locks the organization for a caller who may generate the key, and returns the permissions of the key.
    async fn lock_permissions(
        &self,
        actor: &Actor,
        command: &GenerateKey,
    ) -> Result<(AuthorizedChange, PermissionSet), GenerateKeyError> {
        let application = command.application;
        let mut change = self.lock_and_authorize(actor, application, &policy::WRITE_KEYS).await?;
        let known = self.catalogue.union(&change.tx.keys().declared_permissions(application).await?);
        let requested = among(&known, &self.catalogue, &command.permissions)?;
        let (party, organization) = (&change.acting.party, change.acting.organization);
        let permissions = policy::granted(party, known, requested, command.restrict_permissions);
        permit(party.has_all(&permissions), organization)?;
        Ok((change, permissions))
    }
}

/// Returns the requested permissions if all of them are known.
pub(crate) fn among(
    known: &PermissionSet,
    catalogue: &PermissionSet,
    requested: &[Permission],
) -> Result<PermissionSet, UnknownPermissions> {
    let unknown = requested.iter().enumerate().filter(|(_, permission)| !known.contains(permission));
    let positions: Vec<usize> = unknown.map(|(position, _)| position).collect();
    if positions.is_empty() {
        return Ok(requested.iter().cloned().collect());
    }
    Err(UnknownPermissions { positions, catalogue: catalogue.clone() })
}
