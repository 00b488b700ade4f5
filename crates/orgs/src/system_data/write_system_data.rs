//! Writes of system data.

use tessera_kernel::{
    AccessError, Actor, DocumentWrite, DocumentWriteError, OrganizationId, StoreError, UserId, VersionedDocument,
};

use super::events::SystemDataEvent;
use crate::{Orgs, policy};

tessera_kernel::error_enum! {
    /// Why the write failed.
    pub enum WriteSystemDataError {
        /// The user is not a member of the organization.
        #[error("there is no such member")]
        MemberNotFound,
    }
    from Access(AccessError), Write(DocumentWriteError), Store(StoreError)
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
        let mut tx = self.lock_and_authorize(actor, id, &policy::WRITE_SYSTEM_DATA).await?.tx;
        tx.memberships().find(id, user).await?.ok_or(WriteSystemDataError::MemberNotFound)?;
        let current = tx.documents().find_system_data(id, user).await?;
        let data = write.apply(current, self.ports.system.now())?;
        tx.documents().save_system_data(id, user, &data).await?;
        let event = SystemDataEvent::Written { organization: id, user, version: data.version };
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(data)
    }
}
