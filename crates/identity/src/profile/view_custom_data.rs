//! Reading of custom data.

use tessera_kernel::{Actor, StoreError, UserId, VersionedDocument};

use crate::Identity;

tessera_kernel::error_enum! {
    /// Why there are no data to show.
    pub enum ViewCustomDataError {
        /// The user does not exist, or is not the actor.
        #[error("there is no such user")]
        NotFound,
    }
    from Store(StoreError)
}

impl Identity {
    /// Returns the actor's own data. Data that were never written are empty and as old as the user.
    ///
    /// # Errors
    /// Fails when the user does not exist or is not the actor, or storage fails.
    pub async fn view_custom_data(
        &self,
        actor: &Actor,
        user: UserId,
    ) -> Result<VersionedDocument, ViewCustomDataError> {
        if actor.user() != Some(user) {
            return Err(ViewCustomDataError::NotFound);
        }
        if let Some(data) = self.ports.store.find_custom_data(user).await? {
            return Ok(data);
        }
        let user = self.ports.store.find_user(user).await?.ok_or(ViewCustomDataError::NotFound)?;
        Ok(VersionedDocument::unwritten(user.created_at))
    }
}
