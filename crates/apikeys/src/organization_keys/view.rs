//! Reads of one organization key.

use tessera_kernel::{Actor, ApiKeyId, OrganizationId, Requirement, permit};

use crate::{ApiKeys, KeyError, model::ApiKey, policy};

impl ApiKeys {
    /// Returns a key of an organization.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the key does not exist in it, the rights of the actor are too low,
    /// or storage failed.
    pub async fn view_organization_key(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<ApiKey, KeyError> {
        self.find_organization_key(actor, organization, id, &policy::READ_ORGANIZATION_KEYS).await
    }

    /// Returns a key of an organization for a caller who meets the requirement and may see the key.
    pub(super) async fn find_organization_key(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        id: ApiKeyId,
        requirement: &Requirement,
    ) -> Result<ApiKey, KeyError> {
        let party = self.ports.memberships.authorize(actor, organization, requirement).await?.party;
        let key = self.ports.store.find_key(id).await?;
        let belongs = |key: &ApiKey| key.organization_id == organization && key.application().is_none();
        let key = key.filter(belongs).ok_or(KeyError::NotFound)?;
        permit(policy::sees(&party, key.owner), organization)?;
        Ok(key)
    }
}
