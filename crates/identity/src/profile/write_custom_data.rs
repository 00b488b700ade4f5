//! Writing of custom data.

use tessera_kernel::{Actor, DataDocument, DocumentChange, DocumentError, Event, Precondition, StoreError, UserId};

use crate::{Identity, model::CustomData, profile::events::ProfileEvent};

/// A change to a user's custom data.
#[derive(Debug)]
pub struct WriteCustomData {
    /// The owner of the data.
    pub user: UserId,
    /// The change. Missing data count as empty.
    pub change: DocumentChange<{ DataDocument::MAX_BYTES }>,
    /// Condition on the current version.
    pub precondition: Precondition,
}

/// Why the data were not changed.
#[derive(Debug, thiserror::Error)]
pub enum WriteCustomDataError {
    /// The user does not exist, or is not the actor.
    #[error("there is no such user")]
    NotFound,
    /// The precondition is not met: the data have changed.
    #[error("the data have changed meanwhile")]
    Stale,
    /// The merged data would be too large.
    #[error("the data are too large")]
    Document(#[source] DocumentError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Replaces or merges the actor's own data. The transaction holds the lock on the user, so that no concurrent
    /// change is lost.
    ///
    /// # Errors
    /// Fails when the user does not exist or is not the actor, the precondition is not met, the data are too large, or
    /// storage fails.
    pub async fn write_custom_data(
        &self,
        actor: &Actor,
        command: WriteCustomData,
    ) -> Result<CustomData, WriteCustomDataError> {
        let id = command.user;
        if actor.user() != Some(id) {
            return Err(WriteCustomDataError::NotFound);
        }
        let mut tx = self.ports.store.begin().await?;
        let user = tx.users().lock(id).await?.ok_or(WriteCustomDataError::NotFound)?.user;
        let known = tx.custom_data().find(id).await?.unwrap_or_else(|| CustomData::untouched(&user));
        // Data that were never written exist with version 0 and are empty.
        if !command.precondition.holds(Some(known.version)) {
            return Err(WriteCustomDataError::Stale);
        }
        let now = self.ports.system.now();
        let data = CustomData {
            data: command.change.apply(&known.data).map_err(WriteCustomDataError::Document)?,
            version: known.version + 1,
            created_at: if known.version == 0 { now } else { known.created_at },
            updated_at: now,
            ..known
        };
        let entry = ProfileEvent::CustomDataWritten { user: id, version: data.version };
        tx.custom_data().save(&data).await?;
        tx.events().append(&Event::by(actor, entry, &self.ports.system)).await?;
        tx.commit().await?;
        Ok(data)
    }
}
