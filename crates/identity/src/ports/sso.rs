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

    /// Whether a code with that hash was issued and is still stored, in whatever state. One indexed read: anyone can present
    /// a code, so an unknown one must cost no more.
    async fn knows_sso_code(&self, hash: &SecretHash) -> Result<bool, StoreError>;

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

/// How many unfinished sessions of the sign-in page are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SsoBounds {
    /// Of one application.
    pub per_application: usize,
    /// Of one network.
    pub per_network: usize,
}

/// Sessions of the sign-in page. They go with their application.
#[async_trait]
pub trait SsoSessions: Send {
    /// Adds a session. Conflict on [`StoreError::REFERENCE`] when there is no such application, on `sso_sessions_id` when
    /// the id is taken.
    async fn insert(&mut self, session: &SsoSession) -> Result<(), StoreError>;

    /// Removes unfinished sessions until the application and the network of this session, which has just been added, have no
    /// more than the bounds allow. It removes expired sessions first, then those in which no wallet was asked yet, then the
    /// others; among them the oldest first. It never removes `session` itself, so that strangers who fill the bound do not
    /// lock anyone out. Sessions that another transaction holds stay.
    ///
    /// Other calls for the same application or network wait until the transaction ends, so the bounds also hold for sessions
    /// that are added at the same time. A session without a network counts for its application only.
    async fn make_room(&mut self, session: &SsoSession, bounds: SsoBounds) -> Result<(), StoreError>;

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
