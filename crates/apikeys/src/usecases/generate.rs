//! Creation of API keys.

use tessera_kernel::{AccessError, Actor, ApiKeyId, ApplicationId, CreateError, OnConflict, PermissionSet, StoreError};
use tessera_outbox::NoticeTopic;

use crate::{
    ApiKeys,
    events::KeyEvent,
    model::{ApiKey, KeyDescription, KeyLifetime, KeyState, RawKey, StoredKey},
    policy,
    ports::ApiKeyTransaction,
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
    /// The requested permissions.
    pub permissions: PermissionSet,
    /// Whether the key of an owner gets only the requested permissions.
    pub restrict_permissions: bool,
}

impl ApiKeys {
    /// Creates a key. Only this return value contains the secret. The user who creates the key gets a mail.
    ///
    /// # Errors
    /// The application is not visible to the actor, the role is too low, a quota is used up, or storage failed.
    pub async fn generate_key(&self, actor: &Actor, command: GenerateKey) -> Result<(ApiKey, RawKey), CreateError> {
        let application = command.application;
        let acting = self.ports.memberships.require(actor, application, policy::MANAGE).await?;
        let raw = RawKey::generate(&*self.ports.system.entropy);
        let now = self.ports.system.now();
        let key = ApiKey {
            id: ApiKeyId::generate(&self.ports.system),
            application_id: application,
            organization_id: acting.organization,
            created_by: acting.user,
            description: command.description,
            key_prefix: raw.shown().to_owned(),
            permissions: policy::granted(acting.role, command.permissions, command.restrict_permissions),
            state: KeyState::Active,
            created_at: now,
            expires_at: command.lifetime.expiry(now),
            last_used: None,
            rotated_from: None,
        };
        let stored = StoredKey { key, hash: self.ports.digest.digest(raw.expose()) };
        let event = self.event(actor, KeyEvent::Generated(&stored.key));
        let mut tx = self.ports.store.begin().await?;
        let existing = tx.keys().lock_and_count(acting.organization, application, now).await?;
        self.quotas.admit(existing.ok_or(AccessError::not_found(application))?)?;
        // The application may be deleted concurrently, after the check above.
        tx.keys().insert(&stored).await.on_conflict(AccessError::not_found(application))?;
        tx.events().append(&event).await?;
        self.notify(&mut *tx, &stored.key).await?;
        tx.commit().await?;
        Ok((stored.key, raw))
    }

    /// Adds the mail to the creator of the key, in the transaction that adds the key. Users without an email address
    /// get none.
    async fn notify(&self, tx: &mut dyn ApiKeyTransaction, key: &ApiKey) -> Result<(), StoreError> {
        let Some(to) = tx.keys().address_of(key.created_by).await? else { return Ok(()) };
        let templates = &*self.ports.mail_templates;
        let write = |context| templates.key_generated(&to, key, context);
        self.ports.notices.notify(tx.outbox(), NoticeTopic::ApiKeys, &to, write).await
    }
}
