//! Creation of applications.

use tessera_kernel::{Actor, ApplicationId, OnConflict, OrganizationId, QuotaExceeded, StoreError};

use crate::{
    Apps,
    events::AppEvent,
    model::{Application, ApplicationDescription, ApplicationName, RedirectUris},
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
}

/// Why no application was created.
#[derive(Debug, thiserror::Error)]
pub enum CreateApplicationError {
    /// The organization does not exist, or the actor is not a member.
    #[error("there is no such organization")]
    NotFound,
    /// The role of the actor does not allow this.
    #[error("your role does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// A quota is used up.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    ) -> Result<Application, CreateApplicationError> {
        let user = actor.user().ok_or(CreateApplicationError::NotFound)?;
        let organization = command.organization;
        let role = self.ports.memberships.role_of(organization, user).await?.ok_or(CreateApplicationError::NotFound)?;
        if !policy::may_manage(role) {
            return Err(CreateApplicationError::Forbidden { organization });
        }
        let now = self.ports.clock.now();
        let application = Application {
            id: ApplicationId::generate(&*self.ports.clock, &*self.ports.entropy),
            organization_id: organization,
            name: command.name,
            description: command.description,
            redirect_uris: command.redirect_uris,
            created_at: now,
            updated_at: now,
        };
        let event = self.event(actor, AppEvent::Created { organization, application: application.id });
        let mut tx = self.ports.store.begin().await?;
        let existing = tx.applications().lock_and_count(organization).await?;
        self.quota.admit(existing.ok_or(CreateApplicationError::NotFound)?)?;
        tx.applications().insert(&application).await.on_conflict(CreateApplicationError::NotFound)?;
        tx.events().append(&event).await?;
        tx.commit().await?;
        Ok(application)
    }
}
