//! An administrator, or an application, writes what the organization keeps about a member.

use tessera_kernel::{
    Actor, DataDocument, DocumentChange, DocumentError, OrganizationId, Precondition, StoreError, UserId,
};

use crate::{
    Orgs,
    events::OrgEvent,
    model::SystemData,
    policy::{self, Access, Reach},
    ports::OrgTransaction,
};

/// What is to become of the data of a member.
#[derive(Debug)]
pub struct WriteSystemData {
    /// Where.
    pub organization: OrganizationId,
    /// Whose.
    pub user: UserId,
    /// What is to become of them; none are as good as empty ones.
    pub change: DocumentChange<{ DataDocument::MAX_BYTES }>,
    /// What they must be until now.
    pub precondition: Precondition,
}

/// The data stay as they were.
#[derive(Debug, thiserror::Error)]
pub enum WriteSystemDataError {
    /// The organization does not exist, or is not the actor's to know of.
    #[error("there is no such organization")]
    NotFound,
    /// The role or the key does not reach for this.
    #[error("your role or key does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// The organization has no such member, or no longer.
    #[error("there is no such member")]
    MemberNotFound,
    /// They are not what the caller took for granted.
    #[error("the data have changed meanwhile")]
    Stale,
    /// A merge would make them too large.
    #[error("the data are too large")]
    Document(#[source] DocumentError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Orgs {
    /// Replaces or merges the data of a member. Who writes holds the organization's lock, so that no change is lost and
    /// nobody is written about who is being removed.
    ///
    /// # Errors
    /// See [`WriteSystemDataError`].
    pub async fn write_system_data(
        &self,
        actor: &Actor,
        command: WriteSystemData,
    ) -> Result<SystemData, WriteSystemDataError> {
        let (id, user) = (command.organization, command.user);
        let mut tx = self.ports.store.begin().await?;
        self.permit_writing(&mut *tx, actor, id).await?;
        tx.memberships().find(id, user).await?.ok_or(WriteSystemDataError::MemberNotFound)?;
        let known = tx.documents().find_system_data(id, user).await?;
        if !command.precondition.holds(known.as_ref().map(|known| known.version)) {
            return Err(WriteSystemDataError::Stale);
        }
        let now = self.ports.clock.now();
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
        let event = OrgEvent::SystemDataWritten { organization: id, user, version: data.version };
        tx.documents().save_system_data(&data).await?;
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(data)
    }

    /// Locks the organization and asks under the lock whether the actor may write: a role may have gone in between.
    async fn permit_writing(
        &self,
        tx: &mut dyn OrgTransaction,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<(), WriteSystemDataError> {
        tx.organizations().lock(id).await?.ok_or(WriteSystemDataError::NotFound)?;
        let membership = match actor.user() {
            Some(user) => self.locked_caller(tx, id, user).await?,
            None => None,
        };
        let role = membership.map(|membership| membership.role);
        match policy::reach_of_system_data(&actor.principal, id, role, Access::Write) {
            Reach::Unknown => Err(WriteSystemDataError::NotFound),
            Reach::Refused => Err(WriteSystemDataError::Forbidden { organization: id }),
            Reach::Granted => Ok(()),
        }
    }
}
