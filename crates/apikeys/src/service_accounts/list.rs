//! The list of service accounts.

use tessera_kernel::{AccessError, Actor, OrganizationId};

use crate::{
    ApiKeys,
    model::ServiceAccount,
    policy,
    ports::{Slice, SliceRequest},
};

impl ApiKeys {
    /// Returns the service accounts of an organization, including disabled ones, in ascending order of their ids.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the rights of the actor are too low, or storage failed.
    pub async fn list_service_accounts(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        slice: SliceRequest,
    ) -> Result<Slice<ServiceAccount>, AccessError> {
        self.ports.memberships.authorize(actor, organization, &policy::READ_KEYS).await?;
        Ok(self.ports.store.list_service_accounts(organization, slice).await?)
    }
}
