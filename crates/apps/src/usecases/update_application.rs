//! Changes of applications.

use tessera_kernel::{AccessError, Actor, ApplicationId};

use crate::{
    Apps,
    events::AppEvent,
    model::{Application, ApplicationDescription, ApplicationName, DeclaredPermissions, RedirectUris},
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
    /// The new permissions, which replace all old ones. Keys keep the permissions that they have.
    pub permissions: Option<DeclaredPermissions>,
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
    ) -> Result<Application, AccessError> {
        let id = command.application;
        self.ports.memberships.authorize(actor, id, &policy::WRITE).await?;
        let mut tx = self.ports.store.begin().await?;
        let mut application = tx.applications().lock(id).await?.ok_or(AccessError::not_found(id))?;
        application.name = command.name.unwrap_or(application.name);
        application.description = command.description.unwrap_or(application.description);
        application.redirect_uris = command.redirect_uris.unwrap_or(application.redirect_uris);
        application.permissions = command.permissions.unwrap_or(application.permissions);
        application.updated_at = self.ports.system.now();
        tx.applications().update(&application).await?;
        let event = AppEvent::Updated { organization: application.organization_id, application: id };
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(application)
    }
}
