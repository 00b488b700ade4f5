//! Creation of service accounts.

use tessera_kernel::{
    AccessError, Acting, Actor, CreateError, CreatorId, OnConflict, OrganizationId, PermissionSet, ServiceAccountId,
    permit,
};

use super::events::ServiceAccountEvent;
use crate::{
    ApiKeys,
    lock::AuthorizedChange,
    model::{KeyDescription, KeyName, ServiceAccount, ServiceAccountState},
    policy,
};

/// The service account to create.
#[derive(Debug)]
pub struct CreateServiceAccount {
    /// The organization.
    pub organization: OrganizationId,
    /// The name.
    pub name: KeyName,
    /// The purpose.
    pub description: Option<KeyDescription>,
    /// The permissions. The creator must have them too.
    pub permissions: PermissionSet,
}

impl ApiKeys {
    /// Creates a service account. It has no key yet.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the rights of the actor are too low or lower than those of the new
    /// account, a quota is used up, or storage failed.
    pub async fn create_service_account(
        &self,
        actor: &Actor,
        command: CreateServiceAccount,
    ) -> Result<ServiceAccount, CreateError> {
        let organization = command.organization;
        let AuthorizedChange { mut tx, acting: Acting { party, .. } } =
            self.lock_and_authorize(actor, organization, &policy::WRITE_KEYS).await?;
        permit(party.has_all(&command.permissions), organization)?;
        let now = self.ports.system.now();
        let account = ServiceAccount {
            id: ServiceAccountId::generate(&self.ports.system),
            organization_id: organization,
            name: command.name,
            description: command.description,
            permissions: command.permissions,
            state: ServiceAccountState::Active,
            created_by: CreatorId::from_uuid(party.id()),
            created_at: now,
            updated_at: now,
        };
        self.quotas.service_accounts.admit(tx.service_accounts().count(organization).await?)?;
        tx.service_accounts().insert(&account).await.on_conflict(AccessError::not_found(organization))?;
        tx.events().append(&self.event(actor, ServiceAccountEvent::Created(&account))).await?;
        tx.commit().await?;
        Ok(account)
    }
}
