//! Deletion of applications.

use tessera_kernel::{AccessError, Actor, ApplicationId};

use crate::{Apps, events::AppEvent, policy};

impl Apps {
    /// Deletes an application. When this returns, no node finds the application, its keys or its items, and nothing can
    /// be added to it. The rows are removed later, in small steps, so that a large application does not block other
    /// writers; see [`Apps::clear_deleted_applications`].
    ///
    /// # Errors
    /// The application is not visible to the actor, the role is too low, or storage failed.
    pub async fn delete_application(&self, actor: &Actor, id: ApplicationId) -> Result<(), AccessError> {
        self.ports.memberships.authorize(actor, id, &policy::WRITE).await?;
        let mut tx = self.ports.store.begin().await?;
        let application = tx.applications().lock(id).await?.ok_or(AccessError::not_found(id))?;
        tx.applications().delete(id).await?;
        let event = AppEvent::Deleted { organization: application.organization_id, application: id };
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(())
    }
}
