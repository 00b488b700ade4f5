//! Ports of passkeys: storage, and the WebAuthn protocol.

use async_trait::async_trait;
use tessera_kernel::{CeremonyId, PasskeyId, StoreClock, StoreError, UserId};
use time::OffsetDateTime;

use super::model::{Ceremony, CeremonyOptions, CredentialId, CredentialResponse, Passkey};
use crate::accounts::model::User;

/// Passkeys of users, in a transaction.
#[async_trait]
pub trait Passkeys: Send {
    /// Adds a passkey. It, or a later call of the transaction, fails with a conflict on `passkeys_credential_id` if any
    /// user has the credential, on `passkeys_id` if the id exists, and on [`StoreError::REFERENCE`] if the user does not
    /// exist.
    async fn insert(&mut self, passkey: &Passkey) -> Result<(), StoreError>;

    /// Returns the number of passkeys of a user. If the caller holds the lock on the user, it stays the same until the
    /// transaction ends.
    async fn count(&mut self, user: UserId) -> Result<u64, StoreError>;

    /// Like [`Self::count`], but only of passkeys that were created for that RP id.
    async fn count_of_rp_id(&mut self, user: UserId, rp_id: &str) -> Result<u64, StoreError>;

    /// Records a use of a passkey at `at`. Returns `Ok(false)` and changes nothing if the user does not have the passkey,
    /// or its counter has reached the one of the assertion. Counters that are both 0 are accepted, because some
    /// authenticators do not count. One statement: of two uses with one counter, one is recorded.
    async fn record_use(
        &mut self,
        passkey: &Passkey,
        assertion: &Assertion,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Removes a passkey from that user. Returns `Ok(false)` and changes nothing if the user does not have it.
    async fn delete(&mut self, user: UserId, id: PasskeyId) -> Result<bool, StoreError>;

    /// Removes all passkeys of a user. Returns their ids in ascending order.
    async fn delete_all(&mut self, user: UserId) -> Result<Vec<PasskeyId>, StoreError>;
}

/// A ceremony that was removed from storage. No other caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenCeremony {
    /// The ceremony, open or expired.
    pub ceremony: Ceremony,
    /// When the ceremony was taken, by the storage clock. Callers use this time to check the expiry.
    pub at: OffsetDateTime,
}

/// Storage of passkeys outside of transactions, and of ceremonies. A taken ceremony stays consumed even if the rest of
/// the request fails.
#[async_trait]
pub trait PasskeyStore: StoreClock {
    /// Finds the passkey with that credential, of any user. Returns `Ok(None)` if there is none.
    async fn find_passkey(&self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError>;

    /// Returns the passkeys of a user, in the order in which they were added.
    async fn list_passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError>;

    /// Returns whether any passkey was created for another RP id.
    async fn any_of_another_rp_id(&self, rp_id: &str) -> Result<bool, StoreError>;

    /// Stores a ceremony. Fails with a conflict on `passkey_ceremonies_id` if the id exists, and on
    /// [`StoreError::REFERENCE`] if the user or the session of its purpose does not exist.
    async fn keep_ceremony(&self, ceremony: &Ceremony) -> Result<(), StoreError>;

    /// Removes and returns a ceremony, with the time of the removal in the same step. Returns `Ok(None)` if there is none,
    /// or if another caller has just taken it: of concurrent callers on any nodes, only one gets it. An unknown id costs
    /// one indexed read and opens no write transaction, because any client can send one.
    async fn take_ceremony(&self, id: CeremonyId) -> Result<Option<TakenCeremony>, StoreError>;
}

/// The start of a ceremony.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CeremonyStart {
    /// The options for the browser.
    pub options: CeremonyOptions,
    /// What is needed to finish the ceremony.
    pub state: String,
}

/// A credential that an authenticator has created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    /// The id that the authenticator chose.
    pub id: CredentialId,
    /// The RP id for which it was created.
    pub rp_id: String,
    /// The public key and its properties, in the format of the adapter.
    pub credential: String,
    /// The first signature counter.
    pub counter: u32,
    /// Whether the credential is copied to other devices.
    pub synced: bool,
}

/// A verified signature of a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The public key with its changed properties, in the format of the adapter.
    pub credential: String,
    /// The signature counter of the authenticator.
    pub counter: u32,
    /// Whether the credential is copied to other devices.
    pub synced: bool,
}

/// Which credential a response claims to be of. Nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedCredential {
    /// The id of the credential.
    pub id: CredentialId,
    /// The user handle, if the response has one.
    pub user: Option<UserId>,
}

/// Why a ceremony could not be started or finished.
#[derive(Debug, thiserror::Error)]
pub enum WebAuthnError {
    /// The credential is malformed, or not valid for the ceremony. The reason is for logs only.
    #[error("the credential is not valid")]
    Invalid(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The ceremony could not be started, or what was stored is unusable.
    #[error("the passkey could not be processed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The WebAuthn protocol for one RP id and its origins. Every ceremony requires user verification.
pub trait WebAuthn: Send + Sync {
    /// The RP id.
    fn rp_id(&self) -> &str;

    /// Starts to create a credential. Authenticators that have one of the `existing` passkeys refuse. The user handle is
    /// the id of the user.
    ///
    /// # Errors
    /// Fails with [`WebAuthnError::Failed`].
    fn start_registration(&self, user: &User, existing: &[Passkey]) -> Result<CeremonyStart, WebAuthnError>;

    /// Verifies a created credential. It does not verify that the credential is new.
    ///
    /// # Errors
    /// Fails with [`WebAuthnError::Invalid`] if the challenge, the origin or the RP id differs, or the user was not
    /// verified.
    fn finish_registration(&self, state: &str, response: &CredentialResponse) -> Result<NewCredential, WebAuthnError>;

    /// Starts an authentication with one of the `allowed` passkeys. If there are none, the authenticator offers its
    /// passkeys of this RP id.
    ///
    /// # Errors
    /// Fails with [`WebAuthnError::Failed`].
    fn start_authentication(&self, allowed: &[Passkey]) -> Result<CeremonyStart, WebAuthnError>;

    /// Returns which credential a response claims to be of, or `None` if it is malformed.
    fn claimed(&self, response: &CredentialResponse) -> Option<ClaimedCredential>;

    /// Verifies the signature of a passkey.
    ///
    /// # Errors
    /// Fails with [`WebAuthnError::Invalid`] if the challenge, the origin, the RP id or the signature is wrong, the user
    /// was not verified, or the counter did not increase.
    fn finish_authentication(
        &self,
        state: &str,
        response: &CredentialResponse,
        passkey: &Passkey,
    ) -> Result<Assertion, WebAuthnError>;
}
