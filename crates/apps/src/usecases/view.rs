//! Reads of applications.

use tessera_kernel::{AccessError, Actor, ApplicationId, OrganizationId, Page, PageRequest};

use crate::{Apps, model::Application, policy};

impl Apps {
    /// Returns one application.
    ///
    /// # Errors
    /// The application is not visible to the actor, or storage failed.
    pub async fn view_application(&self, actor: &Actor, id: ApplicationId) -> Result<Application, AccessError> {
        self.ports.memberships.authorize(actor, id, &policy::READ).await?;
        self.ports.store.find_application(id).await?.ok_or(AccessError::not_found(id))
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
    ) -> Result<Page<Application>, AccessError> {
        self.ports.memberships.authorize(actor, organization, &policy::READ).await?;
        Ok(self.ports.store.list_applications(organization, page).await?)
    }
}
