//! Writing of custom data.

use tessera_kernel::{Actor, DocumentWrite, DocumentWriteError, Event, StoreError, UserId, VersionedDocument};

use crate::{Identity, profile::events::ProfileEvent};

tessera_kernel::error_enum! {
    /// Why the data were not changed.
    pub enum WriteCustomDataError {
        /// The user does not exist, or is not the actor.
        #[error("there is no such user")]
        NotFound,
    }
    from Write(DocumentWriteError), Store(StoreError)
}

impl Identity {
    /// Replaces or merges the actor's own data. The transaction holds the lock on the user, so that no concurrent
    /// change is lost.
    ///
    /// # Errors
    /// Fails when the user does not exist or is not the actor, the precondition does not hold, the data are too large,
    /// or storage fails.
    pub async fn write_custom_data(
        &self,
        actor: &Actor,
        user: UserId,
        write: DocumentWrite,
    ) -> Result<VersionedDocument, WriteCustomDataError> {
        if actor.user() != Some(user) {
            return Err(WriteCustomDataError::NotFound);
        }
        let mut tx = self.ports.store.begin().await?;
        tx.users().lock(user).await?.ok_or(WriteCustomDataError::NotFound)?;
        let now = self.ports.system.now();
        // Data that were never written exist with version 0. The first write creates their row.
        let current = tx.custom_data().find(user).await?.unwrap_or_else(|| VersionedDocument::unwritten(now));
        let data = write.apply(Some(current), now)?;
        tx.custom_data().save(user, &data).await?;
        let entry = ProfileEvent::CustomDataWritten { user, version: data.version };
        tx.events().append(&Event::by(actor, entry, &self.ports.system)).await?;
        tx.commit().await?;
        Ok(data)
    }
}
