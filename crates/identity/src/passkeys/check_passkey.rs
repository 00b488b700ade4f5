//! A passkey as the second factor, or for reauthentication.

use tessera_kernel::{StoreError, UserId};

use super::verify_passkey::{PasskeyVerdict, VerifiedPasskey};
use crate::{
    Identity,
    model::{CeremonyPurpose, PasskeyProof},
    ports::WebAuthnError,
};

tessera_kernel::error_enum! {
    /// Why it is not known whether the passkey authenticates the user.
    pub enum CheckPasskeyError {}
    from WebAuthn(WebAuthnError), Store(StoreError)
}

impl Identity {
    /// Returns whether the credential is a passkey of the user and answers a ceremony of
    /// [`start_second_factor`](Self::start_second_factor). Consumes the ceremony, and records the use of the passkey. The caller
    /// records a rejection.
    ///
    /// # Errors
    /// Fails when storage fails, or what was stored is unusable.
    pub async fn check_second_factor(&self, user: UserId, proof: &PasskeyProof) -> Result<bool, CheckPasskeyError> {
        self.check_passkey(user, proof, CeremonyPurpose::SecondFactor { user }).await
    }

    /// Does the same for a ceremony with that purpose.
    pub(super) async fn check_passkey(
        &self,
        user: UserId,
        proof: &PasskeyProof,
        purpose: CeremonyPurpose,
    ) -> Result<bool, CheckPasskeyError> {
        match self.verify_passkey::<CheckPasskeyError>(proof, purpose, Some(user)).await? {
            PasskeyVerdict::Valid(VerifiedPasskey { passkey, assertion, at }) => {
                let mut tx = self.ports.store.begin().await?;
                if tx.passkeys().record_use(&passkey, &assertion, at).await? {
                    tx.commit().await?;
                    return Ok(true);
                }
            }
            PasskeyVerdict::Denied(_) | PasskeyVerdict::Unknown => {}
        }
        Ok(false)
    }
}
