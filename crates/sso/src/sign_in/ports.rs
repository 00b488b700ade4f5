//! Ports of single sign-on.

use async_trait::async_trait;
use tessera_kernel::{ApplicationId, EventLog, SecretHash, StoreClock, StoreError};
use time::OffsetDateTime;

use crate::model::{AuthorizationCode, AuthorizationState, RelyingParty, SsoSession, SsoSessionId};

/// Applications as relying parties.
#[async_trait]
pub trait RelyingParties: Send + Sync {
    /// Finds an application. Returns `Ok(None)` if there is none.
    async fn find_relying_party(&self, id: ApplicationId) -> Result<Option<RelyingParty>, StoreError>;
}

/// Storage of sign-in page sessions and authorization codes.
#[async_trait]
pub trait SsoStore: StoreClock {
    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn SsoTransaction>, StoreError>;

    /// Finds a session, in any step and also if expired. Returns `Ok(None)` if there is none or its application is
    /// deleted.
    async fn find_sso_session(&self, id: SsoSessionId) -> Result<Option<SsoSession>, StoreError>;

    /// Returns whether a code with that hash is stored, in any state. Costs one indexed read: any client can present a
    /// code, so an unknown code must cost no more.
    async fn knows_sso_code(&self, hash: &SecretHash) -> Result<bool, StoreError>;

    /// Deletes up to `most` sessions or codes that expired before that time. Returns their number. Skips those that
    /// another node is deleting.
    async fn forget_sso(&self, before: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}

/// A transaction. Dropping it without a commit rolls it back.
#[async_trait]
pub trait SsoTransaction: Send {
    /// Returns the sessions in this transaction.
    fn sso_sessions(&mut self) -> &mut dyn SsoSessions;

    /// Returns the codes in this transaction.
    fn sso_codes(&mut self) -> &mut dyn SsoCodes;

    /// Returns the audit trail in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Commits all changes atomically.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Maximum numbers of unfinished sign-in page sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SsoBounds {
    /// Per application.
    pub per_application: usize,
    /// Per network.
    pub per_network: usize,
}

/// Sign-in page sessions. They are deleted together with their application.
#[async_trait]
pub trait SsoSessions: Send {
    /// Inserts a session. Fails with a conflict on [`StoreError::REFERENCE`] if the application does not exist, and on
    /// `sso_sessions_id` if the id exists.
    async fn insert(&mut self, session: &SsoSession) -> Result<(), StoreError>;

    /// Deletes unfinished sessions until the application and the network of this newly inserted session are within the
    /// bounds.
    ///
    /// It deletes expired sessions first, then those in which no wallet was asked yet, then the others. In each group
    /// the oldest go first. It never deletes `session` itself, so clients that fill the bound do not lock out other
    /// users. Sessions that another transaction has locked stay.
    ///
    /// Concurrent calls for the same application or network wait until the transaction ends, so the bounds also hold
    /// for sessions that are inserted at the same time. A session without a network counts only for its application.
    async fn make_room(&mut self, session: &SsoSession, bounds: SsoBounds) -> Result<(), StoreError>;

    /// Reads and locks a session and its application until the transaction ends. Other transactions cannot change
    /// either or delete the application. Returns `Ok(None)` if there is none.
    async fn lock(&mut self, id: SsoSessionId) -> Result<Option<(SsoSession, RelyingParty)>, StoreError>;

    /// Updates only the step of a session. Returns `Ok(false)` if the session does not exist.
    async fn set_step(&mut self, id: SsoSessionId, step: &AuthorizationState) -> Result<bool, StoreError>;
}

/// Authorization codes. They are deleted together with their application or their user.
#[async_trait]
pub trait SsoCodes: Send {
    /// Inserts a code. Fails with a conflict on [`StoreError::REFERENCE`] if the application or user does not exist,
    /// and on `sso_codes_code_hash` if the hash exists.
    async fn insert(&mut self, code: &AuthorizationCode) -> Result<(), StoreError>;

    /// Reads and locks the code with that hash and its application until the transaction ends. The code may be redeemed
    /// already. Returns `Ok(None)` if there is none.
    async fn lock(&mut self, hash: &SecretHash) -> Result<Option<(AuthorizationCode, RelyingParty)>, StoreError>;

    /// Marks an open code as redeemed. Returns `Ok(false)` and changes nothing if the code is already redeemed or does
    /// not exist.
    async fn redeem(&mut self, hash: &SecretHash, at: OffsetDateTime) -> Result<bool, StoreError>;
}
