//! The passkeys of a user.

use tessera_kernel::{Actor, StoreError};

use crate::{
    Identity,
    model::Passkey,
    sessions::require_recent_authentication::{SessionError, session_of},
};

impl Identity {
    /// Returns the passkeys of the actor, in the order in which they were added.
    ///
    /// # Errors
    /// Fails when the actor is not a user, or storage fails.
    pub async fn list_passkeys(&self, actor: &Actor) -> Result<Vec<Passkey>, SessionError> {
        let (user, _) = session_of(actor)?;
        Ok(self.ports.passkeys.list_passkeys(user).await?)
    }

    /// Returns whether passkeys exist that the present RP id has made invalid.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn any_invalidated_passkey(&self) -> Result<bool, StoreError> {
        match self.webauthn() {
            Some(webauthn) => self.ports.passkeys.any_of_another_rp_id(webauthn.rp_id()).await,
            None => Ok(false),
        }
    }
}
