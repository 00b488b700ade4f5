//! The list of organization keys.

use tessera_kernel::{AccessError, Actor, OrganizationId};

use crate::{
    ApiKeys,
    model::ApiKey,
    policy,
    ports::{Slice, SliceRequest},
};

impl ApiKeys {
    /// Returns the keys of an organization, including revoked and expired ones, in ascending order of their ids.
    /// Members get their own personal keys.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the rights of the actor are too low, or storage failed.
    pub async fn list_organization_keys(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        slice: SliceRequest,
    ) -> Result<Slice<ApiKey>, AccessError> {
        let requirement = &policy::READ_ORGANIZATION_KEYS;
        let party = self.ports.memberships.authorize(actor, organization, requirement).await?.party;
        let only = policy::limited_to(&party);
        Ok(self.ports.store.list_organization_keys(organization, only, slice).await?)
    }
}
