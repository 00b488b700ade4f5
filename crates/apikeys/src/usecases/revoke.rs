//! A key is taken back.

use tessera_kernel::{Actor, ApiKeyId, OrganizationId, StoreError};

use crate::{ApiKeys, events::KeyEvent, policy};

/// The key stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum RevokeKeyError {
    /// The key does not exist, or the actor is no member of the organization that owns it.
    #[error("there is no such API key")]
    NotFound,
    /// The actor's role does not reach for this.
    #[error("your role does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiKeys {
    /// Revokes a key. It is dead on every node once this returns. Doing it again changes nothing.
    ///
    /// # Errors
    /// See [`RevokeKeyError`].
    pub async fn revoke_key(&self, actor: &Actor, id: ApiKeyId) -> Result<(), RevokeKeyError> {
        let user = actor.user().ok_or(RevokeKeyError::NotFound)?;
        let key = self.ports.store.find_key(id).await?.ok_or(RevokeKeyError::NotFound)?;
        let role = self.ports.memberships.role_of(key.organization_id, user).await?.ok_or(RevokeKeyError::NotFound)?;
        if !policy::may_manage(role) {
            return Err(RevokeKeyError::Forbidden { organization: key.organization_id });
        }
        let event = self.event(actor, KeyEvent::Revoked(&key));
        let mut tx = self.ports.store.begin().await?;
        // One statement decides, so that of two at once only the first counts.
        if tx.keys().revoke(id, self.ports.clock.now()).await? {
            tx.events().append(&event).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
