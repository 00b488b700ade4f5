//! What signing in to applications needs from outside.

use async_trait::async_trait;
use tessera_kernel::{ApplicationId, EventLog, SecretHash, StoreClock, StoreError};
use time::OffsetDateTime;

use crate::model::{RelyingParty, SsoCode, SsoSession, SsoSessionId, SsoStep};

/// Applications, as somebody to sign in to.
#[async_trait]
pub trait RelyingParties: Send + Sync {
    /// The application. `Ok(None)` when there is none.
    async fn find_relying_party(&self, id: ApplicationId) -> Result<Option<RelyingParty>, StoreError>;
}

/// What sign-ins leave behind: sessions of the sign-in page, and codes.
#[async_trait]
pub trait SsoStore: StoreClock {
    /// Opens a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn SsoTransaction>, StoreError>;

    /// The session, whatever its step and its age. `Ok(None)` when there is none, or when its application is deleted.
    async fn find_sso_session(&self, id: SsoSessionId) -> Result<Option<SsoSession>, StoreError>;

    /// Deletes up to `most` sessions or codes that ended before that time, and returns how many. Those that another node is
    /// deleting are skipped.
    async fn forget_sso(&self, before: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

/// A transaction. What is not committed never happened; dropping it rolls back.
#[async_trait]
pub trait SsoTransaction: Send {
    /// Sessions, in this transaction.
    fn sso_sessions(&mut self) -> &mut dyn SsoSessions;

    /// Codes, in this transaction.
    fn sso_codes(&mut self) -> &mut dyn SsoCodes;

    /// The audit trail, in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Makes all of it durable and visible at once.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Sessions of the sign-in page. They go with their application.
#[async_trait]
pub trait SsoSessions: Send {
    /// Adds a session. Conflict on [`StoreError::REFERENCE`] when there is no such application, on `sso_sessions_id` when
    /// the id is taken.
    async fn insert(&mut self, session: &SsoSession) -> Result<(), StoreError>;

    /// Reads a session with its application, and keeps others from changing either, and the application from going, until
    /// the transaction ends. `Ok(None)` when there is none.
    async fn lock(&mut self, id: SsoSessionId) -> Result<Option<(SsoSession, RelyingParty)>, StoreError>;

    /// Writes how far a session has come, and nothing else. `Ok(false)` when there is no such session.
    async fn set_step(&mut self, id: SsoSessionId, step: &SsoStep) -> Result<bool, StoreError>;
}

/// Codes. They go with their application and with their user.
#[async_trait]
pub trait SsoCodes: Send {
    /// Adds a code. Conflict on [`StoreError::REFERENCE`] when there is no such application or user, on
    /// `sso_codes_code_hash` when the code is known.
    async fn insert(&mut self, code: &SsoCode) -> Result<(), StoreError>;

    /// Reads the code with that hash, redeemed or not, with its application, and keeps others from changing either until the
    /// transaction ends. `Ok(None)` when there is none.
    async fn lock(&mut self, hash: &SecretHash) -> Result<Option<(SsoCode, RelyingParty)>, StoreError>;

    /// Marks an open code redeemed. `Ok(false)`, and nothing changes, when it was redeemed before or never was.
    async fn redeem(&mut self, hash: &SecretHash, at: OffsetDateTime) -> Result<bool, StoreError>;
}
