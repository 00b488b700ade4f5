//! Reading of custom data.

use tessera_kernel::{Actor, StoreError, UserId};

use crate::{Identity, model::CustomData};

/// Why there are no data to show.
#[derive(Debug, thiserror::Error)]
pub enum ViewCustomDataError {
    /// The user does not exist, or is not the actor.
    #[error("there is no such user")]
    NotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Returns the actor's own data, or empty data if nothing was written yet.
    ///
    /// # Errors
    /// Fails when the user does not exist or is not the actor, or storage fails.
    pub async fn view_custom_data(&self, actor: &Actor, user: UserId) -> Result<CustomData, ViewCustomDataError> {
        if actor.user() != Some(user) {
            return Err(ViewCustomDataError::NotFound);
        }
        if let Some(data) = self.ports.store.find_custom_data(user).await? {
            return Ok(data);
        }
        let user = self.ports.store.find_user(user).await?.ok_or(ViewCustomDataError::NotFound)?;
        Ok(CustomData::untouched(&user))
    }
}
