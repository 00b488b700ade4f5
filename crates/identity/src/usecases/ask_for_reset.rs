//! Somebody can't sign in and asks for a new password.

use tessera_kernel::{EmailAddress, Origin, ResetRequestId, StoreError};

use crate::{
    Identity,
    model::{PasswordReset, ResetRequest},
};

/// Who asks.
#[derive(Debug)]
pub struct AskForReset {
    /// The address of the account, as typed. One that is none belongs to nobody.
    pub email: String,
    /// Where the request came from.
    pub origin: Origin,
}

impl Identity {
    /// Writes the wish down for [`Self::answer_reset_requests`]. No account is looked at here, so neither the answer nor the
    /// time that it takes can tell whether there is one.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn ask_for_reset(&self, command: AskForReset) -> Result<(), StoreError> {
        // Whoever typed it knows that it is none.
        let Ok(email) = command.email.parse::<EmailAddress>() else { return Ok(()) };
        let id = ResetRequestId::generate(&*self.ports.clock, &*self.ports.entropy);
        // A wish is worth as much time as the link that it leads to.
        let expires_at = self.ports.resets.now().await? + PasswordReset::TTL;
        self.ports.resets.ask(&ResetRequest { id, email, origin: command.origin, expires_at }).await
    }
}
