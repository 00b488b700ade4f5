//! An application goes, and everything that hung on it.

use tessera_kernel::{Actor, ApplicationId, OrganizationId, StoreError};

use crate::{Apps, events::AppEvent, policy};

/// The application stays.
#[derive(Debug, thiserror::Error)]
pub enum DeleteApplicationError {
    /// It does not exist, or the actor is no member of the organization that owns it.
    #[error("there is no such application")]
    NotFound,
    /// The actor's role does not reach for this.
    #[error("your role does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Apps {
    /// Deletes an application. It is gone on every node when this returns: nobody finds it, its keys or its items, and
    /// nothing can be added to it. The rows are cleared later, in small steps, so that the size of an application does not
    /// block other writers; see [`Apps::clear_deleted_applications`].
    ///
    /// # Errors
    /// See [`DeleteApplicationError`].
    pub async fn delete_application(&self, actor: &Actor, id: ApplicationId) -> Result<(), DeleteApplicationError> {
        let standing = self.standing_in(actor, id).await?.ok_or(DeleteApplicationError::NotFound)?;
        if !policy::may_manage(standing.role) {
            return Err(DeleteApplicationError::Forbidden { organization: standing.organization });
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
