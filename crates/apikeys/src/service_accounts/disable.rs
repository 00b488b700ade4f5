//! Disabling of service accounts.

use tessera_kernel::{Actor, OrganizationId, ServiceAccountId};

use super::events::ServiceAccountEvent;
use crate::{
    ApiKeys, ServiceAccountError,
    lock::AuthorizedChange,
    model::{ServiceAccount, ServiceAccountState},
    policy,
};

impl ApiKeys {
    /// Disables a service account. When this returns, this node rejects its keys, and all others do so within a
    /// second. The record stays. Repeating the call changes nothing. A caller with the right to manage keys may disable every service account, also one with more
    /// rights: ending access never gives any.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the account does not exist in it, the rights of the actor are too
    /// low, or storage failed.
    pub async fn disable_service_account(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        id: ServiceAccountId,
    ) -> Result<ServiceAccount, ServiceAccountError> {
        let AuthorizedChange { mut tx, .. } = self.lock_and_authorize(actor, organization, &policy::WRITE_KEYS).await?;
        let present = tx.service_accounts().find(organization, id).await?.ok_or(ServiceAccountError::NotFound)?;
        if present.state != ServiceAccountState::Active {
            // Written again, so that this node has certainly heard of it when it responds.
            tx.service_accounts().update(&present).await?;
            tx.commit().await?;
            return Ok(present);
        }
        let at = self.ports.system.now();
        let account = ServiceAccount { state: ServiceAccountState::Disabled { at }, updated_at: at, ..present };
        tx.service_accounts().update(&account).await?;
        tx.events().append(&self.event(actor, ServiceAccountEvent::Disabled(&account))).await?;
        tx.commit().await?;
        Ok(account)
    }
}
