//! Reads of addresses: the status of an account, and what a mailed token proves.

use tessera_kernel::{Actor, EmailAddress, StoreError};

use super::{
    confirm_email::ConfirmEmailError,
    model::{EmailStatus, ProofSide, VerificationToken},
};
use crate::{
    Identity,
    sessions::require_recent_authentication::{SessionError, session_of},
};

/// What a mailed token proves, for the page of its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailedProof {
    /// Control of the address of a registration. It requires the password of the registration.
    Registration {
        /// The address.
        email: EmailAddress,
    },
    /// Control of the present or the new address of an account. It requires the account.
    Account {
        /// The address.
        email: EmailAddress,
        /// Whether the account has a password that can be presented with the token.
        has_password: bool,
    },
    /// Consent to a change from this address.
    OldAddress {
        /// The present address.
        email: EmailAddress,
        /// The new address.
        new: EmailAddress,
    },
}

impl Identity {
    /// Returns the address of the actor and a change that waits for confirmations.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the user does not exist any more, or storage fails.
    pub async fn view_email(&self, actor: &Actor) -> Result<EmailStatus, SessionError> {
        let (id, _) = session_of(actor)?;
        let user = self.ports.store.find_user(id).await?.ok_or(SessionError::SessionEnded)?;
        Ok(EmailStatus::of(&user, self.ports.addresses.find_change(id).await?))
    }

    /// Returns what a mailed token proves. Changes nothing.
    ///
    /// # Errors
    /// Fails when the token is invalid, or storage fails.
    pub async fn view_mailed_proof(&self, token: &VerificationToken) -> Result<MailedProof, ConfirmEmailError> {
        let hash = self.ports.digest.digest(token.expose());
        let Some(proof) = self.ports.addresses.find_proof(&hash).await? else {
            let registration = self.ports.addresses.find_registration(&hash).await?;
            let email = registration.and_then(|registration| registration.user.email);
            return email.map(|email| MailedProof::Registration { email }).ok_or(ConfirmEmailError::Invalid);
        };
        if proof.side == ProofSide::Old {
            let change = self.ports.addresses.find_change(proof.user).await?.ok_or(ConfirmEmailError::Invalid)?;
            return Ok(MailedProof::OldAddress { email: proof.email, new: change.email });
        }
        let known = self.ports.store.find_credentials_of(proof.user).await?;
        let known = known.ok_or_else(|| StoreError::Other("a user has a proof and is gone".into()))?;
        Ok(MailedProof::Account { email: proof.email, has_password: known.password_hash.is_some() })
    }
}
