//! Revocation of keys.

use tessera_kernel::{Actor, ApiKeyId, StoreError};

use crate::{ApiKeys, KeyError, events::KeyEvent, model::ApiKey, policy};

impl ApiKeys {
    /// Revokes a key. When this returns, this node rejects the key, and all others do so within a second.
    /// Repeating the call changes nothing.
    ///
    /// # Errors
    /// The key is not visible to the actor, the role is too low, or storage failed.
    pub async fn revoke_key(&self, actor: &Actor, id: ApiKeyId) -> Result<(), KeyError> {
        let key = self.visible_key(actor, id, policy::writing).await?;
        self.end_key(actor, &key).await?;
        Ok(())
    }

    /// Revokes a key of any kind. Returns whether this call did it.
    pub(crate) async fn end_key(&self, actor: &Actor, key: &ApiKey) -> Result<bool, StoreError> {
        let event = self.event(actor, KeyEvent::Revoked(key));
        let mut tx = self.ports.store.begin().await?;
        // One conditional statement, so that of concurrent calls only the first adds an audit entry.
        let revoked = tx.keys().revoke(key.id, self.ports.system.now()).await?;
        if revoked {
            tx.events().append(&event).await?;
        }
        tx.commit().await?;
        Ok(revoked)
    }
}
