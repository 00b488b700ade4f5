//! Changes of applications.

use tessera_kernel::{Actor, ApplicationId, OrganizationId, StoreError};

use crate::{
    Apps,
    events::AppEvent,
    model::{Application, ApplicationDescription, ApplicationName, RedirectUris},
    policy,
};

/// The changes. `None` leaves a field as it is.
#[derive(Debug)]
pub struct UpdateApplication {
    /// The application to change.
    pub application: ApplicationId,
    /// The new name.
    pub name: Option<ApplicationName>,
    /// The new description. `Some(None)` removes it.
    pub description: Option<Option<ApplicationDescription>>,
    /// The new redirect URIs, which replace all old ones.
    pub redirect_uris: Option<RedirectUris>,
}

/// Why the application was not changed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateApplicationError {
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
    /// Changes an application.
    ///
    /// # Errors
    /// The application is not visible to the actor, the role is too low, or storage failed.
    pub async fn update_application(
        &self,
        actor: &Actor,
        command: UpdateApplication,
    ) -> Result<Application, UpdateApplicationError> {
        let application_role =
            self.application_role(actor, command.application).await?.ok_or(UpdateApplicationError::NotFound)?;
        if !policy::may_manage(application_role.role) {
            return Err(UpdateApplicationError::Forbidden { organization: application_role.organization });
        }
        let mut tx = self.ports.store.begin().await?;
        let mut application =
            tx.applications().lock(command.application).await?.ok_or(UpdateApplicationError::NotFound)?;
        application.name = command.name.unwrap_or(application.name);
        application.description = command.description.unwrap_or(application.description);
        application.redirect_uris = command.redirect_uris.unwrap_or(application.redirect_uris);
        application.updated_at = self.ports.clock.now();
        tx.applications().update(&application).await?;
        let event = AppEvent::Updated { organization: application.organization_id, application: application.id };
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(application)
    }
}
