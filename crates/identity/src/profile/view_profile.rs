//! Reading of the own profile.

use tessera_kernel::{Actor, StoreError};

use crate::{Identity, model::User};

tessera_kernel::error_enum! {
    /// Why the profile of the actor is not available.
    pub enum ProfileError {
        /// The actor is an application, or the account does not exist any more.
        #[error("there is no such user")]
        NotFound,
    }
    from Store(StoreError)
}

impl Identity {
    /// Returns the actor's own account.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the account does not exist any more, or storage fails.
    pub async fn view_profile(&self, actor: &Actor) -> Result<User, ProfileError> {
        let id = actor.user().ok_or(ProfileError::NotFound)?;
        self.ports.store.find_user(id).await?.ok_or(ProfileError::NotFound)
    }
}
