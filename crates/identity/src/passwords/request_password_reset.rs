//! Password reset request by a visitor who cannot sign in.

use tessera_kernel::{EmailAddress, RateLimitError, RequestMetadata, ResetRequestId, limit};

use crate::{
    Identity,
    addresses::limits::MailKind,
    model::{PasswordReset, ResetRequest},
};

/// A password reset request.
#[derive(Debug)]
pub struct RequestPasswordReset {
    /// The email address of the account, as typed. A malformed address matches no account.
    pub email: String,
    /// Request metadata.
    pub origin: RequestMetadata,
}

impl Identity {
    /// Stores the request for [`Self::process_reset_requests`]. It reads no account, so neither the response nor the
    /// time reveals whether there is one. The response does not show
    /// whether the limit of the address is reached.
    ///
    /// # Errors
    /// Fails when the limit of the network is reached, or storage fails.
    pub async fn request_password_reset(&self, command: RequestPasswordReset) -> Result<(), RateLimitError> {
        self.count_network(limit::MAIL_NETWORK, &command.origin).await?;
        // Ignore a malformed address. This reveals nothing, because the caller can see that it is malformed.
        let Ok(email) = command.email.parse::<EmailAddress>() else { return Ok(()) };
        let admitted = self.admit_mail(MailKind::Reset, &email).await?;
        let links_left = admitted.and_then(|admitted| admitted.first().map(|(counted, _)| counted.left));
        let id = ResetRequestId::generate(&self.ports.system);
        // A request is valid as long as the link that it leads to.
        let expires_at = self.ports.resets.now().await? + PasswordReset::TTL;
        Ok(self.ports.resets.ask(&ResetRequest { id, email, origin: command.origin, expires_at, links_left }).await?)
    }
}
