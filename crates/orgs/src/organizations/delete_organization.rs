//! Deletion of organizations.

use tessera_kernel::{AccessError, Actor, OrganizationId, StoreError, delete_in_steps};

use super::events::OrganizationEvent;
use crate::{Orgs, caller::LockedOrganization, policy};

/// Command of [`Orgs::delete_organization`].
#[derive(Debug)]
pub struct DeleteOrganization {
    /// The organization to delete.
    pub organization: OrganizationId,
    /// The current slug as the owner has typed it, which prevents the deletion of another organization by mistake.
    pub slug: String,
}

tessera_kernel::error_enum! {
    /// Why the deletion failed.
    pub enum DeleteOrganizationError {
        /// The sign-in of the owner is not recent.
        #[error("reauthentication is required")]
        ReauthenticationRequired,
        /// The organization has another slug.
        #[error("the organization has another slug")]
        SlugMismatch,
    }
    from
        /// The actor has no access to the organization, or is not an owner.
        Access(AccessError),
        Store(StoreError),
}

/// Number of mails per statement.
const MAILS_AT_ONCE: usize = 1_000;

impl Orgs {
    /// Deletes an organization with everything in it: its applications, so that their keys are invalid at once, its
    /// settings, system data, invitations and memberships. Its audit entries stay. All owners get a mail.
    ///
    /// # Errors
    /// Fails when the actor is not an owner, the sign-in is not recent, the slug is another one, or storage fails.
    pub async fn delete_organization(
        &self,
        actor: &Actor,
        command: DeleteOrganization,
    ) -> Result<(), DeleteOrganizationError> {
        let id = command.organization;
        let LockedOrganization { mut tx, organization, own } = self.lock_and_require(actor, id, policy::DELETE).await?;
        if !actor.is_recent() {
            return Err(DeleteOrganizationError::ReauthenticationRequired);
        }
        if organization.slug.as_str() != command.slug {
            return Err(DeleteOrganizationError::SlugMismatch);
        }
        self.notify_of_deletion(&mut *tx, &organization, own.user_id).await?;
        // Their links are no longer valid.
        let mails = tx.invitation_mails().of_organization(id).await?;
        for some in mails.chunks(MAILS_AT_ONCE) {
            tx.outbox().cancel(some).await?;
        }
        tx.organizations().delete(id).await?;
        tx.events().append(&self.event(actor, OrganizationEvent::Deleted { organization: id })).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes rows of deleted organizations in small steps, and returns their number. The next call continues with the
    /// remaining rows. Every node may call this at any time.
    ///
    /// # Errors
    /// Storage failed. The next call continues.
    pub async fn clear_deleted_organizations(&self) -> Result<u64, StoreError> {
        delete_in_steps(|most| self.ports.store.clear_deleted_organizations(most)).await
    }
}
