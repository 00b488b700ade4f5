//! Reads of applications.

use tessera_kernel::{Actor, ApplicationId, ApplicationRole, OrganizationId, Page, PageRequest, StoreError};

use crate::{Apps, model::Application};

/// Why nothing is returned.
#[derive(Debug, thiserror::Error)]
pub enum ViewApplicationError {
    /// The application does not exist, or the actor is not a member of the organization that owns it.
    #[error("there is no such application")]
    NotFound,
    /// The organization does not exist, or the actor is not a member.
    #[error("there is no such organization")]
    OrganizationNotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Apps {
    /// Returns one application.
    ///
    /// # Errors
    /// The application is not visible to the actor, or storage failed.
    pub async fn view_application(
        &self,
        actor: &Actor,
        id: ApplicationId,
    ) -> Result<Application, ViewApplicationError> {
        self.application_role(actor, id).await?.ok_or(ViewApplicationError::NotFound)?;
        self.ports.store.find_application(id).await?.ok_or(ViewApplicationError::NotFound)
    }

    /// Returns the applications of an organization, in ascending order of their ids.
    ///
    /// # Errors
    /// The organization is not visible to the actor, or storage failed.
    pub async fn list_applications(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<Application>, ViewApplicationError> {
        let user = actor.user().ok_or(ViewApplicationError::OrganizationNotFound)?;
        let role = self.ports.memberships.role_of(organization, user).await?;
        role.ok_or(ViewApplicationError::OrganizationNotFound)?;
        Ok(self.ports.store.list_applications(organization, page).await?)
    }

    /// Returns the role of the actor for the application. `None` for users who are not members and for actors that are
    /// applications.
    pub(crate) async fn application_role(
        &self,
        actor: &Actor,
        id: ApplicationId,
    ) -> Result<Option<ApplicationRole>, StoreError> {
        let Some(user) = actor.user() else { return Ok(None) };
        self.ports.memberships.application_role(id, user).await
    }
}
