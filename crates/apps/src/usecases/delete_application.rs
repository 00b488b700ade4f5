//! Deletion of applications.

use tessera_kernel::{Actor, ApplicationId, OrganizationId, StoreError};

use crate::{Apps, events::AppEvent, policy};

/// Why the application was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteApplicationError {
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

impl Apps {
    /// Deletes an application. When this returns, no node finds the application, its keys or its items, and nothing can
    /// be added to it. The rows are removed later, in small steps, so that a large application does not block other
    /// writers; see [`Apps::clear_deleted_applications`].
    ///
    /// # Errors
    /// The application is not visible to the actor, the role is too low, or storage failed.
    pub async fn delete_application(&self, actor: &Actor, id: ApplicationId) -> Result<(), DeleteApplicationError> {
        let application_role = self.application_role(actor, id).await?.ok_or(DeleteApplicationError::NotFound)?;
        if !policy::may_manage(application_role.role) {
            return Err(DeleteApplicationError::Forbidden { organization: application_role.organization });
        }
        let mut tx = self.ports.store.begin().await?;
        let application = tx.applications().lock(id).await?.ok_or(DeleteApplicationError::NotFound)?;
        tx.applications().delete(id).await?;
        let event = AppEvent::Deleted { organization: application.organization_id, application: id };
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(())
    }
}
