//! Reads of one organization key.

use tessera_kernel::{AccessError, Actor, ApiKeyId, OrganizationId, Requirement, StoreError, permit};

use crate::{ApiKeys, model::ApiKey, policy};

/// Why an organization key was not found or not revoked.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationKeyError {
    /// The organization has no such key.
    #[error("there is no such API key")]
    NotFound,
    /// The caller has no access.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

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
    ) -> Result<ApiKey, OrganizationKeyError> {
        self.find_organization_key(actor, organization, id, &policy::READ_ORGANIZATION_KEYS).await
    }

    /// Returns a key of an organization for a caller who meets the requirement and may see the key.
    pub(super) async fn find_organization_key(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        id: ApiKeyId,
        requirement: &Requirement,
    ) -> Result<ApiKey, OrganizationKeyError> {
        let party = self.ports.memberships.authorize(actor, organization, requirement).await?.party;
        let key = self.ports.store.find_key(id).await?;
        let belongs = |key: &ApiKey| key.organization_id == organization && key.application().is_none();
        let key = key.filter(belongs).ok_or(OrganizationKeyError::NotFound)?;
        permit(policy::sees(&party, key.owner), organization)?;
        Ok(key)
    }
}
