//! Writes of system data.

use tessera_kernel::{
    AccessError, Actor, DataDocument, DocumentChange, DocumentError, OrganizationId, Precondition, StoreError, UserId,
};

use super::events::SystemDataEvent;
use crate::{Orgs, model::SystemData, policy, ports::OrgTransaction};

/// Command of [`Orgs::write_system_data`].
#[derive(Debug)]
pub struct WriteSystemData {
    /// The organization.
    pub organization: OrganizationId,
    /// The member that the data belong to.
    pub user: UserId,
    /// The change. Missing data count as an empty document.
    pub change: DocumentChange<{ DataDocument::MAX_BYTES }>,
    /// The condition on the current version.
    pub precondition: Precondition,
}

/// Why the write failed.
#[derive(Debug, thiserror::Error)]
pub enum WriteSystemDataError {
    /// The actor has no access to the organization.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The user is not a member of the organization.
    #[error("there is no such member")]
    MemberNotFound,
    /// The precondition does not hold.
    #[error("the data have changed meanwhile")]
    Stale,
    /// The merged document would be too large.
    #[error("the data are too large")]
    Document(#[source] DocumentError),
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
        command: WriteSystemData,
    ) -> Result<SystemData, WriteSystemDataError> {
        let (id, user) = (command.organization, command.user);
        let mut tx = self.lock_for_writing(actor, id).await?;
        tx.memberships().find(id, user).await?.ok_or(WriteSystemDataError::MemberNotFound)?;
        let known = tx.documents().find_system_data(id, user).await?;
        if !command.precondition.holds(known.as_ref().map(|known| known.version)) {
            return Err(WriteSystemDataError::Stale);
        }
        let now = self.ports.system.now();
        let known = known.unwrap_or_else(|| SystemData {
            organization_id: id,
            user_id: user,
            data: DataDocument::default(),
            version: 0,
            created_at: now,
            updated_at: now,
        });
        let data = SystemData {
            data: command.change.apply(&known.data).map_err(WriteSystemDataError::Document)?,
            version: known.version + 1,
            updated_at: now,
            ..known
        };
        let event = SystemDataEvent::Written { organization: id, user, version: data.version };
        tx.documents().save_system_data(&data).await?;
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
