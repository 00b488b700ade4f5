//! An application gets a key.

use tessera_kernel::{
    Actor, ApiKeyId, ApplicationId, NoticeTopic, OnConflict, OrganizationId, PermissionSet, QuotaExceeded, StoreError,
};

use crate::{
    ApiKeys,
    events::KeyEvent,
    model::{ApiKey, KeyDescription, KeyLifetime, KeyState, RawKey, StoredKey},
    policy,
    ports::ApiKeyTransaction,
};

/// The key to be.
#[derive(Debug)]
pub struct GenerateKey {
    /// Whose.
    pub application: ApplicationId,
    /// What it is for.
    pub description: Option<KeyDescription>,
    /// How long it is to live.
    pub lifetime: KeyLifetime,
    /// What it is to permit.
    pub permissions: PermissionSet,
    /// Whether an owner wants these permissions and no more.
    pub restrict_permissions: bool,
}

/// No key was made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateKeyError {
    /// The application does not exist, or the actor is no member of the organization that owns it.
    #[error("there is no such application")]
    NotFound,
    /// The actor's role does not reach for this.
    #[error("your role does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// A quota is used up.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiKeys {
    /// Makes a key. The key itself is in the answer and nowhere else. Whoever made it is told by mail.
    ///
    /// # Errors
    /// See [`GenerateKeyError`].
    pub async fn generate_key(
        &self,
        actor: &Actor,
        command: GenerateKey,
    ) -> Result<(ApiKey, RawKey), GenerateKeyError> {
        let user = actor.user().ok_or(GenerateKeyError::NotFound)?;
        let standing = self.ports.memberships.standing_in(command.application, user).await?;
        let standing = standing.ok_or(GenerateKeyError::NotFound)?;
        if !policy::may_manage(standing.role) {
            return Err(GenerateKeyError::Forbidden { organization: standing.organization });
        }
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let raw = RawKey::generate(entropy);
        let now = clock.now();
        let key = ApiKey {
            id: ApiKeyId::generate(clock, entropy),
            application_id: command.application,
            organization_id: standing.organization,
            created_by: user,
            description: command.description,
            key_prefix: raw.shown().to_owned(),
            permissions: policy::granted(standing.role, command.permissions, command.restrict_permissions),
            state: KeyState::Active,
            created_at: now,
            expires_at: command.lifetime.expiry(now),
            last_used: None,
            rotated_from: None,
        };
        let stored = StoredKey { key, hash: self.ports.digest.digest(raw.expose()) };
        let event = self.event(actor, KeyEvent::Generated(&stored.key));
        let mut tx = self.ports.store.begin().await?;
        let existing = tx.keys().lock_and_count(standing.organization, command.application, now).await?;
        self.quotas.admit(existing.ok_or(GenerateKeyError::NotFound)?)?;
        // The application may be deleted at this very moment: then there is nothing to hang a key on.
        tx.keys().insert(&stored).await.on_conflict(GenerateKeyError::NotFound)?;
        tx.events().append(&event).await?;
        self.tell(&mut *tx, &stored.key).await?;
        tx.commit().await?;
        Ok((stored.key, raw))
    }

    /// Tells whoever made a key, in the transaction that adds it. Nobody can be told who has no address.
    async fn tell(&self, tx: &mut dyn ApiKeyTransaction, key: &ApiKey) -> Result<(), StoreError> {
        let Some(to) = tx.keys().address_of(key.created_by).await? else { return Ok(()) };
        let letters = &*self.ports.letters;
        let write = |context| letters.key_generated(&to, key, context);
        self.ports.notices.tell(tx.outbox(), NoticeTopic::ApiKeys, &to, write).await
    }
}
