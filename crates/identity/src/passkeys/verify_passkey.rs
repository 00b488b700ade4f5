//! Verification of a passkey. A ceremony can be finished once.

use tessera_kernel::{StoreError, UserId};
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{Ceremony, CeremonyPurpose, Passkey, PasskeyProof},
    ports::{Assertion, TakenCeremony, WebAuthn, WebAuthnError},
};

/// A passkey whose signature is valid. Its use is not recorded yet.
pub(crate) struct VerifiedPasskey {
    pub(crate) passkey: Passkey,
    pub(crate) assertion: Assertion,
    /// When the ceremony was consumed, by the database clock.
    pub(crate) at: OffsetDateTime,
}

/// Result of a finished ceremony.
pub(crate) enum PasskeyVerdict {
    Valid(VerifiedPasskey),
    /// The ceremony existed, but the credential is not valid for it. Contains the user of the credential, if there is
    /// one.
    Denied(Option<UserId>),
    /// The ceremony does not exist. Nothing was written, and the caller must not write anything either: any client can
    /// invent ids.
    Unknown,
}

impl Identity {
    /// Verifies that the response answers the ceremony, and consumes the ceremony before any check, whatever the result.
    /// With a user, only a passkey of this user is accepted. Without one, the response must name its user.
    ///
    /// # Errors
    /// Fails when storage fails, or what was stored is unusable.
    pub(crate) async fn verify_passkey<E: From<WebAuthnError> + From<StoreError>>(
        &self,
        proof: &PasskeyProof,
        purpose: CeremonyPurpose,
        user: Option<UserId>,
    ) -> Result<PasskeyVerdict, E> {
        let Some(webauthn) = self.webauthn() else { return Ok(PasskeyVerdict::Unknown) };
        let Some(TakenCeremony { ceremony, at }) = self.take_ceremony(&proof.ceremony).await? else {
            return Ok(PasskeyVerdict::Unknown);
        };
        let Some(claimed) = webauthn.claimed(&proof.credential) else { return Ok(PasskeyVerdict::Denied(None)) };
        let Some(passkey) = self.ports.passkeys.find_passkey(&claimed.id).await? else {
            return Ok(PasskeyVerdict::Denied(None));
        };
        let owner = passkey.user_id;
        // A discoverable passkey names its user (WebAuthn, section 7.2). Otherwise the user must be known.
        let is_theirs = match user {
            Some(user) => user == owner && claimed.user.is_none_or(|claimed| claimed == owner),
            None => claimed.user == Some(owner),
        };
        let is_ours = passkey.rp_id == webauthn.rp_id();
        if !is_theirs || !is_ours || ceremony.purpose != purpose || !ceremony.is_open(at) {
            return Ok(PasskeyVerdict::Denied(Some(owner)));
        }
        let assertion = judge(webauthn, &ceremony, proof, &passkey)?;
        Ok(assertion.map_or(PasskeyVerdict::Denied(Some(owner)), |assertion| {
            PasskeyVerdict::Valid(VerifiedPasskey { passkey, assertion, at })
        }))
    }

    /// Consumes a ceremony.
    pub(super) async fn take_ceremony(&self, id: &str) -> Result<Option<TakenCeremony>, StoreError> {
        match id.parse() {
            Ok(id) => self.ports.passkeys.take_ceremony(id).await,
            Err(_) => Ok(None),
        }
    }
}

/// Returns `None` if the signature is not valid.
fn judge(
    webauthn: &dyn WebAuthn,
    ceremony: &Ceremony,
    proof: &PasskeyProof,
    passkey: &Passkey,
) -> Result<Option<Assertion>, WebAuthnError> {
    match webauthn.finish_authentication(&ceremony.state, &proof.credential, passkey) {
        Ok(assertion) => Ok(Some(assertion)),
        Err(WebAuthnError::Invalid(_)) => Ok(None),
        Err(failed) => Err(failed),
    }
}
