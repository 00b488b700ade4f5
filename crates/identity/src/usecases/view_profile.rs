//! A user looks at their own account.

use tessera_kernel::{Actor, StoreError};

use crate::{Identity, model::User};

/// There is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ViewProfileError {
    /// The actor is an application, or the account is gone.
    #[error("there is no such user")]
    NotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// The actor's own account.
    ///
    /// # Errors
    /// See [`ViewProfileError`].
    pub async fn view_profile(&self, actor: &Actor) -> Result<User, ViewProfileError> {
        let id = actor.user().ok_or(ViewProfileError::NotFound)?;
        self.ports.store.find_user(id).await?.ok_or(ViewProfileError::NotFound)
    }
}
