//! Creation of applications.

use tessera_kernel::{AccessError, Actor, ApplicationId, CreateError, OnConflict, OrganizationId};

use crate::{
    Apps,
    events::AppEvent,
    model::{Application, ApplicationDescription, ApplicationName, DeclaredPermissions, RedirectUris},
    policy,
};

/// The application to create.
#[derive(Debug)]
pub struct CreateApplication {
    /// The organization that owns the application.
    pub organization: OrganizationId,
    /// The name.
    pub name: ApplicationName,
    /// The purpose.
    pub description: Option<ApplicationDescription>,
    /// The redirect URIs for sign-ins.
    pub redirect_uris: RedirectUris,
    /// The permissions that the application declares.
    pub permissions: DeclaredPermissions,
}

impl Apps {
    /// Creates an application.
    ///
    /// # Errors
    /// The organization is not visible to the actor, the role is too low, a quota is used up, or storage failed.
    pub async fn create_application(
        &self,
        actor: &Actor,
        command: CreateApplication,
    ) -> Result<Application, CreateError> {
        let organization = command.organization;
        self.ports.memberships.authorize(actor, organization, &policy::WRITE).await?;
        let now = self.ports.system.now();
        let application = Application {
            id: ApplicationId::generate(&self.ports.system),
            organization_id: organization,
            name: command.name,
            description: command.description,
            redirect_uris: command.redirect_uris,
            permissions: command.permissions,
            created_at: now,
            updated_at: now,
        };
        let event = self.event(actor, AppEvent::Created { organization, application: application.id });
        let mut tx = self.ports.store.begin().await?;
        let existing = tx.applications().lock_and_count(organization).await?;
        self.quota.admit(existing.ok_or(AccessError::not_found(organization))?)?;
        tx.applications().insert(&application).await.on_conflict(AccessError::not_found(organization))?;
        tx.events().append(&event).await?;
        tx.commit().await?;
        Ok(application)
    }
}
