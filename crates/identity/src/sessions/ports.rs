//! Ports of sessions: sessions in a transaction, the job that records their use, and the tokens that belong to them.

use async_trait::async_trait;
use tessera_kernel::{Secret, SessionId, StoreError, UserId};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::model::{RefreshSecretId, Session, SignInMethods};
use crate::passwords::model::PasswordHash;

/// Sessions, in a transaction.
#[async_trait]
pub trait Sessions: Send {
    /// Inserts a session. It, or a later call of the transaction, fails with a conflict on [`StoreError::REFERENCE`] if the
    /// user does not exist, and on `sessions_id` if the id exists.
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Inserts a session if `hash` is still the password hash of its user, and locks the user against changes until the
    /// transaction ends. Returns `Ok(false)` and inserts nothing if the hash differs, or the hash or the user does not
    /// exist. Fails with a conflict on `sessions_id` if the id exists. One statement, because every sign-in with a
    /// password runs it.
    async fn insert_for(&mut self, session: &Session, hash: &PasswordHash) -> Result<bool, StoreError>;

    /// Returns whether a session of that user is live at `at`. If the caller holds the lock on the user, `true` also
    /// means that no other request has ended all sessions of the user meanwhile.
    async fn is_live(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Ends a session of that user that is live at `at`. Returns `Ok(false)` and changes nothing if the session has
    /// ended or expired, belongs to another user, or does not exist.
    async fn end(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Ends sessions of the user of `opened` that are live at its creation, so that `most` are left, including `opened`.
    /// Returns the number of ended sessions. The least recently used sessions end first. Of sessions with the same last use, the one that
    /// began first ends first. `most` is at least 1. The caller must hold the lock on the user.
    async fn end_least_recently_used(&mut self, opened: &Session, most: u64) -> Result<u64, StoreError>;

    /// Ends all sessions of a user that are live at `at`, except `but`. Returns their number. Sessions that begin later
    /// do not end. A caller that must exclude such sessions has to hold the lock on the user.
    async fn end_all(&mut self, user: UserId, but: Option<SessionId>, at: OffsetDateTime) -> Result<u64, StoreError>;

    /// Records that the user has proved again at `at` who they are, and adds the methods to those of the session. Returns
    /// `Ok(false)` and changes nothing if the session of that user is not live at `at`. A later recorded time stays. The caller
    /// must hold the lock on the user.
    async fn reauthenticate(
        &mut self,
        user: UserId,
        id: SessionId,
        methods: SignInMethods,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Removes methods from all sessions of a user. The caller must hold the lock on the user.
    async fn remove_methods(&mut self, user: UserId, methods: SignInMethods) -> Result<(), StoreError>;
}

/// Computes the codes of refresh tokens under secrets that all nodes share and that storage has only sealed.
#[async_trait]
pub trait RefreshCodes: Send + Sync {
    /// Reads the secrets that were added since the last call. A caller that has met an unknown secret tries again afterwards.
    async fn learn_secrets(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The secret for new sessions.
    fn newest_secret(&self) -> RefreshSecretId;

    /// The HMAC-SHA-256 of the message under that secret. Returns `None` if the node does not have the secret.
    fn code(&self, secret: RefreshSecretId, message: &[u8]) -> Option<[u8; 32]>;
}

/// Records uses of sessions. No call waits for a transaction that has locked the row of a session.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SessionJobs: Send + Sync {
    /// Records when sessions were last used, for all of them or for none. A later recorded time stays. Sessions that do
    /// not exist, or whose row another transaction has locked, are skipped. Nothing else about a session changes. A
    /// caller passes at most [`ROWS_PER_STEP`](tessera_kernel::ROWS_PER_STEP) uses, in any order.
    async fn record_uses(&self, uses: &[(SessionId, OffsetDateTime)]) -> Result<(), StoreError>;
}

/// Claims of a user token, except the issuer and the audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// `sub`
    pub user: UserId,
    /// `sid`
    pub session: SessionId,
    /// `jti`
    pub token_id: Uuid,
    /// `iat`, in whole seconds.
    pub issued_at: OffsetDateTime,
    /// `exp`, in whole seconds.
    pub expires_at: OffsetDateTime,
}

/// Tolerated clock difference when a token is verified.
const LEEWAY: Duration = Duration::seconds(30);

impl AccessClaims {
    /// Returns whether the time is between `iat` and `exp`, with a tolerance of 30 s.
    #[must_use]
    pub fn is_valid_at(&self, time: OffsetDateTime) -> bool {
        time + LEEWAY >= self.issued_at && !self.has_expired_at(time)
    }

    /// Returns whether the time is after `exp`, with a tolerance of 30 s.
    #[must_use]
    pub fn has_expired_at(&self, time: OffsetDateTime) -> bool {
        time - LEEWAY >= self.expires_at
    }
}

/// Why a token could not be signed or is invalid.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The token is malformed, forged, or has another audience or type.
    #[error("the token is not valid")]
    Invalid,
    /// The token has the header of no secret that the node knows. Another node may have signed it with a new one.
    #[error("the secret of the token is unknown")]
    UnknownSecret,
    /// Signing failed.
    #[error("the token could not be signed")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Signs and verifies user tokens.
#[async_trait]
pub trait TokenSigner: Send + Sync {
    /// Reads the secrets that were added since the last call. A caller that has met [`TokenError::UnknownSecret`] tries again
    /// afterwards.
    async fn learn_secrets(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Signs a token with these claims.
    ///
    /// # Errors
    /// Fails with [`TokenError::Signing`] when signing fails.
    fn sign(&self, claims: &AccessClaims) -> Result<Secret<String>, TokenError>;

    /// Verifies a token. The signer fixes the algorithm, issuer, audience and type. The token cannot choose them. The
    /// times are not checked here but by [`AccessClaims::is_valid_at`], because they are compared with the database
    /// clock.
    ///
    /// # Errors
    /// Fails with [`TokenError::UnknownSecret`] if a node may have to learn the secret, and with [`TokenError::Invalid`] for
    /// every other defect.
    fn verify(&self, token: &str) -> Result<AccessClaims, TokenError>;
}
