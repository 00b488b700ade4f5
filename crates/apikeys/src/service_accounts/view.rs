//! Reads of one service account.

use tessera_kernel::{AccessError, Actor, OrganizationId, ServiceAccountId, StoreError};

use crate::{ApiKeys, model::ServiceAccount, policy};

tessera_kernel::error_enum! {
    /// Why a service account was not found, changed or disabled.
    pub enum ServiceAccountError {
        /// The organization has no such service account.
        #[error("there is no such service account")]
        NotFound,
    }
    from Access(AccessError), Store(StoreError)
}

impl ApiKeys {
    /// Returns a service account of an organization.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the account does not exist in it, the rights of the actor are too
    /// low, or storage failed.
    pub async fn view_service_account(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        id: ServiceAccountId,
    ) -> Result<ServiceAccount, ServiceAccountError> {
        self.ports.memberships.authorize(actor, organization, &policy::READ_KEYS).await?;
        self.ports.store.find_service_account(organization, id).await?.ok_or(ServiceAccountError::NotFound)
    }
}
