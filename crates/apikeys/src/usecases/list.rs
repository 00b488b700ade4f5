//! The list of the API keys of an application.

use tessera_kernel::{Actor, ApplicationId, OrganizationId, Page, PageRequest, StoreError};

use crate::{ApiKeys, model::ApiKey, policy};

/// Why no keys are returned.
#[derive(Debug, thiserror::Error)]
pub enum ListKeysError {
    /// The application does not exist, or the actor is not a member of the organization that owns it.
    #[error("there is no such application")]
    NotFound,
    /// The role of the actor does not allow this.
    #[error("your role does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiKeys {
    /// Returns the keys of an application, including revoked ones, in ascending order of their ids.
    ///
    /// # Errors
    /// The application is not visible to the actor, the role is too low, or storage failed.
    pub async fn list_keys(
        &self,
        actor: &Actor,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, ListKeysError> {
        let user = actor.user().ok_or(ListKeysError::NotFound)?;
        let application_role =
            self.ports.memberships.application_role(application, user).await?.ok_or(ListKeysError::NotFound)?;
        if !policy::may_manage(application_role.role) {
            return Err(ListKeysError::Forbidden { organization: application_role.organization });
        }
        Ok(self.ports.store.list_keys(application, page).await?)
    }
}
