//! A user looks at the data they keep.

use tessera_kernel::{Actor, StoreError, UserId};

use crate::{Identity, model::CustomData};

/// There is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ViewCustomDataError {
    /// The user does not exist, or is somebody else.
    #[error("there is no such user")]
    NotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// The actor's own data; empty ones when they have written none yet.
    ///
    /// # Errors
    /// See [`ViewCustomDataError`].
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
