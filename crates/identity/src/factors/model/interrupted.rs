//! Operations that wait for a second factor.

use tessera_kernel::{SecretHash, SessionId, UserId, WalletAccount};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::sessions::model::{SessionRequest, SignInMethods};

tessera_kernel::link_token! {
    /// One-time token that stands for an interrupted operation. Only the client has it: storage has its hash.
    MfaToken;
}

/// What happens once the second factor is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interrupted {
    /// A session opens.
    SignIn {
        /// What has authenticated the user so far.
        methods: SignInMethods,
        /// What the client asked for, without its device token, which is not stored.
        request: SessionRequest,
        /// The hash of the device token of the request.
        device_token: Option<SecretHash>,
        /// The wallet that signed in.
        wallet: Option<WalletAccount>,
    },
    /// The session counts as recently authenticated.
    Reauthentication {
        /// The session.
        session: SessionId,
        /// What has authenticated the user so far.
        methods: SignInMethods,
    },
    /// The user is signed in to an application.
    Application {
        /// The id of the sign-in to the application, which another domain completes.
        sign_in: Uuid,
        /// The wallet that signed.
        wallet: WalletAccount,
    },
}

/// An operation whose first factor was correct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterruptedOperation {
    /// Hash of the token.
    pub token: SecretHash,
    /// The user.
    pub user: UserId,
    /// The operation.
    pub operation: Interrupted,
    /// The id of the ceremony in which a passkey can complete it.
    pub ceremony: Option<String>,
    /// When the token expires, by the database clock.
    pub expires_at: OffsetDateTime,
}

impl InterruptedOperation {
    /// Lifetime of a token.
    pub const TTL: Duration = Duration::minutes(10);

    /// Number of attempts. After that many wrong factors, the user starts again.
    pub const ATTEMPTS: u8 = 5;

    /// Maximum number of open operations of a user. With one more, the oldest is forgotten: a client that has the first
    /// factor must not fill the storage.
    pub const MOST_OPEN: u8 = 50;
}
