//! Revocation of organization keys.

use tessera_kernel::{Actor, ApiKeyId, OrganizationId};

use crate::{ApiKeys, KeyError, policy};

impl ApiKeys {
    /// Revokes a key of an organization. When this returns, this node rejects the key, and all others do so within a second.
    /// Repeating the call changes nothing. A caller may revoke every key that the caller may see, also one with more rights:
    /// ending access never gives any.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the key does not exist in it, the rights of the actor are too low,
    /// or storage failed.
    pub async fn revoke_organization_key(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<(), KeyError> {
        let requirement = &policy::WRITE_ORGANIZATION_KEYS;
        let key = self.find_organization_key(actor, organization, id, requirement).await?;
        self.end_key(actor, &key).await?;
        Ok(())
    }
}
