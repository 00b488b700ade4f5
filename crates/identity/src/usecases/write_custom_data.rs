//! A user writes the data they keep.

use tessera_kernel::{Actor, DataDocument, DocumentChange, DocumentError, Event, Precondition, StoreError, UserId};

use crate::{Identity, events::IdentityEvent, model::CustomData};

/// What is to become of a user's data.
#[derive(Debug)]
pub struct WriteCustomData {
    /// Whose.
    pub user: UserId,
    /// What is to become of them; none are as good as empty ones.
    pub change: DocumentChange<{ DataDocument::MAX_BYTES }>,
    /// What they must be until now.
    pub precondition: Precondition,
}

/// The data stay as they were.
#[derive(Debug, thiserror::Error)]
pub enum WriteCustomDataError {
    /// The user does not exist, or is somebody else.
    #[error("there is no such user")]
    NotFound,
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

impl Identity {
    /// Replaces or merges the actor's own data. Who writes holds the lock on the user, so that no change is lost.
    ///
    /// # Errors
    /// See [`WriteCustomDataError`].
    pub async fn write_custom_data(
        &self,
        actor: &Actor,
        command: WriteCustomData,
    ) -> Result<CustomData, WriteCustomDataError> {
        let id = command.user;
        if actor.user() != Some(id) {
            return Err(WriteCustomDataError::NotFound);
        }
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        let user = tx.users().lock(id).await?.ok_or(WriteCustomDataError::NotFound)?.user;
        let known = tx.custom_data().find(id).await?.unwrap_or_else(|| CustomData::untouched(&user));
        // Data that nobody has written are there too: they are empty, in version 0.
        if !command.precondition.holds(Some(known.version)) {
            return Err(WriteCustomDataError::Stale);
        }
        let now = clock.now();
        let data = CustomData {
            data: command.change.apply(&known.data).map_err(WriteCustomDataError::Document)?,
            version: known.version + 1,
            created_at: if known.version == 0 { now } else { known.created_at },
            updated_at: now,
            ..known
        };
        let announcement = IdentityEvent::CustomDataWritten { user: id, version: data.version }.into();
        tx.custom_data().save(&data).await?;
        tx.events().append(&Event::by(actor, announcement, clock, entropy)).await?;
        tx.commit().await?;
        Ok(data)
    }
}
