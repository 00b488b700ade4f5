//! Ports of sign-ins to applications.

use std::time::Duration;

use async_trait::async_trait;
use tessera_kernel::{
    MfaRequired, RateLimited, RequestMetadata, SecretHash, StoreClock, StoreError, Transaction, UserId, WalletAccount,
    WalletSignature, limit,
};
use time::OffsetDateTime;

use super::model::{AuthorizationState, SsoSession, SsoSessionId};
use crate::{codes::ports::SsoCodes, relying_parties::model::RelyingParty};

/// The variable parts of a message that a wallet signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletMessageRequest {
    /// The wallet, on an Ethereum chain.
    pub account: WalletAccount,
    /// The statement that the wallet shows to its owner: one line in the characters that ERC-4361 allows.
    pub statement: String,
    /// The request id in the message.
    pub request_id: String,
    /// Start of validity, in whole seconds.
    pub issued_at: OffsetDateTime,
    /// End of validity, in whole seconds.
    pub expires_at: OffsetDateTime,
}

/// A message for a wallet to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletMessage {
    /// The exact text.
    pub text: String,
    /// The random nonce in the text.
    pub nonce: String,
}

/// A signed message, and the request that presents it.
#[derive(Debug, Clone)]
pub struct SignedMessage {
    /// The wallet that is claimed to have signed.
    pub account: WalletAccount,
    /// The exact text.
    pub text: String,
    /// The signature.
    pub signature: WalletSignature,
    /// The `User-Agent` of the request. With the client address, it identifies the device.
    pub user_agent: Option<String>,
    /// Request metadata.
    pub origin: RequestMetadata,
    /// The sign-in, which waits if the user has a second factor.
    pub sign_in: SsoSessionId,
}

tessera_kernel::error_enum! {
    /// Why the user of a signed message is not known.
    pub enum AuthenticateWalletError {
        /// Too many signatures are being verified.
        #[error("too many signatures are being checked")]
        Busy {
            /// At least one second.
            retry_after: Duration,
        },
        /// The chain does not respond.
        #[error("the chain can't be asked")]
        Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
        /// The verification itself failed.
        #[error("checking the signature failed: {0}")]
        Failed(String),
        /// The wallet is unknown, and it gets no user, because registration is closed.
        #[error("registration is closed")]
        RegistrationClosed,
    }
    from
        /// The network or the wallet has used up its limit of chain calls. No call was made.
        RateLimited(RateLimited),
        /// The signature is valid, and the user has a second factor. [`SingleSignOn::complete`](crate::SingleSignOn::complete)
        /// completes the sign-in.
        MfaRequired(MfaRequired),
        Store(StoreError),
}

/// Authenticates users by their wallets.
#[async_trait]
pub trait WalletAuthenticator: Send + Sync {
    /// Formats an ERC-4361 message of this service with a new nonce. Stores nothing.
    fn message(&self, request: WalletMessageRequest) -> WalletMessage;

    /// Verifies a signed message and returns the user of the wallet. The first sign-in of a wallet creates its user.
    /// Returns `Ok(None)` if the signature is wrong, or does not authenticate the user of that address. The caller must
    /// have checked that it issued the text, and that the text is still valid.
    async fn authenticate(&self, message: SignedMessage) -> Result<Option<UserId>, AuthenticateWalletError>;
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
}

/// A transaction. Dropping it without a commit rolls it back.
pub trait SsoTransaction: Transaction {
    /// Returns the sessions in this transaction.
    fn sso_sessions(&mut self) -> &mut dyn SsoSessions;

    /// Returns the codes in this transaction.
    fn sso_codes(&mut self) -> &mut dyn SsoCodes;
}

/// Maximum numbers of unfinished sign-in page sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SsoBounds {
    /// Per application. By default [`limit::OPEN_SIGN_INS_APPLICATION`].
    pub per_application: usize,
    /// Per network. By default [`limit::OPEN_SIGN_INS`].
    pub per_network: usize,
}

impl Default for SsoBounds {
    fn default() -> Self {
        Self { per_application: limit::OPEN_SIGN_INS_APPLICATION.maximum, per_network: limit::OPEN_SIGN_INS.maximum }
    }
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
