//! Ports of second factors.

use async_trait::async_trait;
use tessera_kernel::{Secret, SecretHash, StoreClock, StoreError, UserId};
use time::OffsetDateTime;

use super::model::{
    EnrolledFactors, FactorStatus, InterruptedOperation, SealedTotpSecret, TotpCode, TotpEnrollment, TotpFactor,
    TotpSecret,
};

/// Storage of factors and of interrupted operations outside of transactions.
#[async_trait]
pub trait Factors: StoreClock {
    /// Finds the confirmed TOTP secret of a user. Returns `Ok(None)` if there is none.
    async fn find_totp(&self, user: UserId) -> Result<Option<TotpFactor>, StoreError>;

    /// Finds the TOTP secret that a user has not confirmed yet. Returns `Ok(None)` if there is none or it has expired by
    /// the storage clock.
    async fn find_totp_enrollment(&self, user: UserId) -> Result<Option<TotpEnrollment>, StoreError>;

    /// Returns the factors of a user, with the organizations that require one.
    async fn factor_status(&self, user: UserId) -> Result<FactorStatus, StoreError>;

    /// Finds an operation that waits for a factor. Returns `Ok(None)` if there is none, it has expired by the storage
    /// clock, or it has no attempts left. Costs one indexed read, because any client can send a token.
    async fn find_interrupted(&self, token: &SecretHash) -> Result<Option<InterruptedOperation>, StoreError>;

    /// Counts an attempt. Returns `Ok(false)` and changes nothing if [`find_interrupted`](Self::find_interrupted) would
    /// find nothing. One statement: of any number of concurrent callers on any nodes, at most
    /// [`InterruptedOperation::ATTEMPTS`] get `true`.
    async fn count_attempt(&self, token: &SecretHash) -> Result<bool, StoreError>;

    /// Records the ceremony in which a passkey can complete an operation. Does nothing if the operation does not exist any
    /// more.
    async fn set_ceremony(&self, token: &SecretHash, ceremony: &str) -> Result<(), StoreError>;
}

/// Factors, in a transaction. To write, the caller must hold the lock on the user.
#[async_trait]
pub trait FactorRows: Send {
    /// Returns whether and what factors a user has. Their passkeys are counted too.
    async fn enrolled(&mut self, user: UserId) -> Result<EnrolledFactors, StoreError>;

    /// Stores a TOTP secret to be confirmed, and replaces the previous one of the user. Fails with a conflict on
    /// [`StoreError::REFERENCE`] if the user does not exist.
    async fn put_totp_enrollment(&mut self, enrollment: &TotpEnrollment) -> Result<(), StoreError>;

    /// Removes exactly this unconfirmed secret. Returns `Ok(false)` and changes nothing if the user has another one or
    /// none, or it has expired by the storage clock.
    async fn take_totp_enrollment(&mut self, enrollment: &TotpEnrollment) -> Result<bool, StoreError>;

    /// Stores a confirmed TOTP secret. Fails with a conflict on `totp_factors_user_id` if the user has one, and on
    /// [`StoreError::REFERENCE`] if the user does not exist.
    async fn insert_totp(&mut self, factor: &TotpFactor) -> Result<(), StoreError>;

    /// Removes the TOTP secret of a user. Returns `Ok(false)` if there was none.
    async fn delete_totp(&mut self, user: UserId) -> Result<bool, StoreError>;

    /// Accepts a time step for the secret that was added at that time, also if it was sealed again since. Returns `Ok(false)`
    /// and changes nothing if this step or a later one was accepted before, or the user has another secret or none. One
    /// statement: a step is accepted once.
    async fn accept_step(&mut self, factor: &TotpFactor, step: i64) -> Result<bool, StoreError>;

    /// Replaces all recovery codes of a user. No codes remove them.
    async fn replace_recovery_codes(&mut self, user: UserId, codes: &[SecretHash]) -> Result<(), StoreError>;

    /// Removes a recovery code of a user, and returns the number of those that are left. Returns `Ok(None)` and changes
    /// nothing if the user does not have it. Of concurrent callers, only one gets it.
    async fn take_recovery_code(&mut self, user: UserId, code: &SecretHash) -> Result<Option<u64>, StoreError>;
}

/// Interrupted operations, in a transaction.
#[async_trait]
pub trait InterruptedOperations: Send {
    /// Stores an operation, and deletes the oldest ones of the user above
    /// [`InterruptedOperation::MOST_OPEN`]. Fails with a conflict on `interrupted_operations_token_hash` if the token
    /// exists, and on [`StoreError::REFERENCE`] if the user does not exist. The caller must hold the lock on the user.
    async fn insert(&mut self, operation: &InterruptedOperation) -> Result<(), StoreError>;

    /// Removes an operation. Returns `Ok(false)` if it does not exist any more: another caller has completed it, or it was
    /// withdrawn.
    async fn take(&mut self, token: &SecretHash) -> Result<bool, StoreError>;

    /// Removes all operations of a user. Every use case that changes the credentials of the user calls it, so that an operation that
    /// was begun with the old ones is not completed.
    async fn withdraw_all(&mut self, user: UserId) -> Result<(), StoreError>;
}

/// What an authenticator app needs of a new secret.
#[derive(Debug, Clone)]
pub struct TotpProvisioning {
    /// The secret in base32, for typing.
    pub secret: Secret<String>,
    /// The `otpauth` URL, for a QR code.
    pub url: Secret<String>,
}

/// Computes and checks time-based one-time passwords (RFC 6238; SHA-1, 6 digits, 30 s), and encrypts their secrets.
pub trait TotpVerifier: Send + Sync {
    /// Encrypts the secret of a user. The same secret gives another result each time.
    ///
    /// # Errors
    /// Encryption failed.
    fn seal(&self, user: UserId, secret: &TotpSecret) -> Result<SealedTotpSecret, StoreError>;

    /// Returns what an authenticator app needs. `account` names the account in the app.
    ///
    /// # Errors
    /// The parts of the URL are not accepted.
    fn provision(&self, secret: &TotpSecret, account: &str) -> Result<TotpProvisioning, StoreError>;

    /// Returns the time step of the code if it is the one of `at`, the one before, or the one after. `None` if the code is
    /// wrong. The time of the comparison does not depend on where the code differs.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the secret was encrypted with another key or for another user.
    fn matching_step(
        &self,
        user: UserId,
        sealed: &SealedTotpSecret,
        code: &TotpCode,
        at: OffsetDateTime,
    ) -> Result<Option<i64>, StoreError>;
}
