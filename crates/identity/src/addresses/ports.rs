//! Ports of addresses: storage of proofs, changes and pending registrations.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, SecretHash, StoreClock, StoreError, UserId};

use super::model::{EmailChange, EmailProof, PendingRegistration};

/// Operations that are not part of the caller's transaction. Each read costs one indexed read and returns only what is
/// valid by the storage clock.
#[async_trait]
pub trait EmailVerifications: StoreClock {
    /// Finds the proof with that token. Returns `Ok(None)` if there is none.
    async fn find_proof(&self, token: &SecretHash) -> Result<Option<EmailProof>, StoreError>;

    /// Finds the change of a user. Returns `Ok(None)` if there is none.
    async fn find_change(&self, user: UserId) -> Result<Option<EmailChange>, StoreError>;

    /// Finds the registration with that token. Returns `Ok(None)` if there is none.
    async fn find_registration(&self, token: &SecretHash) -> Result<Option<PendingRegistration>, StoreError>;

    /// Finds the registration with that secret of its client. Returns `Ok(None)` if there is none.
    async fn find_own_registration(&self, secret: &SecretHash) -> Result<Option<PendingRegistration>, StoreError>;
}

/// Proofs and changes of accounts, in a transaction. The caller must hold the lock on the user.
#[async_trait]
pub trait EmailProofs: Send {
    /// Stores a proof and replaces the one of the same user and side, whose wrong codes are forgotten. Fails with a conflict on
    /// [`StoreError::REFERENCE`] if the user does not exist, and on `email_proofs_token_hash` if another one has the
    /// token.
    async fn issue(&mut self, proof: &EmailProof) -> Result<(), StoreError>;

    /// Removes and returns the proof of that user with that token. Returns `Ok(None)` and changes nothing if it has
    /// expired by the storage clock, belongs to another user, or does not exist.
    async fn take(&mut self, user: UserId, token: &SecretHash) -> Result<Option<EmailProof>, StoreError>;

    /// Removes and returns a proof of that user with that code, like [`take`](Self::take). Of several, one is taken.
    async fn take_by_code(&mut self, user: UserId, code: &SecretHash) -> Result<Option<EmailProof>, StoreError>;

    /// Counts a wrong code for each proof of the user, and removes those that have reached
    /// [`WRONG_CODES`](crate::model::WRONG_CODES). Returns `Ok(false)` if the user had no proof.
    async fn count_wrong_code(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Finds the change of a user. Returns `Ok(None)` if there is none or it has expired by the storage clock.
    async fn find_change_of(&mut self, user: UserId) -> Result<Option<EmailChange>, StoreError>;

    /// Stores a change and replaces the one of the same user. Fails with a conflict on [`StoreError::REFERENCE`] if the
    /// user does not exist.
    async fn save_change(&mut self, change: &EmailChange) -> Result<(), StoreError>;

    /// Removes the change of a user and the proofs of both of its sides. Returns `Ok(false)` if there was no change.
    async fn delete_change(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Removes the change of a user and all proofs.
    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError>;
}

/// Pending registrations, in a transaction.
#[async_trait]
pub trait PendingRegistrations: Send {
    /// Stores a registration. Any number can wait for one address. Fails with a conflict on `pending_registrations_id`,
    /// `pending_registrations_secret_hash` or `pending_registrations_token_hash` if one of them exists.
    async fn insert(&mut self, registration: &PendingRegistration) -> Result<(), StoreError>;

    /// Removes and returns the registration with that token. Returns `Ok(None)` and changes nothing if it has expired
    /// by the storage clock or does not exist.
    async fn take_by_token(&mut self, token: &SecretHash) -> Result<Option<PendingRegistration>, StoreError>;

    /// Removes and returns the registration with that secret and that code, like [`take_by_token`](Self::take_by_token).
    async fn take_by_code(
        &mut self,
        secret: &SecretHash,
        code: &SecretHash,
    ) -> Result<Option<PendingRegistration>, StoreError>;

    /// Counts a wrong code, and removes the registration if it has reached [`WRONG_CODES`](crate::model::WRONG_CODES).
    /// Returns `Ok(false)` if there is no registration with that secret.
    async fn count_wrong_code(&mut self, secret: &SecretHash) -> Result<bool, StoreError>;

    /// Replaces token and code of the registration with the secret of `renewed`. Its wrong codes still count, and
    /// nothing else changes. Returns `Ok(false)` if it has expired by the storage clock or does not exist.
    async fn renew(&mut self, renewed: &PendingRegistration) -> Result<bool, StoreError>;

    /// Removes all registrations of an address, except those that another transaction has locked. Returns their number.
    async fn delete_of(&mut self, email: &EmailAddress) -> Result<u64, StoreError>;
}
