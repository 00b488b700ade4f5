//! The storage port of service accounts.

use async_trait::async_trait;
use tessera_kernel::{OrganizationId, ServiceAccountId, StoreError};

use super::model::ServiceAccount;

/// Service accounts in a transaction. A caller that adds or changes one holds the lock on the organization.
#[async_trait]
pub trait ServiceAccounts: Send {
    /// Returns the number of service accounts of an organization, including disabled ones.
    async fn count(&mut self, organization: OrganizationId) -> Result<u64, StoreError>;

    /// Returns a service account of the organization. `Ok(None)` if the organization has none with that id.
    async fn find(
        &mut self,
        organization: OrganizationId,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError>;

    /// Adds a service account. Fails with a conflict on [`StoreError::REFERENCE`] if the organization does not exist,
    /// and on `service_accounts_id` if the id is taken.
    async fn insert(&mut self, account: &ServiceAccount) -> Result<(), StoreError>;

    /// Writes name, description, permissions, state and the time of the change of a service account. Returns
    /// `Ok(false)` if it does not exist.
    async fn update(&mut self, account: &ServiceAccount) -> Result<bool, StoreError>;
}
