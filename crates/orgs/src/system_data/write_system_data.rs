//! Writes of system data.

use tessera_kernel::{
    AccessError, Actor, DocumentWrite, DocumentWriteError, OrganizationId, StoreError, UserId, VersionedDocument,
};

use super::events::SystemDataEvent;
use crate::{Orgs, policy, ports::OrgTransaction};

/// Why the write failed.
#[derive(Debug, thiserror::Error)]
pub enum WriteSystemDataError {
    /// The actor has no access to the organization.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The user is not a member of the organization.
    #[error("there is no such member")]
    MemberNotFound,
    /// The data have changed, or would be too large.
    #[error(transparent)]
    Write(#[from] DocumentWriteError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Orgs {
    /// Replaces or merges the data of a member. The operation locks the organization, so that no concurrent change is
    /// lost and no data are written for a member who is being removed.
    ///
    /// # Errors
    /// Fails when the actor may not write the data, the user is not a member, the precondition does not hold, the data
    /// are too large, or storage fails.
    pub async fn write_system_data(
        &self,
        actor: &Actor,
        id: OrganizationId,
        user: UserId,
        write: DocumentWrite,
    ) -> Result<VersionedDocument, WriteSystemDataError> {
        let mut tx = self.lock_for_writing(actor, id).await?;
        tx.memberships().find(id, user).await?.ok_or(WriteSystemDataError::MemberNotFound)?;
        let current = tx.documents().find_system_data(id, user).await?;
        let data = write.apply(current, self.ports.system.now())?;
        tx.documents().save_system_data(id, user, &data).await?;
        let event = SystemDataEvent::Written { organization: id, user, version: data.version };
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(data)
    }

    /// Locks the organization for a caller who may write its data.
    async fn lock_for_writing(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<Box<dyn OrgTransaction>, AccessError> {
        let (lowest, permission) = policy::WRITE_SYSTEM_DATA;
        if actor.user().is_some() {
            return Ok(self.lock_and_require(actor, id, lowest).await?.tx);
        }
        actor.require_permission(id, &permission)?;
        let mut tx = self.ports.store.begin().await?;
        tx.organizations().lock(id).await?.ok_or(AccessError::not_found(id))?;
        Ok(tx)
    }
}
