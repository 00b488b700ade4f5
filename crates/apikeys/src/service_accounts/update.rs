//! Changes of service accounts.

use tessera_kernel::{Acting, Actor, OrganizationId, PermissionSet, ServiceAccountId, permit};

use super::events::ServiceAccountEvent;
use crate::{
    ApiKeys, ServiceAccountError,
    lock::AuthorizedChange,
    model::{KeyDescription, KeyName, ServiceAccount},
    policy,
};

/// The change of a service account.
#[derive(Debug)]
pub struct UpdateServiceAccount {
    /// The organization.
    pub organization: OrganizationId,
    /// The service account.
    pub account: ServiceAccountId,
    /// The new name.
    pub name: KeyName,
    /// The new purpose. `None` keeps the present one, `Some(None)` removes it.
    pub description: Option<Option<KeyDescription>>,
    /// The new permissions, which replace all present ones. They apply to the existing keys of the account.
    pub permissions: PermissionSet,
}

impl ApiKeys {
    /// Changes a service account.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the account does not exist in it, the rights of the actor are too
    /// low or lower than those of the account before or after the change, or storage failed.
    pub async fn update_service_account(
        &self,
        actor: &Actor,
        command: UpdateServiceAccount,
    ) -> Result<ServiceAccount, ServiceAccountError> {
        let organization = command.organization;
        let AuthorizedChange { mut tx, acting: Acting { party, .. } } =
            self.lock_and_authorize(actor, organization, &policy::WRITE_KEYS).await?;
        let present = tx.service_accounts().find(organization, command.account).await?;
        let present = present.ok_or(ServiceAccountError::NotFound)?;
        permit(party.has_all(&present.permissions) && party.has_all(&command.permissions), organization)?;
        let account = ServiceAccount {
            name: command.name,
            description: command.description.unwrap_or(present.description),
            permissions: command.permissions,
            updated_at: self.ports.system.now(),
            ..present
        };
        tx.service_accounts().update(&account).await?;
        tx.events().append(&self.event(actor, ServiceAccountEvent::Updated(&account))).await?;
        tx.commit().await?;
        Ok(account)
    }
}
