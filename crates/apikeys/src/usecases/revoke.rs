//! Revocation of API keys.

use tessera_kernel::{Actor, ApiKeyId, OrganizationId, StoreError};

use crate::{ApiKeys, events::KeyEvent, policy};

/// Why the key was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeKeyError {
    /// The key does not exist, or the actor is not a member of the organization that owns it.
    #[error("there is no such API key")]
    NotFound,
    /// The role of the actor does not allow this.
    #[error("your role does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiKeys {
    /// Revokes a key. When this returns, every node rejects the key. Repeating the call changes nothing.
    ///
    /// # Errors
    /// The key is not visible to the actor, the role is too low, or storage failed.
    pub async fn revoke_key(&self, actor: &Actor, id: ApiKeyId) -> Result<(), RevokeKeyError> {
        let user = actor.user().ok_or(RevokeKeyError::NotFound)?;
        let key = self.ports.store.find_key(id).await?.ok_or(RevokeKeyError::NotFound)?;
        let role = self.ports.memberships.role_of(key.organization_id, user).await?.ok_or(RevokeKeyError::NotFound)?;
        if !policy::may_manage(role) {
            return Err(RevokeKeyError::Forbidden { organization: key.organization_id });
        }
        let event = self.event(actor, KeyEvent::Revoked(&key));
        let mut tx = self.ports.store.begin().await?;
        // One conditional statement, so that of concurrent calls only the first adds an audit entry.
        if tx.keys().revoke(id, self.ports.clock.now()).await? {
            tx.events().append(&event).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
